"""How far a KPI can be trusted: from its sample size, from whose touches they are, and from what validation found."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import ibis
from ibis import _

from tpaudit.kpis.definition import Kind, Kpi
from tpaudit.kpis.facts import Facts
from tpaudit.kpis.watching import holds_any
from tpaudit.model.marts import GRADES
from tpaudit.stats.evidence import grade

UNIDENTIFIED = "identified_share"
"""The doubt that too few touches have a known customer."""

# Below this share of touches with a customer, what customers do is read off a minority of what happened.
_IDENTIFIED_ENOUGH = 0.5
# A share of wrong rows below this moves a rate by less than its interval usually is wide.
_MATERIAL = 0.01
# Checks of consent tell what may be done with the data, not whether they are right.
_LAWFULNESS = "TPL"
_ABOUT_CUSTOMERS = ("customer", "journey")


class Trust:
    """What is known about the data behind all KPIs of one call."""

    def __init__(self, facts: Facts) -> None:
        self.facts = facts
        self.settings = facts.settings.kpi

    def grade(self, kpi: Kpi, n: int) -> str:
        """Grade of a figure of *n* observations: A to D; below the KPI's minimum, none.

        One lower for critical findings about its inputs, however many, and one for unidentified touches. The sizes
        are those of `tpaudit.stats.evidence.grade`.
        """
        # A count is complete however small it is.
        least = self.settings.min_n or (1 if kpi.kind is Kind.COUNT else kpi.min_n)
        if n < least:
            return "insufficient"
        by_size = 0 if kpi.kind is Kind.COUNT else GRADES.index(grade(n))
        doubts = self.doubts(kpi)
        lower = (UNIDENTIFIED in doubts) + bool(set(doubts) - {UNIDENTIFIED})
        return GRADES[min(by_size + lower, GRADES.index("D"))]

    def doubts(self, kpi: Kpi) -> tuple[str, ...]:
        """What lowers the grade of *kpi*: codes of critical findings about its inputs, and `identified_share`."""
        doubts = [code for code, table in self._critical_findings if table in kpi.inputs]
        if kpi.grain in _ABOUT_CUSTOMERS and self._identified_share < _IDENTIFIED_ENOUGH:
            doubts.append(UNIDENTIFIED)
        return tuple(dict.fromkeys(doubts))

    def marked(self, observed: Any) -> Any:
        """*observed* with `sure`: whether its customer, if it has one, was resolved with high confidence."""
        doubtful = self._doubtful_customers
        if doubtful is None:
            return observed.mutate(sure=ibis.literal(True))
        found = observed.left_join(doubtful, observed.customer_id == doubtful.doubtful)
        return found.mutate(sure=found.doubtful.isnull()).drop("doubtful")

    @cached_property
    def _doubtful_customers(self) -> Any:
        """Customers below `[kpi] high_confidence`; None if there are none."""
        below = self.facts.customers.filter(_.confidence < self.settings.high_confidence)
        doubtful = self.facts.store.engine.cache(below.select(doubtful="customer_id"))
        return doubtful if holds_any(self.facts, doubtful) else None

    @cached_property
    def _identified_share(self) -> float:
        touches = self.facts.touches
        row = self.facts.store.engine.fetch_rows(touches.agg(n=touches.count(), known=touches.customer_id.count()))[0]
        return float(row["known"] / row["n"]) if row["n"] else 1.0

    @cached_property
    def _critical_findings(self) -> list[tuple[str, str]]:
        """Code and table of each failed critical check that concerns enough rows to move a number."""
        findings = self.facts.store.mart("findings").filter(
            _.status == "failed", _.severity == "critical", _.share >= _MATERIAL, ~_.code.startswith(_LAWFULNESS)
        )
        rows = self.facts.store.engine.fetch_rows(findings.select("code", "table").distinct().order_by("code", "table"))
        return [(row["code"], row["table"]) for row in rows]
