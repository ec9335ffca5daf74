"""Encoding: records as codes of normalised values, so that comparing two of them is comparing numbers."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import ibis
import pyarrow as pa

from tpaudit.engine import Engine
from tpaudit.engine.portable import code_of
from tpaudit.identity import comparison as compare
from tpaudit.identity import names
from tpaudit.identity.comparison import Comparison, Measure
from tpaudit.identity.fields import Field, Kind

_NAME = "name"
_NAME_KINDS = ("given", "surname", "name")
_FULL_WIDTH, _HALF_WIDTH = "０１２３４５６７８９＊－", "0123456789*-"
_MOBILE_DIGITS = 11
_ROAD = "([\u4e00-\u9fff]{1,6}?(?:大道|路|街|巷|弄|胡同))"


@dataclass(frozen=True, slots=True)
class Encoded:
    """Records as codes.

    `table`: record (0, 1, … in order of record_id), one code per attribute, `<attribute>:rarity` of the rated ones.
    `texts`: per measured attribute the distinct values: code, text.
    """

    engine: Engine
    table: Any
    texts: Mapping[str, Any]
    comparisons: tuple[Comparison, ...]
    records: int

    def slots(self, attribute: str) -> list[str]:
        """The columns that hold values of *attribute*: phone, phone#2 …"""
        return [column for column in self.table.columns if re.sub(r"#\d", "", column) == attribute]

    def values(self, attribute: str, condition: Any = True) -> Any:
        """Known values of *attribute*, whichever slot holds them, of records that meet *condition*: record, code."""
        table = self.table.filter(condition)
        parts = [table.select("record", code=table[slot]) for slot in self.slots(attribute)]
        rows = ibis.union(*parts) if len(parts) > 1 else parts[0]
        return rows.filter(rows.code.notnull())


def encode(engine: Engine, records: Any, fields: Sequence[Field]) -> Encoded:
    """Number and encode *records* (record_id and the columns of *fields*).

    Records are numbered in order of their id, so that nothing later depends on the order of rows.
    """
    comparisons, text_of, named, known = _prepared(engine, records, fields)
    number = ibis.row_number().over(ibis.window(order_by=named.record_id)).cast("int64")
    codes = engine.cache(
        named.select("record_id", record=number, **{name: code_of(text) for name, text in text_of.items()})
    )
    encoded = engine.cache(_with_ratings(engine, codes, comparisons))
    engine.release(codes)
    rows = engine.fetch_rows(encoded.agg(n=encoded.count()))[0]["n"]
    measured = {measure.attribute for each in comparisons for measure in each.measures}
    for name in measured - set(known):
        distinct = named.select(text=text_of[name]).filter(text_of[name].notnull()).distinct()
        known[name] = engine.cache(distinct.select(code=code_of(distinct.text), text=distinct.text))
    return Encoded(engine, encoded, known, tuple(comparisons), rows)


def texts(engine: Engine, records: Any, fields: Sequence[Field]) -> tuple[dict[str, Any], Any]:
    """Text of every attribute, and the records these are expressions over: what the codes of `encode` stand for."""
    _, found, named, _ = _prepared(engine, records, fields)
    return found, named


def _with_ratings(engine: Engine, codes: Any, comparisons: Sequence[Comparison]) -> Any:
    """Add how rare the rated values are, and which values are several people's, in one pass over the records."""
    rows = codes
    for each in comparisons:
        if each.rated:
            values = codes.filter(codes[each.rated].notnull())
            held = values.group_by(**{f"_{each.rated}": values[each.rated]}).agg(**{f"_n {each.rated}": values.count()})
            rows = rows.left_join(held, codes[each.rated] == held[f"_{each.rated}"])
    lent = [each for each in comparisons if isinstance(each, compare.Phone | compare.Identifier) and each.shared]
    for each in lent:
        several = _several_people(codes, each.slots, comparisons).mutate(_several=True)
        for slot in each.slots:
            own = several.rename({f"_held {slot}": "value", f"_several {slot}": "_several"})
            rows = rows.left_join(own, codes[slot] == own[f"_held {slot}"])
    added = {f"{each.rated}:rarity": compare.rarity(rows[f"_n {each.rated}"]) for each in comparisons if each.rated}
    for each in lent:
        added[str(each.shared)] = ibis.or_(*(rows[f"_several {slot}"].fill_null(False) for slot in each.slots))
    return rows.select(*codes.columns, **added)


