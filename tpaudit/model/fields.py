"""What a canonical table is made of: typed columns with a meaning, a unit and a privacy class.

The declarations in this package are the only place where a column's name, type, unit or meaning is written.
The lake's schema, the mart files, the docs page and the checks all read them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

# Column types, spelled as Ibis spells them; the engine reads them as they are.
STRING = "string"
INTEGER = "int64"
NUMBER = "float64"
MONEY = "decimal(18, 4)"
BOOLEAN = "boolean"
DATE = "date"
TIMESTAMP = "timestamp('UTC', 6)"
TAGS = "array<string>"


class Privacy(StrEnum):
    """What a column may reveal about a person; every output masks by this class unless asked not to."""

    NAME = "name"
    PHONE = "phone"
    EMAIL = "email"
    ADDRESS = "address"
    BIRTHDATE = "birthdate"
    IDENTIFIER = "identifier"
    TEXT = "text"
    EMPLOYEE = "employee"


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its name, type, meaning, and where they apply a unit, a closed vocabulary and a privacy class.

    >>> Column("spend", MONEY, "what was paid for the row", unit="currency").unit
    'currency'
    """

    name: str
    type: str
    meaning: str
    unit: str | None = None
    values: tuple[str, ...] = ()
    privacy: Privacy | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """One canonical table or mart: its grain in words, its key, and its columns in order.

    Rows of marts lie in the order of `order_by`, the key unless given.
    """

    name: str
    grain: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    order_by: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        missing = {*self.key, *self.order_by} - set(self.column_names)
        if missing:
            raise ValueError(f"{self.name}: key columns {sorted(missing)} are not declared")

    def __iter__(self) -> Iterator[Column]:
        return iter(self.columns)

    @property
    def column_names(self) -> tuple[str, ...]:
        """Column names in declared order."""
        return tuple(column.name for column in self.columns)

    @property
    def schema(self) -> dict[str, str]:
        """Column name to type, in declared order."""
        return {column.name: column.type for column in self.columns}

    def column(self, name: str) -> Column:
        """Return the column called *name*; raises KeyError if the table has none."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(f"{self.name} has no column {name!r}")

    def __contains__(self, name: object) -> bool:
        return name in self.column_names
