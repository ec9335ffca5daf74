"""Share of resolved cases that had to be reopened."""

from __future__ import annotations

from typing import Any

from ibis import _

from tpaudit.kpis.definition import Kind, Kpi
from tpaudit.kpis.definitions.service import cases
from tpaudit.kpis.facts import Facts, observations
from tpaudit.results import Titles


def observe(facts: Facts) -> Any:
    """Cases resolved at least once, 1 where reopened."""
    told = cases(facts).filter(_.reopens.notnull())
    told = told.filter(told.is_resolved.fill_null(False) | (told.reopens > 0))
    return observations(told, subject=told.ticket_id, occurred_at=told.created_at, value=told.reopens > 0)


KPI = Kpi(
    id="reopen_rate",
    place=550,
    title=Titles(en="Reopened cases", zh="重开率"),
    definition=Titles(
        en=(
            "Cases reopened at least once, divided by all cases that were resolved at least once and whose number of "
            "reopenings is known. By touchpoint: where the case came in."
        ),
        zh="至少重开过一次的工单数 ÷ 至少解决过一次且重开次数已知的全部工单数。按触点：工单进入的触点。",
    ),
    unit="share",
    better="lower",
    formula="cases reopened / cases resolved",
    source="tpaudit definition",
    needs=Titles(en="resolved cases with the number of times they were reopened", zh="含重开次数的已解决工单"),
    kind=Kind.SHARE,
    inputs=("tickets",),
    grain="ticket",
    repeats_subjects=False,
    observe=observe,
)
