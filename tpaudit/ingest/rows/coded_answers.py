"""One survey in two files: the words of the answers from one, and the numbers behind the words from the other.

A platform may give the same responses by text and by code. Where the text hides the number that was chosen, the code
tells it. A code may also be the mere place of an option in a list: where it contradicts a number that the words
themselves tell, no code of that question counts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import ibis

from tpaudit.engine import Engine

_QUESTION = ("question_id", "question_text")
# A response carries the number the platform gave it behind the id of the survey, which the two files do not share.
_SURVEY = r"^[0-9a-f]+-"


@dataclass(frozen=True, slots=True)
class Numbers:
    """What the codes tell: how many answers get a number, and the top of the scale by question."""

    answers: int
    tops: Mapping[str, float | None]


def numbers_of(worded: Any, coded: Any, engine: Engine) -> Numbers:
    """What the answers *coded* tell about the answers *worded* of the same responses."""
    both = _side_by_side(worded, coded)
    told = both.group_by("question_id").agg(
        answers=_is_hidden(both).cast("int64").sum(),
        contradicted=(both.answer_value != both._code).fill_null(False).cast("int64").sum(),
        top=both._top.max(),
    )
    found = {row["question_id"]: row for row in engine.fetch_rows(told) if row["answers"] and not row["contradicted"]}
    return Numbers(sum(row["answers"] for row in found.values()), {name: row["top"] for name, row in found.items()})


def with_numbers(worded: Any, coded: Any, numbers: Numbers) -> Any:
    """The answers *worded* with the *numbers* that the answers *coded* tell. Both are rows of lake table surveys."""
    both = _side_by_side(worded, coded)
    is_told = both.question_id.isin(list(numbers.tops))
    value = (is_told & _is_hidden(both)).ifelse(both._code, both.answer_value)
    tops = {name: top for name, top in numbers.tops.items() if top is not None}
    top = both.question_id.cases(*tops.items(), else_=ibis.null("float64")) if tops else ibis.null("float64")
    return both.mutate(
        answer_value=value,
        score=(both["metric"] != "other").ifelse(value, both.score),
        scale_max=ibis.greatest(both.scale_max, ibis.coalesce(top, both.scale_max)),
    )[worded.columns]


def _side_by_side(worded: Any, coded: Any) -> Any:
    """The answers *worded*, each with the code of the same response to the same question, and the top of its scale."""
    given = coded.filter(coded.answer_value.notnull()).mutate(_response=_number(coded))
    codes = given.group_by("_response", *_QUESTION).agg(
        _code=given.answer_value.min(), _other=given.answer_value.max(), _top=given.scale_max.max()
    )
    # A response that stands in the file twice, with different answers, tells none.
    codes = codes.filter(codes._code == codes._other).drop("_other")
    codes = codes.rename(_question="question_id", _asked="question_text", _of="_response")
    own = worded.mutate(_response=_number(worded))
    same = [own._response == codes._of, own.question_id == codes._question, own.question_text == codes._asked]
    return own.left_join(codes, same)


def _number(answers: Any) -> Any:
    return answers.response_id.re_replace(_SURVEY, "")


def _is_hidden(both: Any) -> Any:
    """Whether an answer is in words that tell no number, and its code is known."""
    is_worded = both.answer_raw.notnull() & both.options.isnull() & both.answer_value.isnull()
    return is_worded & both._code.notnull()
