"""What KPIs can be sliced by, and how each slice is found on an observation."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import ibis
from ibis import _

from tpaudit.errors import UsageFault, did_you_mean
from tpaudit.journeys.catalogue import Catalogue
from tpaudit.journeys.catalogue import load as load_catalogue
from tpaudit.kpis.definition import Kpi
from tpaudit.kpis.facts import PLACES, Facts, numbered

_PERIODS = ("day", "period", "month")


def _kind(touchpoint: Any, catalogue: Catalogue) -> Any:
    return touchpoint.cases(*((each.id, each.kind) for each in catalogue), else_=ibis.null("string"))


def _owner(touchpoint: Any, catalogue: Catalogue) -> Any:
    owners = [(each.id, each.owner) for each in catalogue if each.owner]
    return touchpoint.cases(*owners, else_=ibis.null("string")) if owners else ibis.null("string")


# Found by the touchpoint alone.
_OF_TOUCHPOINT: dict[str, Callable[[Any, Catalogue], Any]] = {"kind": _kind, "owner": _owner}
# Found on the audit's clock, with the type of the column.
_OF_CLOCK: dict[str, Callable[[Any], Any]] = {
    "hour": lambda local: local.hour().cast("int64"),
    # Ibis counts from Monday = 0.
    "weekday": lambda local: local.day_of_week.index().cast("int64") + 1,
}
# Columns of `Facts.profiles`, found by the customer.
_OF_CUSTOMER = ("segment", "membership", "cohort", "contact_frequency")

SLICES = (*PLACES[:2], *_OF_TOUCHPOINT, *PLACES[2:], "product", *_OF_CUSTOMER, *_PERIODS, *_OF_CLOCK)
"""What KPIs can be sliced by; `period` is the ISO week, from Monday."""


def checked(by: Sequence[str]) -> tuple[str, ...]:
    """*by* without repetitions; raises UsageFault for an unknown slice, or for two periods at once."""
    for name in by:
        if name not in SLICES:
            raise UsageFault(f"unknown slice {name!r}{did_you_mean(name, SLICES)}", f"slices are {', '.join(SLICES)}")
    if len(set(_PERIODS) & set(by)) > 1:
        raise UsageFault("slices 'day', 'period' (weeks) and 'month' exclude each other")
    return tuple(dict.fromkeys(by))


@dataclass(frozen=True, slots=True)
class Slicing:
    """The slices of one call: the columns to group by, and how to find them."""

    facts: Facts
    by: tuple[str, ...]

    @property
    def keys(self) -> tuple[str, ...]:
        """Columns to group by, in the order asked for."""
        return tuple("period_start" if name in _PERIODS else name for name in self.by)

    def applies_to(self, kpi: Kpi) -> bool:
        """Whether the observations of *kpi* know all slices: only orders have products."""
        return "product" not in self.by or kpi.grain == "order"

    def located(self, observed: Any) -> Any:
        """*observed* with the columns of `keys` added; NULL where an observation belongs to no slice."""
        asked = set(self.by)
        if asked & _OF_TOUCHPOINT.keys():
            catalogue = load_catalogue(self.facts.store.audit.folder)
            found = {name: find for name, find in _OF_TOUCHPOINT.items() if name in asked}
            observed = observed.mutate(**{name: find(observed.touchpoint, catalogue) for name, find in found.items()})
        if asked & (_OF_CLOCK.keys() | set(_PERIODS)):
            observed = self._timed(observed)
        if asked & set(_OF_CUSTOMER):
            wanted = [name for name in _OF_CUSTOMER if name in asked]
            profiles = self.facts.profiles.select(*wanted, profiled="customer_id")
            observed = observed.left_join(profiles, observed.customer_id == profiles.profiled).drop("profiled")
        if "product" in asked:
            products = self.facts.order_products
            products = products.mutate(product_order=numbered(products.product_order))
            observed = observed.left_join(products, observed.subject == products.product_order).drop("product_order")
        return observed

    def _timed(self, observed: Any) -> Any:
        local = self.facts.local(observed.occurred_at)
        observed = observed.mutate(**{name: find(local) for name, find in _OF_CLOCK.items() if name in self.by})
        unit = next((unit for name, unit in (("day", "D"), ("period", "W"), ("month", "M")) if name in self.by), None)
        return observed if unit is None else observed.mutate(period_start=local.date().truncate(unit))

    def days(self, start: date) -> tuple[date, date]:
        """First and last day of the period that begins on *start*."""
        if "month" in self.by:
            return start, start.replace(day=monthrange(start.year, start.month)[1])
        return start, start + timedelta(days=6 if "period" in self.by else 0)


def within(facts: Facts, observed: Any, first: date, last: date) -> Any:
    """The observations of the days from *first* to *last*, both included, on the audit's clock."""
    return observed.filter(facts.local(_.occurred_at).date().between(ibis.date(first), ibis.date(last)))
