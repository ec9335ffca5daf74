"""Readings: one source column read for one target, typed as the target declares, with a note where it failed."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import ibis

from tpaudit.engine import Engine
from tpaudit.ingest.layouts.preset import Condition, Preset, Target
from tpaudit.ingest.rows import amounts, times
from tpaudit.ingest.rows.cells import Cells
from tpaudit.ingest.rows.points import is_cipher, is_masked
from tpaudit.model import LAKE_TABLES
from tpaudit.model.fields import BOOLEAN, DATE, INTEGER, MONEY, NUMBER, STRING, TAGS, TIMESTAMP, Column

_DAMAGED_ID = r"^\d(?:\.\d+)?[eE]\+\d{2}$"
_CODES = {
    MONEY: "unparsed_amount", NUMBER: "unparsed_number", INTEGER: "unparsed_number", BOOLEAN: "unparsed_boolean",
    DATE: "unparsed_date", TIMESTAMP: "unparsed_timestamp",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Context:
    """What reading needs besides the cell: the engine, the preset and the zone of naive times."""

    engine: Engine
    preset: Preset
    zone: str


@dataclass(frozen=True, slots=True)
class Reading:
    """A typed *value*, the *text* it was read from, and the issue *code* for a NULL value of a filled text."""

    value: Any
    text: Any
    code: str | None
    source: str


def text_for(cells: Cells, field: str, target: Target) -> Any:
    """The text of one cell for *target*: its conditions applied, the wanted part taken."""
    text = cells.table[field]
    if target.unless_same_as:
        other = column_text(cells, target.unless_same_as)
        text = (text == other).fill_null(False).ifelse(ibis.null("string"), text)
    if target.when:
        text = holds(cells, target.when).ifelse(text, ibis.null("string"))
    if target.token:
        text = _token(text, target.token)
    if target.pattern:
        text = text.re_extract(target.pattern, 1).nullif("")
    return text


def column_text(cells: Cells, source: str) -> Any:
    """The text of the column a preset calls *source*; NULL if the file has none."""
    found = cells.matching(source)
    return cells.table[found[0].field] if found else ibis.null("string")


def holds(cells: Cells, condition: Condition) -> Any:
    """Whether a row meets *condition*, never NULL."""
    text = column_text(cells, condition.column)
    met = ibis.literal(True)
    if condition.present is not None:
        met &= text.notnull() if condition.present else text.isnull()
    if condition.is_in is not None:
        met &= text.isin(condition.is_in).fill_null(False)
    if condition.not_in is not None:
        met &= ~text.isin(condition.not_in).fill_null(False)
    if condition.contains is not None:
        met &= text.contains(condition.contains).fill_null(False)
    return met


def reading(text: Any, target: Target, source: str, context: Context) -> Reading:
    """*text* as the type and vocabulary of the target column demand."""
    declared = LAKE_TABLES[target.table].column(target.column)
    vocabulary = context.preset.values.get(target.to)
    if vocabulary:
        return _by_vocabulary(text, declared, vocabulary, source, target, context)
    if declared.values:
        word = text.lower()
        value = word.isin(declared.values).ifelse(word, ibis.null("string"))
        return Reading(value, text, _vocabulary_code(declared), source)
    if declared.type == STRING:
        return _string(text, declared, target, source)
    return Reading(_typed(text, declared, target, context), text, _CODES.get(declared.type), source)


def _by_vocabulary(
    text: Any, declared: Column, vocabulary: Mapping[str, Any], source: str, target: Target, context: Context
) -> Reading:
    """Known words become what the preset says ('' means unknown without complaint), others go by '*' or are issues."""
    words = {_folded(word): str(meaning).lower() if isinstance(meaning, bool) else str(meaning)
             for word, meaning in vocabulary.items() if word != "*"}  # fmt: skip
    folded = text.replace("，", ",").replace("：", ":").lower()
    is_open = declared.type == STRING and not declared.values
    default = ibis.literal(str(vocabulary["*"])) if "*" in vocabulary else None
    fallback = default if default is not None else (text if is_open else ibis.null("string"))
    known = folded.isin(list(words))
    meant = known.ifelse(folded.cases(*words.items(), else_=ibis.null("string")), text.notnull().ifelse(fallback, None))
    meant = meant.nullif("")
    value = meant if declared.type == STRING else _typed(meant, declared, target, context)
    code = None if is_open or default is not None else _vocabulary_code(declared)
    unknown = known.ifelse(ibis.null("string"), text)
    if code and declared.type != STRING and not declared.values:
        # A number may stand where a word is expected; only what is neither is unknown.
        value = ibis.coalesce(value, _typed(text, declared, target, context))
        unknown = value.isnull().ifelse(unknown, ibis.null("string"))
    return Reading(value, unknown, code, source)


def _folded(word: str) -> str:
    return unicodedata.normalize("NFKC", word).strip().lower()


def _vocabulary_code(declared: Column) -> str:
    return "unknown_status" if declared.name == "status" else "unknown_value"


def _string(text: Any, declared: Column, target: Target, source: str) -> Reading:
    name = declared.name
    if name.endswith(("_id", "_number")) or target.to in ("touches.click_id",):
        damaged = text.re_search(_DAMAGED_ID)
        return Reading(damaged.ifelse(ibis.null("string"), text), text, "sci_notation_id", source)
    if name == "city":
        text = text.re_replace(r"^(.{2,})市$", r"\1")
    if declared.privacy is not None:
        # What a platform encrypted is not there.
        text = is_cipher(text).ifelse(ibis.null("string"), text)
    if target.to in ("orders.region", "orders.city", "contacts.region", "contacts.city", "contacts.address"):
        text = is_masked(text).ifelse(ibis.null("string"), text)
    return Reading(text, text, None, source)


def _typed(text: Any, declared: Column, target: Target, context: Context) -> Any:
    if declared.type == MONEY:
        return amounts.money(text)
    if declared.unit == "s":
        return amounts.seconds(text)
    if declared.type == NUMBER:
        return amounts.number(text)
    if declared.type == INTEGER:
        return amounts.integer(text)
    if declared.type == BOOLEAN:
        return amounts.boolean(text)
    if declared.type == TAGS:
        return amounts.tags(text)
    if declared.type == DATE:
        return times.day(text, context.engine, context.zone, target.format)
    return times.instant(text, context.engine, context.zone, target.format)


def _token(text: Any, place: int) -> Any:
    """The n-th word of *text*."""
    words = text.re_replace(r"\s+", " ").split(" ")
    return (words.length() >= place).ifelse(words[place - 1], ibis.null("string"))


def combined(readings: Sequence[Reading], declared: Column) -> tuple[Any, Any]:
    """One value from several source columns, and the text of the first that could not be read."""
    if declared.type == TAGS:
        joined = [reading.value for reading in readings]
        value = joined[0]
        for more in joined[1:]:
            value = _both(value, more)
    else:
        value = ibis.coalesce(*(reading.value for reading in readings)) if len(readings) > 1 else readings[0].value
    failed = [
        (value.isnull() & reading.text.notnull()).ifelse(reading.text, ibis.null("string"))
        for reading in readings
        if reading.code
    ]
    bad = ibis.coalesce(*failed) if len(failed) > 1 else (failed[0] if failed else None)
    return value, bad


def _both(first: Any, second: Any) -> Any:
    return ibis.cases((first.isnull(), second), (second.isnull(), first), else_=first.concat(second))
