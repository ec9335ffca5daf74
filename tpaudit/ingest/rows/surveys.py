"""Surveys: question columns become one row per answer, and questions that measure NPS, CSAT or CES are told apart."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
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
# Between the options of one cell, and between those put together from several columns.
_OPTION_MARK = "┋"
_NUMBER = re.compile(r"\s*Q?(\d+)(?=\s*[、.．:：)_(（—–-]|\s*$)")
_NUMBERING = re.compile(r"^\s*Q?\d+\s*[、.．:：)]\s*")
_CODE = re.compile(r"[A-Za-z]\w{0,30}")
# Second header rows say this where a column is the answer itself and no option.
_NO_OPTIONS = ("response", "open-ended response")


@dataclass(frozen=True, slots=True)
class Item:
    """A question as rows carry it: id, wording, metric, the ends of its scale, and the columns that answer it."""

    columns: tuple[Question, ...]
    id: str
    wording: str
    metric: str
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class _Facts:
    """What the answers themselves tell about a question column."""

    high: float | None
    is_option: bool
    has_options: bool


def survey_id(plan: Plan) -> str:
    """Id of the survey, made from the numbers and wordings of its questions, so that weekly exports share it."""
    wordings = "\n".join(name_key(question.name) for question in plan.questions)
    return hashlib.md5(wordings.encode(), usedforsecurity=False).hexdigest()[:8]


def answers(rows: Any, plan: Plan, engine: Engine) -> Any:
    """One row per response and question; unanswered questions keep a row with NULL answers.

    *rows* carry the canonical columns of the response; the number of a response is made unique by the survey's id.
    A question that allows several answers is one row too, whether its options share a cell or have a column each:
    `options` lists what was chosen.
    """
    identity = survey_id(plan)
    common = [name for name in rows.columns if not name.startswith("q.") and name not in ("response_id", "survey_id")]
    facts = _facts(rows, plan, engine)
    parts = [_answer_rows(rows, common, item, facts, identity) for item in _items(plan.questions, facts)]
    return ibis.union(*parts) if len(parts) > 1 else parts[0]


def _facts(rows: Any, plan: Plan, engine: Engine) -> dict[str, _Facts]:
    """One look at all answers: usual highest number, whether a column only marks an option, and option lists."""
    asked: dict[str, Any] = {}
    for question in plan.questions:
        answer = rows[question.field]
        if _metric(question.wording) in ("csat", "ces"):
            asked[f"high.{question.field}"] = _value(answer).quantile(_WITHIN_SCALE)
        marks = ["0", "1", *([question.choice] if question.choice else [])]
        asked[f"other.{question.field}"] = (~answer.isin(marks)).cast("int64").sum()
        asked[f"lists.{question.field}"] = answer.contains(_OPTION_MARK).cast("int64").sum()
    found = engine.fetch_rows(rows.aggregate(**asked))[0]
    return {
        question.field: _Facts(
            found.get(f"high.{question.field}"),
            not found[f"other.{question.field}"],
            bool(found[f"lists.{question.field}"]),
        )
        for question in plan.questions
    }


def _items(questions: Sequence[Question], facts: Mapping[str, _Facts]) -> list[Item]:
    items = []
    for label, group in _grouped(questions):
        marks = [question for question in group if len(group) > 1 and facts[question.field].is_option]
        answered = [question for question in group if question not in marks]
        if marks:
            items.append(_item(tuple(marks), label, None))
        for place, question in enumerate(answered, start=1 + bool(marks)):
            identity = question.name if _is_code(question) else label if place == 1 else f"{label}_{place}"
            items.append(_item((question,), identity, facts[question.field].high))
    return items


def _grouped(questions: Sequence[Question]) -> list[tuple[str, list[Question]]]:
    """The columns of each question under its label: Q1, Q2 … as the header numbers them, else in order."""
    groups: dict[str, list[Question]] = {}
    for question in questions:
        found = _NUMBER.match(question.name)
        groups.setdefault(f"Q{found[1]}" if found else name_key(question.wording), []).append(question)
    unnumbered = "U" if any(_NUMBER.match(question.name) for question in questions) else "Q"
    return [
        (key if _NUMBER.match(group[0].name) else f"{unnumbered}{place}", group)
        for place, (key, group) in enumerate(groups.items(), start=1)
    ]


def _is_code(question: Question) -> bool:
    """Whether the header names the question by a code, such as Q1_NPS, and words it in another row."""
    return question.wording != question.name and bool(_CODE.fullmatch(question.name))


def _item(columns: tuple[Question, ...], identity: str, usual_high: float | None) -> Item:
    first = columns[0]
    is_single = len(columns) == 1
    wording = _NUMBERING.sub("", first.wording)
    if is_single and first.choice and first.choice.casefold() not in _NO_OPTIONS:
        wording = f"{wording} – {first.choice}"
    metric = _metric(first.wording) if is_single else "other"
    low: float | None = None
    high: float | None = None
    if metric == "nps":
        low, high = 0.0, 10.0
    elif metric != "other":
        low = 1.0
        high = next((scale for scale in _SCALES if (usual_high or 0.0) <= scale), _SCALES[-1])
    return Item(columns, identity, wording, metric, low, high)


def _metric(name: str) -> str:
    return next((metric for metric, words in _METRICS if words.search(name)), "other")


def _value(answer: Any) -> Any:
    """The answer as a number: written as one, or as a label of a five-point scale."""
    worded = answer.lower().cases(*((label, float(score)) for label, score in _LABELS.items()), else_=None)
    return ibis.coalesce(number(answer.re_replace(r"\s*分$", "")), worded.cast("float64"))


def _answer_rows(rows: Any, common: list[str], item: Item, facts: Mapping[str, _Facts], identity: str) -> Any:
    answer, options = _answer(rows, item, facts)
    value = _value(answer) if len(item.columns) == 1 else ibis.null("float64")
    is_scored = item.metric != "other"
    return rows.select(
        *common,
        response_id=ibis.literal(f"{identity}-") + rows["response_id"],
        survey_id=ibis.literal(identity),
        question_id=ibis.literal(item.id),
        question_text=ibis.literal(item.wording),
        answer_raw=answer,
        answer_value=value,
        options=options,
        metric=ibis.literal(item.metric),
        score=value if is_scored else ibis.null("float64"),
        scale_min=ibis.literal(item.low, "float64") if item.low is not None else ibis.null("float64"),
        scale_max=ibis.literal(item.high, "float64") if item.high is not None else ibis.null("float64"),
        comment=answer if not is_scored and _FREE_TEXT.search(item.wording) else ibis.null("string"),
    )


def _answer(rows: Any, item: Item, facts: Mapping[str, _Facts]) -> tuple[Any, Any]:
    """The answer's text, and the options chosen where the question allows several."""
    first, *others = item.columns
    if not others:
        answer = rows[first.field]
        if not facts[first.field].has_options:
            return answer, ibis.null("array<string>")
        return answer, answer.split(_OPTION_MARK).map(lambda option: option.strip())
    chosen = [
        (rows[column.field].notnull() & (rows[column.field] != "0")).ifelse(_label(column), ibis.null("string"))
        for column in item.columns
    ]
    was_seen = ibis.or_(*(rows[column.field].notnull() for column in item.columns))
    options = ibis.array(chosen).filter(lambda option: option.notnull())
    options = was_seen.ifelse(options, ibis.null("array<string>"))
    return options.join(_OPTION_MARK).nullif(""), options


def _label(column: Question) -> str:
    """What an option's column is called: by the second header row, else by what its name has in brackets or after the
    question: 3(微信), 3、渠道_微信, Q3_2."""
    if column.choice:
        return column.choice
    found = re.search(r"[(（]([^()（）]+)[)）]\s*$|[_—–-]\s*([^_—–-]+)$", column.name)
    return (found[1] or found[2]).strip() if found else column.name


def responses_fingerprint(wide: Any, engine: Engine) -> str:
    """Hash of which responses a file holds: equal for the two files (by text, by code) of one survey."""
    identity = ("surveys.response_id", "surveys.submitted_at")
    columns = [wide[name].cast("string") for name in identity if name in wide.columns]
    texts = engine.fetch(wide.select(text=ibis.literal("|").join(columns)).order_by("text"))["text"].to_pylist()
    return hashlib.sha256("\n".join(map(str, texts)).encode()).hexdigest()
