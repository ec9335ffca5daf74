"""Time until a customer is first answered: the median."""

from __future__ import annotations

from typing import Any

from tpaudit.kpis.definition import Kind, Kpi
from tpaudit.kpis.facts import Facts
from tpaudit.results import Titles


def observe(facts: Facts) -> Any:
    """Answered chats and cases with the minutes their customer waited."""
    return facts.first_responses


KPI = Kpi(
    id="first_response_p50",
    place=510,
    title=Titles(en="First response, median", zh="首次响应时间（中位）"),
    definition=Titles(
        en=(
            "Median minutes from the start of a chat or the opening of a case to the first answer, among "
            "those answered. By touchpoint: the chat's or case's own."
        ),
        zh="会话开始或工单创建到首次回复的分钟数中位数，仅含已回复者。按触点：会话或工单自身所属触点。",
    ),
    unit="min",
    better="lower",
    formula="median(first answer - opening)",
    source="tpaudit definition",
    needs=Titles(en="chats or cases with the time of their first answer", zh="含首次响应时间的会话或工单"),
    kind=Kind.QUANTILE,
    inputs=("touches", "tickets"),
    grain="contact",
    quantile=0.5,
    repeats_subjects=False,
    observe=observe,
)
