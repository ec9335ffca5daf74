"""The parts a preset is written in: targets, conditions, what the header looks like, and further records of a row."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from fnmatch import fnmatch
from pathlib import PurePath
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from tpaudit.ingest.names import name_key

Fold = Literal["first", "last", "sum", "min", "max", "least"]
AddressPart = Literal["region", "city", "road"]
# Marks the further records a row makes of one table: `consents#1` is the first emitted one.
SLOT_MARK = "#"


class Part(BaseModel):
    """A part of a preset: unknown keys are faults, and it never changes."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Condition(Part):
    """A condition on one source column of a row."""

    column: str
    present: bool | None = None
    is_in: tuple[str, ...] | None = Field(None, alias="in")
    not_in: tuple[str, ...] | None = None
    contains: str | None = None


class Target(Part):
    """Where one source column goes, and how it is read.

    `to` is `table.column`, `contact_points.<type>`, or one of the words drop and extra. `format` reads dates, in one
    form or several that are tried in order; `token` takes the n-th blank-separated word, `pattern` the first group of
    a regular expression, `part` the region, city or road of an address; `scale` multiplies a number (cents: 0.01),
    `lower` ignores case, `unless_same_as` leaves the cell out where it equals that other column, `when` keeps it only
    in rows that meet the condition, `fold` joins the values of rows that make up one record.
    """

    to: str
    format: str | tuple[str, ...] | None = None
    token: int | None = Field(None, ge=1)
    pattern: str | None = None
    part: AddressPart | None = None
    scale: float | None = Field(None, gt=0)
    lower: bool = False
    unless_same_as: str | None = None
    when: Condition | None = None
    fold: Fold = "first"
    optional: bool = False

    @property
    def slot(self) -> str:
        """The record fed: a canonical table, or one of the further records of it such as `consents#1`."""
        return self.to.partition(".")[0] if "." in self.to else ""

    @property
    def table(self) -> str:
        """The canonical table fed, or '' for drop and extra."""
        return table_of(self.slot)

    @property
    def column(self) -> str:
        """The column fed; for contact points the type of the point."""
        return self.to.partition(".")[2]

    @property
    def formats(self) -> tuple[str, ...]:
        """The date formats to try, in order; none for the usual forms."""
        if self.format is None:
            return ()
        return (self.format,) if isinstance(self.format, str) else self.format


class Match(Part):
    """How the layout is recognised: header names it must have or must not have, texts above the header, file names."""

    all: tuple[str, ...] = ()
    any: tuple[str, ...] = ()
    none: tuple[str, ...] = ()
    marker: tuple[str, ...] = ()
    files: tuple[str, ...] = ()

    def forbids(self, known_as: Collection[str]) -> bool:
        """Whether a header with names *known_as* holds one that this layout never has."""
        return any(name_key(name) in known_as for name in self.none)

    def markers_fit(self, above: Iterable[str]) -> bool:
        """Whether one of the texts *above* the header holds a `marker`; true where the layout has none."""
        keys = [name_key(text) for text in above]
        return not self.marker or any(name_key(marker) in key for marker in self.marker for key in keys)

    def file_fits(self, file: str) -> bool:
        """Whether *file* matches one of the `files` patterns, by its whole relative name or its last part."""
        return any(fnmatch(file, glob) or fnmatch(PurePath(file).name, glob) for glob in self.files)


class Header(Part):
    """A header of several rows: names stand in the first; `wording` and `choice` number the rows that hold a survey's
    question texts and its answer options. `fill_right` gives a blank name the one to its left (merged cells)."""

    rows: int = Field(1, ge=1, le=5)
    wording: int | None = Field(None, ge=1, le=5)
    choice: int | None = Field(None, ge=1, le=5)
    fill_right: bool = False


class Person(Part):
    """Which columns tell persons apart within the source: the first entry with all its parts filled counts.

    A part is the type of a contact point (phone, user_id …) or a column of contacts (full_name); parts are joined
    with `+`.
    """

    id: tuple[str, ...] = ()


class Footer(Part):
    """Rows that are totals, not data: their first cells hold one of these words.

    With `to_end`, every row after the first such row is part of the footer too.
    """

    words: tuple[str, ...] = ()
    to_end: bool = False


class Survey(Part):
    """How question columns are told from the others, and which answers mean 'not asked'."""

    questions: str
    skip_codes: tuple[str, ...] = ()


class Emit(Part):
    """A further record that a source row makes, of any canonical table; its columns come without the table's name.

    The row's person is attached. A row whose `when` does not hold, or with nothing in `columns`, emits no record.
    """

    table: str
    when: Condition | None = None
    columns: dict[str, tuple[Target, ...]] = Field(default_factory=dict)
    constants: dict[str, Any] = Field(default_factory=dict)
    values: dict[str, dict[str, Any]] = Field(default_factory=dict)

    @field_validator("columns", mode="before")
    @classmethod
    def _short_forms(cls, columns: Any) -> Any:
        return targets_by_source(columns)


def targets_by_source(columns: Any) -> Any:
    """A column may name its target as a text, a table, or a list of both."""
    if not isinstance(columns, Mapping):
        return columns
    return {name: tuple(map(_as_target, _as_list(targets))) for name, targets in columns.items()}


def table_of(slot: str) -> str:
    """The canonical table of a record slot.

    >>> table_of("consents#1"), table_of("orders")
    ('consents', 'orders')
    """
    return slot.partition(SLOT_MARK)[0]


def _as_list(value: Any) -> list[Any]:
    return list(value) if isinstance(value, (list, tuple)) else [value]


def _as_target(value: Any) -> Any:
    return {"to": value} if isinstance(value, str) else value
