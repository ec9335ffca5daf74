"""Share of cases that are resolved."""

from __future__ import annotations

from typing import Any

from ibis import _

from tpaudit.kpis.definition import Kind, Kpi
from tpaudit.kpis.definitions.service import cases
from tpaudit.kpis.facts import Facts, observations
from tpaudit.results import Titles


def observe(facts: Facts) -> Any:
    """Cases whose state is known, 1 where resolved."""
    told = cases(facts).filter(_.is_resolved.notnull())
    return observations(told, subject=told.ticket_id, occurred_at=told.created_at, value=told.is_resolved)


KPI = Kpi(
    id="resolution_rate",
    place=540,
    title=Titles(en="Resolved cases", zh="解决率"),
    definition=Titles(
        en=(
            "Cases solved or closed by the audit's day, divided by all cases whose state is known; deleted ones do not "
            "count. Cases opened lately may still be resolved: resolution_hours allows for that. By touchpoint: where "
            "the case came in."
        ),
        zh=(
            "截至审计日已解决或已关闭的工单数 ÷ 状态已知的全部工单数，已删除的不计入。新近创建的工单仍可能解决，"
            "解决时长（resolution_hours）已考虑这一点。按触点：工单进入的触点。"
        ),
    ),
    unit="share",
    better="higher",
    formula="cases resolved / cases",
    source="ISO 10002:2018, complaints handling, 8.2 (indicators); tpaudit definition",
    needs=Titles(en="cases with their state or the time of their solution", zh="含状态或解决时间的工单"),
    kind=Kind.SHARE,
    inputs=("tickets",),
    grain="ticket",
    repeats_subjects=False,
    observe=observe,
)
