"""Earlier runs as tables that checks can read, beside what is new in this run.

| table | one row per | columns |
|---|---|---|
| earlier_nulls | table, export, column of the newest earlier run | rows, nulls |
| new_nulls | column of a lake file that run did not have | table, export, file, rows, nulls |
| earlier_values | category seen in any earlier run | table, column, value |
| earlier_extra | unclaimed source column of the newest earlier run | export, column |
| new_extra | unclaimed source column of files it did not have | export, column |
| earlier_days | table, place and day of any earlier run | rows, the most any run saw |
| minimum_rows | table that must hold rows | rows |
"""

# ruff: noqa: S608 - names in SQL come from here; values go through `text_list`

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from tpaudit.checks.parameters import text_list
from tpaudit.checks.profile import LakeFile, Profile
from tpaudit.checks.views import Execute

_COLUMNS = {
    "earlier_nulls": '"table" VARCHAR, export VARCHAR, "column" VARCHAR, rows BIGINT, nulls BIGINT',
    "new_nulls": '"table" VARCHAR, export VARCHAR, "column" VARCHAR, file VARCHAR, rows BIGINT, nulls BIGINT',
    "earlier_values": '"table" VARCHAR, "column" VARCHAR, value VARCHAR',
    "earlier_extra": 'export VARCHAR, "column" VARCHAR',
    "new_extra": 'export VARCHAR, "column" VARCHAR',
    "earlier_days": "recorded VARCHAR, place VARCHAR, day DATE, rows BIGINT",
    "minimum_rows": '"table" VARCHAR, rows BIGINT',
}
HISTORY_TABLES = frozenset(_COLUMNS)

Row = Sequence[str | int]


def create_history_tables(
    earlier: Sequence[Profile], files: Sequence[LakeFile], minimum_rows: Mapping[str, int], execute: Execute
) -> None:
    """Create the tables: *earlier* runs oldest first, *files* of the lake, *minimum_rows* the audit's own floors."""
    newest = earlier[-1] if earlier else Profile()
    new_files = [file for file in files if file.name not in newest.files]
    rows: dict[str, Iterable[Row]] = {
        "earlier_nulls": _nulls(newest),
        "new_nulls": (
            (file.table, file.export, column, file.name.split("/")[1], file.rows, nulls)
            for file in new_files
            for column, nulls in file.nulls.items()
        ),
        "earlier_values": _values(earlier),
        "earlier_extra": ((export, name) for export, names in newest.extra.items() for name in names),
        "new_extra": sorted({(file.export, name) for file in new_files for name in file.extra}),
        "earlier_days": _days(earlier),
        "minimum_rows": _floors(earlier, files, minimum_rows).items(),
    }
    for name, columns in _COLUMNS.items():
        execute(f"CREATE TABLE {name} ({columns})")
        _insert(name, list(rows[name]), execute)


def _nulls(profile: Profile) -> Iterable[Row]:
    for place, counts in profile.nulls.items():
        table, _, export = place.partition("/")
        for column, nulls in counts.items():
            if column:
                yield table, export, column, counts[""], nulls


def _values(earlier: Sequence[Profile]) -> Iterable[Row]:
    """Values of every earlier run; none of a column that held too many of them in any."""
    columns = set.intersection(*({*profile.values} for profile in earlier)) if earlier else set()
    seen = {(place, value) for profile in earlier for place in columns for value in profile.values[place]}
    return sorted((*place.split("."), value) for place, value in seen)


def _days(earlier: Sequence[Profile]) -> Iterable[Row]:
    most: dict[tuple[str, str], int] = {}
    for profile in earlier:
        for place, days in profile.days.items():
            for day, rows in days.items():
                most[place, day] = max(rows, most.get((place, day), 0))
    for (place, day), rows in most.items():
        recorded, _, source = place.partition("/")
        yield recorded, source, day, rows


def _floors(earlier: Sequence[Profile], files: Sequence[LakeFile], minimum_rows: Mapping[str, int]) -> dict[str, int]:
    """Rows each table must hold: one if it ever held any, or as many as the audit declares."""
    filled = {place.partition("/")[0] for profile in earlier for place in profile.nulls}
    return {**dict.fromkeys(sorted(filled | {file.table for file in files}), 1), **minimum_rows}


def _insert(table: str, rows: Collection[Row], execute: Execute) -> None:
    if rows:
        written = ", ".join(
            "(" + ", ".join(str(value) if isinstance(value, int) else text_list([value]) for value in row) + ")"
            for row in rows
        )
        execute(f"INSERT INTO {table} VALUES {written}")
