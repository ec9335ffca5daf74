"""Measure the declared KPIs over the slices asked for."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from functools import cached_property
from typing import Any

import ibis
import numpy as np
import pyarrow as pa
from ibis import _
from numpy.typing import NDArray

from tpaudit.errors import UsageFault, did_you_mean
from tpaudit.journeys.catalogue import load as load_catalogue
from tpaudit.kpis.aggregate import Figure, figures
from tpaudit.kpis.definition import Kpi
from tpaudit.kpis.facts import Facts
from tpaudit.kpis.period import Period
from tpaudit.kpis.registry import load
from tpaudit.model import KPIS
from tpaudit.results import KpiResult, KpiRow
from tpaudit.stats.bootstrap import block_weights
from tpaudit.stats.evidence import grade
from tpaudit.store import Store

SLICES = ("touchpoint", "stage", "channel", "segment", "period", "month")
"""What KPIs can be sliced by; `period` is the ISO week, from Monday."""

_DEFAULT = ("touchpoint",)


def measure(store: Store, *, by: Sequence[str] = _DEFAULT, period: str | None = None) -> KpiResult:
    """Measure every KPI overall and by the combination of slices in *by*; see `tpaudit.kpis.measure`."""
    chosen = Period.parse(period) if period else None
    measurement = _Measurement(store, _checked(by), chosen)
    rows, skipped = [], {}
    for kpi in load():
        found = list(measurement.rows(kpi))
        if found:
            rows += found
        else:
            skipped[kpi.id] = f"needs {kpi.needs.en}"
    if tuple(by) == _DEFAULT and chosen is None:
        _write(store, rows)
    catalogue = load_catalogue(store.audit.folder)
    return KpiResult(
        rows=tuple(rows),
        kpis=tuple(kpi.info for kpi in load()),
        currency=store.audit.config.settings.audit.currency,
        touchpoint_titles={row.touchpoint: catalogue.title(row.touchpoint) for row in rows if row.touchpoint},
        skipped=skipped,
        left_out={kpi.id: number for kpi in load() if (number := measurement.left_out(kpi))},
    )


def _checked(by: Sequence[str]) -> tuple[str, ...]:
    for name in by:
        if name not in SLICES:
            raise UsageFault(f"unknown slice {name!r}{did_you_mean(name, SLICES)}", f"slices are {', '.join(SLICES)}")
    if {"period", "month"} <= set(by):
        raise UsageFault("slices 'period' (weeks) and 'month' exclude each other")
    return tuple(dict.fromkeys(by))


class _Measurement:
    """One call of measure: the facts, slices and days that all KPIs share."""

    def __init__(self, store: Store, by: tuple[str, ...], period: Period | None) -> None:
        self.store = store
        self.facts = Facts(store)
        self.by = by
        self.period = period

    @cached_property
    def weights(self) -> NDArray[np.float64]:
        rank = self.store.audit.config.settings.rank
        return block_weights(rank.replicates, rank.seed)

    def rows(self, kpi: Kpi) -> Iterator[KpiRow]:
        """The overall row and the rows of the slices, in a stable order; none if nothing was observed."""
        keys = [{"period": "period_start", "month": "period_start"}.get(name, name) for name in self.by]
        observed = self._observed(kpi, keys)
        overall = list(figures(self.store.engine, kpi, observed, [], self.weights))
        if not overall or overall[0].value is None:
            return
        yield self._row(kpi, overall[0])
        if keys:
            sliced = figures(self.store.engine, kpi, observed, keys, self.weights)
            yield from (self._row(kpi, figure) for figure in sorted(sliced, key=_order))

    def left_out(self, kpi: Kpi) -> int:
        """How many subjects of the whole data the KPI could not judge."""
        if kpi.left_out is None:
            return 0
        number = self.store.engine.fetch_rows(kpi.left_out(self.facts).aggregate(n=_.count()))[0]["n"]
        return int(number)

    def _observed(self, kpi: Kpi, keys: Sequence[str]) -> Any:
        """Observations with the columns the slices need, cut to the period, each subject once per slice."""
        observed = kpi.observe(self.facts)
        if self.period or "period" in self.by or "month" in self.by:
            zone = self.store.audit.config.settings.audit.timezone
            observed = observed.mutate(day=self.store.engine.to_local(observed.occurred_at, zone).date())
        if self.period:
            observed = observed.filter(_.day.between(ibis.date(self.period.start), ibis.date(self.period.end)))
        if "period" in self.by:
            observed = observed.mutate(period_start=_.day.truncate("W"))
        if "month" in self.by:
            observed = observed.mutate(period_start=_.day.truncate("M"))
        if "segment" in self.by:
            observed = self._with_segment(observed)
        observed = observed.select("subject", "customer_id", "value", "base", *keys)
        # Joins over touches are worth keeping; plain lists of touches are cheaper to read again than to copy.
        return self.store.engine.cache(observed.distinct()) if kpi.repeats_subjects else observed

    def _with_segment(self, observed: Any) -> Any:
        """Segment of each customer: member or non_member."""
        segment = ibis.ifelse(_.is_member, "member", "non_member")
        segments = self.facts.customers.select(segmented="customer_id", segment=segment)
        return observed.left_join(segments, observed.customer_id == segments.segmented).drop("segmented")

    def _row(self, kpi: Kpi, figure: Figure) -> KpiRow:
        low, high = figure.interval or (None, None)
        places = {name: value for name, value in figure.slice.items() if name != "period_start"}
        start, end = self._days(figure)
        return KpiRow(
            kpi=kpi.id,
            **places,
            period_start=start,
            period_end=end,
            value=figure.value,
            unit=kpi.unit,
            numerator=figure.numerator,
            denominator=figure.denominator,
            n=figure.n,
            ci_low=low,
            ci_high=high,
            grade=grade(figure.n),
        )

    def _days(self, figure: Figure) -> tuple[date | None, date | None]:
        start: date | None = figure.slice.get("period_start")
        if start is None:
            return (self.period.start, self.period.end) if self.period else (None, None)
        if "month" in self.by:
            return start, start.replace(day=monthrange(start.year, start.month)[1])
        return start, start + timedelta(days=6)


def _order(figure: Figure) -> tuple[str, ...]:
    return tuple(str(value) for value in figure.slice.values())


def _write(store: Store, rows: Sequence[KpiRow]) -> None:
    types = ibis.schema(KPIS.schema).to_pyarrow()
    store.write_mart("kpis", store.engine.table(pa.Table.from_pylist([row.model_dump() for row in rows], schema=types)))
