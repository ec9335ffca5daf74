"""Whether marketing, sales and service pass customers on."""

from __future__ import annotations

from typing import Any

import ibis
from ibis import _

from tpaudit.horizon import possible
from tpaudit.kpis.definition import Family
from tpaudit.kpis.facts import Facts, known
from tpaudit.kpis.watching import dated_touches, holds_any
from tpaudit.results import Titles

FAMILY = Family("handoffs", Titles(en="Hand-offs", zh="协作交接"))

FOLLOW_UPS_NEEDED = Titles(
    en="leads, and records of who contacted them: follow-up times in the CRM, or calls and chats sales started",
    zh="线索，以及跟进记录：CRM 中的跟进时间，或销售主动发起的通话与会话",
)

# What goes to many at once follows nobody up.
_BROADCASTS = ("care_message", "renewal_reminder", "cross_sell", "coupon", "survey")
_SALES = "sales_conversation"


@known
def followed_leads(facts: Facts) -> Any:
    """Leads whose follow-ups would be known, and what sales did about them.

    Columns: lead_id, contact_id, customer_id, created_at, ended_at (closed or converted), touchpoint, stage, channel,
    campaign; contacted_at, the first follow-up known; again_at, the first on a later day of the audit's clock;
    is_dated, whether contacted_at is the first follow-up for sure: where a CRM keeps only the last, earlier ones are
    unknown. Empty where the data hold no follow-up of anybody.
    """
    leads, follow_ups = _leads(facts), _follow_ups(facts)
    first = follow_ups.group_by("followed_lead").agg(
        contacted_at=_.followed_at.min(), dated_at=_.followed_at.min(where=_.is_dated)
    )
    later = follow_ups.join(first, "followed_lead")
    later = later.filter(facts.local(later.followed_at).date() > facts.local(later.contacted_at).date())
    again = later.group_by(followed_again=later.followed_lead).agg(again_at=later.followed_at.min())
    told = leads.left_join(first, leads.lead_id == first.followed_lead)
    told = told.left_join(again, told.lead_id == again.followed_again)
    told = told.filter(told.customer_id.notnull() | told.crm_tells, ibis.literal(holds_any(facts, follow_ups)))
    return told.mutate(is_dated=(told.dated_at == told.contacted_at).fill_null(False)).drop(
        "first_response_at", "last_activity_at", "crm_tells", "followed_lead", "dated_at", "followed_again"
    )


@known
def _leads(facts: Facts) -> Any:
    """Leads of known time; `crm_tells` is whether their export ever says when anybody was followed up."""
    rows = facts.store.current("leads")
    of_export = ibis.window(group_by=["source_system", "source_export"])
    noted = rows.first_response_at.notnull() | rows.last_activity_at.notnull()
    rows = rows.select(
        "campaign", "first_response_at", "last_activity_at",
        lead="lead_id",
        ended_at=possible(facts.store, ibis.coalesce(rows.closed_at, rows.converted_at)),
        crm_tells=noted.max().over(of_export),
    )  # fmt: skip
    leads = facts.leads.select("lead_id", "contact_id", "customer_id", "created_at", "touchpoint", "stage", "channel")
    leads = leads.filter(possible(facts.store, leads.created_at).notnull())
    return leads.join(rows, leads.lead_id == rows.lead).drop("lead")


@known
def _follow_ups(facts: Facts) -> Any:
    """When leads were followed up after they came in: followed_lead, followed_at, and is_dated, which is False for a
    last follow-up that may have had others before."""
    leads, touches = _leads(facts), sales_touches(facts)
    met = leads.join(
        touches, [leads.customer_id == touches.followed_customer, touches.touched_at >= leads.created_at]
    ).select(followed_lead="lead_id", followed_at="touched_at", is_dated=ibis.literal(True))
    answered = leads.select(followed_lead="lead_id", followed_at="first_response_at", is_dated=ibis.literal(True))
    worked = leads.select(followed_lead="lead_id", followed_at="last_activity_at", is_dated=ibis.literal(False))
    noted = answered.union(worked).join(leads.select("lead_id", "created_at"), _.followed_lead == leads.lead_id)
    # A CRM that fills in the lead's own time until somebody acts has seen no follow-up.
    noted = noted.filter(noted.followed_at > noted.created_at, possible(facts.store, noted.followed_at).notnull())
    return met.union(noted.select("followed_lead", "followed_at", "is_dated"))


def sales_touches(facts: Facts) -> Any:
    """Talks of sales with one customer: sales conversations, and other touches the company started that belong to no
    campaign. Columns: followed_customer, touched_at."""
    touches = dated_touches(facts)
    to_many = touches.campaign.notnull() | touches.touchpoint.isin(_BROADCASTS) | (touches.event == "Campaign Targeted")
    personal = (touches.direction == "outbound") & ~to_many.fill_null(False)
    talks = touches.filter(personal.fill_null(False) | (touches.touchpoint == _SALES).fill_null(False))
    return talks.select(followed_customer="customer_id", touched_at="occurred_at")
