"""KPIs by touchpoint: each one declared definition, each value with its sample size and interval.

A KPI is one module in a family's package of `tpaudit.kpis.definitions`; nothing else has to be told about it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tpaudit.results import KpiInfo, KpiResult
    from tpaudit.store import Store

__all__ = ["describe", "measure"]


def measure(
    store: Store, *, by: Sequence[str] = ("touchpoint",), period: str | None = None, only: Sequence[str] = ()
) -> KpiResult:
    """Measure every KPI, or those in *only* (ids or families), overall and for each combination of the slices in *by*.

    Slices are those of `slices.SLICES`. *period* (`2026-W46`, `2026-10`, `2026-10-01..2026-11-15`) restricts the
    observations to its days, on the audit's clock. The call without any of these, by touchpoint over all days, also
    writes mart `kpis`. Raises UsageFault for an unknown slice or KPI, or an unreadable period.
    """
    from tpaudit.kpis.measurement import measure as measure_all

    return measure_all(store, by=by, period=period, only=only)


def describe() -> tuple[KpiInfo, ...]:
    """What each KPI means, in the order they are shown; needs no data."""
    from tpaudit.kpis.registry import infos

    return infos()
