"""How the ranking works, in words: the entries behind `tpaudit explain golden`, in both languages."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from importlib import resources

from tpaudit.results import Titles


@dataclass(frozen=True, slots=True)
class Method:
    """A part of the method: its facts as (label, text), and the settings (sections or keys) it depends on."""

    id: str
    title: Titles
    facts: tuple[tuple[Titles, Titles], ...]
    settings: tuple[str, ...]


def methods() -> tuple[Method, ...]:
    """All parts of the method, the whole first.

    >>> [method.id for method in methods()][:2]
    ['golden', 'golden.sensitivity']
    """
    text = resources.files(__package__).joinpath("method.toml").read_text(encoding="utf-8")
    return tuple(
        Method(
            id_,
            Titles.model_validate(entry["title"]),
            tuple((Titles.model_validate(f["label"]), Titles.model_validate(f["text"])) for f in entry["fact"]),
            tuple(entry["settings"]),
        )
        for id_, entry in tomllib.loads(text)["method"].items()
    )
