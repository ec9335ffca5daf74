"""Share of leads that nobody contacts."""

from __future__ import annotations

from typing import Any

import ibis
from ibis import _

from tpaudit.engine.portable import is_within
from tpaudit.kpis.definition import Kind, Kpi
from tpaudit.kpis.definitions.handoffs import FOLLOW_UPS_NEEDED, followed_leads
from tpaudit.kpis.facts import Facts, observations
from tpaudit.kpis.watching import watched_for
from tpaudit.results import Titles


def observe(facts: Facts) -> Any:
    """Leads that can be judged, 1 where nobody contacted them in time."""
    judged = _judged(facts).filter(_.untouched.notnull())
    return observations(judged, subject=judged.lead_id, occurred_at=judged.created_at, value=judged.untouched)


def left_out(facts: Facts) -> Any:
    """Leads too young, or whose first contact is unknown because the CRM keeps only the last."""
    return _judged(facts).filter(_.untouched.isnull())


def _judged(facts: Facts) -> Any:
    leads = followed_leads(facts)
    days = facts.settings.kpi.untouched_days
    in_time = is_within(leads.contacted_at, leads.created_at, days=days)
    is_known = leads.contacted_at.isnull() | leads.is_dated | in_time
    is_old = watched_for(facts, leads.created_at, days=days)
    return leads.mutate(untouched=ibis.cases((is_old & is_known, ~in_time.fill_null(False))))


KPI = Kpi(
    id="lead_untouched_rate",
    place=710,
    title=Titles(en="Leads left untouched", zh="线索未跟进率"),
    definition=Titles(
        en=(
            "Leads that nobody contacted within untouched_days after they came in, divided by all leads at least that "
            "old. A contact is the CRM's first response or last follow-up, a sales conversation, or a touch the "
            "company started that belongs to no campaign: mass mail follows nobody up. Leads first known to be "
            "followed up later, by a CRM that keeps only the last time, are left out. By touchpoint: where the lead "
            "came in."
        ),
        zh=(
            "进入后 untouched_days 天内无人联系的线索数 ÷ 已满该天数的全部线索数。"
            "联系指 CRM 的首次响应或最后跟进时间、销售沟通，或不属于任何活动的企业主动触达；群发不算跟进。"
            "若 CRM 只保留最后跟进时间且晚于该期限，首次联系时间未知，不计入。按触点：线索进入的触点。"
        ),
    ),
    unit="share",
    better="lower",
    formula="leads without a contact in time / leads",
    source="Oldroyd, McElheran, Elkington (2011), The short life of online sales leads, HBR 89",
    needs=FOLLOW_UPS_NEEDED,
    kind=Kind.SHARE,
    inputs=("leads", "touches"),
    windows=("kpi.untouched_days",),
    grain="lead",
    left_out=left_out,
    repeats_subjects=False,
    observe=observe,
)
