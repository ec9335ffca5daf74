"""Touches that follow from other tables, read from derivations.toml."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib import resources


@dataclass(frozen=True, slots=True)
class Derivation:
    """One kind of derived touch: a record of *table* gives the touch *event* at its time column *at*.

    `record` identifies the record, `stage` is the stage of touchpoints the catalogue does not know, `step` tells
    whether the touch may be a step of a journey, `once` whether it happens once in a customer's life, `columns` maps
    rule columns to columns of the table that are called otherwise, and `when` names values that columns must have.
    """

    table: str
    event: str
    at: str
    record: tuple[str, ...]
    stage: str
    step: bool = True
    once: bool = False
    columns: Mapping[str, str] = field(default_factory=dict)
    when: Mapping[str, Sequence[str]] = field(default_factory=dict)


@cache
def derivations() -> tuple[Derivation, ...]:
    """Every declared derivation.

    >>> [derivation.at for derivation in derivations() if derivation.event == "Order Paid"]
    ['paid_at']
    """
    text = resources.files(__package__).joinpath("derivations.toml").read_text(encoding="utf-8")
    return tuple(
        Derivation(**{**entry, "record": tuple(entry["record"])}) for entry in tomllib.loads(text)["derivation"]
    )
