"""Who rated which touchpoint how, and how the same customers judged the company overall, as sums per block.

A touchpoint's own ratings are those of chats and cases that came through it, satisfaction answers of surveys sent for a
case, and answers to questions the audit declares to be about it (`survey_questions.toml`). All other answers to the
recommendation question, or where no survey asks it to satisfaction questions, are the overall judgement. An order is no
touchpoint, so an answer about an order is overall, too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any

import ibis
import numpy as np
import pyarrow as pa
from ibis import _
from numpy.typing import NDArray

from tpaudit.engine.portable import block_of
from tpaudit.horizon import possible
from tpaudit.journeys.classify import first_fit
from tpaudit.kpis.facts import Facts
from tpaudit.ranking.declared import QUESTION_COLUMNS, SurveyQuestion
from tpaudit.stats.bootstrap import BLOCKS

Floats = NDArray[np.float64]

# The scale touchpoints are rated on; ratings on other scales are stretched to it.
LOWEST, HIGHEST = 1.0, 5.0
_SUMS = ("n", "first", "first_squared", "product")


@dataclass(frozen=True, slots=True)
class Means:
    """Ratings by block and touchpoint: how many, and their sum."""

    touchpoints: tuple[str, ...]
    n: Floats
    total: Floats


@dataclass(frozen=True, slots=True)
class PairSums:
    """Sums over customers who gave both of two ratings, by block and pair (blocks x V x V); the overall judgement is
    the last variable. `product` holds the products, `first` and `first_squared` the row's variable."""

    touchpoints: tuple[str, ...]
    n: Floats
    first: Floats
    first_squared: Floats
    product: Floats


