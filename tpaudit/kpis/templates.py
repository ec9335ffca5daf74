"""Which KPIs a report shows: those asked for, or those that matter in the client's trade.

Names of KPIs are looked up only where they are asked for: reading a template costs no engine.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any

from tpaudit.errors import UsageFault, did_you_mean
from tpaudit.results import Titles

ALL = "all"


@dataclass(frozen=True, slots=True)
class Template:
    """A trade: what it is called, the KPIs shown first, in order, and the settings (by section) it starts with."""

    id: str
    title: Titles
    kpis: tuple[str, ...]
    settings: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


@cache
def templates() -> dict[str, Template]:
    """All templates, from `templates.toml`; a test holds that every id in it is a KPI's."""
    text = files("tpaudit.kpis").joinpath("templates.toml").read_text(encoding="utf-8")
    return {
        name: Template(name, Titles.model_validate(told["title"]), tuple(told["kpis"]), told.get("settings", {}))
        for name, told in tomllib.loads(text).items()
    }


def template(name: str) -> Template:
    """The template called *name*."""
    return templates()[name]


def chosen_ids(only: Sequence[str]) -> tuple[str, ...]:
    """Ids of the KPIs that *only* names, itself, by family or as `all`, in display order; none if it names none.

    Raises UsageFault for a name that is neither.

    >>> chosen_ids(["experience", "aov"])[:2]
    ('aov', 'nps')
    """
    from tpaudit.kpis.registry import infos

    known = {info.id for info in infos()} | {info.family for info in infos()} | {ALL}
    for name in only:
        if name not in known:
            raise UsageFault(f"unknown KPI {name!r}{did_you_mean(name, known)}", "`tpaudit list kpis` shows them all")
    return tuple(info.id for info in infos() if {info.id, info.family, ALL} & set(only))
