"""Shown: what a record says about who it is, as it may be shown: masked, unless asked for in the open."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pyarrow as pa

from tpaudit.engine import Engine
from tpaudit.identity.fields import Field, Kind
from tpaudit.identity.weights import Levels, Model
from tpaudit.privacy import masked, masked_address, masked_date, masked_name
from tpaudit.results import Evidence

_PLAIN: tuple[Kind, ...] = ("gender", "place")
_MASKS: Mapping[Kind, Callable[[str], str]] = {
    "name": masked_name,
    "given": masked_name,
    "surname": masked_name,
    "birth_date": masked_date,
    "address": masked_address,
}
_NAME_KINDS: tuple[Kind, ...] = ("name", "given", "surname")

Texts = Mapping[str, str | None]


def values(
    engine: Engine, records: Any, fields: Sequence[Field], record_ids: Sequence[str], show_pii: bool
) -> dict[str, dict[str, str | None]]:
    """The values of *record_ids* per record and comparison; several of one field are parted by a slash."""
    asked = engine.table(pa.table({"record_id": pa.array(sorted(set(record_ids)), pa.string())}))
    columns = {column for field in fields for column in field.columns}
    rows = engine.fetch_rows(records.semi_join(asked, "record_id").select("record_id", *sorted(columns)))
    return {row["record_id"]: _texts(row, fields, show_pii) for row in rows}


def evidence(model: Model, levels: Levels, left: Texts, right: Texts) -> tuple[Evidence, ...]:
    """What each field of one pair says: *levels* is one row of levels, one per comparison of *model*."""
    told = []
    for number, comparison in enumerate(model.comparisons):
        level = int(levels[0, number])
        bits = float(model.bits_of(number, levels)[0])
        name = comparison.name
        label = comparison.labels[level] if level >= 0 else None
        told.append(Evidence(field=name, level=label, left=left.get(name), right=right.get(name), bits=round(bits, 2)))
    return tuple(told)


def _texts(row: Mapping[str, Any], fields: Sequence[Field], show_pii: bool) -> dict[str, str | None]:
    texts: dict[str, str | None] = {}
    for field in fields:
        mask = None if show_pii or field.kind in _PLAIN else _MASKS.get(field.kind, masked)
        found = [str(row[column]) for column in field.columns if row[column] is not None]
        shown = " / ".join(mask(text) if mask else text for text in found) or None
        # Given name and surname are compared together, as the name.
        name = "name" if field.kind in _NAME_KINDS else field.name
        texts[name] = " ".join(part for part in (texts.get(name), shown) if part) or None
    return texts
