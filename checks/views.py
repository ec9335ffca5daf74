"""SQL views of the lake that checks look through: as it was exported, and as it stands."""

# ruff: noqa: S608 - names in SQL come from the model, never from data

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import Any

from tpaudit.audit import Audit
from tpaudit.errors import EngineFault
from tpaudit.model import CUSTOMER_LINKS, LAKE_TABLES, Table
from tpaudit.model.fields import BOOLEAN, DATE, INTEGER, MONEY, NUMBER, STRING, TAGS, TIMESTAMP

Execute = Callable[[str], Sequence[Sequence[Any]]]

SQL_TYPES = {
    STRING: "VARCHAR",
    INTEGER: "BIGINT",
    NUMBER: "DOUBLE",
    MONEY: "DECIMAL(18,4)",
    BOOLEAN: "BOOLEAN",
    DATE: "DATE",
    TIMESTAMP: "TIMESTAMP WITH TIME ZONE",
    TAGS: "VARCHAR[]",
}

# Exports of a system that tell of one contact do not repeat one another: the buyer named in an order has no birthday,
# and must not keep the one on the list of members from being judged. A row replaces what its own kind of export told.
_TOLD_BY_SEVERAL = frozenset({"contacts"})
# The newest word first, ties settled by file and row: the order of Store.current, which a test holds this to.
_NEWEST_FIRST = "ingested_at DESC, source_file DESC, source_sha256 DESC, source_row DESC"


# GB 11643-1999: the weights of the first 17 digits are powers of two modulo 11; their sum picks the last sign.
_ID_CHECK = (
    "substr('10X98765432', CAST(list_sum(list_transform(range(1, 18), lambda place: "
    "TRY_CAST(substr(id, place, 1) AS INTEGER) * ((1 << (18 - place)) % 11))) % 11 + 1 AS INTEGER), 1) "
    "= upper(substr(id, 18, 1))"
)


def create_lake_views(audit: Audit, execute: Execute, tables: Collection[str] = tuple(LAKE_TABLES)) -> None:
    """Create `exported_<table>` and `<table>` of *tables*, `customer_links`, `lake_columns`, and the functions.

    `lake_columns` tells per column of a table the type the lake's files hold and the declared one; both NULL never.
    """
    timezone = audit.config.settings.audit.timezone
    execute(f"CREATE MACRO local_time(instant) AS timezone('{timezone}', instant)")
    execute("CREATE MACRO regexp_like(txt, pattern) AS regexp_matches(txt, pattern)")
    execute(f"CREATE MACRO has_id_check_digit(id) AS {_ID_CHECK}")
    execute('CREATE TABLE lake_columns ("table" VARCHAR, "column" VARCHAR, declared VARCHAR, found VARCHAR)')
    for declared in LAKE_TABLES.values():
        if declared.name in tables:
            _create_views(declared, audit.lake_files(declared.name), execute)
    links = audit.mart_file("customer_links")
    links_source = _source([links]) if links.is_file() else None
    execute(f"CREATE VIEW customer_links AS {_rows_of(links_source, CUSTOMER_LINKS, _types_in(links_source, execute))}")


def _create_views(declared: Table, files: Sequence[Path], execute: Execute) -> None:
    source = _source(files) if files else None
    found = _types_in(source, execute)
    exported, name = f"exported_{declared.name}", declared.name
    execute(f"CREATE VIEW {exported} AS {_rows_of(source, declared, found)}")
    if source is None or "ingested_at" not in found:
        execute(f"CREATE VIEW {name} AS SELECT * FROM {exported}")
        return
    told = ", ".join(
        f"('{name}', '{column.name}', '{SQL_TYPES[column.type]}', {_text(found.get(column.name))})"
        for column in declared
    )
    execute(f"INSERT INTO lake_columns VALUES {told}")
    execute(f"CREATE TABLE superseded_{name} AS {_superseded_rows(source, declared)}")
    if execute(f"SELECT 1 FROM superseded_{name} LIMIT 1"):
        newest = f"{source} AS stored ANTI JOIN superseded_{name} USING (file_index, file_row_number)"
        execute(f"CREATE VIEW {name} AS {_rows_of(newest, declared, found)}")
    else:
        execute(f"CREATE VIEW {name} AS SELECT * FROM {exported}")


def _source(files: Sequence[Path]) -> str:
    listed = ", ".join(_text(str(file)) for file in files)
    return f"read_parquet([{listed}], union_by_name = TRUE)"


def _types_in(source: str | None, execute: Execute) -> dict[str, str]:
    if source is None:
        return {}
    try:
        return {row[0]: row[1] for row in execute(f"DESCRIBE SELECT * FROM {source}")}
    # The engine is spoken to by SQLAlchemy or directly: each has its own faults for a file that is no Parquet.
    except Exception as fault:
        raise EngineFault(
            f"the lake cannot be read: {str(fault).splitlines()[0]}",
            "delete the file and run again: what is missing in the lake is read from the exports",
        ) from fault


def _rows_of(source: str | None, declared: Table, found: Collection[str]) -> str:
    """Query for all rows of *source* with exactly the declared columns; a column it lacks is NULL."""
    columns = ", ".join(
        f"CAST({_quoted(column.name) if column.name in found else 'NULL'} AS {SQL_TYPES[column.type]}) "
        f"AS {_quoted(column.name)}"
        for column in declared
    )
    return f"SELECT {columns} FROM {source}" if source else f"SELECT {columns} WHERE FALSE"


def _superseded_rows(source: str, declared: Table) -> str:
    """Query for the place in the lake of every row that a newer row of the same key replaces.

    Few rows are, so that looking for keys used twice and sorting only those costs a fraction of sorting all rows. The
    first look goes by a hash: a chance agreement merely makes a row a candidate. Rows whose key is unknown cannot be
    told apart and replace none, as in Store.current, which keeps one row of a contact, too, whatever export it is from.
    """
    told_by = ("source_export",) if declared.name in _TOLD_BY_SEVERAL else ()
    key = ", ".join(_quoted(name) for name in (*declared.key, *told_by))
    is_known = f"{_quoted(declared.key[0])} IS NOT NULL"
    return (
        f"SELECT file_index, file_row_number FROM (SELECT file_index, file_row_number, "
        f"row_number() OVER (PARTITION BY {key} ORDER BY {_NEWEST_FIRST}) AS age FROM {source} "
        f"WHERE {is_known} AND hash({key}) IN "
        f"(SELECT hash({key}) FROM {source} WHERE {is_known} GROUP BY 1 HAVING count(*) > 1)) WHERE age > 1"
    )


def _quoted(name: str) -> str:
    return f'"{name}"'


def _text(value: str | None) -> str:
    return "NULL" if value is None else "'" + value.replace("'", "''") + "'"
