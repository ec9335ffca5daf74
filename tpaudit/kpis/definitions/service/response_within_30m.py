"""Share of customers answered within half an hour."""

from __future__ import annotations

from typing import Any

from ibis import _

from tpaudit.kpis.definition import Kind, Kpi
from tpaudit.kpis.facts import Facts
from tpaudit.results import Titles


def observe(facts: Facts) -> Any:
    """Answered chats and cases, 1 where the answer came within 30 minutes."""
    return facts.first_responses.mutate(value=(_.value <= 30).cast("float64"))


KPI = Kpi(
    id="response_within_30m",
    place=530,
    title=Titles(en="Answered within 30 min", zh="30 分钟内响应率"),
    definition=Titles(
        en=(
            "Chats and cases first answered within 30 minutes, divided by all that were answered. By "
            "touchpoint: the chat's or case's own."
        ),
        zh="30 分钟内获得首次回复的会话和工单数 ÷ 全部已回复数。按触点：会话或工单自身所属触点。",
    ),
    unit="share",
    better="higher",
    formula="answered within 30 min / answered",
    source="tpaudit definition",
    needs=Titles(en="chats or cases with the time of their first answer", zh="含首次响应时间的会话或工单"),
    kind=Kind.SHARE,
    inputs=("touches", "tickets"),
    grain="contact",
    repeats_subjects=False,
    observe=observe,
)