def _several_people(codes: Any, slots: Sequence[str], comparisons: Sequence[Comparison]) -> Any:
    """Values held under several names or several ids, a household's or a shop's: value."""
    tells = [each.rated for each in comparisons if isinstance(each, compare.PersonName) and each.rated]
    tells += [each.attributes[0] for each in comparisons if isinstance(each, compare.Identifier) and each.is_exclusive]
    told = {f"_{n}": codes[name] for n, name in enumerate(tells)}
    parts = [codes.select(value=codes[slot], **told) for slot in slots]
    rows = ibis.union(*parts) if len(parts) > 1 else parts[0]
    rows = rows.filter(rows["value"].notnull())
    held = rows.group_by("value").agg(**{name: rows[name].nunique() for name in told})
    return held.filter(ibis.or_(ibis.literal(False), *(held[name] > 1 for name in told))).select("value")


def _prepared(
    engine: Engine, records: Any, fields: Sequence[Field]
) -> tuple[list[Comparison], dict[str, Any], Any, dict[str, Any]]:
    """The comparisons of *fields*; the text of every attribute; the records these are expressions over; known texts."""
    named = [field for field in fields if field.kind in _NAME_KINDS]
    comparisons: list[Comparison] = []
    texts: dict[str, Any] = {}
    known: dict[str, Any] = {}
    if named:
        records, parsed = _with_parsed_names(engine, records, named)
        comparisons.append(compare.PersonName(_NAME))
        texts |= {name: records[name] for name in comparisons[0].attributes}
        for measure in comparisons[0].measures:
            distinct = parsed.select(text=measure.attribute).filter(parsed[measure.attribute].notnull()).distinct()
            known[measure.attribute] = engine.cache(distinct.select(code=code_of(distinct.text), text=distinct.text))
    for field in fields:
        if field.kind not in _NAME_KINDS:
            comparison, own = _BUILT[field.kind](field, records)
            comparisons.append(comparison)
            texts |= own
    return comparisons, texts, records, known


# --- names: distinct ones are parsed in Python -----------------------------------------------------------------------


def _with_parsed_names(engine: Engine, records: Any, fields: Sequence[Field]) -> tuple[Any, Any]:
    """Records with the attributes of their name, and the names themselves.

    Where given name and surname are kept apart, they are believed.
    """
    columns = {field.kind: field.columns[0] for field in fields}
    parts = [columns[kind] for kind in _NAME_KINDS if kind in columns]
    if "given" in columns or "surname" in columns:
        parts = [columns[kind] for kind in ("given", "surname") if kind in columns]
    # A lost value and an empty one are the same.
    keyed = records.mutate(_name=ibis.literal("\t").join([records[part].fill_null("") for part in parts]))
    distinct = engine.fetch(keyed.select("_name").distinct().order_by("_name"))["_name"].to_pylist()
    kinds = [kind for kind in _NAME_KINDS if kind in columns and columns[kind] in parts]
    parsed = engine.cache(engine.table(_parsed(distinct, kinds)))
    return keyed.left_join(parsed, "_name").drop("_name", "_name_right"), parsed


def _parsed(texts: list[str], kinds: Sequence[str]) -> pa.Table:
    if "name" in kinds:
        found = names.parse_all(texts)
    else:
        split = [dict(zip(kinds, text.split("\t"), strict=True)) for text in texts]
        found = [names.from_parts(parts.get("given") or None, parts.get("surname") or None) for parts in split]
    columns = {
        "_name": texts,
        f"{_NAME}:key": [name.key for name in found],
        f"{_NAME}:surname": [name.surname for name in found],
        f"{_NAME}:given": [name.given for name in found],
        f"{_NAME}:han": [name.han for name in found],
        f"{_NAME}:surname_sound": [names.sound(name.surname) for name in found],
        f"{_NAME}:given_sound": [names.sound(name.given) for name in found],
    }
    return pa.table({name: pa.array(column, pa.string()) for name, column in columns.items()})


# --- everything else: Ibis expressions --------------------------------------------------------------------------------

Built = tuple[Comparison, dict[str, Any]]


def _clean(records: Any, column: str) -> Any:
    """Text in lower case, digits half-width, single blanks; nothing instead of an empty text."""
    text = records[column].cast("string").translate(_FULL_WIDTH, _HALF_WIDTH).lower()
    return text.re_replace(r"[\s,;]+", " ").strip().nullif("")


