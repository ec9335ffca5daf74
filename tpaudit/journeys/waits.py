"""How long customers wait: medians and their intervals, exact without all waits side by side in memory.

Waits are counted by classes of like length first. That tells in which class each rank lies, and only the waits of those
classes are put in order: one pass more over the waits, where an aggregate that keeps them all needs the memory of all.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from itertools import accumulate
from typing import Any

import ibis
import pyarrow as pa
from ibis import _

from tpaudit.engine import Engine
from tpaudit.stats.clusters import ClusterSums, effective_size
from tpaudit.stats.intervals import quantile_ranks

_HOUR = 3600
# Classes of a wait per factor e of its length: a second apart at the start, by 6 % of the length later on.
_FINENESS = 16

_Key = tuple[Any, ...]


def median_hours(engine: Engine, waits: Any, by: Sequence[str]) -> Any:
    """Per group *by*: how many waits (n), their median in hours (median_hours), and the ends of its 95 % interval
    (low, high).

    *waits* has the columns *by*, customer_id and seconds (whole, neither negative nor NULL); NULL in *by* is a group.
    The interval is that of order statistics, free of any distribution (`quantile_ranks`). Waits of one customer are
    alike: they count by their effective size (`effective_size`, of whether a wait is at most the median). A group too
    small for such an interval has none.
    """
    told = _Waits(engine, waits, by)
    medians = told.medians()
    worth = told.effective_sizes(medians)
    ends = {key: pair for key, n in told.sizes.items() if (pair := quantile_ranks(n, 0.5, effective=worth[key]))}
    end = told.seconds_at(ends)
    hours = {key: [end[key, rank] / _HOUR for rank in ends[key]] if key in ends else [None, None] for key in medians}
    rows = [(*key, told.sizes[key], median / _HOUR, *hours[key]) for key, median in medians.items()]
    return told.beside(rows, n="int64", median_hours="float64", low="float64", high="float64")


def plain_median_hours(engine: Engine, waits: Any, by: Sequence[str]) -> Any:
    """Per group *by* the median of its *waits* in hours (median_hours), to set others beside it."""
    told = _Waits(engine, waits, by)
    rows = [(*key, median / _HOUR) for key, median in told.medians().items()]
    return told.beside(rows, median_hours="float64")


class _Waits:
    """The waits of some groups; `by_class` tells how many of each group are of which class, shortest first, `sizes`
    how many there are."""

    def __init__(self, engine: Engine, waits: Any, by: Sequence[str]) -> None:
        self.engine, self.by = engine, tuple(by)
        self.waits = waits.mutate(length=((_.seconds + 1).ln() * _FINENESS).floor().cast("int64"))
        self.by_class: dict[_Key, dict[int, int]] = {}
        counts = self.waits.group_by(*self.by, "length").agg(n=_.count())
        for row in engine.fetch_rows(counts.order_by([*self.by, "length"])):
            self.by_class.setdefault(self._key(row), {})[row["length"]] = row["n"]
        self.sizes = {key: sum(counts.values()) for key, counts in self.by_class.items()}

    def medians(self) -> dict[_Key, float]:
        """The median of each group, in seconds."""
        middles = {key: ((n + 1) // 2, n // 2 + 1) for key, n in self.sizes.items()}
        middle = self.seconds_at(middles)
        return {key: (middle[key, left] + middle[key, right]) / 2 for key, (left, right) in middles.items()}

    def seconds_at(self, ranks: Mapping[_Key, Iterable[int]]) -> dict[tuple[_Key, int], int]:
        """The wait at each of the *ranks*, from 1, of each group."""
        places = {
            (*key, length, shorter, rank - shorter)
            for key, wanted in ranks.items()
            for rank in wanted
            for length, shorter in [self._class_of(key, rank)]
        }
        if not places:
            return {}
        asked = self.beside(places, length="int64", shorter="int64", place="int64")
        close = self._matched(asked.select(*self.by, "length", "shorter").distinct(), "length")
        in_order = ibis.row_number().over(group_by=[*self.by, "length"], order_by="seconds") + 1
        ranked = close.mutate(place=in_order)
        same = [ranked[name].identical_to(asked[name]) for name in (*self.by, "length", "place")]
        found = ranked.semi_join(asked, same).select(*self.by, "seconds", rank=_.shorter + _.place)
        return {(self._key(row), row["rank"]): row["seconds"] for row in self.engine.fetch_rows(found)}

    def effective_sizes(self, medians: Mapping[_Key, float]) -> dict[_Key, float]:
        """As how many waits of different customers those of each group count."""
        if not medians:
            return {}
        middle = self.beside([(*key, median) for key, median in medians.items()], median="float64")
        each = self._matched(middle).group_by(*self.by, "customer_id").agg(
            n=_.count(), x=(_.seconds <= _["median"]).cast("int64").sum()
        )  # fmt: skip
        sums = each.group_by(*self.by).agg(
            n=_.n.sum(), clusters=_.count(), x=_.x.sum(), xx=_.x.sum(), nn=(_.n * _.n).sum(), nx=(_.n * _.x).sum(),
            cx=(_.x * _.x).sum(),
        )  # fmt: skip
        names = [field.name for field in fields(ClusterSums)]
        return {
            self._key(row): effective_size(ClusterSums(**{name: float(row[name]) for name in names}))
            for row in self.engine.fetch_rows(sums)
        }

    def beside(self, rows: Iterable[Sequence[Any]], **columns: str) -> Any:
        """A small table of *rows*: those of a group with further *columns*, by type."""
        told = {name: self.waits.schema()[name] for name in self.by} | columns
        named = [dict(zip(told, row, strict=True)) for row in rows]
        return self.engine.table(pa.Table.from_pylist(named, schema=ibis.schema(told).to_pyarrow()))

    def _matched(self, groups: Any, *more: str) -> Any:
        """The waits of *groups*, with what is told of each."""
        same = [self.waits[name].identical_to(groups[name]) for name in (*self.by, *more)]
        joined = self.waits.inner_join(groups, same, rname="{name}_again")
        return joined.drop(*(name for name in joined.columns if name.endswith("_again")))

    def _class_of(self, key: _Key, rank: int) -> tuple[int, int]:
        """The class in which *rank* of the group lies, and how many waits are in shorter ones."""
        counts = self.by_class[key]
        up_to = zip(counts.items(), accumulate(counts.values()), strict=True)
        return next((length, end - n) for (length, n), end in up_to if end >= rank)

    def _key(self, row: Mapping[str, Any]) -> _Key:
        return tuple(row[name] for name in self.by)
