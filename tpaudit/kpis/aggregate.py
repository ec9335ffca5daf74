"""From observations to figures: group by slices, add value, sample size and interval.

One aggregation per grouping runs in the engine; what comes back is as small as the table shown. Every figure is also
known over the sure observations alone: those whose customer was resolved with high confidence, or is not needed.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import ibis
import numpy as np
from ibis import _
from numpy.typing import NDArray

from tpaudit.engine import Engine
from tpaudit.engine.portable import block_of
from tpaudit.kpis.definition import Kind, Kpi
from tpaudit.stats.bootstrap import BLOCKS, ratio_interval
from tpaudit.stats.intervals import Interval, mean_interval, net_promoter_interval, quantile_ranks, wilson
from tpaudit.stats.survival import median_survival

Slice = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Figure:
    """One value of one slice. `numerator` and `denominator` are NULL-like None where the value is no quotient.

    `sure_value` is the value over the `sure_n` sure observations alone.
    """

    slice: Slice
    value: float | None
    n: int
    numerator: float | None = None
    denominator: float | None = None
    interval: Interval | None = None
    sure_value: float | None = None
    sure_n: int = 0


@dataclass(frozen=True, slots=True)
class Grouping:
    """What the figures of one call are made from: observations, the columns to group by, and how to resample.

    `observed` has the columns subject, cluster, value, base, sure and `keys`. `whole` is the figure over everything,
    once it is known.
    """

    engine: Engine
    kpi: Kpi
    observed: Any
    keys: tuple[str, ...]
    weights: NDArray[np.float64]
    whole: Figure | None = None

    def summed(self, rows: Any, by: Sequence[str] = (), **columns: Any) -> dict[tuple[Any, ...], list[dict[str, Any]]]:
        """*columns* aggregated per slice, sure and *by*; the rows of each slice together."""
        found: dict[tuple[Any, ...], list[dict[str, Any]]] = {}
        for row in self.engine.fetch_rows(rows.aggregate(by=[*self.keys, "sure", *by], **columns)):
            found.setdefault(tuple(row[key] for key in self.keys), []).append(row)
        return found

    def per_subject(self, **columns: Any) -> Any:
        """The observations with *columns* aggregated to one row per slice and subject."""
        by = [*self.keys, "subject"]
        return self.observed.aggregate(by=by, sure=self.observed.sure.all(), **columns)

    def once(self) -> Any:
        """The observations, each subject once per slice."""
        told = self.observed.select("subject", "cluster", "value", "base", "sure", *self.keys)
        return told.distinct() if self.kpi.repeats_subjects else told

    def subjects(self) -> Any:
        """One row per slice and subject with its value: the highest where a subject has several."""
        known = self.observed
        return self.per_subject(value=known.value.max()) if self.kpi.repeats_subjects else known

    def place(self, key: tuple[Any, ...]) -> Slice:
        """The slice that *key* stands for."""
        return dict(zip(self.keys, key, strict=True))


def figures(grouping: Grouping) -> Iterator[Figure]:
    """Figures for each slice met; without keys, the one over everything.

    Observations that lack one of the keys belong to no slice.
    """
    observed = grouping.observed
    for key in grouping.keys:
        observed = observed.filter(observed[key].notnull())
    yield from _KINDS[grouping.kpi.kind](replace(grouping, observed=observed))


def _counts(grouping: Grouping) -> Iterator[Figure]:
    for key, rows in grouping.summed(grouping.subjects(), n=_.count()).items():
        n, sure = _both(rows, "n")
        if n:
            yield Figure(grouping.place(key), float(n), n, numerator=float(n), sure_value=float(sure), sure_n=sure)


def _shares(grouping: Grouping) -> Iterator[Figure]:
    subjects = grouping.subjects().filter(_.value.notnull())
    yield from _proportions(grouping, grouping.summed(subjects, n=_.count(), hits=_.value.sum()))


def _repeated(grouping: Grouping) -> Iterator[Figure]:
    subjects = grouping.per_subject(times=grouping.observed.count())
    hits = (subjects.times > 1).cast("int64").sum()
    yield from _proportions(grouping, grouping.summed(subjects, n=subjects.count(), hits=hits))


def _proportions(grouping: Grouping, summed: Mapping[tuple[Any, ...], list[dict[str, Any]]]) -> Iterator[Figure]:
    for key, rows in summed.items():
        if any(row["n"] for row in rows):
            yield _proportion(grouping.place(key), _both(rows, "hits"), _both(rows, "n"))


def _proportion(place: Slice, hits: tuple[int, int], n: tuple[int, int]) -> Figure:
    """The share of *hits* in *n*, each told for all and for the sure ones."""
    (all_hits, sure_hits), (all_n, sure_n) = hits, n
    return Figure(
        place, all_hits / all_n, all_n, float(all_hits), float(all_n), wilson(all_hits, all_n),
        sure_value=sure_hits / sure_n if sure_n else None, sure_n=sure_n,
    )  # fmt: skip


def _portions(grouping: Grouping) -> Iterator[Figure]:
    """Shares of the whole: every slice is related to all subjects, not to its own."""
    for key, rows in grouping.summed(grouping.subjects(), n=_.count()).items():
        hits = _both(rows, "n")
        n = (grouping.whole.n, grouping.whole.sure_n) if grouping.whole else hits
        if n[0]:
            yield _proportion(grouping.place(key), hits, n)


def _means(grouping: Grouping) -> Iterator[Figure]:
    yield from _averages(grouping, grouping.subjects())


def _mean_totals(grouping: Grouping) -> Iterator[Figure]:
    yield from _averages(grouping, grouping.per_subject(value=grouping.observed.value.sum()))


def _averages(grouping: Grouping, subjects: Any) -> Iterator[Figure]:
    known = subjects.filter(_.value.notnull())
    summed = grouping.summed(known, n=_.count(), mean=_.value.mean(), variance=_.value.var(how="sample"))
    for key, rows in summed.items():
        n, mean, variance = _pooled(rows)
        sure_n, sure_mean, _spread = _pooled([row for row in rows if row["sure"]])
        if n:
            yield Figure(
                grouping.place(key), mean, n, mean * n, float(n), mean_interval(mean, variance, n),
                sure_value=sure_mean if sure_n else None, sure_n=sure_n,
            )  # fmt: skip


def _pooled(rows: Sequence[Mapping[str, Any]]) -> tuple[int, float, float]:
    """Size, mean and sample variance of several groups together."""
    n = sum(row["n"] for row in rows)
    if not n:
        return 0, 0.0, 0.0
    mean = math.fsum(row["n"] * row["mean"] for row in rows) / n
    squares = math.fsum(
        (row["n"] - 1) * (row["variance"] or 0.0) + row["n"] * (row["mean"] - mean) ** 2 for row in rows
    )
    return n, mean, squares / (n - 1) if n > 1 else 0.0


def _net_promoters(grouping: Grouping) -> Iterator[Figure]:
    known = grouping.subjects().filter(_.value.notnull())
    summed = grouping.summed(
        known, n=_.count(), promoters=(_.value >= 9).cast("int64").sum(), detractors=(_.value <= 6).cast("int64").sum()
    )
    for key, rows in summed.items():
        (n, sure_n), (promoters, sure_promoters) = _both(rows, "n"), _both(rows, "promoters")
        detractors, sure_detractors = _both(rows, "detractors")
        if n:
            yield Figure(
                grouping.place(key), 100.0 * (promoters - detractors) / n, n, float(promoters - detractors), float(n),
                net_promoter_interval(promoters, detractors, n),
                sure_value=100.0 * (sure_promoters - sure_detractors) / sure_n if sure_n else None, sure_n=sure_n,
            )  # fmt: skip


def _quantiles(grouping: Grouping) -> Iterator[Figure]:
    """The quantile, and as its interval the observations at the ranks that enclose it."""
    engine, quantile, keys = grouping.engine, grouping.kpi.quantile or 0.5, list(grouping.keys)
    known = grouping.subjects().filter(_.value.notnull())
    sure_value = known.value.quantile(quantile, where=known.sure)
    found = known.aggregate(
        by=keys, n=known.count(), value=known.value.quantile(quantile), sure_n=known.sure.sum(), sure_value=sure_value
    )
    rows = engine.fetch_rows(found)
    ranks = {row["n"]: quantile_ranks(row["n"], quantile) for row in rows}
    order = ibis.row_number().over(group_by=keys, order_by="value") + 1
    wanted = sorted({rank for pair in ranks.values() if pair for rank in pair})
    ranked = known.select("value", *keys, rank=order).filter(_.rank.isin(wanted or [0]))
    at_rank = {(tuple(row[key] for key in keys), row["rank"]): row["value"] for row in engine.fetch_rows(ranked)}
    for row in rows:
        if row["n"]:
            pair, key = ranks[row["n"]], tuple(row[key] for key in keys)
            interval = Interval(at_rank[key, pair[0]], at_rank[key, pair[1]]) if pair else None
            yield Figure(
                grouping.place(key), row["value"], row["n"], interval=interval,
                sure_value=row["sure_value"], sure_n=row["sure_n"] or 0,
            )  # fmt: skip


def _survivals(grouping: Grouping) -> Iterator[Figure]:
    """Median times to an event; the times come back counted, to the hundredth of the KPI's unit."""
    known = grouping.once().filter(_.value.notnull(), _.base.notnull())
    known = known.mutate(time=known.value.round(2), happened=known.base > 0)
    for key, rows in grouping.summed(known, by=("time", "happened"), n=_.count()).items():
        times, happened, n, sure = (np.array([row[name] for row in rows]) for name in ("time", "happened", "n", "sure"))
        median, interval = median_survival(times, n * happened, n * ~happened)
        sure_median, _unused = median_survival(times, n * happened * sure, n * ~happened * sure)
        yield Figure(
            grouping.place(key), median, int(n.sum()), numerator=float((n * happened).sum()), interval=interval,
            sure_value=sure_median, sure_n=int((n * sure).sum()),
        )  # fmt: skip