def _plain(records: Any, column: str) -> Any:
    return records[column].cast("string").strip().nullif("")


def _identifier(field: Field, records: Any) -> Built:
    names_ = _slots(field)
    measures = (Measure(names_[0], "slip", (1.0,)),) if field.kind == "strong_id" and not field.exclusive else ()
    texts = {name: _plain(records, column) for name, column in zip(names_, field.columns, strict=True)}
    return compare.Identifier(field.name, names_, measures, field.exclusive, is_lent=field.kind == "device"), texts


def _slots(field: Field) -> tuple[str, ...]:
    return tuple(field.name if n == 0 else f"{field.name}#{n + 1}" for n in range(len(field.columns)))


def _phone(field: Field, records: Any) -> Built:
    numbers = _slots(field)
    comparison = compare.Phone(field.name, numbers)
    texts: dict[str, Any] = {}
    for number, mask, column in zip(numbers, comparison.masks, field.columns, strict=True):
        digits = _plain(records, column).translate(_FULL_WIDTH, _HALF_WIDTH)
        is_hidden = digits.contains("*")
        texts[number] = is_hidden.ifelse(ibis.null("string"), digits)
        # +8613912345678, 13912345678 and 139****5678 show the same seven digits.
        local = digits.startswith("+86").ifelse(digits.substr(3), digits)
        is_mobile = local.length() == _MOBILE_DIGITS
        texts[mask] = is_mobile.ifelse(local.substr(0, 3) + local.substr(_MOBILE_DIGITS - 4), ibis.null("string"))
    return comparison, texts


def _email(field: Field, records: Any) -> Built:
    addresses = _slots(field)
    comparison = compare.Email(field.name, addresses)
    texts: dict[str, Any] = {}
    for address, local, column in zip(addresses, comparison.locals, field.columns, strict=True):
        texts[address] = _plain(records, column).lower()
        texts[local] = texts[address].split("@")[0].nullif("")
    return comparison, texts


def _birth_date(field: Field, records: Any) -> Built:
    digits = records[field.columns[0]].cast("string").re_replace(r"\D", "")
    value = (digits.length() == 8).ifelse(digits, ibis.null("string"))
    name = field.name
    texts = {name: value, f"{name}:year": value.substr(0, 4), f"{name}:day": value.substr(4, 4)}
    return compare.BirthDate(name), texts


def _place(field: Field, records: Any) -> Built:
    value = _clean(records, field.columns[0])
    return compare.Value(field.name, (field.name,), (Measure(field.name, "place", (1.0, 2.0)),)), {field.name: value}


def _postcode(field: Field, records: Any) -> Built:
    value = _clean(records, field.columns[0])
    area = f"{field.name}:area"
    # The outward half of a British code, the first three signs of any other.
    half = ibis.coalesce(value.re_extract(r"^(\S+) \S+$", 1).nullif(""), value.substr(0, 3))
    measures = (Measure(field.name, "slip", (1.0,)),)
    return compare.Value(field.name, (field.name, area), measures, part=area), {field.name: value, area: half}


def _address(field: Field, records: Any) -> Built:
    """Chinese addresses count only from the road on: the places before it are written in many ways."""
    value = _clean(records, field.columns[0])
    is_han = value.re_search("[\u4e00-\u9fff]")
    compact = value.replace(" ", "").re_replace(r"^.*[省市区县旗镇]", "")
    numbered = compact.re_replace(r"[号栋幢座单元室层楼\-#]+", "-").re_replace("-$", "")
    han = compact.re_search(r"\d").ifelse(numbered, ibis.null("string"))
    address = is_han.ifelse(han, value)
    road = is_han.ifelse(compact.re_extract(_ROAD, 1), value.re_replace(r"[\d\-/]+", "").strip()).nullif("")
    part = f"{field.name}:road"
    measures = (Measure(field.name, "address", (1.0,)),)
    return compare.Value(field.name, (field.name, part), measures, part=part), {field.name: address, part: road}


def _free(field: Field, records: Any) -> Built:
    return compare.Value(field.name, (field.name,), ()), {field.name: _clean(records, field.columns[0])}


_BUILT: Mapping[Kind, Any] = {
    "strong_id": _identifier,
    "device": _identifier,
    "phone": _phone,
    "email": _email,
    "birth_date": _birth_date,
    "place": _place,
    "postcode": _postcode,
    "address": _address,
    "gender": _free,
    "free": _free,
}
