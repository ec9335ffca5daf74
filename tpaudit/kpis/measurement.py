"""Measure the declared KPIs over the slices asked for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from functools import cached_property
from typing import Any

import ibis
import numpy as np
import pyarrow as pa
from ibis import _
from numpy.typing import NDArray

from tpaudit.journeys.catalogue import load as load_catalogue
from tpaudit.kpis.aggregate import Figure, Grouping, figures, is_reduced, reduced
from tpaudit.kpis.definition import Kpi
from tpaudit.kpis.facts import Facts
from tpaudit.kpis.numbered import NumberedStore
from tpaudit.kpis.period import Period
from tpaudit.kpis.registry import infos, load
from tpaudit.kpis.slices import Slicing, checked, within
from tpaudit.kpis.templates import chosen_ids, template
from tpaudit.kpis.trust import Trust
from tpaudit.model import KPIS
from tpaudit.results import WEEK_START, KpiResult, KpiRow
from tpaudit.stats.bootstrap import block_weights
from tpaudit.store import Store

_DEFAULT = ("touchpoint",)
# Sums of floats on several processors end differently from run to run, here and there in the fifteenth digit, and what
# is computed from them before it; equal data must give equal bytes.
_DIGITS, _DIGITS_OF_SUMS = 9, 10


def measure(
    store: Store, *, by: Sequence[str] = _DEFAULT, period: str | None = None, only: Sequence[str] = ()
) -> KpiResult:
    """Measure KPIs overall and by the combination of slices in *by*; see `tpaudit.kpis.measure`."""
    chosen = Period.parse(period) if period else None
    wanted = chosen_ids(only)
    asked = [kpi for kpi in load() if not only or kpi.id in wanted]
    measurement = _Measurement(NumberedStore(store, len(asked)), checked(by), chosen)
    rows, measured, skipped, left_out = [], [], {}, {}
    for kpi in asked:
        number = measurement.left_out(kpi)
        found = [row.model_copy(update={"left_out": number}) for row in measurement.rows(kpi)]
        rows += found
        if found:
            measured.append(kpi)
        else:
            skipped[kpi.id] = kpi.needs
        if number:
            left_out[kpi.id] = number
    if tuple(by) == _DEFAULT and chosen is None and not only:
        _write(store, rows)
    catalogue = load_catalogue(store.audit.folder)
    settings = store.audit.config.settings
    result = KpiResult(
        rows=tuple(rows),
        kpis=infos(),
        shown=wanted or template(settings.audit.template).kpis,
        currency=settings.audit.currency,
        timezone=settings.audit.timezone,
        window_days=settings.journey.window_days,
        as_of=store.audit.as_of,
        windows={kpi.id: told for kpi in measured if (told := measurement.windows(kpi))},
        touchpoint_titles={row.touchpoint: catalogue.title(row.touchpoint) for row in rows if row.touchpoint},
        skipped=skipped,
        left_out=left_out,
        lowered={kpi.id: doubts for kpi in measured if (doubts := measurement.trust.doubts(kpi))},
    )
    measurement.store.release()
    return result


def _rounded(number: float | None, digits: int = _DIGITS) -> float | None:
    return None if number is None else float(f"{number:.{digits}g}")


class _Measurement:
    """One call of measure: the facts, slices and days that all KPIs share."""

    def __init__(self, store: NumberedStore, by: tuple[str, ...], period: Period | None) -> None:
        self.store = store
        self.settings = store.audit.config.settings
        self.facts = Facts(self.store)
        self.slicing = Slicing(self.facts, by)
        self.period = period
        self.trust = Trust(self.facts)

    @cached_property
    def weights(self) -> NDArray[np.float64]:
        return block_weights(self.settings.rank.replicates, self.settings.rank.seed)

    def rows(self, kpi: Kpi) -> Iterator[KpiRow]:
        """The overall row and the rows of the slices, in a stable order; none if nothing was observed."""
        if not self.slicing.applies_to(kpi):
            return
        grouping = Grouping(self.store.engine, kpi, self._reduced(kpi), self.slicing.keys, self.weights)
        whole, slices = figures(grouping)
        # Money spent on nobody has a return of nothing over nobody: nothing was observed.
        if whole and whole.value is not None and whole.n:
            yield self._row(kpi, whole)
            yield from (self._row(kpi, figure) for figure in sorted(slices, key=_order))
        self.store.engine.release(grouping.rows)

    def windows(self, kpi: Kpi) -> str | None:
        """How far the KPI looks, as `kpi.recontact_days = 7`; None if it looks no set time."""
        told = []
        for name in kpi.windows:
            section, _dot, setting = name.partition(".")
            told.append(f"{name} = {getattr(getattr(self.settings, section), setting)}")
        return ", ".join(told) or None

    def left_out(self, kpi: Kpi) -> int | None:
        """How many subjects of the whole data the KPI could not judge; None if it judges all."""
        if kpi.left_out is None:
            return None
        number = self.store.engine.fetch_rows(kpi.left_out(self.facts).aggregate(n=_.count()))[0]["n"]
        return int(number)

    def _reduced(self, kpi: Kpi) -> Any:
        """Subjects once per slice, cut to the period."""
        observed = kpi.observe(self.facts)
        if self.period:
            observed = within(self.facts, observed, self.period.start, self.period.end)
        observed = self.trust.marked(self.slicing.located(observed))
        rows = reduced(kpi, observed, self.slicing.keys)
        # Joins over touches are worth keeping; plain lists of touches are cheaper to read again than to copy.
        return self.store.engine.cache(rows) if is_reduced(kpi) else self.store.engine.view(rows)

    def _row(self, kpi: Kpi, figure: Figure) -> KpiRow:
        places = {name: value for name, value in figure.slice.items() if name != "period_start"}
        start, end = self._days(figure)
        grade = self.trust.grade(kpi, figure.n)
        place = {"kpi": kpi.id, **places, "period_start": start, "period_end": end, **self._frame(kpi)}
        if figure.value is not None and grade == "insufficient":
            return KpiRow(**place, value=None, unit=kpi.unit, n=figure.n, grade=grade)
        low, high = figure.interval or (None, None)
        return KpiRow(
            **place,
            value=_rounded(figure.value),
            unit=kpi.unit,
            numerator=_rounded(figure.numerator, _DIGITS_OF_SUMS),
            denominator=_rounded(figure.denominator, _DIGITS_OF_SUMS),
            n=figure.n,
            ci_low=_rounded(low),
            ci_high=_rounded(high),
            grade=grade,
            value_high_confidence=_rounded(figure.sure_value),
            n_high_confidence=figure.sure_n,
        )

    def _frame(self, kpi: Kpi) -> dict[str, Any]:
        """What a value cannot be read without: the clock, the last day, the week and the window."""
        return {
            "windows": self.windows(kpi),
            "as_of": self.store.audit.as_of,
            "timezone": self.settings.audit.timezone,
            "week_start": WEEK_START,
        }

    def _days(self, figure: Figure) -> tuple[date | None, date | None]:
        start: date | None = figure.slice.get("period_start")
        if start is None:
            return (self.period.start, self.period.end) if self.period else (None, None)
        return self.slicing.days(start)


def _order(figure: Figure) -> tuple[str, ...]:
    return tuple(
        f"{value:03}" if isinstance(value, int) else str(value) for value in figure.slice.values()
    )  # fmt: skip


def _write(store: Store, rows: Sequence[KpiRow]) -> None:
    types = ibis.schema(KPIS.schema).to_pyarrow()
    store.write_mart("kpis", store.engine.table(pa.Table.from_pylist([row.model_dump() for row in rows], schema=types)))
