"""Share of marketing's leads that reach sales."""

from __future__ import annotations

from typing import Any

import ibis
from ibis import _

from tpaudit.kpis.definition import Kind, Kpi
from tpaudit.kpis.definitions.handoffs import FOLLOW_UPS_NEEDED, followed_leads
from tpaudit.kpis.facts import Facts, observations
from tpaudit.kpis.watching import watched_for
from tpaudit.results import Titles


def observe(facts: Facts) -> Any:
    """Leads old enough to have been taken over, 1 where sales contacted them or opened a deal."""
    leads = followed_leads(facts).filter(watched_for(facts, _.created_at, days=facts.settings.kpi.untouched_days))
    deals = facts.with_customer(facts.store.current("deals"))
    own = deals.filter(_.contact_id.notnull()).select(own_contact="contact_id").distinct()
    of_customer = deals.filter(_.customer_id.notnull()).group_by(dealer=_.customer_id).agg(
        last_deal_at=ibis.coalesce(_.created_at, _.closed_at).max()
    )  # fmt: skip
    told = leads.left_join(own, leads.contact_id == own.own_contact)
    told = told.left_join(of_customer, told.customer_id == of_customer.dealer)
    has_deal = told.own_contact.notnull() | (told.last_deal_at >= told.created_at).fill_null(False)
    return observations(
        told, subject=told.lead_id, occurred_at=told.created_at, value=told.contacted_at.notnull() | has_deal
    )


def left_out(facts: Facts) -> Any:
    """Leads that sales may still take over."""
    return followed_leads(facts).filter(~watched_for(facts, _.created_at, days=facts.settings.kpi.untouched_days))


KPI = Kpi(
    id="sales_handoff_rate",
    place=740,
    title=Titles(en="Marketing to sales", zh="营销到销售交接率"),
    definition=Titles(
        en=(
            "Leads that sales contacted at any time, or opened a deal for, divided by all leads older than "
            "untouched_days; the rest is lost between marketing and sales. What a contact is says lead_untouched_rate. "
            "By touchpoint: where the lead came in."
        ),
        zh=(
            "销售曾联系过或已建立商机的线索数 ÷ 已满 untouched_days 天的全部线索数；其余即流失在营销与销售之间。"
            "联系的定义见 lead_untouched_rate。按触点：线索进入的触点。"
        ),
    ),
    unit="share",
    better="higher",
    formula="leads contacted or with a deal / leads",
    source="tpaudit definition",
    needs=FOLLOW_UPS_NEEDED,
    kind=Kind.SHARE,
    inputs=("leads", "touches", "deals"),
    windows=("kpi.untouched_days",),
    grain="lead",
    left_out=left_out,
    repeats_subjects=False,
    observe=observe,
)
