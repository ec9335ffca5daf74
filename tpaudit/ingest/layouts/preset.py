"""A preset: the data that says how one export layout becomes canonical rows.

The shipped presets, a user's `--map` file and the files in an audit's `presets/` folder have this one form.
"""

from __future__ import annotations

from collections.abc import Collection
from functools import cached_property
from typing import Any, Literal

from pydantic import Field, field_validator

from tpaudit.ingest.layouts.parts import (
    SLOT_MARK,
    Condition,
    Emit,
    Footer,
    Header,
    Match,
    Part,
    Person,
    Survey,
    Target,
    table_of,
    targets_by_source,
)
from tpaudit.ingest.names import name_key, without_unit
from tpaudit.results import Titles

DROP, EXTRA = "drop", "extra"


class Preset(Part):
    """One export layout.

    `confidence` is partial where the names were not read in a real file. `refuse` says why a file of this layout is
    not taken. `fill_down` names columns whose blank cells repeat the row above; `skip` tells rows that the platform
    itself marks as tests; `explode` names the array of a JSON export that holds the rows; `decimal` is the sign
    before the cents. `emit` lists further records of a row. `note` is for readers: the comment at the file's head.
    """

    id: str = Field(pattern=r"^[a-z0-9][a-z0-9_\-]*$")
    platform: str
    table: str
    title: Titles
    confidence: Literal["verified", "partial"] = "verified"
    refuse: Titles | None = None
    match: Match = Match()
    header: Header = Header()
    person: Person = Person()
    columns: dict[str, tuple[Target, ...]] = Field(default_factory=dict)
    constants: dict[str, Any] = Field(default_factory=dict)
    values: dict[str, dict[str, Any]] = Field(default_factory=dict)
    keys: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    rows: dict[str, Condition] = Field(default_factory=dict)
    records: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    emit: tuple[Emit, ...] = ()
    preamble: dict[str, str] = Field(default_factory=dict)
    filename: dict[str, str] = Field(default_factory=dict)
    footer: Footer = Footer()
    skip: Condition | None = None
    fill_down: tuple[str, ...] = ()
    explode: str | None = None
    nulls: tuple[str, ...] = ()
    decimal: Literal[".", ","] = "."
    timezone: str | None = None
    survey: Survey | None = None
    note: str = Field("", exclude=True)
    origin: str = "shipped"

    @field_validator("columns", mode="before")
    @classmethod
    def _short_forms(cls, columns: Any) -> Any:
        return targets_by_source(columns)

    @property
    def is_users(self) -> bool:
        """Whether the preset is the user's own, so that a column it names and the file lacks is a fault."""
        return self.origin != "shipped"

    @cached_property
    def emitted(self) -> dict[str, Emit]:
        """The further records by slot: `consents#1`, `touches#2` …"""
        return {f"{emit.table}{SLOT_MARK}{place}": emit for place, emit in enumerate(self.emit, start=1)}

    @cached_property
    def all_columns(self) -> dict[str, tuple[Target, ...]]:
        """Targets of every source column, those of emitted records included."""
        merged = dict(self.columns)
        for slot, emit in self.emitted.items():
            for source, targets in emit.columns.items():
                addressed = tuple(target.model_copy(update={"to": f"{slot}.{target.to}"}) for target in targets)
                merged[source] = (*merged.get(source, ()), *addressed)
        return merged

    @cached_property
    def all_constants(self) -> dict[str, Any]:
        """Constants by `slot.column`, those of emitted records included."""
        emitted = {f"{slot}.{name}": value for slot, emit in self.emitted.items()
                   for name, value in emit.constants.items()}  # fmt: skip
        return {**self.constants, **emitted}

    @cached_property
    def all_values(self) -> dict[str, dict[str, Any]]:
        """Vocabularies by `slot.column`, those of emitted records included."""
        emitted = {
            f"{slot}.{name}": words for slot, emit in self.emitted.items() for name, words in emit.values.items()
        }
        return {**self.values, **emitted}

    @property
    def slots(self) -> tuple[str, ...]:
        """The records a row may make, the main one first; persons come on their own."""
        named = [target.slot for targets in self.columns.values() for target in targets if target.slot]
        named += [key.partition(".")[0] for key in (*self.constants, *self.preamble.values(), *self.filename)]
        people = ("contacts", "contact_points")
        own = dict.fromkeys((self.table, *(name for name in named if name not in people)))
        return (*own, *self.emitted)

    @property
    def tables(self) -> tuple[str, ...]:
        """Canonical tables the preset fills directly, the main one first; persons come on their own."""
        return tuple(dict.fromkeys(map(table_of, self.slots)))

    def claims(self, key: str) -> bool:
        """Whether some column entry speaks of header *key*."""
        whole, bare, starts, parts = self._sources
        return (
            key in whole
            or key in bare
            or without_unit(key) in whole
            or key.startswith(starts)
            or any(part in key for part in parts)
        )

    def missing(self, known_as: Collection[str]) -> list[str]:
        """What a header with names *known_as* (keys, with and without units) lacks to be this layout."""
        lacking = [name for name in self.match.all if name_key(name) not in known_as]
        if self.match.any and not any(name_key(name) in known_as for name in self.match.any):
            lacking.append("/".join(self.match.any))
        return lacking

    @cached_property
    def _sources(self) -> tuple[frozenset[str], frozenset[str], tuple[str, ...], tuple[str, ...]]:
        """Keys of the column entries: whole names, the same without units, beginnings, and parts of names."""
        starts = tuple(name_key(source) for source in self.all_columns if source.endswith("*"))
        parts = tuple(name_key(source) for source in self.all_columns if source.startswith("*"))
        whole = frozenset(name_key(source) for source in self.all_columns if "*" not in source)
        return whole, frozenset(map(without_unit, whole)), starts, parts


def source_fits(source: str, key: str) -> bool:
    """Whether the column entry *source* of a preset means header *key*.

    A trailing * stands for any ending, a leading one for any surroundings.

    >>> source_fits("消费", "消费(元)"), source_fits("标签组*", "标签组1(等级)"), source_fits("*手机*", "6、手机号")
    (True, True, True)
    """
    wanted = name_key(source)
    if source.startswith("*"):
        return wanted in key
    if source.endswith("*"):
        return key.startswith(wanted)
    return key == wanted or without_unit(key) == wanted or key == without_unit(wanted)


__all__ = ["DROP", "EXTRA", "Condition", "Emit", "Match", "Person", "Preset", "Target", "source_fits"]