def _ratios(grouping: Grouping) -> Iterator[Figure]:
    """Ratios of sums, left out where either is unknown: a touchpoint without recorded spend has no cost.

    Rows without a cluster, such as money spent, belong to no customer and stay fixed under resampling.
    """
    observed = grouping.once()
    block = ibis.ifelse(observed.cluster.notnull(), block_of(observed.cluster, BLOCKS), ibis.literal(-1, "int64"))
    summed = grouping.summed(
        observed.mutate(block=block), by=("block",),
        value=_.value.sum(), base=_.base.sum(), units=_.cluster.nunique(),
    )  # fmt: skip
    for key, rows in summed.items():
        if all(any(row[part] is not None for row in rows) for part in ("value", "base")):
            yield _ratio(grouping, key, rows)


def _ratio(grouping: Grouping, key: tuple[Any, ...], rows: Sequence[Mapping[str, Any]]) -> Figure:
    above, below = np.zeros(BLOCKS + 1), np.zeros(BLOCKS + 1)
    for row in rows:
        # Block -1, the last place, holds what is fixed.
        above[row["block"]] += row["value"] or 0.0
        below[row["block"]] += row["base"] or 0.0
    numerator, denominator = float(above.sum()), float(below.sum())
    n = sum(row["units"] for row in rows)
    if denominator <= 0:
        return Figure(grouping.place(key), None, n, numerator, denominator)
    sure = [row for row in rows if row["sure"]]
    sure_base = sum(row["base"] or 0.0 for row in sure)
    return Figure(
        grouping.place(key),
        value=numerator / denominator,
        n=n,
        numerator=numerator,
        denominator=denominator,
        interval=ratio_interval(above[:-1], below[:-1], grouping.weights, float(above[-1]), float(below[-1])),
        sure_value=sum(row["value"] or 0.0 for row in sure) / sure_base if sure_base > 0 else None,
        sure_n=sum(row["units"] for row in sure),
    )


_KINDS: Mapping[Kind, Callable[[Grouping], Iterator[Figure]]] = {
    Kind.COUNT: _counts,
    Kind.SHARE: _shares,
    Kind.REPEATED: _repeated,
    Kind.PORTION: _portions,
    Kind.MEAN: _means,
    Kind.MEAN_TOTAL: _mean_totals,
    Kind.QUANTILE: _quantiles,
    Kind.SURVIVAL: _survivals,
    Kind.NPS: _net_promoters,
    Kind.RATIO: _ratios,
}


def _both(rows: Sequence[Mapping[str, Any]], column: str) -> tuple[Any, Any]:
    """Sum of *column* over all rows, and over the sure ones."""
    return sum(row[column] or 0 for row in rows), sum(row[column] or 0 for row in rows if row["sure"])
