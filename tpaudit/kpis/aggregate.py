"""From observations to figures: group by slices, add value, sample size and interval.

One aggregation per grouping runs in the engine; what comes back is as small as the table shown.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
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

Slice = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Figure:
    """One value of one slice. `numerator` and `denominator` are NULL-like None where the value is no quotient."""

    slice: Slice
    value: float | None
    n: int
    numerator: float | None = None
    denominator: float | None = None
    interval: Interval | None = None


def figures(
    engine: Engine, kpi: Kpi, observed: Any, keys: Sequence[str], weights: NDArray[np.float64]
) -> Iterator[Figure]:
    """Figures of *kpi* over *observed* for each combination of *keys* met; without keys, the one over everything.

    *weights* (replicates x blocks) resample ratios. Observations that lack one of the keys belong to no slice.
    """
    for key in keys:
        observed = observed.filter(observed[key].notnull())
    if kpi.repeats_subjects:
        observed = observed.select("subject", "customer_id", "value", "base", *keys).distinct()
    yield from _KINDS[kpi.kind](engine, kpi, observed, list(keys), weights)


def _counts(engine: Engine, kpi: Kpi, observed: Any, keys: list[str], weights: Any) -> Iterator[Figure]:
    for row in engine.fetch_rows(observed.aggregate(by=keys, n=_.count())):
        if row["n"]:
            yield Figure(_slice(row, keys), float(row["n"]), row["n"], numerator=float(row["n"]))


def _shares(engine: Engine, kpi: Kpi, observed: Any, keys: list[str], weights: Any) -> Iterator[Figure]:
    grouped = observed.filter(_.value.notnull()).aggregate(by=keys, n=_.count(), hits=_.value.sum())
    for row in engine.fetch_rows(grouped):
        if n := row["n"]:
            yield Figure(_slice(row, keys), row["hits"] / n, n, row["hits"], float(n), wilson(row["hits"], n))


def _means(engine: Engine, kpi: Kpi, observed: Any, keys: list[str], weights: Any) -> Iterator[Figure]:
    grouped = observed.filter(_.value.notnull()).aggregate(
        by=keys, n=_.count(), total=_.value.sum(), variance=_.value.var(how="sample")
    )
    for row in engine.fetch_rows(grouped):
        if n := row["n"]:
            mean = row["total"] / n
            yield Figure(
                _slice(row, keys), mean, n, row["total"], float(n), mean_interval(mean, row["variance"] or 0.0, n)
            )


def _net_promoters(engine: Engine, kpi: Kpi, observed: Any, keys: list[str], weights: Any) -> Iterator[Figure]:
    grouped = observed.filter(_.value.notnull()).aggregate(
        by=keys, n=_.count(), promoters=(_.value >= 9).sum(), detractors=(_.value <= 6).sum()
    )
    for row in engine.fetch_rows(grouped):
        if n := row["n"]:
            balance = row["promoters"] - row["detractors"]
            interval = net_promoter_interval(row["promoters"], row["detractors"], n)
            yield Figure(_slice(row, keys), 100.0 * balance / n, n, float(balance), float(n), interval)


def _quantiles(engine: Engine, kpi: Kpi, observed: Any, keys: list[str], weights: Any) -> Iterator[Figure]:
    """The quantile, and as its interval the observations at the ranks that enclose it."""
    known = observed.filter(_.value.notnull())
    rows = engine.fetch_rows(known.aggregate(by=keys, n=_.count(), value=_.value.quantile(kpi.quantile)))
    ranks = {row["n"]: quantile_ranks(row["n"], kpi.quantile or 0.5) for row in rows}
    order = ibis.row_number().over(group_by=keys, order_by="value") + 1
    wanted = sorted({rank for pair in ranks.values() if pair for rank in pair})
    ranked = known.select("value", *keys, rank=order).filter(_.rank.isin(wanted or [0]))
    at_rank = {(_key(row, keys), row["rank"]): row["value"] for row in engine.fetch_rows(ranked)}
    for row in rows:
        if row["n"]:
            pair, key = ranks[row["n"]], _key(row, keys)
            interval = Interval(at_rank[key, pair[0]], at_rank[key, pair[1]]) if pair else None
            yield Figure(_slice(row, keys), row["value"], row["n"], interval=interval)


def _ratios(engine: Engine, kpi: Kpi, observed: Any, keys: list[str], weights: Any) -> Iterator[Figure]:
    """Ratios of sums, left out where the numerator is unknown: a touchpoint without recorded spend has no cost.

    Rows that add nothing to the base, such as money spent, belong to no customer and stay fixed under resampling.
    """
    counted = observed.base > 0
    block = ibis.ifelse(counted, block_of(observed.customer_id, BLOCKS), ibis.literal(-1, "int64"))
    sums = observed.mutate(block=block).aggregate(
        by=[*keys, "block"], value=_.value.sum(), base=_.base.sum(), units=_.customer_id.nunique()
    )
    groups: dict[tuple[Any, ...], list[dict[str, Any]]] = {}
    for row in engine.fetch_rows(sums):
        groups.setdefault(_key(row, keys), []).append(row)
    for rows in groups.values():
        if any(row["value"] is not None for row in rows):
            yield _ratio(_slice(rows[0], keys), rows, weights)


def _ratio(place: Slice, rows: Sequence[Mapping[str, Any]], weights: NDArray[np.float64]) -> Figure:
    above, below = np.zeros(BLOCKS), np.zeros(BLOCKS)
    fixed = sum(row["value"] or 0.0 for row in rows if row["block"] < 0)
    for row in rows:
        if row["block"] >= 0:
            above[row["block"]], below[row["block"]] = row["value"] or 0.0, row["base"]
    numerator, denominator = fixed + above.sum(), below.sum()
    return Figure(
        place,
        value=float(numerator / denominator) if denominator > 0 else None,
        n=sum(row["units"] for row in rows if row["block"] >= 0),
        numerator=float(numerator),
        denominator=float(denominator),
        interval=ratio_interval(above, below, weights, fixed) if denominator > 0 else None,
    )


_KINDS: Mapping[Kind, Callable[[Engine, Kpi, Any, list[str], NDArray[np.float64]], Iterator[Figure]]] = {
    Kind.COUNT: _counts,
    Kind.SHARE: _shares,
    Kind.MEAN: _means,
    Kind.QUANTILE: _quantiles,
    Kind.NPS: _net_promoters,
    Kind.RATIO: _ratios,
}


def _slice(row: Mapping[str, Any], keys: Sequence[str]) -> Slice:
    return {key: row[key] for key in keys}


def _key(row: Mapping[str, Any], keys: Sequence[str]) -> tuple[Any, ...]:
    return tuple(row[key] for key in keys)
