"""Fields: which columns of a records table speak about who a person is, and how each is to be compared."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, get_args

from tpaudit.engine import Engine
from tpaudit.errors import UsageFault, did_you_mean

Kind = Literal[
    "strong_id", "device", "phone", "email", "name", "given", "surname", "birth_date", "place", "address", "postcode",
    "gender", "free",
]  # fmt: skip
KINDS: tuple[Kind, ...] = get_args(Kind)
IGNORED = "ignore"
# Of these a person may have several: phone and phone_2 are one field.
_SEVERAL = ("strong_id", "device", "phone", "email")

# What a column is called when it holds such a field; the first that fits counts.
_NAMED_LIKE: tuple[tuple[str, Kind], ...] = (
    (r"(^|_)(cookie|device|anonymous)", "device"),
    (r"phone|mobile|(^|_)tel($|_)|手机|电话", "phone"),
    (r"e?mail|邮箱", "email"),
    (r"(^|_)(sur|last|family)_?name|(^|_)surname|^姓$", "surname"),
    (r"(^|_)(given|first|fore)_?name|^名$", "given"),
    (r"^(full_?)?name$|姓名", "name"),
    (r"(^|_)(dob|birth_?date|birthday)|date_of_birth|出生日期|生日", "birth_date"),
    (r"post_?code|zip|邮编", "postcode"),
    (r"address|street_?name|地址", "address"),
    (r"(^|_)(city|suburb|town|birth_?place|place|county)($|_)|城市", "place"),
    (r"(^|_)(gender|sex)($|_)|性别", "gender"),
    (
        r"(^|_)(ssn|soc_sec|social_security|passport|id_?card|national|tax|member|customer|user|union)_?\w*id|身份证",
        "strong_id",
    ),
)  # fmt: skip
# A text repeated by so few records that it can tell people apart, and by enough that people repeat it.
_FEWEST_VALUES = 2
_ROW_ID = 0.999
_ID_DISTINCT = 0.2
_FILLED = 0.02


@dataclass(frozen=True, slots=True)
class Field:
    """One thing known about a person: its name, how it is compared, and the columns that hold it.

    Several columns are several values of one thing, such as two phones: agreeing on any of them is agreeing. Of an
    *exclusive* field a person has one value in a lifetime: records with two different ones are never joined.
    """

    name: str
    kind: Kind
    columns: tuple[str, ...]
    exclusive: bool = False


def found(engine: Engine, records: Any, declared: Mapping[str, str], key: str = "record_id") -> tuple[Field, ...]:
    """The fields of *records*: those *declared* (column -> kind, or "ignore"), the rest found from the data.

    A column counts if some records hold a value and its values repeat: a column of all different values is a row
    number. Columns named phone, phone_2 … are one field.

    Raises UsageFault if a declared column or kind does not exist.
    """
    _refuse_unknown(declared, [name for name in records.columns if name != key])
    undeclared = [name for name in records.columns if name != key and name not in declared]
    kinds: dict[str, Kind] = {name: kind for name in declared if (kind := _declared_kind(declared[name])) is not None}
    kinds |= _kinds(engine, records, undeclared)
    grouped: dict[tuple[str, Kind], list[str]] = {}
    for name in records.columns:
        if name in kinds:
            one = re.sub(r"_[2-9]$", "", name) if kinds[name] in _SEVERAL else name
            grouped.setdefault((one, kinds[name]), []).append(name)
    return tuple(Field(name, kind, tuple(columns)) for (name, kind), columns in grouped.items())


def declared_fields(declared: Mapping[str, str], columns: Sequence[str]) -> tuple[Field, ...]:
    """The fields of *declared* (column -> kind, or "ignore").

    Raises UsageFault for a column that is not among *columns*, or a kind that does not exist.
    """
    _refuse_unknown(declared, columns)
    kinds = {column: _declared_kind(kind) for column, kind in declared.items()}
    return tuple(Field(column, kind, (column,)) for column, kind in kinds.items() if kind is not None)


def filled(engine: Engine, records: Any, fields: Sequence[Field]) -> tuple[Field, ...]:
    """Those of *fields* that any record knows, with the columns that exist and hold something."""
    columns = [column for field in fields for column in field.columns if column in records.columns]
    if not columns:
        return ()
    (counts,) = engine.fetch_rows(records.agg(**{column: records[column].count() for column in columns}))
    held = [replace(field, columns=tuple(name for name in field.columns if counts.get(name))) for field in fields]
    return tuple(field for field in held if field.columns)


def _declared_kind(text: str) -> Kind | None:
    return next((kind for kind in KINDS if kind == text), None)


def _refuse_unknown(declared: Mapping[str, str], columns: Sequence[str]) -> None:
    for column, kind in declared.items():
        if column not in columns:
            raise UsageFault(
                f"[identity] fields: no record has a column {column!r}{did_you_mean(column, columns)}",
                "name a column of the lake table contacts; docs/reference/lake.md lists them",
            )
        if kind not in (*KINDS, IGNORED):
            raise UsageFault(
                f"[identity] fields.{column}: no kind of field is called {kind!r}{did_you_mean(kind, KINDS)}",
                f"use one of {', '.join((*KINDS, IGNORED))}",
            )


def _kinds(engine: Engine, records: Any, columns: Sequence[str]) -> dict[str, Kind]:
    """Kind of each of the columns that can serve; a column that cannot is missing."""
    texts = [name for name in columns if records[name].type().is_string() or records[name].type().is_date()]
    if not texts:
        return {}
    counted = {f"{name}:filled": records[name].count() for name in texts}
    counted |= {f"{name}:distinct": records[name].nunique() for name in texts}
    (counts,) = engine.fetch_rows(records.agg(rows=records.count(), **counted))
    kinds: dict[str, Kind] = {}
    for name in texts:
        filled, distinct = counts[f"{name}:filled"], counts[f"{name}:distinct"]
        if filled <= _FILLED * counts["rows"] or distinct < _FEWEST_VALUES:
            continue
        kind = next((kind for pattern, kind in _NAMED_LIKE if re.search(pattern, name.lower())), None)
        if kind is None and distinct <= _ROW_ID * filled:
            kind = "free"
        if kind == "strong_id" and distinct < _ID_DISTINCT * filled:
            kind = "free"
        if kind is not None:
            kinds[name] = kind
    return kinds
