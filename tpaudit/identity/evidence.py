"""Evidence: on which level each pair of records agrees, field by field.

Equality is compared on codes. Similarity is measured once per pair of distinct values, so its cost follows the number
of different spellings and not the number of records.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import ibis

from tpaudit.engine.portable import damerau_levenshtein, jaro_winkler
from tpaudit.identity.blocking import SHIFT
from tpaudit.identity.comparison import Measure, Side
from tpaudit.identity.encoding import Encoded


def compared(encoded: Encoded, pairs: Any) -> Any:
    """The pattern of every pair: the columns of *pairs* (pair, and any others), pattern.

    A pattern is one number: level + 1 of each comparison, as digits in the base of its number of levels + 1.
    """
    split = pairs.mutate(left=pairs.pair // SHIFT, right=pairs.pair % SHIFT)
    needed = [name for each in encoded.comparisons for name in _columns(encoded, each)]
    rows = _with_sides(split, encoded.table.select("record", *needed))
    measures = [measure for comparison in encoded.comparisons for measure in comparison.measures]
    for measure in measures:
        rows = _with_grade(rows, encoded.engine.cache(_alike(encoded, split, measure)), measure.attribute)
    # Values that are not alike have no grade.
    grade = {measure.attribute: rows[f"grade {measure.attribute}"].fill_null(0) for measure in measures}
    left, right = _side(rows, "left"), _side(rows, "right")
    pattern = ibis.literal(0, "int64")
    for comparison in encoded.comparisons:
        level = comparison.level(left, right, grade)
        pattern = pattern * (len(comparison.labels) + 1) + (level.cast("int64") + 1)
    return rows.select(*pairs.columns, pattern=pattern)


def _columns(encoded: Encoded, comparison: Any) -> list[str]:
    columns = [name for name in comparison.attributes if name in encoded.table.columns]
    columns += [name for name in [getattr(comparison, "shared", None)] if name]
    return columns + ([f"{comparison.rated}:rarity"] if comparison.rated else [])


def _with_sides(split: Any, table: Any) -> Any:
    left = table.rename({f"left {name}": name for name in table.columns})
    right = table.rename({f"right {name}": name for name in table.columns})
    rows = split.inner_join(left, split.left == left["left record"])
    return rows.inner_join(right, rows.right == right["right record"])


def _side(rows: Any, side: str) -> Side:
    return lambda name: rows[f"{side} {name}"]


def _with_grade(rows: Any, alike: Any, attribute: str) -> Any:
    """Join the grades of *attribute*."""
    left, right = rows[f"left {attribute}"], rows[f"right {attribute}"]
    graded = alike.rename({f"{column} {attribute}": column for column in ("one", "other", "grade")})
    is_pair = (
        ibis.least(left, right) == graded[f"one {attribute}"],
        ibis.greatest(left, right) == graded[f"other {attribute}"],
    )
    return rows.left_join(graded, is_pair)


def _alike(encoded: Encoded, split: Any, measure: Measure) -> Any:
    """Distinct values met in pairs that differ and are alike: one, other, grade (from 1)."""
    name = measure.attribute
    known = encoded.table.filter(encoded.table[name].notnull())
    left = split.inner_join(known.select(left="record", one=name), "left").select("right", "one")
    both = left.inner_join(known.select(right="record", other=name), "right").select("one", "other")
    differing = both.filter(both.one != both.other)
    values = differing.select(
        one=ibis.least(differing.one, differing.other), other=ibis.greatest(differing.one, differing.other)
    )
    values = values.distinct()
    texts = encoded.texts[name]
    read = values.inner_join(texts.rename(one="code", one_text="text"), "one")
    read = read.inner_join(texts.rename(other="code", other_text="text"), "other")
    grade = MEASURES[measure.function](read.one_text, read.other_text, measure.cutoffs)
    graded = read.select("one", "other", grade=grade)
    return graded.filter(graded.grade > 0)


# --- similarities of two different texts, as a grade from 0 -----------------------------------------------------------

Similarity = Callable[[Any, Any, tuple[float, ...]], Any]


def _spelt_alike(one: Any, other: Any, cutoffs: tuple[float, ...]) -> Any:
    """Cutoffs that the Jaro–Winkler similarity reaches."""
    similarity = jaro_winkler(one, other)
    return ibis.cases(*((similarity >= cutoffs[n], n + 1) for n in reversed(range(len(cutoffs)))), else_=0)


def _one_slip(one: Any, other: Any, cutoffs: tuple[float, ...]) -> Any:
    """1 if one key was hit wrongly, missed, doubled or swapped with the next."""
    return (damerau_levenshtein(one, other) <= 1).cast("int64")


def _dates(one: Any, other: Any, cutoffs: tuple[float, ...]) -> Any:
    """2 if one slip of the keyboard lies between them, 1 if two of year, month and day agree, or day and month swap."""
    parts = ((0, 4), (4, 2), (6, 2))
    same = sum(((one.substr(*part) == other.substr(*part)).cast("int64") for part in parts), ibis.literal(0))
    turned = (
        (one.substr(0, 4) == other.substr(0, 4))
        & (one.substr(4, 2) == other.substr(6, 2))
        & (one.substr(6, 2) == other.substr(4, 2))
    )
    return ibis.cases((damerau_levenshtein(one, other) <= 1, 2), ((same == 2) | turned, 1), else_=0)


def _places(one: Any, other: Any, cutoffs: tuple[float, ...]) -> Any:
    """2 if spelt alike, 1 if one name is part of the other: Bristol, City of Bristol."""
    within = one.contains(other) | other.contains(one)
    return ibis.cases((jaro_winkler(one, other) >= 0.92, 2), (within, 1), else_=0)


def _addresses(one: Any, other: Any, cutoffs: tuple[float, ...]) -> Any:
    """1 if one slip lies between them, or if they are Latin and spelt alike: Chinese ones are all road and digits."""
    is_latin = ~one.re_search("[\u4e00-\u9fff]") & ~other.re_search("[\u4e00-\u9fff]")
    return ((is_latin & (jaro_winkler(one, other) >= 0.9)) | (damerau_levenshtein(one, other) <= 1)).cast("int64")


MEASURES: Mapping[str, Similarity] = {
    "alike": _spelt_alike,
    "slip": _one_slip,
    "date": _dates,
    "place": _places,
    "address": _addresses,
}
