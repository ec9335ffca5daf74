"""Net promoter score."""

from __future__ import annotations

from typing import Any

from ibis import _

from tpaudit.kpis.definition import Kind, Kpi
from tpaudit.kpis.facts import Facts, numbered, observations
from tpaudit.results import Titles


def observe(facts: Facts) -> Any:
    """Answers with their score, once per touchpoint met before."""
    answers = facts.answers.filter(_.metric == "nps")
    answers = answers.select("customer_id", "answered_at", "score", answer=numbered(answers.answer_id))
    met = facts.met_before(answers, "answered_at", ignoring=["surveys"])
    return observations(met, subject=met.answer, occurred_at=met.answered_at, value=met.score)


KPI = Kpi(
    id="nps",
    place=410,
    title=Titles(en="NPS", zh="净推荐值"),
    definition=Titles(
        en=(
            "Share of answers 9-10 less share of answers 0-6 to the question how likely one is to "
            "recommend, in points. By touchpoint: answers of customers who met it in the journey window "
            "before answering."
        ),
        zh=(
            "“您有多大可能推荐”一题中 9–10 分占比减去 0–6 分占比（百分点）。按触点："
            "作答前旅程窗口期内触达过该触点的客户的回答。"
        ),
    ),
    unit="nps",
    better="higher",
    formula="100 (share of 9-10 - share of 0-6)",
    source="Reichheld (2003), The one number you need to grow, HBR 81",
    needs=Titles(en="survey answers on a scale of 0 to 10", zh="0–10 分的问卷回答"),
    kind=Kind.NPS,
    inputs=("surveys",),
    windows=("journey.window_days",),
    grain="answer",
    observe=observe,
)
