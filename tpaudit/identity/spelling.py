"""Spelling: Latin names under one phone that differ by a letter or two are one person's name.

Jon Smith and John Smith answer the same phone because they are the same man; Anna and Peter Smith do not. Only
distinct names under the same phone are compared, a handful of pairs per phone.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import ibis
import pyarrow as pa
from jellyfish import jaro_winkler_similarity

from tpaudit.engine import Engine
from tpaudit.identity.prepare import HAN

# Winkler (1990) counts from .92 on as the same name in his census tables; given names of a family rarely reach it.
SAME_NAME = 0.92


def with_names(engine: Engine, strong: Any, records: Any) -> Any:
    """Strong points with the name their record goes by: contact_id, type, value, name (NULL if it has no legal name).

    Spellings of one Latin name under one phone share the alphabetically first of them.
    """
    named = strong.left_join(records.select("contact_id", "name_key"), "contact_id")
    named = named.select("contact_id", "type", "value", "name_key")
    latin = named.filter((named.type == "phone") & ~named.name_key.re_search(HAN))
    per_phone = latin.group_by("value").agg(names=latin.name_key.nunique())
    several = latin.semi_join(per_phone.filter(per_phone.names > 1), "value").select("value", "name_key").distinct()
    spellings = engine.table(_spellings(engine.fetch(several))).mutate(type=ibis.literal("phone"))
    read = named.left_join(spellings, ["type", "value", "name_key"])
    return read.select("contact_id", "type", "value", name=read.name.coalesce(read.name_key))


def _spellings(rows: pa.Table) -> pa.Table:
    """The name each spelling stands for: value, name_key, name."""
    by_phone: dict[str, list[str]] = defaultdict(list)
    for value, name in zip(rows["value"].to_pylist(), rows["name_key"].to_pylist(), strict=True):
        by_phone[value].append(name)
    found = [(value, name, stood) for value, names in by_phone.items() for name, stood in same_names(names).items()]
    columns = list(zip(*found, strict=True)) or [(), (), ()]
    return pa.table({key: pa.array(column, pa.string()) for key, column in zip(_COLUMNS, columns, strict=True)})


_COLUMNS = ("value", "name_key", "name")


def same_names(names: list[str]) -> dict[str, str]:
    """The first spelling, in order of the alphabet, that each name resembles; word order does not matter.

    >>> same_names(["john smith", "jon smith", "smith john", "anna smith"])
    {'anna smith': 'anna smith', 'john smith': 'john smith', 'jon smith': 'john smith', 'smith john': 'john smith'}
    """
    stands_for: dict[str, str] = {}
    for name in sorted(names):
        alike = (known for known in stands_for.values() if _resemble(known, name))
        stands_for[name] = next(alike, name)
    return stands_for


def _resemble(one: str, other: str) -> bool:
    return bool(jaro_winkler_similarity(_sorted_words(one), _sorted_words(other)) >= SAME_NAME)


def _sorted_words(name: str) -> str:
    return " ".join(sorted(name.split()))