class Ratings:
    """The ratings of one audit; *questions* are those its people declared."""

    def __init__(self, facts: Facts, questions: Sequence[SurveyQuestion]) -> None:
        self._facts = facts
        self._questions = questions
        self._given = facts.store.engine.cache(self._of_touchpoints())
        self._declared = facts.store.engine.cache(self._answers()) if questions else None

    def performance(self) -> Means:
        """Ratings of every touchpoint, of customers known and unknown."""
        parts = [self._given, *([] if self._declared is None else [self._asked("satisfaction")])]
        return self._means(reduce(lambda left, right: left.union(right), parts))

    def stated_importance(self) -> Means:
        """Answers to the question how important a touchpoint is."""
        if self._declared is None:
            return Means((), np.zeros((BLOCKS, 0)), np.zeros((BLOCKS, 0)))
        return self._means(self._asked("importance"))

    def overall(self) -> tuple[Any, str | None]:
        """First overall judgement of each known customer (customer_id, judged_at, judgement of 0-1), and its metric."""
        answers = self._facts.answers.filter(_.customer_id.notnull(), _.answered_at.notnull())
        if self._declared is not None:
            answers = answers.anti_join(self._declared.select("answer_id").distinct(), "answer_id")
        for metric in ("nps", "csat"):
            asked = answers.filter(_.metric == metric, *([_.ticket_id.isnull()] if metric == "csat" else []))
            if self._facts.store.engine.fetch_rows(asked.limit(1).select("answer_id")):
                age = ibis.row_number().over(group_by="customer_id", order_by=["answered_at", "answer_id"])
                first = asked.mutate(age=age).filter(_.age == 0)
                scaled = (first.score - first.low) / (first.high - first.low).nullif(0)
                return first.select("customer_id", judged_at="answered_at", judgement=scaled), metric
        return None, None

    def pair_sums(self, overall: Any, touchpoints: Sequence[str]) -> PairSums:
        """Sums over pairs of *touchpoints*: each customer's mean rating of each, given up to the overall judgement and
        at most [journey] window_days before it, and that judgement."""
        window = ibis.interval(days=self._facts.settings.journey.window_days)
        ratings = self._given.select("customer_id", "touchpoint", "rated_at", "rating")
        if self._declared is not None:
            asked = self._asked("satisfaction").select("customer_id", "touchpoint", "rated_at", "rating")
            ratings = ratings.union(asked)
        ratings = ratings.filter(_.customer_id.notnull(), _.touchpoint.isin(list(touchpoints)))
        judged = overall.select(judge="customer_id", judged_at="judged_at")
        inside = ratings.inner_join(
            judged,
            [
                ratings.customer_id == judged.judge,
                ratings.rated_at <= judged.judged_at,
                ratings.rated_at >= judged.judged_at - window,
            ],
        )
        place = inside.touchpoint.cases(*((name, place) for place, name in enumerate(touchpoints)), else_=-1)
        own = inside.mutate(place=place.cast("int64")).group_by(["customer_id", "place"]).agg(value=_.rating.mean())
        last = overall.select("customer_id", place=ibis.literal(len(touchpoints), "int64"), value=_.judgement)
        values = self._facts.store.engine.cache(own.union(last.semi_join(own, "customer_id")))
        other = values.view()
        pairs = values.inner_join(other, "customer_id", rname="other_{name}")
        pairs = pairs.mutate(block=block_of(pairs.customer_id, BLOCKS))
        sums = pairs.group_by(["block", "place", "other_place"]).agg(
            n=_.count(), first=_.value.sum(), first_squared=(_.value * _.value).sum(),
            product=(_.value * _.other_value).sum(),
        )  # fmt: skip
        found = self._facts.store.engine.fetch(sums)
        index = tuple(found[name].to_numpy().astype(np.int64) for name in ("block", "place", "other_place"))
        shape = (BLOCKS, len(touchpoints) + 1, len(touchpoints) + 1)
        return PairSums(tuple(touchpoints), *(_filled(found[name], index, shape) for name in _SUMS))

    def _of_touchpoints(self) -> Any:
        """Ratings that came with chats and cases, and answers of surveys about a case, stretched to 1-5."""
        rated = self._facts.touches.filter(_.touchpoint.notnull(), _.satisfaction_score.between(LOWEST, HIGHEST))
        direct = rated.select(
            "customer_id", "touchpoint", rater=ibis.coalesce(_.customer_id, _.touch_id),
            rated_at="occurred_at", rating="satisfaction_score",
        )  # fmt: skip
        answers = self._facts.answers.filter(_.metric == "csat", _.ticket_id.notnull())
        origin = self._facts.first_touch_of_record("tickets").select(case="record_id", touchpoint="origin_touchpoint")
        told = answers.inner_join(origin, answers.ticket_id == origin.case).filter(_.touchpoint.notnull())
        stretched = _stretched(told.score, told.low, told.high)
        about_cases = told.select(
            "customer_id", "touchpoint", rater=ibis.coalesce(told.customer_id, told.answer_id),
            rated_at="answered_at", rating=stretched,
        )  # fmt: skip
        return direct.union(about_cases).filter(_.rating.notnull())

    def _answers(self) -> Any:
        """Answers to declared questions: answer_id, customer_id, rater, touchpoint, asks, rated_at, rating (1-5)."""
        store = self._facts.store
        rows = store.current("surveys").filter(~_.is_test.fill_null(False))
        rows = rows.mutate(**{name: rows[name].strip() for name in QUESTION_COLUMNS})
        # The first rule that fits decides; its number finds the question again.
        rules = [question.rule for question in self._questions]
        numbered = [type(rule)(str(number), rule.conditions) for number, rule in enumerate(rules)]
        rows = rows.mutate(question=first_fit(rows, numbered)).filter(_.question.notnull())
        asked = store.engine.table(
            pa.table(
                {
                    "question": [str(number) for number in range(len(rules))],
                    "touchpoint": [question.touchpoint for question in self._questions],
                    "asks": [question.asks for question in self._questions],
                    "given_low": pa.array([q.scale and q.scale[0] for q in self._questions], pa.float64()),
                    "given_high": pa.array([q.scale and q.scale[1] for q in self._questions], pa.float64()),
                }
            )
        )
        rows = self._facts.with_customer(rows).inner_join(asked, "question")
        low = ibis.coalesce(rows.given_low, rows.scale_min, ibis.literal(LOWEST))
        high = ibis.coalesce(rows.given_high, rows.scale_max, ibis.literal(HIGHEST))
        value = ibis.coalesce(rows.score, rows.answer_value)
        answer_id = rows.response_id + ":" + rows.question_id
        found = rows.filter(value.between(low, high)).select(
            "customer_id", "touchpoint", "asks",
            answer_id=answer_id,
            rater=ibis.coalesce(rows.customer_id, rows.response_id),
            rated_at=possible(store, ibis.coalesce(rows.submitted_at, rows.started_at)),
            rating=_stretched(value, low, high),
        )  # fmt: skip
        return found.filter(_.rating.notnull())

    def _asked(self, what: str) -> Any:
        if self._declared is None:
            raise ValueError("no questions are declared")
        asked = self._declared.filter(_.asks == what)
        return asked.select("customer_id", "touchpoint", "rater", "rated_at", "rating")

    def _means(self, ratings: Any) -> Means:
        counted = ratings.mutate(block=block_of(ratings.rater, BLOCKS)).group_by(["block", "touchpoint"])
        found = self._facts.store.engine.fetch(counted.agg(n=_.count(), total=_.rating.sum()))
        names = found["touchpoint"].to_pylist()
        touchpoints = tuple(sorted(set(names)))
        place = {name: number for number, name in enumerate(touchpoints)}
        index = (found["block"].to_numpy().astype(np.int64), np.array([place[name] for name in names], np.int64))
        shape = (BLOCKS, len(touchpoints))
        return Means(touchpoints, _filled(found["n"], index, shape), _filled(found["total"], index, shape))


def _stretched(score: Any, low: Any, high: Any) -> Any:
    """*score* of a scale from *low* to *high* on the scale of 1 to 5."""
    return LOWEST + (HIGHEST - LOWEST) * (score - low) / (high - low).nullif(0)


def _filled(column: Any, index: tuple[NDArray[np.int64], ...], shape: tuple[int, ...]) -> Floats:
    filled = np.zeros(shape)
    filled[index] = column.to_numpy().astype(np.float64)
    # Parallel sums end differently in the last bits from run to run; results must not.
    return np.asarray(np.round(filled, 9), dtype=np.float64)
