"""Share of ratings that are satisfied."""

from __future__ import annotations

from typing import Any

import ibis
from ibis import _

from tpaudit.kpis.definition import Kind, Kpi
from tpaudit.kpis.facts import Facts, numbered, observations
from tpaudit.results import Titles


def observe(facts: Facts) -> Any:
    """Rated chats and cases, and survey answers, 1 where satisfied."""
    return _rated_touches(facts).union(_survey_answers(facts))


def _rated_touches(facts: Facts) -> Any:
    rated = facts.touches.filter(_.satisfaction_score.between(1, 5))
    return observations(rated, subject=ibis.literal("touch:") + rated.touch_id, value=rated.satisfaction_score >= 4)


def _survey_answers(facts: Facts) -> Any:
    """Answers on any scale: the upper two of five grades are the upper quarter of the scale."""
    answers = facts.answers.filter(_.metric == "csat")
    satisfied = (answers.score - answers.low) / (answers.high - answers.low).nullif(0) >= 0.75
    number = numbered(ibis.literal("answer:") + answers.answer_id)
    answers = answers.select("customer_id", "answered_at", answer=number, satisfied=satisfied)
    met = facts.met_before(answers, "answered_at", ignoring=["surveys"])
    return observations(met, subject=met.answer, occurred_at=met.answered_at, value=met.satisfied)


KPI = Kpi(
    id="csat",
    place=420,
    title=Titles(en="CSAT", zh="满意度"),
    definition=Titles(
        en=(
            "Ratings in the upper two of five grades, divided by all ratings. By touchpoint: cases rated "
            "themselves count for the touchpoint they came through; survey answers for the touchpoints "
            "met in the journey window before answering."
        ),
        zh=(
            "五级评分中最高两级的占比。按触点：被评价的会话或工单计入其所属触点；"
            "问卷回答计入作答前旅程窗口期内触达过的触点。"
        ),
    ),
    unit="share",
    better="higher",
    formula="ratings 4-5 / ratings",
    source="ISO 10004:2018, top-two-box",
    needs=Titles(en="ratings of cases or satisfaction answers of surveys", zh="会话、工单评分或问卷满意度"),
    kind=Kind.SHARE,
    inputs=("surveys", "tickets"),
    windows=("journey.window_days",),
    grain="answer",
    observe=observe,
)
