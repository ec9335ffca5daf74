"""From observations to figures: group by slices, add value, sample size and interval.

The observations of a KPI are reduced once to what its figures count; aggregations of that run in the engine, and what
comes back is as small as the table shown. Every figure is also known over the sure observations alone: those whose
customer was resolved with high confidence, or is not needed.
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
from tpaudit.engine.portable import block_in
from tpaudit.kpis.definition import RANGES, Kind, Kpi
from tpaudit.stats.bootstrap import BLOCKS, ratio_interval, ratio_to_fixed_interval
from tpaudit.stats.clusters import ClusterSums, effective_size
from tpaudit.stats.intervals import Interval, net_promoter_interval, quantile_ranks, wilson
from tpaudit.stats.survival import median_survival

Slice = Mapping[str, Any]
Floats = NDArray[np.float64]
_Rows = Sequence[Mapping[str, Any]]
_Summed = dict[tuple[Any, ...], list[dict[str, Any]]]


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


_Figurer = Callable[["Grouping", Slice, _Rows, Figure | None], Figure | None]


@dataclass(frozen=True, slots=True)
class Grouping:
    """What the figures of one call are made from: observations, the columns to group by, and how to resample.

    `rows` is what `reduced` makes of observations: subjects once per slice.
    """

    engine: Engine
    kpi: Kpi
    rows: Any
    keys: tuple[str, ...]
    weights: Floats

    def everywhere(self) -> Grouping:
        """The same subjects over everything, each once."""
        kind, repeats = self.kpi.kind, self.kpi.repeats_subjects
        if not self.keys or not (repeats or kind in _LOOKS_AT_ALL):
            return replace(self, keys=())
        if kind in _DISTINGUISHES:
            return replace(self, rows=self.rows.drop(*self.keys).distinct(), keys=())
        value = self.rows.value.sum() if kind in _LOOKS_AT_ALL else self.rows.value.max()
        return replace(self, rows=_one_per_subject(self.kpi, self.rows, value, ()), keys=())

    def summed(self, rows: Any, by: Sequence[str] = (), **columns: Any) -> _Summed:
        """*columns* aggregated per slice, sure and *by*; the rows of each slice together."""
        found: _Summed = {}
        for row in self.engine.fetch_rows(rows.aggregate(by=[*self.keys, "sure", *by], **columns)):
            found.setdefault(tuple(row[key] for key in self.keys), []).append(row)
        return found

    def summed_by_cluster(self, rows: Any, **columns: Any) -> _Summed:
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
        together: _Summed = {}
        for row in self.engine.fetch_rows(found):
            together.setdefault(tuple(row[key] for key in self.keys), []).append(row)
        return together


def reduced(kpi: Kpi, observed: Any, keys: Sequence[str]) -> Any:
    """*observed* with one row per subject and slice, so that each counts once, and the value it counts with.

    That is the highest of a subject's values, or their sum, or how many there are, as the kind asks. Kinds that look at
    more than a value keep observations that differ.
    """
    if kpi.kind in _DISTINGUISHES:
        told = observed.select("subject", "cluster", "value", "base", "sure", *keys)
        return told.distinct() if kpi.repeats_subjects else told
    if kpi.kind in _LOOKS_AT_ALL:
        value = observed.count() if kpi.kind is Kind.REPEATED else observed.value.sum()
    elif kpi.repeats_subjects:
        value = observed.value.max()
    else:
        return observed.select("subject", "cluster", "value", "sure", *keys)
    return _one_per_subject(kpi, observed, value, keys)


def _one_per_subject(kpi: Kpi, rows: Any, value: Any, keys: Sequence[str]) -> Any:
    """*rows* once per subject and slice with *value*; where several subjects may share a cluster, with theirs."""
    cluster = {"cluster": rows.cluster.max()} if kpi.is_clustered else {}
    return rows.aggregate(by=[*keys, "subject"], value=value, sure=rows.sure.all(), **cluster)


def is_reduced(kpi: Kpi) -> bool:
    """Whether `reduced` makes fewer rows of the observations, at a price that is worth paying once only."""
    return kpi.repeats_subjects or kpi.kind in _LOOKS_AT_ALL


# Kinds that need more of an observation than one value per subject.
_DISTINGUISHES = (Kind.RATIO, Kind.SURVIVAL)
# Kinds that look at every observation of a subject, not at one for all.
_LOOKS_AT_ALL = (Kind.REPEATED, Kind.MEAN_TOTAL)


def figures(grouping: Grouping) -> tuple[Figure | None, list[Figure]]:
    """The figure over everything, None if nothing was observed, and those of the slices met.

    Observations that lack one of the keys belong to no slice.
    """
    if grouping.kpi.kind is Kind.QUANTILE:
        whole = next(_quantiles(grouping.everywhere()), None)
        return whole, list(_quantiles(grouping)) if whole and grouping.keys else []
    sums, figure = _KINDS[grouping.kpi.kind]
    if is_reduced(grouping.kpi) or not _adds_up(grouping.kpi):
        total = sums(grouping.everywhere()).get((), [])
        found = sums(grouping) if total and grouping.keys else {}
    else:
        # Every subject lies in one slice, or in none: what the slices count adds up.
        found = sums(grouping)
        total = [row for rows in found.values() for row in rows]
    whole = figure(grouping, {}, total, None)
    slices = (
        figure(grouping, dict(zip(grouping.keys, key, strict=True)), rows, whole)
        for key, rows in found.items()
        if grouping.keys and None not in key
    )
    return whole, [each for each in slices if each]


def _adds_up(kpi: Kpi) -> bool:
    """Whether sums over everything follow from those of slices: one customer may lie in several."""
    return kpi.kind in (Kind.COUNT, Kind.PORTION, Kind.SURVIVAL) or (kpi.kind is Kind.SHARE and not kpi.is_clustered)


def _counted(grouping: Grouping) -> _Summed:
    return grouping.summed(grouping.rows, n=_.count())


def _count(_grouping: Grouping, place: Slice, rows: _Rows, _whole: Figure | None) -> Figure | None:
    n, sure = _both(rows, "n")
    return Figure(place, float(n), n, numerator=float(n), sure_value=float(sure), sure_n=sure) if n else None


def _hits(grouping: Grouping) -> _Summed:
    subjects = grouping.rows.filter(_.value.notnull())
    if grouping.kpi.is_clustered:
        return grouping.summed_by_cluster(subjects)
    return grouping.summed(subjects, n=_.count(), x=_.value.sum())


def _repetitions(grouping: Grouping) -> _Summed:
    return grouping.summed(grouping.rows, n=_.count(), x=(_.value > 1).cast("int64").sum())


def _share(grouping: Grouping, place: Slice, rows: _Rows, _whole: Figure | None) -> Figure | None:
    return _proportion(place, _both(rows, "x"), _both(rows, "n"), _effective(grouping, rows))


def _effective(grouping: Grouping, rows: _Rows) -> float:
    """As how many independent observations those of a slice count."""
    if not grouping.kpi.is_clustered:
        return float(sum(row["n"] for row in rows))
    names = [field.name for field in fields(ClusterSums)]
    return effective_size(ClusterSums(**{name: float(sum(row[name] or 0 for row in rows)) for name in names}))


def _portion(_grouping: Grouping, place: Slice, rows: _Rows, whole: Figure | None) -> Figure | None:
    """Share of the whole: every slice is related to all subjects, not to its own."""
    hits = _both(rows, "n")
    of = (whole.n, whole.sure_n) if whole else hits
    return _proportion(place, hits, of, of[0])


def _proportion(place: Slice, hits: tuple[Any, Any], of: tuple[int, int], effective: float) -> Figure | None:
    n, sure_n = of
    if not n:
        return None
    weight = effective / n
    return Figure(
        place, hits[0] / n, n, float(hits[0]), float(n), wilson(hits[0] * weight, n * weight),
        sure_value=hits[1] / sure_n if sure_n else None, sure_n=sure_n,
    )  # fmt: skip


def _values(grouping: Grouping) -> _Summed:
    """Means over subjects: ratios of the sum of their values to their number, drawn customer by customer."""
    known = grouping.rows.filter(_.value.notnull())
    # A subject without a cluster, such as an answer of nobody known, is one of its own.
    unit = ibis.coalesce(known.cluster, known.subject) if grouping.kpi.is_clustered else known.subject
    found = grouping.summed(
        known.mutate(block=block_in(unit, BLOCKS)), by=("block",), value=_.value.sum(), units=_.count()
    )
    for row in (row for rows in found.values() for row in rows):
        row["base"] = float(row["units"])
    return found


def _promoters(grouping: Grouping) -> _Summed:
    known = grouping.rows.filter(_.value.notnull())
    known = known.mutate(promotes=(_.value >= 9).cast("int64"), detracts=(_.value <= 6).cast("int64"))
    known = known.mutate(value=(_.promotes - _.detracts).cast("float64"))
    return grouping.summed_by_cluster(known, promoters=_.promotes, detractors=_.detracts)


def _net_promoter(grouping: Grouping, place: Slice, rows: _Rows, _whole: Figure | None) -> Figure | None:
    (n, sure_n), (promoters, sure_promoters) = _both(rows, "n"), _both(rows, "promoters")
    detractors, sure_detractors = _both(rows, "detractors")
    if not n:
        return None
    weight = _effective(grouping, rows) / n
    return Figure(
        place, 100.0 * (promoters - detractors) / n, n, float(promoters - detractors), float(n),
        net_promoter_interval(promoters * weight, detractors * weight, n * weight),
        sure_value=100.0 * (sure_promoters - sure_detractors) / sure_n if sure_n else None, sure_n=sure_n,
    )  # fmt: skip


def _quantiles(grouping: Grouping) -> Iterator[Figure]:
    """The quantile, and as its interval the observations at the ranks that enclose it."""
    engine, quantile, keys = grouping.engine, grouping.kpi.quantile or 0.5, list(grouping.keys)
    known = grouping.rows.filter(_.value.notnull(), *(grouping.rows[key].notnull() for key in keys))
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
            dict(zip(keys, key, strict=True)), row["value"], row["n"], interval=interval,
            sure_value=row["sure_value"], sure_n=row["sure_n"] or 0,
        )  # fmt: skip


def _sizes_at_quantiles(grouping: Grouping, known: Any, rows: _Rows) -> dict[tuple[Any, ...], float]:
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


def _times(grouping: Grouping) -> _Summed:
    """Times counted, to the hundredth of the KPI's unit."""
    known = grouping.rows.filter(_.value.notnull(), _.base.notnull())
    known = known.mutate(time=known.value.round(2), happened=known.base > 0)
    return grouping.summed(known, by=("time", "happened"), n=_.count())


