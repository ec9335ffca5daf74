"""Small expressions that engines read differently when written naively.

Each function takes and returns Ibis expressions and holds one measured difference between DuckDB and Spark.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any

import ibis

# Ibis casts to a naive timestamp first, which asks the calendar of every row; Spark calls the function unix_micros.
_epoch_microseconds = ibis.udf.scalar.builtin(
    lambda instant: ..., name="epoch_us", signature=(("timestamp('UTC', 6)",), "int64")
)


def epoch_seconds(timestamp: Any) -> Any:
    """Whole seconds since 1970 of an instant, the fraction dropped."""
    return _epoch_microseconds(timestamp) // 1_000_000


def hours_between(earlier: Any, later: Any) -> Any:
    """Hours from *earlier* to *later*, to the second."""
    return (epoch_seconds(later) - epoch_seconds(earlier)) / 3600.0


def is_within(later: Any, earlier: Any, *, days: int = 0, hours: int = 0) -> Any:
    """Whether the instant *later* is at most so much after *earlier*; a day has 24 hours.

    DuckDB asks a calendar to add an interval to an instant: row by row that costs ten times as much as counting.
    """
    return _epoch_microseconds(later) <= _epoch_microseconds(earlier) + _microseconds(days, hours)


def is_long_after(later: Any, earlier: Any, *, days: int = 0, hours: int = 0) -> Any:
    """Whether the instant *later* is at least so much after *earlier*; see `is_within`."""
    return _epoch_microseconds(later) >= _epoch_microseconds(earlier) + _microseconds(days, hours)


def _microseconds(days: int, hours: int) -> int:
    return (24 * days + hours) * 3_600_000_000


def block_of(key: Any, blocks: int) -> Any:
    """Stable block number 0..blocks-1 of a string key; *blocks* divides 4096.

    Taken from the MD5 digest, because engines' own hash functions differ. The first three hexadecimal digits are
    looked up one by one: no engine-neutral parser of hexadecimal numbers exists.
    """
    if 4096 % blocks:
        raise ValueError(f"blocks must divide 4096, not {blocks}")
    digest = key.hexdigest("md5")
    digits = [ibis.literal("0123456789abcdef").find(digest.substr(place, 1)) for place in range(3)]
    number = digits[0] * 256 + digits[1] * 16 + digits[2]
    return (number % blocks).cast("int64")


def is_one_of(value: Any, choices: Sequence[Any]) -> Any:
    """Whether *value* is one of *choices*; false for NULL.

    Asked with `isin`, a long list becomes a join, after which DuckDB hands out rows in any order.
    """
    return value.cases(*((choice, True) for choice in choices), else_=False) if choices else ibis.literal(False)


def joined(texts: Iterable[Any | None], separator: str) -> Any:
    """The *texts* one after the other with *separator* between them; NULL counts as '', and so does None.

    DuckDB's own concatenation reads NULL so and takes half the time of filling each text first; Spark's does not.
    """
    parts: list[Any] = []
    between = ""
    for text in texts:
        if text is not None:
            parts += [ibis.literal(between), text] if between else [text]
            between = ""
        between += separator
    if len(between) > len(separator) or not parts:
        parts.append(ibis.literal(between.removesuffix(separator)))
    return _concatenation(len(parts))(*parts)


def json_object(texts: Mapping[str, Any]) -> Any:
    """The text of a JSON object with these *texts* by name; NULL if there are none.

    Put together of one value's JSON at a time: what a column repeats DuckDB turns into JSON once, which takes a quarter
    of the time that a whole struct takes. Spark's `to_json` reads structs only.
    """
    if not texts:
        return ibis.null("string")
    names = (json.dumps(name, ensure_ascii=False) for name in texts)
    parts: list[Any] = []
    for name, text in zip(names, texts.values(), strict=True):
        parts += [ibis.literal(f"{',' if parts else '{'}{name}:"), ibis.coalesce(_json(text), "null")]
    return joined([*parts, ibis.literal("}")], "")


_json = ibis.udf.scalar.builtin(lambda text: ..., name="to_json", signature=(("string",), "string"))


@cache
def _concatenation(number: int) -> Any:
    """The engine's concatenation of that *number* of texts; one of any number cannot be declared."""

    def concat() -> str:
        raise NotImplementedError  # the engine has its own

    names = (f"text_{place}" for place in range(number))
    concat.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
        [inspect.Parameter(name, inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=str) for name in names],
        return_annotation=str,
    )
    # Named with its schema: the bare name is turned into the operator ||, which makes NULL of any NULL.
    return ibis.udf.scalar.builtin(concat, database="main")


def code_of(text: Any) -> Any:
    """64-bit number that stands for *text* in joins and comparisons of equality; NULL stays NULL.

    Engines number differently: a code must never be written to disk or decide an order.
    """
    return text.notnull().ifelse(text.hash(), ibis.null("int64"))


def number_of(text: Any) -> Any:
    """60-bit number that stands for *text* in joins and groups and tells its block (`block_in`); NULL stays NULL.

    Read off the MD5 digest, hence the same on every engine and fit for files: the digits that tell the block last.
    DuckDB reads hexadecimal digits after 0x; Spark's `conv` does.
    """
    digest = text.hexdigest("md5")
    return (ibis.literal("0x") + digest.substr(3, 12) + digest.substr(0, 3)).cast("int64")


def block_in(number: Any, blocks: int) -> Any:
    """`block_of` the text that *number* (`number_of`) stands for; *blocks* is a power of two up to 4096."""
    return number & ibis.literal(blocks - 1, "int64")


# Spark has neither of these: there the same names must be registered as functions over distinct pairs of values.
_jaro_winkler = ibis.udf.scalar.builtin(
    lambda one, other: ..., name="jaro_winkler_similarity", signature=(("string", "string"), "float64")
)
_damerau_levenshtein = ibis.udf.scalar.builtin(
    lambda one, other: ..., name="damerau_levenshtein", signature=(("string", "string"), "int64")
)


def jaro_winkler(one: Any, other: Any) -> Any:
    """Jaro–Winkler similarity of two texts, 0 to 1."""
    return _jaro_winkler(one, other)


def damerau_levenshtein(one: Any, other: Any) -> Any:
    """Insertions, deletions, changes and swaps of neighbours that turn one text into the other."""
    return _damerau_levenshtein(one, other)
