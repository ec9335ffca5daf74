"""Time until a case is resolved, the open ones included."""

from __future__ import annotations

from typing import Any

import ibis
from ibis import _

from tpaudit.engine.portable import hours_between
from tpaudit.kpis.definition import Kind, Kpi
from tpaudit.kpis.definitions.service import cases
from tpaudit.kpis.facts import Facts, observations
from tpaudit.results import Titles


def observe(facts: Facts) -> Any:
    """Cases with the hours until they were resolved, or until the audit's day for those still open."""
    told = cases(facts).filter(_.is_resolved.notnull(), _.created_at.notnull())
    until = ibis.ifelse(told.is_resolved, told.resolved_at, facts.observed_until)
    hours = hours_between(told.created_at, until)
    return observations(
        told, subject=told.ticket_id, occurred_at=told.created_at, value=hours, base=told.is_resolved
    ).filter(_.value >= 0)


KPI = Kpi(
    id="resolution_hours",
    place=545,
    title=Titles(en="Time to resolution", zh="解决时长（中位）"),
    definition=Titles(
        en=(
            "Median hours from the opening of a case to its solution. Cases still open count with the time they have "
            "waited until the audit's day begins (Kaplan and Meier); unknown if fewer than half are resolved. By "
            "touchpoint: where the case came in."
        ),
        zh=(
            "从工单创建到解决的小时数中位数。未解决的工单按截至审计日已等待的时长计入（Kaplan–Meier）；"
            "解决不足一半时未知。按触点：工单进入的触点。"
        ),
    ),
    unit="h",
    better="lower",
    formula="Kaplan-Meier median(solution - opening)",
    source="Kaplan, Meier (1958), Nonparametric estimation from incomplete observations, JASA 53",
    needs=Titles(
        en="cases with their opening and the time of their solution, at least half of them resolved",
        zh="含创建与解决时间的工单，且至少半数已解决",
    ),
    kind=Kind.SURVIVAL,
    inputs=("tickets",),
    grain="ticket",
    repeats_subjects=False,
    observe=observe,
)
