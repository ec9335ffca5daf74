"""How easy customers found it."""

from __future__ import annotations

from typing import Any

from ibis import _

from tpaudit.kpis.definition import Kind, Kpi
from tpaudit.kpis.facts import Facts, numbered, observations
from tpaudit.results import Titles


def observe(facts: Facts) -> Any:
    """Answers with their score, once per touchpoint met before."""
    answers = facts.answers.filter(_.metric == "ces")
    answers = answers.select("customer_id", "answered_at", "score", answer=numbered(answers.answer_id))
    met = facts.met_before(answers, "answered_at", ignoring=["surveys"])
    return observations(met, subject=met.answer, occurred_at=met.answered_at, value=met.score)


KPI = Kpi(
    id="ces",
    place=430,
    title=Titles(en="Customer effort", zh="客户费力度"),
    definition=Titles(
        en=(
            "Mean answer, from 1 to 7, to the statement that it was easy to get things done; 7 is the easiest. By "
            "touchpoint: answers of customers who met it in the journey window before answering."
        ),
        zh=("“办理起来很轻松”一题 1–7 分的平均分，7 分最轻松。按触点：作答前旅程窗口期内触达过该触点的客户的回答。"),
    ),
    unit="1-7",
    better="higher",
    formula="mean(effort score)",
    source="Dixon, Freeman, Toman (2010), Stop trying to delight your customers, HBR 88; CES 2.0 scale",
    needs=Titles(en="effort answers of surveys", zh="费力度问卷回答"),
    kind=Kind.MEAN,
    inputs=("surveys",),
    windows=("journey.window_days",),
    grain="answer",
    observe=observe,
)