def _survival(_grouping: Grouping, place: Slice, rows: _Rows, _whole: Figure | None) -> Figure | None:
    """Median time to an event."""
    if not rows:
        return None
    times, happened, n, sure = (np.array([row[name] for row in rows]) for name in ("time", "happened", "n", "sure"))
    median, interval = median_survival(times, n * happened, n * ~happened)
    sure_median, _unused = median_survival(times, n * happened * sure, n * ~happened * sure)
    return Figure(
        place, median, int(n.sum()), numerator=float((n * happened).sum()), interval=interval,
        sure_value=sure_median, sure_n=int((n * sure).sum()),
    )  # fmt: skip


def _blocks(grouping: Grouping) -> _Summed:
    """Sums per block of clusters; rows without a cluster, such as money spent, belong to no customer, hence to none."""
    clusters = grouping.rows.aggregate(
        by=[*grouping.keys, "sure", "cluster"], value=_.value.sum(), base=_.base.sum()
    )  # fmt: skip
    known = clusters.cluster.notnull()
    block = ibis.ifelse(known, block_in(clusters.cluster, BLOCKS), ibis.literal(-1, "int64"))
    return grouping.summed(
        clusters.mutate(block=block), by=("block",), value=_.value.sum(), base=_.base.sum(), units=_.cluster.count()
    )


