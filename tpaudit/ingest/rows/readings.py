"""Readings: one source column read for one target, typed as the target declares, with a note where it failed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import ibis
import ibis.expr.operations as ops

from tpaudit.engine import Engine
from tpaudit.engine.portable import is_one_of
from tpaudit.ingest.layouts.preset import Condition, Preset, Target
from tpaudit.ingest.rows import addresses, amounts, person_names, times
from tpaudit.ingest.rows.cells import Cells
from tpaudit.ingest.rows.points import is_cipher, is_masked
from tpaudit.ingest.rows.tags import tags
from tpaudit.ingest.rows.widths import folded, folded_word, text_where, with_wide_signs
from tpaudit.model import LAKE_TABLES
from tpaudit.model.fields import BOOLEAN, DATE, INTEGER, MONEY, NUMBER, STRING, TAGS, TIMESTAMP, Column, Privacy

_DAMAGED_ID = r"^\d(?:\.\d+)?[eE]\+\d{2}$"
_CODES = {
    MONEY: "unparsed_amount", NUMBER: "unparsed_number", INTEGER: "unparsed_number", BOOLEAN: "unparsed_boolean",
    DATE: "unparsed_date", TIMESTAMP: "unparsed_timestamp",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Habit:
    """How one column writes its dates or amounts, known from all of its texts.

    `is_plain`: every text is read by a mere cast. `day_first`: see `times.Manner`. `tells_currency`: some amount names
    its currency.
    """

    is_plain: bool = False
    day_first: bool | None = None
    tells_currency: bool = False


@dataclass(frozen=True, slots=True)
class Context:
    """What reading needs besides the cell: the engine, the preset, the zone of naive times, and habits of columns.

    `habits` are found by `rows.habits`; the key is the expression of the text.
    """

    engine: Engine
    preset: Preset
    zone: str
    habits: Mapping[Any, Habit] = field(default_factory=dict)

    def habit_of(self, text: Any) -> Habit:
        """The habit of the column that *text* reads."""
        return self.habits.get(text.op(), Habit())


@dataclass(frozen=True, slots=True)
class Reading:
    """A typed *value*, the *text* it was read from, and the issue *code* for a NULL value of a filled text.

    `is_sure`: every filled text of the column has a value. `currency`: what the amounts of the column name as theirs.
    """

    value: Any
    text: Any
    code: str | None
    source: str
    is_sure: bool = False
    currency: Any = None


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
    if target.part:
        text = addresses.part_of(text, target.part)
    return text.lower() if target.lower else text


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
        met &= is_one_of(text, condition.is_in)
    if condition.not_in is not None:
        met &= ~is_one_of(text, condition.not_in)
    if condition.contains is not None:
        met &= text.contains(condition.contains).fill_null(False)
    return met


def reading(text: Any, target: Target, source: str, context: Context) -> Reading:
    """*text* as the type and vocabulary of the target column demand."""
    declared = LAKE_TABLES[target.table].column(target.column)
    vocabulary = context.preset.all_values.get(target.to)
    if vocabulary:
        return _by_vocabulary(text, declared, vocabulary, source, target, context)
    if declared.values:
        value = text.lower().cases(*zip(declared.values, declared.values, strict=True), else_=ibis.null("string"))
        return Reading(value, text, _vocabulary_code(declared), source)
    if declared.type == STRING:
        return _string(text, declared, target, source)
    habit = context.habit_of(text)
    value = _typed(text, declared, target, context, habit)
    currency = amounts.currency(text) if habit.tells_currency else None
    return Reading(value, text, _CODES.get(declared.type), source, habit.is_plain, currency)


def _by_vocabulary(
    text: Any, declared: Column, vocabulary: Mapping[str, Any], source: str, target: Target, context: Context
) -> Reading:
    """Known words become what the preset says ('' means unknown without complaint), others go by '*' or are issues."""
    words = {word: _as_text(meaning) for word, meaning in vocabulary.items() if word != "*"}
    told = _told(text, words)
    meaning = told.nullif("").try_cast(declared.type)
    is_open = declared.type == STRING and not declared.values
    is_number = declared.type != STRING and not declared.values
    if "*" in vocabulary:
        other = ibis.literal(_as_text(vocabulary["*"])).nullif("").try_cast(declared.type)
        value = ibis.cases((told.notnull(), meaning), (text.notnull(), other), else_=ibis.null(declared.type))
    elif is_open:
        value = ibis.coalesce(told, text).nullif("")
    elif is_number:
        # A number may stand where a word is expected; only what is neither is unknown.
        value = ibis.coalesce(meaning, told.isnull().ifelse(_typed(text, declared, target, context), None))
    else:
        value = meaning
    unknown = told.isnull() & value.isnull() if is_number else told.isnull()
    code = None if is_open or "*" in vocabulary else _vocabulary_code(declared)
    return Reading(value, unknown.ifelse(text, ibis.null("string")), code, source)


def _told(text: Any, words: Mapping[str, str]) -> Any:
    """The meaning of *text* by *words*, NULL for others. Most cells hold a word as it is usually written: only what is
    none of those is folded."""
    folded_words = {folded_word(word): meaning for word, meaning in words.items()}
    if not isinstance(text.op(), ops.Field):
        # What is made of several columns would be repeated so often that DuckDB plans for many seconds.
        return folded(text).cases(*folded_words.items(), else_=ibis.null("string"))
    usual = {spelling: meaning for word, meaning in words.items() for spelling in (word, with_wide_signs(word))}
    # Long lists of words asked for with `isin` would become joins; a case expression stays one.
    at_once = text.cases(*usual.items(), else_=ibis.null("string"))
    other = folded(text_where(at_once.isnull(), text))
    return ibis.coalesce(at_once, other.cases(*folded_words.items(), else_=ibis.null("string")))


def _as_text(meaning: Any) -> str:
    return str(meaning).lower() if isinstance(meaning, bool) else str(meaning)


def _vocabulary_code(declared: Column) -> str:
    return "unknown_status" if declared.name == "status" else "unknown_value"


def _string(text: Any, declared: Column, target: Target, source: str) -> Reading:
    name = declared.name
    if name.endswith(("_id", "_number")) or target.to in ("touches.click_id",):
        damaged = text.re_search(_DAMAGED_ID)
        return Reading(damaged.ifelse(ibis.null("string"), text), text, "sci_notation_id", source)
    if name == "city":
        text = text.re_replace(r"^(.{2,})市$", r"\1")
    elif name == "region":
        text = addresses.region_name(text)
    if declared.privacy is Privacy.NAME:
        text = person_names.cleaned(text)
    if declared.privacy is not None:
        # What a platform encrypted is not there.
        text = is_cipher(text).ifelse(ibis.null("string"), text)
    if name in ("region", "city", "address"):
        text = is_masked(text).ifelse(ibis.null("string"), text)
    return Reading(text, text, None, source)


def _typed(text: Any, declared: Column, target: Target, context: Context, habit: Habit = Habit()) -> Any:
    if declared.type == TAGS:
        return tags(text)
    if declared.type == BOOLEAN:
        return amounts.boolean(text)
    if declared.type in (DATE, TIMESTAMP):
        read = times.day if declared.type == DATE else times.instant
        manner = times.Manner(habit.is_plain, habit.day_first)
        return read(text, context.engine, context.zone, target.formats, manner)
    return _number(text, declared, target, context.preset.decimal, habit.is_plain)


def _number(text: Any, declared: Column, target: Target, decimal: str, is_plain: bool) -> Any:
    if declared.unit in ("s", "min") and not is_plain:
        return (amounts.seconds if declared.unit == "s" else amounts.minutes)(text, target.scale)
    read = {MONEY: amounts.money, NUMBER: amounts.number, INTEGER: amounts.integer}[declared.type]
    return read(text, decimal, target.scale, is_plain)


def _token(text: Any, place: int) -> Any:
    """The n-th word of *text*."""
    return text.re_extract(rf"^\s*(?:\S+\s+){{{place - 1}}}(\S+)", 1).nullif("")


def told_currencies(readings: Mapping[str, Sequence[Reading]]) -> dict[str, Any]:
    """Currency by `slot.currency`, where amounts of the slot name it; *readings* are given by `slot.column`."""
    told: dict[str, list[Any]] = {}
    for name, found in readings.items():
        named = [reading.currency for reading in found if reading.currency is not None]
        if named:
            told.setdefault(f"{name.partition('.')[0]}.currency", []).extend(named)
    return {name: ibis.coalesce(*named) for name, named in told.items()}


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
        if reading.code and not reading.is_sure
    ]
    bad = ibis.coalesce(*failed) if len(failed) > 1 else (failed[0] if failed else None)
    return value, bad


def _both(first: Any, second: Any) -> Any:
    return ibis.cases((first.isnull(), second), (second.isnull(), first), else_=first.concat(second))
