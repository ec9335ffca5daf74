"""From observations to figures: group by slices, add value, sample size and interval.

One aggregation per grouping runs in the engine; what comes back is as small as the table shown. Every figure is also
known over the sure observations alone: those whose customer was resolved with high confidence, or is not needed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import ibis
import ibis.expr.datatypes as dt
import numpy as np
import pyarrow as pa
from ibis import _
from numpy.typing import NDArray

from tpaudit.engine import Engine
from tpaudit.engine.portable import block_of
from tpaudit.kpis.definition import RANGES, Kind, Kpi
from tpaudit.stats.bootstrap import BLOCKS, ratio_interval, ratio_to_fixed_interval
from tpaudit.stats.clusters import ClusterSums, effective_size
from tpaudit.stats.intervals import Interval, net_promoter_interval, quantile_ranks, wilson
from tpaudit.stats.survival import median_survival

Slice = Mapping[str, Any]
Floats = NDArray[np.float64]


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
    weights: Floats
    whole: Figure | None = None

    def summed(self, rows: Any, by: Sequence[str] = (), **columns: Any) -> dict[tuple[Any, ...], list[dict[str, Any]]]:
        """*columns* aggregated per slice, sure and *by*; the rows of each slice together."""
        found: dict[tuple[Any, ...], list[dict[str, Any]]] = {}
        for row in self.engine.fetch_rows(rows.aggregate(by=[*self.keys, "sure", *by], **columns)):
            found.setdefault(tuple(row[key] for key in self.keys), []).append(row)
        return found

    def summed_by_cluster(self, rows: Any, **columns: Any) -> dict[tuple[Any, ...], list[dict[str, Any]]]:
        """As `summed`, with the sums over clusters that `effective_size` asks for; *columns* are summed too.

        A row without a cluster, such as a touch of nobody known, is one of its own.
        """
        by = [*self.keys, "sure"]
        sums = {name: column.sum() for name, column in columns.items()}
        each = rows.aggregate(by=[*by, "cluster"], n=_.count(), x=_.value.sum(), xx=(_.value**2).sum(), **sums)
        # What each of a cluster's members adds its cluster's sums to: of those without one, only its own.
        alone = each.cluster.isnull()
        members = ibis.ifelse(alone, 1, each.n).cast("float64")
        found = each.aggregate(
            by=by,
            n=each.n.sum(),
            clusters=(each.n / members).sum(),
            x=each.x.sum(),
            xx=each.xx.sum(),
            nn=(each.n * members).sum(),
            nx=(each.x * members).sum(),
            cx=ibis.ifelse(alone, each.xx, each.x * each.x).sum(),
            **{name: each[name].sum() for name in columns},
        )
        together: dict[tuple[Any, ...], list[dict[str, Any]]] = {}
        for row in self.engine.fetch_rows(found):
            together.setdefault(tuple(row[key] for key in self.keys), []).append(row)
        return together

    def per_subject(self, **columns: Any) -> Any:
        """The observations with *columns* aggregated to one row per slice and subject."""
        by, observed = [*self.keys, "subject"], self.observed
        return observed.aggregate(by=by, sure=observed.sure.all(), cluster=observed.cluster.max(), **columns)

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
    if grouping.kpi.is_clustered:
        summed = grouping.summed_by_cluster(subjects)
    else:
        summed = grouping.summed(subjects, n=_.count(), x=_.value.sum())
    yield from _proportions(grouping, summed)


def _repeated(grouping: Grouping) -> Iterator[Figure]:
    subjects = grouping.per_subject(times=grouping.observed.count())
    hits = (subjects.times > 1).cast("int64").sum()
    yield from _proportions(grouping, grouping.summed(subjects, n=subjects.count(), x=hits))


def _proportions(grouping: Grouping, summed: Mapping[tuple[Any, ...], list[dict[str, Any]]]) -> Iterator[Figure]:
    for key, rows in summed.items():
        (n, sure_n), (hits, sure_hits) = _both(rows, "n"), _both(rows, "x")
        if n:
            weight = _effective(grouping, rows) / n
            yield Figure(
                grouping.place(key), hits / n, n, float(hits), float(n), wilson(hits * weight, n * weight),
                sure_value=sure_hits / sure_n if sure_n else None, sure_n=sure_n,
            )  # fmt: skip


def _effective(grouping: Grouping, rows: Sequence[Mapping[str, Any]]) -> float:
    """As how many independent observations those of a slice count."""
    if not grouping.kpi.is_clustered:
        return float(sum(row["n"] for row in rows))
    names = [field.name for field in fields(ClusterSums)]
    return effective_size(ClusterSums(**{name: float(sum(row[name] or 0 for row in rows)) for name in names}))


def _portions(grouping: Grouping) -> Iterator[Figure]:
    """Shares of the whole: every slice is related to all subjects, not to its own."""
    for key, rows in grouping.summed(grouping.subjects(), n=_.count()).items():
        hits, sure_hits = _both(rows, "n")
        n, sure_n = (grouping.whole.n, grouping.whole.sure_n) if grouping.whole else (hits, sure_hits)
        if n:
            yield Figure(
                grouping.place(key), hits / n, n, float(hits), float(n), wilson(hits, n),
                sure_value=sure_hits / sure_n if sure_n else None, sure_n=sure_n,
            )  # fmt: skip


def _means(grouping: Grouping) -> Iterator[Figure]:
    yield from _averages(grouping, grouping.subjects())


def _mean_totals(grouping: Grouping) -> Iterator[Figure]:
    yield from _averages(grouping, grouping.per_subject(value=grouping.observed.value.sum()))


def _averages(grouping: Grouping, subjects: Any) -> Iterator[Figure]:
    """Means over subjects: ratios of the sum of their values to their number, drawn customer by customer."""
    known = subjects.filter(_.value.notnull())
    # A subject without a cluster, such as an answer of nobody known, is one of its own.
    block = block_of(ibis.coalesce(known.cluster, known.subject), BLOCKS)
    summed = grouping.summed(
        known.mutate(block=block), by=("block",),
        value=_.value.sum(), base=_.count().cast("float64"), units=_.count(),
    )  # fmt: skip
    for key, rows in summed.items():
        yield _ratio(grouping, key, rows)


def _net_promoters(grouping: Grouping) -> Iterator[Figure]:
    known = grouping.subjects().filter(_.value.notnull())
    known = known.mutate(promotes=(_.value >= 9).cast("int64"), detracts=(_.value <= 6).cast("int64"))
    known = known.mutate(value=(_.promotes - _.detracts).cast("float64"))
    summed = grouping.summed_by_cluster(known, promoters=_.promotes, detractors=_.detracts)
    for key, rows in summed.items():
        (n, sure_n), (promoters, sure_promoters) = _both(rows, "n"), _both(rows, "promoters")
        detractors, sure_detractors = _both(rows, "detractors")
        if n:
            weight = _effective(grouping, rows) / n
            yield Figure(
                grouping.place(key), 100.0 * (promoters - detractors) / n, n, float(promoters - detractors), float(n),
                net_promoter_interval(promoters * weight, detractors * weight, n * weight),
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
    rows = [row for row in engine.fetch_rows(found) if row["n"]]
    sizes = _sizes_at_quantiles(grouping, known, rows)
    ranks = {
        key: quantile_ranks(row["n"], quantile, effective=size)
        for row, (key, size) in zip(rows, sizes.items(), strict=True)
    }
    order = ibis.row_number().over(group_by=keys, order_by="value") + 1
    wanted = sorted({rank for pair in ranks.values() if pair for rank in pair})
    ranked = known.select("value", *keys, rank=order).filter(_.rank.isin(wanted or [0]))
    at_rank = {(tuple(row[key] for key in keys), row["rank"]): row["value"] for row in engine.fetch_rows(ranked)}
    for row in rows:
        key = tuple(row[key] for key in keys)
        pair = ranks[key]
        interval = Interval(at_rank[key, pair[0]], at_rank[key, pair[1]]) if pair else None
        yield Figure(
            grouping.place(key), row["value"], row["n"], interval=interval,
            sure_value=row["sure_value"], sure_n=row["sure_n"] or 0,
        )  # fmt: skip


def _sizes_at_quantiles(
    grouping: Grouping, known: Any, rows: Sequence[Mapping[str, Any]]
) -> dict[tuple[Any, ...], float]:
    """Per slice, as how many independent observations its own count for the share that lies below its quantile."""
    keys = grouping.keys
    sizes = {tuple(row[key] for key in keys): float(row["n"]) for row in rows}
    if not grouping.kpi.is_clustered or not rows:
        return sizes
    told = {name: known.schema()[name] for name in keys} | {"at": dt.float64}
    quantiles = grouping.engine.table(
        pa.Table.from_pylist(
            [{**{name: row[name] for name in keys}, "at": row["value"]} for row in rows],
            schema=ibis.schema(told).to_pyarrow(),
        )
    )
    beside = known.join(quantiles, list(keys)) if keys else known.cross_join(quantiles)
    below = beside.mutate(value=(beside.value <= beside["at"]).cast("float64"))
    summed = grouping.summed_by_cluster(below.select("cluster", "sure", "value", *keys))
    return sizes | {key: _effective(grouping, of_slice) for key, of_slice in summed.items()}


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
    above, below, units = np.zeros(BLOCKS + 1), np.zeros(BLOCKS + 1), np.zeros(BLOCKS + 1)
    for row in rows:
        # Block -1, the last place, holds what is fixed.
        above[row["block"]] += row["value"] or 0.0
        below[row["block"]] += row["base"] or 0.0
        units[row["block"]] += row["units"]
    numerator, denominator, n = float(above.sum()), float(below.sum()), int(units.sum())
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
        interval=_ratio_within_range(grouping, above, below, units),
        sure_value=sum(row["value"] or 0.0 for row in sure) / sure_base if sure_base > 0 else None,
        sure_n=sum(row["units"] for row in sure),
    )


def _ratio_within_range(grouping: Grouping, above: Floats, below: Floats, units: Floats) -> Interval | None:
    """The ratio's interval, without what it cannot be: of amounts none of which is negative, no mean is."""
    if above[-1] or below[-1]:
        interval = ratio_to_fixed_interval(
            above[:-1], below[:-1], units[:-1], grouping.weights, float(above[-1]), float(below[-1])
        )
    else:
        interval = ratio_interval(above[:-1], below[:-1], grouping.weights)
    if interval is None:
        return None
    low, high = RANGES.get(grouping.kpi.unit, (0.0 if (above >= 0).all() else -np.inf, np.inf))
    return Interval(max(interval.low, low), min(interval.high, high))


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
