"""Time until a customer is first answered: the slowest tenth."""

from __future__ import annotations

from typing import Any

from tpaudit.kpis.definition import Kind, Kpi
from tpaudit.kpis.facts import Facts
from tpaudit.results import Titles


def observe(facts: Facts) -> Any:
    """Answered chats and cases with the minutes their customer waited."""
    return facts.first_responses


KPI = Kpi(
    id="first_response_p90",
    place=520,
    title=Titles(en="First response, 90 %", zh="首次响应时间（90 分位）"),
    definition=Titles(
        en=(
            "Minutes within which nine of ten answered chats and cases got their first answer. By "
            "touchpoint: the chat's or case's own."
        ),
        zh="九成会话和工单获得首次回复所需的分钟数，仅含已回复者。按触点：会话或工单自身所属触点。",
    ),
    unit="min",
    better="lower",
    formula="90 % quantile(first answer - opening)",
    source="tpaudit definition",
    needs=Titles(en="chats or cases with the time of their first answer", zh="含首次响应时间的会话或工单"),
    kind=Kind.QUANTILE,
    inputs=("touches", "tickets"),
    grain="contact",
    quantile=0.9,
    repeats_subjects=False,
    observe=observe,
)