def _ratio(grouping: Grouping, place: Slice, rows: _Rows, _whole: Figure | None) -> Figure | None:
    """Ratio of sums, left out where either is unknown: a touchpoint without recorded spend has no cost."""
    if not all(any(row[part] is not None for row in rows) for part in ("value", "base")):
        return None
    above, below, units = np.zeros(BLOCKS + 1), np.zeros(BLOCKS + 1), np.zeros(BLOCKS + 1)
    for row in rows:
        # Block -1, the last place, holds what is fixed.
        above[row["block"]] += row["value"] or 0.0
        below[row["block"]] += row["base"] or 0.0
        units[row["block"]] += row["units"]
    numerator, denominator, n = float(above.sum()), float(below.sum()), int(units.sum())
    if denominator <= 0:
        return Figure(place, None, n, numerator, denominator)
    sure = [row for row in rows if row["sure"]]
    sure_base = sum(row["base"] or 0.0 for row in sure)
    return Figure(
        place,
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


_KINDS: Mapping[Kind, tuple[Callable[[Grouping], _Summed], _Figurer]] = {
    Kind.COUNT: (_counted, _count),
    Kind.SHARE: (_hits, _share),
    Kind.REPEATED: (_repetitions, _share),
    Kind.PORTION: (_counted, _portion),
    Kind.MEAN: (_values, _ratio),
    Kind.MEAN_TOTAL: (_values, _ratio),
    Kind.NPS: (_promoters, _net_promoter),
    Kind.SURVIVAL: (_times, _survival),
    Kind.RATIO: (_blocks, _ratio),
}
"""How each kind sums up its subjects, and what it makes of the sums of one slice, given the figure over everything."""


def _both(rows: Sequence[Mapping[str, Any]], column: str) -> tuple[Any, Any]:
    """Sum of *column* over all rows, and over the sure ones."""
    return sum(row[column] or 0 for row in rows), sum(row[column] or 0 for row in rows if row["sure"])
