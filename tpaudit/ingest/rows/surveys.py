"""Surveys: question columns become one row per answer, and questions that measure NPS, CSAT or CES are told apart."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import Any

import ibis

from tpaudit.engine import Engine
from tpaudit.ingest.names import name_key
from tpaudit.ingest.rows.amounts import number
from tpaudit.ingest.rows.mapping import Plan, Question

# A question is taken for the first metric whose words it holds.
_METRICS = (
    ("nps", re.compile(r"推荐给|推荐我们|可能.*推荐|likely.*recommend|recommend us", re.I)),
    ("ces", re.compile(r"费力|省力|CES|effort|容易程度|轻松", re.I)),
    ("csat", re.compile(r"满意|satisf|CSAT", re.I)),
)
_FREE_TEXT = re.compile(r"意见|建议|原因|留言|评论|comment|suggest|feedback|why", re.I)
_LABELS = {
    "非常满意": 5, "很满意": 5, "满意": 4, "比较满意": 4, "一般": 3,
    "不满意": 2, "比较不满意": 2, "非常不满意": 1, "很不满意": 1,
    "very satisfied": 5, "satisfied": 4, "neutral": 3, "dissatisfied": 2, "very dissatisfied": 1,
}  # fmt: skip
_SCALES = (5.0, 7.0, 10.0)
# A few answers beyond the scale are errors for the checks to find, not a longer scale.
_WITHIN_SCALE = 0.98


@dataclass(frozen=True, slots=True)
class Item:
    """A question as rows carry it: id, wording, metric, and the ends of its scale."""

    field: str
    id: str
    wording: str
    metric: str
    low: float | None
    high: float | None


def survey_id(plan: Plan) -> str:
    """Id of the survey, made from the numbers and wordings of its questions, so that weekly exports share it."""
    wordings = "\n".join(name_key(question.name) for question in plan.questions)
    return hashlib.md5(wordings.encode(), usedforsecurity=False).hexdigest()[:8]


def answers(rows: Any, plan: Plan, engine: Engine) -> Any:
    """One row per response and question; unanswered questions keep a row with NULL answers.

    *rows* carry the canonical columns of the response; the number of a response is made unique by the survey's id.
    """
    identity = survey_id(plan)
    common = [name for name in rows.columns if not name.startswith("q.") and name not in ("response_id", "survey_id")]
    parts = [_answer_rows(rows, common, item, identity) for item in _items(rows, plan, engine)]
    return ibis.union(*parts) if len(parts) > 1 else parts[0]


def _items(rows: Any, plan: Plan, engine: Engine) -> list[Item]:
    usual = {
        question.field: _value(rows[question.field]).quantile(_WITHIN_SCALE).name(question.field)
        for question in plan.questions
        if _metric(question.name) in ("csat", "ces")
    }
    highest = engine.fetch_rows(rows.aggregate(**usual))[0] if usual else {}
    ids = _question_ids(plan.questions)
    return [_item(question, ids[question.field], highest.get(question.field)) for question in plan.questions]


def _item(question: Question, identity: str, usual_high: float | None) -> Item:
    metric = _metric(question.name)
    low: float | None = None
    high: float | None = None
    if metric == "nps":
        low, high = 0.0, 10.0
    elif metric != "other":
        low = 1.0
        high = next((scale for scale in _SCALES if (usual_high or 0.0) <= scale), _SCALES[-1])
    wording = re.sub(r"^\s*Q?\d+\s*[、.．]\s*", "", question.name)
    return Item(question.field, identity, wording, metric, low, high)


def _question_ids(questions: tuple[Question, ...]) -> dict[str, str]:
    """Q1, Q2 …; columns of one question (a multiple choice by code) are numbered below it."""
    ids: dict[str, str] = {}
    seen: dict[str, int] = {}
    for place, question in enumerate(questions, start=1):
        found = re.match(r"\s*Q?(\d+)", question.name)
        number_text = found[1] if found else str(place)
        seen[number_text] = seen.get(number_text, 0) + 1
        ids[question.field] = f"Q{number_text}" if seen[number_text] == 1 else f"Q{number_text}_{seen[number_text]}"
    return ids


def _metric(name: str) -> str:
    return next((metric for metric, words in _METRICS if words.search(name)), "other")


def _value(answer: Any) -> Any:
    """The answer as a number: written as one, or as a label of a five-point scale."""
    worded = answer.lower().cases(*((label, float(score)) for label, score in _LABELS.items()), else_=None)
    return ibis.coalesce(number(answer.re_replace(r"\s*分$", "")), worded.cast("float64"))


def _answer_rows(rows: Any, common: list[str], item: Item, identity: str) -> Any:
    answer = rows[item.field]
    value = _value(answer)
    is_scored = item.metric != "other"
    return rows.select(
        *common,
        response_id=ibis.literal(f"{identity}-") + rows["response_id"],
        survey_id=ibis.literal(identity),
        question_id=ibis.literal(item.id),
        question_text=ibis.literal(item.wording),
        answer_raw=answer,
        answer_value=value,
        metric=ibis.literal(item.metric),
        score=value if is_scored else ibis.null("float64"),
        scale_min=ibis.literal(item.low, "float64") if item.low is not None else ibis.null("float64"),
        scale_max=ibis.literal(item.high, "float64") if item.high is not None else ibis.null("float64"),
        comment=answer if not is_scored and _FREE_TEXT.search(item.wording) else ibis.null("string"),
    )


def responses_fingerprint(wide: Any, engine: Engine) -> str:
    """Hash of which responses a file holds: equal for the two files (by text, by code) of one survey."""
    identity = ("surveys.response_id", "surveys.submitted_at")
    columns = [wide[name].cast("string") for name in identity if name in wide.columns]
    texts = engine.fetch(wide.select(text=ibis.literal("|").join(columns)).order_by("text"))["text"].to_pylist()
    return hashlib.sha256("\n".join(map(str, texts)).encode()).hexdigest()
