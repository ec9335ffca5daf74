"""Share of contacted leads that are dropped after one try."""

from __future__ import annotations

from typing import Any

import ibis
from ibis import _

from tpaudit.engine.portable import is_within
from tpaudit.kpis.definition import Kind, Kpi
from tpaudit.kpis.definitions.handoffs import FOLLOW_UPS_NEEDED, followed_leads
from tpaudit.kpis.definitions.reach import lead_conversion_rate
from tpaudit.kpis.facts import Facts, known, numbered, observations
from tpaudit.kpis.watching import watched_for
from tpaudit.results import Titles


def observe(facts: Facts) -> Any:
    """Contacted leads watched long enough, 1 where no second day of contact followed and they were not won."""
    judged = _judged(facts).filter(_.one_try.notnull())
    return observations(judged, subject=judged.lead_id, occurred_at=judged.created_at, value=judged.one_try)


def left_out(facts: Facts) -> Any:
    """Contacted leads that may still get their second try, or whose earlier tries are unknown."""
    return _judged(facts).filter(_.one_try.isnull())


@known
def _judged(facts: Facts) -> Any:
    days = facts.settings.journey.window_days
    won = lead_conversion_rate.observe(facts).filter(_.value > 0).select(won_lead="subject")
    leads = followed_leads(facts).filter(_.contacted_at.notnull())
    told = leads.left_join(won, numbered(leads.lead_id) == won.won_lead)
    tried_again = is_within(told.again_at, told.contacted_at, days=days).fill_null(False)
    # A second day of contact shows that there were several, even where the first of all is unknown.
    can_tell = (told.is_dated | tried_again) & watched_for(facts, told.contacted_at, days=days)
    return told.mutate(one_try=ibis.cases((can_tell, ~tried_again & told.won_lead.isnull())))


KPI = Kpi(
    id="lead_one_try_rate",
    place=720,
    title=Titles(en="Leads dropped after one try", zh="一次跟进即放弃率"),
    definition=Titles(
        en=(
            "Leads contacted on one day and on no other within the journey window after it, and not won, divided by "
            "all leads first contacted at least that long ago. Several calls of one day are one try. What a contact is "
            "says lead_untouched_rate. By touchpoint: where the lead came in."
        ),
        zh=(
            "仅在某一天被联系、其后旅程窗口期内再无其他日期的联系、且未赢单的线索数 ÷ "
            "首次联系已满该窗口期的全部线索数。同一天多次拨打算一次。"
            "联系的定义见 lead_untouched_rate。按触点：线索进入的触点。"
        ),
    ),
    unit="share",
    better="lower",
    formula="leads contacted on one day only and not won / leads contacted",
    source="Oldroyd, McElheran, Elkington (2011), The short life of online sales leads, HBR 89",
    needs=FOLLOW_UPS_NEEDED,
    kind=Kind.SHARE,
    inputs=("leads", "touches", "deals"),
    windows=("journey.window_days",),
    grain="lead",
    left_out=left_out,
    repeats_subjects=False,
    observe=observe,
)
