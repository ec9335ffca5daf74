"""From staged rows to cells: one column of text or NULL per source column, whatever the container."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ibis
import ibis.expr.datatypes as dt

from tpaudit.engine import Engine
from tpaudit.engine.portable import joined
from tpaudit.ingest.layouts.preset import Preset, source_fits
from tpaudit.ingest.names import name_key
from tpaudit.ingest.reading.staged import NULL_MARKERS, ROW, SourceColumn, Staged, source_columns
from tpaudit.ingest.rows.blanks import filled_down
from tpaudit.ingest.rows.documents import document_columns, document_fields, element_text, is_broken

HASH, BROKEN = "_hash", "_broken"
_SEPARATOR = "\x1f"


@dataclass(frozen=True, slots=True)
class Cells:
    """A table of text cells: `_row`, `_hash` (of the raw row), `_broken` (no row at all), one field per column; the
    fields named `blank` are NULL in every row."""

    table: Any
    columns: tuple[SourceColumn, ...]
    blank: frozenset[str] = frozenset()

    def matching(self, source: str) -> list[SourceColumn]:
        """The columns the preset's entry *source* means; an exact name goes before one that fits without its unit."""
        exact = [column for column in self.columns if column.key == name_key(source)]
        if exact and "*" not in source:
            return exact
        return [column for column in self.columns if source_fits(source, column.key)]


def cells_of(engine: Engine, staged: Staged, preset: Preset, file: Path) -> Cells:
    """The cells of *staged*; JSON and nested records are taken apart once, into the temporary *file*.

    Keys that only *preset* names are looked up in key-value arrays.
    """
    rows = engine.read_parquet(staged.file)
    # What no row has costs nothing to compute with.
    rows = rows.mutate(**{field: ibis.null("string") for field in sorted(staged.blank)})
    if not staged.lines_are_json and not staged.is_nested:
        return _plain_cells(engine, rows, staged, preset, file)
    apart = (
        _json_cells(rows, staged.columns, preset)
        if staged.lines_are_json
        else _nested_cells(rows, staged.columns, preset)
    )
    nulls = [*NULL_MARKERS, *preset.nulls]
    texts = {column.field: _text_or_null(apart.table[column.field], nulls) for column in apart.columns}
    engine.write_parquet(apart.table.select(ROW, HASH, BROKEN, **texts), file, is_temporary=True)
    return Cells(engine.read_parquet(file), apart.columns)


def _plain_cells(engine: Engine, rows: Any, staged: Staged, preset: Preset, file: Path) -> Cells:
    columns = _filled_right(staged.columns) if preset.header.fill_right else staged.columns
    texts = (None if column.field in staged.blank else rows[column.field] for column in columns)
    hashed = joined(texts, _SEPARATOR).hexdigest("md5")
    shaped = engine.step(rows.mutate(**{HASH: hashed, BROKEN: ibis.literal(False)}))
    cells = Cells(shaped, columns, staged.blank)
    repeated = [found[0].field for source in preset.fill_down if (found := cells.matching(source))]
    if not repeated:
        return cells
    engine.write_parquet(filled_down(cells.table, repeated).order_by(ROW), file, is_temporary=True)
    return Cells(engine.read_parquet(file), columns, staged.blank)


def _filled_right(columns: Sequence[SourceColumn]) -> tuple[SourceColumn, ...]:
    """Columns whose blank names take the one to their left: a question that stretches over several columns."""
    names: list[str] = []
    for column in columns:
        names.append(column.name or (names[-1] if names else ""))
    return source_columns(names)


def _text_or_null(cell: Any, nulls: Sequence[str]) -> Any:
    # As `isin`, so long a list would become a join per column.
    return cell.cases(*((marker, ibis.null("string")) for marker in nulls), else_=cell)


def unclaimed(cells: Cells, claimed: Iterable[str]) -> dict[str, str]:
    """Name and field of the columns whose fields are not *claimed* and not blank."""
    taken = cells.blank.union(claimed)
    rest = [column for column in cells.columns if column.field not in taken]
    return {name: column.field for name, column in _by_distinct_name(rest).items()}


def _by_distinct_name(columns: Iterable[SourceColumn]) -> dict[str, SourceColumn]:
    """Columns by name, by key where a name repeats or differs by case only: engines read struct fields without case."""
    distinct: dict[str, tuple[str, SourceColumn]] = {}
    for column in columns:
        name = column.name or column.key
        if name.casefold() in distinct:
            name = column.key
        distinct[name.casefold()] = (name, column)
    return dict(distinct.values())


def _json_cells(rows: Any, columns: Sequence[SourceColumn], preset: Preset) -> Cells:
    columns = document_columns(columns, preset)
    parsed, fields = document_fields(rows, columns, preset)
    hashed = (parsed.line + element_text(parsed)).hexdigest("md5")
    return Cells(parsed.select(ROW, **{HASH: hashed, BROKEN: is_broken(parsed)}, **fields), columns)


def _nested_cells(rows: Any, columns: Sequence[SourceColumn], preset: Preset) -> Cells:
    fields: dict[str, Any] = {}
    known: list[SourceColumn] = []
    for column in columns:
        value = _value_at(rows, column.name)
        if _is_key_value_array(value.type()):
            for key in _keys_wanted(preset, column.key):
                entry = SourceColumn(f"{column.name}.{key}", f"{column.key}.{name_key(key)}", f"k{len(fields)}")
                fields[entry.field] = _entry_of(value, key)
                known.append(entry)
        else:
            fields[column.field] = _scalar_text(value)
            known.append(column)
    hashed = joined(fields.values(), _SEPARATOR).hexdigest("md5")
    return Cells(rows.select(ROW, **{HASH: hashed, BROKEN: ibis.literal(False)}, **fields), tuple(known))


def _value_at(rows: Any, dotted: str) -> Any:
    first, *rest = dotted.split(".")
    value = rows[dotted] if dotted in rows.columns else rows[first]
    for name in rest if dotted not in rows.columns else ():
        value = value[name]
    return value


def _is_key_value_array(dtype: Any) -> bool:
    inner = dtype.value_type if isinstance(dtype, dt.Array) else None
    return isinstance(inner, dt.Struct) and {"key", "value"} <= set(inner.names)


def _keys_wanted(preset: Preset, array: str) -> list[str]:
    prefix = f"{array}."
    return [source[len(prefix) :] for source in preset.columns if name_key(source).startswith(prefix)]


def _entry_of(array: Any, key: str) -> Any:
    """The value under *key* in an array of (key, value) records; of several typed slots the filled one counts."""
    value = array.filter(lambda entry: entry["key"] == key)[0]["value"]
    if isinstance(value.type(), dt.Struct):
        return ibis.coalesce(*(value[slot].cast("string") for slot in value.type().names))
    return value.cast("string")


def _scalar_text(value: Any) -> Any:
    if isinstance(value.type(), dt.Array):
        inner = value.type().value_type
        return value.join(",") if isinstance(inner, dt.String) else ibis.null("string")
    return value.cast("string").strip()
