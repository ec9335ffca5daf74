"""Share of customers asked who answer."""

from __future__ import annotations

from typing import Any

import ibis
from ibis import _

from tpaudit.engine.portable import is_within
from tpaudit.horizon import possible
from tpaudit.kpis.definition import Kind, Kpi
from tpaudit.kpis.facts import Facts, observations
from tpaudit.kpis.watching import dated_touches, holds_any, watched_for
from tpaudit.results import Titles

_SURVEY = "survey"


def observe(facts: Facts) -> Any:
    """Invitations, 1 where answered in time; where none are recorded, begun responses, 1 where complete."""
    invitations = _invitations(facts)
    return _answered(facts, invitations) if holds_any(facts, invitations) else _completed(facts)


def left_out(facts: Facts) -> Any:
    """Invitations that may still be answered."""
    return _invitations(facts).filter(~watched_for(facts, _.occurred_at, days=facts.settings.kpi.survey_days))


def _invitations(facts: Facts) -> Any:
    return dated_touches(facts).filter(_.touchpoint == _SURVEY, _.direction == "outbound")


def _answered(facts: Facts, invitations: Any) -> Any:
    answers = facts.with_customer(_responses(facts)).filter(_.customer_id.notnull())
    answers = answers.select(answerer="customer_id", answered_at="answered_at")
    asked = invitations.filter(watched_for(facts, _.occurred_at, days=facts.settings.kpi.survey_days))
    told = asked.left_join(
        answers,
        [
            asked.customer_id == answers.answerer,
            answers.answered_at >= asked.occurred_at,
            is_within(answers.answered_at, asked.occurred_at, days=facts.settings.kpi.survey_days),
        ],
    )
    return observations(told, subject=told.touch_id, value=told.answerer.notnull())


def _completed(facts: Facts) -> Any:
    begun = facts.with_customer(_responses(facts).filter(_.is_complete.notnull()))
    return observations(
        begun,
        subject=begun.response_id,
        occurred_at=ibis.coalesce(begun.started_at, begun.answered_at),
        touchpoint=ibis.literal(_SURVEY),
        value=begun.is_complete,
    )


def _responses(facts: Facts) -> Any:
    """One row per response that is no trial: the table has one per question."""
    answers = facts.store.current("surveys").filter(_.response_id.notnull(), ~_.is_test.fill_null(False))
    return answers.group_by("response_id").agg(
        contact_id=_.contact_id.max(),
        channel=_.channel.max(),
        started_at=possible(facts.store, _.started_at).min(),
        answered_at=possible(facts.store, ibis.coalesce(_.submitted_at, _.started_at)).max(),
        is_complete=_.is_complete.max(),
    )


KPI = Kpi(
    id="survey_response_rate",
    place=450,
    title=Titles(en="Survey response", zh="问卷回收率"),
    definition=Titles(
        en=(
            "Invitations to a survey that the same customer answered within survey_days, divided by all invitations at "
            "least that old. Where no invitations are recorded: complete responses divided by responses begun, as far "
            "as the survey tool says which are complete. By touchpoint: the invitation's own."
        ),
        zh=(
            "同一客户在 survey_days 天内作答的问卷邀请数 ÷ 已满该天数的全部邀请数。没有邀请记录时："
            "完整答卷数 ÷ 已开始作答的答卷数（以问卷工具注明是否完整为限）。按触点：邀请所属触点。"
        ),
    ),
    unit="share",
    better="higher",
    formula="invitations answered / invitations, else responses complete / responses begun",
    source="AAPOR (2023), Standard Definitions, 10th ed., response rate RR1 and completion rate",
    needs=Titles(
        en="invitations to surveys as touches started by the company, or responses that say whether they are complete",
        zh="企业主动发出的问卷邀请记录，或注明是否完整的答卷",
    ),
    kind=Kind.SHARE,
    inputs=("surveys", "touches"),
    windows=("kpi.survey_days",),
    grain="answer",
    left_out=left_out,
    observe=observe,
)
