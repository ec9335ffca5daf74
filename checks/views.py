"""SQL views that checks look through: the lake as it is exported, as it stands, and as each check judges it."""

# ruff: noqa: S608 - names in SQL come from the model and from shipped definitions, never from data

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tpaudit.checks.definition import CheckDefinition, Target
from tpaudit.checks.parameters import filled
from tpaudit.model import CUSTOMER_LINKS, LAKE_TABLES, Table
from tpaudit.model.fields import BOOLEAN, DATE, INTEGER, MONEY, NUMBER, STRING, TAGS, TIMESTAMP
from tpaudit.store import Store

Execute = Callable[[str], Sequence[Sequence[Any]]]

_SQL_TYPES = {
    STRING: "VARCHAR",
    INTEGER: "BIGINT",
    NUMBER: "DOUBLE",
    MONEY: "DECIMAL(18, 4)",
    BOOLEAN: "BOOLEAN",
    DATE: "DATE",
    TIMESTAMP: "TIMESTAMPTZ",
    TAGS: "VARCHAR[]",
}

# The newest word first, ties settled by file and row: the order of Store.current, which a test holds this to.
_NEWEST_FIRST = "ingested_at DESC, source_file DESC, source_sha256 DESC, source_row DESC"


# Ways to tell whose a contact record is: itself, the customer it was resolved into, its phones and emails.
_RECOGNISED = """
SELECT contact_id, 'contact ' || contact_id AS mark, FALSE AS is_address FROM touches WHERE contact_id IS NOT NULL
UNION SELECT contact_id, 'contact ' || contact_id, FALSE FROM consents WHERE contact_id IS NOT NULL
UNION SELECT contact_id, 'customer ' || customer_id, FALSE FROM customer_links WHERE customer_id IS NOT NULL
UNION SELECT contact_id, type || ' ' || value_norm, TRUE FROM contact_points
  WHERE type IN ('phone', 'email') AND value_norm IS NOT NULL
"""


@dataclass(frozen=True, slots=True)
class Probe:
    """One check on one target, and the view column in which it is judged.

    The column is NULL where the check does not apply; otherwise TRUE or FALSE (passes or not), or, for an
    expectation, the value it judges.
    """

    check: CheckDefinition
    target: Target

    @property
    def column(self) -> str:
        """Name of the view column."""
        return f"{self.check.code}_{self.target.column or 'row'}"

    @property
    def tables(self) -> tuple[str, ...]:
        """Tables that must hold rows for it."""
        return (self.target.table, *self.check.needs)

    @property
    def view(self) -> str:
        """View the column belongs to: one per table, and one of its own for a check with a query."""
        return f"checked_{self.target.table}_{self.column}" if self.check.query else f"checked_{self.target.table}"


def create_lake_views(store: Store, execute: Execute) -> None:
    """Create `exported_<table>` and `<table>` per lake table, `customer_links`, `recognised`, and the functions."""
    timezone = store.audit.config.settings.audit.timezone
    execute(f"CREATE MACRO local_time(instant) AS timezone('{timezone}', instant)")
    execute("CREATE MACRO regexp_like(txt, pattern) AS regexp_matches(txt, pattern)")
    for declared in LAKE_TABLES.values():
        exported = f"exported_{declared.name}"
        execute(f"CREATE VIEW {exported} AS {_rows_of(store.audit.lake_files(declared.name), declared, execute)}")
        execute(f"CREATE VIEW {declared.name} AS {_newest_rows(exported, declared)}")
    links = store.audit.mart_file("customer_links")
    execute(f"CREATE VIEW customer_links AS {_rows_of([links] if links.is_file() else [], CUSTOMER_LINKS, execute)}")
    execute(f"CREATE VIEW recognised AS {_RECOGNISED}")


def create_judging_view(name: str, probes: Sequence[Probe], parameters: Mapping[str, str], execute: Execute) -> None:
    """Create the view in which *probes* of one table, or the one probe of a query, are judged.

    Columns: `place`, where a row comes from, and one column per probe. The verdicts of a query, two narrow columns, are
    kept in a table: a query may sort the lake, and is read twice.
    """
    kind = "TABLE" if probes[0].check.query else "VIEW"
    execute(f"CREATE OR REPLACE {kind} {name} AS {judging_query(probes, parameters)}")


def drop_verdicts(name: str, probes: Sequence[Probe], execute: Execute) -> None:
    """Give back the memory that the verdicts of a query hold."""
    if probes[0].check.query:
        execute(f"DROP TABLE IF EXISTS {name}")


def judging_query(probes: Sequence[Probe], parameters: Mapping[str, str]) -> str:
    """The query behind `create_judging_view`."""
    first = probes[0]
    if first.check.query:
        judged = filled(first.check.query, _values(first, parameters))
        return f'SELECT place, NOT failed AS "{first.column}" FROM ({judged}) AS judged'
    columns = ", ".join(f'{_judged(probe, parameters)} AS "{probe.column}"' for probe in probes)
    return f"SELECT source_file AS place, {columns} FROM {first.target.table}"


def _judged(probe: Probe, parameters: Mapping[str, str]) -> str:
    """SQL of a row's verdict; NULL where the check does not apply."""
    check = probe.check
    applies = []
    if probe.target.column and not check.checks_null:
        applies.append(f"{probe.target.column} IS NOT NULL")
    if check.applies_when:
        applies.append(f"({check.applies_when})")
    verdict = f"NOT coalesce(({check.fails_when}), FALSE)" if check.fails_when else "{column}"
    return filled(f"CASE WHEN {' AND '.join(applies) or 'TRUE'} THEN {verdict} END", _values(probe, parameters))


def _values(probe: Probe, parameters: Mapping[str, str]) -> dict[str, str]:
    return {**parameters, "table": probe.target.table, "column": probe.target.column or ""}


def _rows_of(files: Sequence[Path], declared: Table, execute: Execute) -> str:
    """Query for all rows of *files* with exactly the declared columns; a column the files lack is NULL."""
    if not files:
        nothing = ", ".join(f'CAST(NULL AS {_SQL_TYPES[column.type]}) AS "{column.name}"' for column in declared)
        return f"SELECT {nothing} WHERE FALSE"
    listed = ", ".join("'" + str(file).replace("'", "''") + "'" for file in files)
    source = f"read_parquet([{listed}], union_by_name = TRUE)"
    found = {row[0] for row in execute(f"DESCRIBE SELECT * FROM {source}")}
    columns = (
        f"CAST({_quoted(column.name) if column.name in found else 'NULL'} AS {_SQL_TYPES[column.type]}) "
        f"AS {_quoted(column.name)}"
        for column in declared
    )
    return f"SELECT {', '.join(columns)} FROM {source}"


def _newest_rows(exported: str, declared: Table) -> str:
    """Query for the newest row per key; rows whose key is unknown are all kept, as in Store.current."""
    if "ingested_at" not in declared:
        return f"SELECT * FROM {exported}"
    key = ", ".join(_quoted(name) for name in declared.key)
    return (
        f"SELECT * FROM {exported} QUALIFY {_quoted(declared.key[0])} IS NULL "
        f"OR row_number() OVER (PARTITION BY {key} ORDER BY {_NEWEST_FIRST}) = 1"
    )


def _quoted(name: str) -> str:
    return f'"{name}"'
