"""A preset: the data that says how one export layout becomes canonical rows.

The shipped presets, a user's `--map` file and the files in an audit's `presets/` folder have this one form.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fnmatch import fnmatch
from pathlib import PurePath
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from tpaudit.ingest.names import name_key, without_unit
from tpaudit.results import Titles

DROP, EXTRA = "drop", "extra"
Fold = Literal["first", "sum", "min", "max", "least"]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Condition(_Part):
    """A condition on one source column of a row."""

    column: str
    present: bool | None = None
    is_in: tuple[str, ...] | None = Field(None, alias="in")
    not_in: tuple[str, ...] | None = None
    contains: str | None = None

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Target(_Part):
    """Where one source column goes, and how it is read.

    `to` is `table.column`, `contact_points.<type>`, or one of the words drop and extra. `format` reads dates, `token`
    takes the n-th blank-separated word, `pattern` the first group of a regular expression, `unless_same_as` leaves the
    cell out where it equals that other column, `when` keeps it only in rows that meet the condition, `fold` joins the
    values of rows that make up one record.
    """

    to: str
    format: str | None = None
    token: int | None = Field(None, ge=1)
    pattern: str | None = None
    unless_same_as: str | None = None
    when: Condition | None = None
    fold: Fold = "first"
    optional: bool = False

    @property
    def table(self) -> str:
        """The canonical table fed, or '' for drop and extra."""
        return self.to.partition(".")[0] if "." in self.to else ""

    @property
    def column(self) -> str:
        """The column fed; for contact points the type of the point."""
        return self.to.partition(".")[2]


class Match(_Part):
    """How the layout is recognised: header names it must have, and file names it may have."""

    all: tuple[str, ...] = ()
    any: tuple[str, ...] = ()
    files: tuple[str, ...] = ()

    def names_fit(self, keys: Iterable[str]) -> bool:
        """Whether header *keys* hold every `all` name and at least one `any` name."""
        found = set(keys)
        found |= {without_unit(key) for key in found}
        has_all = all(name_key(name) in found for name in self.all)
        return has_all and (not self.any or any(name_key(name) in found for name in self.any))

    def file_fits(self, file: str) -> bool:
        """Whether *file* matches one of the `files` patterns, by its whole relative name or its last part."""
        return any(fnmatch(file, glob) or fnmatch(PurePath(file).name, glob) for glob in self.files)


class Person(_Part):
    """Which columns tell persons apart within the source: the first entry with all its parts filled counts.

    A part is the type of a contact point (phone, user_id …) or a column of contacts (full_name); parts are joined
    with `+`.
    """

    id: tuple[str, ...] = ()


class Footer(_Part):
    """Rows that are totals, not data: their first cells hold one of these words."""

    words: tuple[str, ...] = ()


class Survey(_Part):
    """How question columns are told from the others, and which answers mean 'not asked'."""

    questions: str
    skip_codes: tuple[str, ...] = ()


class Preset(_Part):
    """One export layout."""

    id: str = Field(pattern=r"^[a-z0-9][a-z0-9_\-]*$")
    platform: str
    table: str
    title: Titles
    match: Match = Match()
    person: Person = Person()
    columns: dict[str, tuple[Target, ...]] = Field(default_factory=dict)
    constants: dict[str, Any] = Field(default_factory=dict)
    values: dict[str, dict[str, Any]] = Field(default_factory=dict)
    keys: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    rows: dict[str, Condition] = Field(default_factory=dict)
    records: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    preamble: dict[str, str] = Field(default_factory=dict)
    filename: dict[str, str] = Field(default_factory=dict)
    footer: Footer = Footer()
    nulls: tuple[str, ...] = ()
    timezone: str | None = None
    survey: Survey | None = None
    origin: str = "shipped"

    @field_validator("columns", mode="before")
    @classmethod
    def _short_forms(cls, columns: Any) -> Any:
        """A column may name its target as a text, a table, or a list of both."""
        if not isinstance(columns, Mapping):
            return columns
        return {name: tuple(map(_as_target, _as_list(targets))) for name, targets in columns.items()}

    @property
    def is_users(self) -> bool:
        """Whether the preset is the user's own, so that a column it names and the file lacks is a fault."""
        return self.origin != "shipped"

    @property
    def tables(self) -> tuple[str, ...]:
        """Canonical tables the preset fills directly, the main one first; persons come on their own."""
        named = [target.table for targets in self.columns.values() for target in targets if target.table]
        named += [key.partition(".")[0] for key in (*self.constants, *self.preamble.values(), *self.filename)]
        people = ("contacts", "contact_points")
        return tuple(dict.fromkeys((self.table, *(name for name in named if name not in people))))

    def score(self, keys: Iterable[str]) -> float:
        """How well header *keys* fit: 0 if a required name is missing, else the share of them the preset knows."""
        found = list(keys)
        if not (self.match.all or self.match.any) or not self.match.names_fit(found):
            return 0.0
        return (1 + sum(self.claims(key) for key in found)) / (1 + len(found))

    def claims(self, key: str) -> bool:
        """Whether some column entry speaks of header *key*."""
        return any(source_fits(source, key) for source in self.columns)

    def missing(self, keys: Iterable[str]) -> list[str]:
        """Required header names that *keys* lack."""
        found = set(keys) | {without_unit(key) for key in keys}
        return [name for name in self.match.all if name_key(name) not in found]


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


def _as_list(value: Any) -> list[Any]:
    return list(value) if isinstance(value, (list, tuple)) else [value]


def _as_target(value: Any) -> Any:
    return {"to": value} if isinstance(value, str) else value
