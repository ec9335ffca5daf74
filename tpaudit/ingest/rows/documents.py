"""JSON documents to cells: fields by dotted name, lists joined, and the rows that lie in an array of each document."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import ibis
import ibis.expr.datatypes as dt

from tpaudit.ingest.layouts.preset import Preset
from tpaudit.ingest.names import name_key
from tpaudit.ingest.reading.staged import ROW, SourceColumn

_DOCUMENT, _ELEMENT = "_document", "_element"
# Where BigQuery puts the value of an event's parameter, by its type.
_TYPED_SLOTS = ("string_value", "int_value", "double_value", "float_value")


def document_columns(columns: Sequence[SourceColumn], preset: Preset) -> tuple[SourceColumn, ...]:
    """*columns* and those fields the preset names that the first documents did not show: one may appear far below."""
    known = {column.key for column in columns}
    wanted = [source for source in preset.all_columns if "*" not in source and name_key(source) not in known]
    return (*columns, *(SourceColumn(name, name_key(name), f"d{place}") for place, name in enumerate(wanted)))


def document_fields(rows: Any, columns: Sequence[SourceColumn], preset: Preset) -> tuple[Any, dict[str, Any]]:
    """*rows* with their `line` parsed, and the text of every column by field.

    If the preset says `explode`, one row per element of that array, whose fields are addressed below its name; a
    document without elements stays one row. Added to the rows: `_document`, NULL where the line is no JSON object, and
    `_element`. A field that the preset maps is text or a list of texts: a record found there is none.
    """
    explode = preset.explode
    names = [column.name for column in columns]
    mapped = {column.field for column in columns if preset.claims(column.key)}
    opaque = _opaque(names, explode) | _listed(preset)
    parsed = rows.select(ROW, "line", **{_DOCUMENT: rows.line.try_cast("json").try_cast(_shape(names, opaque))})
    if explode is None:
        return parsed, {
            column.field: _text_at(parsed[_DOCUMENT], column.name, opaque, column.field in mapped) for column in columns
        }
    inner = _at(parsed[_DOCUMENT], explode.split("."))
    elements = ibis.cases((inner.array.length() > 0, inner.array), else_=ibis.array([inner]))
    parsed = parsed.mutate(**{_ELEMENT: elements}).unnest(_ELEMENT)
    fields = {}
    for column in columns:
        below = _below(explode, column.name)
        if below is None:
            fields[column.field] = _text_at(parsed[_DOCUMENT], column.name, opaque, column.field in mapped)
        else:
            fields[column.field] = _json_text(parsed[_ELEMENT], below, column.field in mapped)
    return parsed, fields


def element_text(rows: Any) -> Any:
    """What tells the rows of one document apart; '' where documents are not exploded."""
    return rows[_ELEMENT].cast("string").fill_null("") if _ELEMENT in rows.columns else ibis.literal("")


def is_broken(rows: Any) -> Any:
    """Whether a line was no JSON object."""
    # The engine makes an empty record of a bare text or number.
    return rows[_DOCUMENT].isnull() | ~rows.line.startswith("{")


def _opaque(names: Sequence[str], explode: str | None) -> frozenset[str]:
    """Names of fields that hold arrays, or an object in some documents and text in others: kept as JSON, because a
    record type would not fit them."""
    known = {name.casefold() for name in names}
    parents = {prefix for name in known for prefix in _prefixes(name)}
    return frozenset((known & parents) | ({explode.casefold()} if explode else set()))


def _listed(preset: Preset) -> frozenset[str]:
    """Fields read as contact points: a person may have several phones, so they are often lists."""
    return frozenset(
        source.casefold() for source, targets in preset.columns.items()
        if any(target.table == "contact_points" for target in targets)
    )  # fmt: skip


def _prefixes(name: str) -> Iterable[str]:
    parts = name.split(".")
    return (".".join(parts[:count]) for count in range(1, len(parts)))


def _shape(names: Iterable[str], opaque: frozenset[str]) -> dt.Struct:
    """The struct type that holds every dotted name as text; names that differ by case only share the first's field."""
    tree: dict[str, Any] = {}
    for name in names:
        branch = tree
        path = _outer(name, opaque)
        for parent in path[:-1]:
            branch = branch.setdefault(_known_as(branch, parent), {})
        branch.setdefault(_known_as(branch, path[-1]), dt.json if ".".join(path).casefold() in opaque else dt.string)
    return _struct(tree)


def _outer(name: str, opaque: frozenset[str]) -> list[str]:
    """The path of *name* down to the first opaque field."""
    prefix = next((prefix for prefix in _prefixes(name) if prefix.casefold() in opaque), name)
    return prefix.split(".")


def _known_as(branch: dict[str, Any], name: str) -> str:
    return next((known for known in branch if known.casefold() == name.casefold()), name)


def _struct(tree: dict[str, Any]) -> dt.Struct:
    return dt.Struct({name: _struct(inner) if isinstance(inner, dict) else inner for name, inner in tree.items()})


def _text_at(document: Any, name: str, opaque: frozenset[str], is_mapped: bool) -> Any:
    outer = _outer(name, opaque)
    value = _at(document, outer)
    if isinstance(value.type(), dt.JSON):
        return _json_text(value, name.split(".")[len(outer) :], is_mapped)
    return value.strip() if isinstance(value.type(), dt.String) else ibis.null("string")


def _at(value: Any, path: Sequence[str]) -> Any:
    for name in path:
        fields = value.type().names if isinstance(value.type(), dt.Struct) else ()
        known = next((field for field in fields if field.casefold() == name.casefold()), None)
        if known is None:
            return ibis.null("string")
        value = value[known]
    return value


def _below(array: str, name: str) -> list[str] | None:
    """The path of *name* within the elements of *array*; None if it lies elsewhere."""
    if name.casefold() == array.casefold():
        return []
    inside = name.casefold().startswith(f"{array.casefold()}.")
    return name[len(array) + 1 :].split(".") if inside else None


def _json_text(value: Any, path: Sequence[str], is_mapped: bool) -> Any:
    """Text at *path* of a JSON value; what lies in arrays on the way is joined by commas.

    An array of `key` and `value` is read as a record: the next name of the path is a key.
    """
    if not path:
        return _leaf(value) if is_mapped else _scalar(value).strip()
    name, *rest = path
    joined = value.array.map(lambda entry: _json_text(entry[name], rest, is_mapped))
    joined = joined.filter(lambda text: text.notnull() & (text != "")).join(",").nullif("")
    by_key = value.array.filter(lambda entry: entry["key"].str == name)[0]["value"]
    typed = [] if rest else [_scalar(by_key[slot]) for slot in _TYPED_SLOTS]
    # A value is an object or an array. Named once: what follows is else repeated for both, and again at every step.
    inner = ibis.array([ibis.coalesce(value[name], by_key)]).map(lambda found: _json_text(found, rest, is_mapped))[0]
    return ibis.coalesce(joined, *typed, inner)


def _leaf(value: Any) -> Any:
    """The text of a scalar, or the texts of a list of scalars joined."""
    listed = value.array.map(_scalar).filter(lambda text: text.notnull() & ~text.startswith("{"))
    text = ibis.coalesce(listed.join(","), _scalar(value)).strip()
    return text.startswith("{").ifelse(ibis.null("string"), text)


def _scalar(value: Any) -> Any:
    return ibis.coalesce(value.str, value.cast("string").nullif("null"))
