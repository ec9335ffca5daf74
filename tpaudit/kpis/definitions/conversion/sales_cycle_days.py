"""How long it takes to win a lead."""

from __future__ import annotations

from typing import Any

import ibis
from ibis import _

from tpaudit.engine.portable import hours_between
from tpaudit.horizon import possible
from tpaudit.kpis.definition import Kind, Kpi
from tpaudit.kpis.facts import Facts, known, observations
from tpaudit.results import Titles


def observe(facts: Facts) -> Any:
    """Leads with the days until they were won, or until watching ended: at closing, else at the audit's day."""
    leads = _fates(facts).filter(_.came_at.notnull(), ~_.is_won_some_time)
    days = hours_between(leads.came_at, ibis.coalesce(leads.won_at, leads.watched_until)) / 24.0
    return observations(
        leads, subject=leads.lead_id, occurred_at=leads.came_at, value=days, base=leads.won_at.notnull()
    ).filter(_.value >= 0)


def left_out(facts: Facts) -> Any:
    """Leads that were won nobody knows when."""
    return _fates(facts).filter(_.is_won_some_time)


@known
def _fates(facts: Facts) -> Any:
    """Leads with when they came in, when they were won, and until when they were watched otherwise.

    The lead's own deal tells when it was won, else its conversion, else the customer's first deal won from then on.
    """
    leads = facts.leads.mutate(came_at=possible(facts.store, _.created_at))
    won = facts.won_deals
    by_id = won.select(deal_key="deal_id", own_won_at="won_at")
    by_contact = (
        won.filter(_.contact_id.notnull()).group_by(contact_key="contact_id").agg(contact_won_at=_.won_at.min())
    )
    leads = leads.left_join(by_id, leads.converted_deal_id == by_id.deal_key)
    leads = leads.left_join(by_contact, leads.contact_id == by_contact.contact_key)
    leads = leads.left_join(_later_deals(leads, won), "lead_id")
    is_lost = (leads.status == "lost").fill_null(False)
    closed_at = possible(facts.store, ibis.coalesce(leads.closed_at, leads.last_activity_at))
    leads = leads.select(
        "lead_id", "customer_id", "touchpoint", "stage", "channel", "came_at",
        won_at=ibis.coalesce(
            leads.own_won_at, leads.contact_won_at, possible(facts.store, leads.converted_at), leads.later_won_at
        ),
        said_won=leads.is_converted.fill_null(False) | (leads.status == "won").fill_null(False),
        watched_until=is_lost.ifelse(closed_at, facts.observed_until),
    )  # fmt: skip
    return leads.mutate(is_won_some_time=_.said_won & _.won_at.isnull())


def _later_deals(leads: Any, won: Any) -> Any:
    """The first deal each lead's customer won at or after the lead came in."""
    of_customer = leads.select("lead_id", "came_at", lead_customer="customer_id")
    later = of_customer.join(won, [of_customer.lead_customer == won.customer_id, won.won_at >= of_customer.came_at])
    return later.group_by("lead_id").agg(later_won_at=_.won_at.min())


KPI = Kpi(
    id="sales_cycle_days",
    place=340,
    title=Titles(en="Sales cycle", zh="销售周期（天）"),
    definition=Titles(
        en=(
            "Median days from a lead's coming in to its winning, by Kaplan and Meier: open leads count as not yet won "
            "at the audit's day, lost ones as no longer watched from their closing. Leads won at an unknown time are "
            "left out. By touchpoint: where the lead came in."
        ),
        zh=(
            "线索进入到赢单的天数中位数（Kaplan–Meier 估计）：未结线索视为截至审计日尚未赢单，"
            "已丢失线索自关闭起不再观察；赢单时间未知者不计入。按触点：线索进入的触点。"
        ),
    ),
    unit="d",
    better="lower",
    formula="Kaplan-Meier median(won - came in)",
    source="Kaplan and Meier (1958), JASA 53",
    needs=Titles(
        en="leads with the time they were won, won often enough that a median is reached",
        zh="含赢单时间的线索，且赢单比例足以得出中位数",
    ),
    kind=Kind.SURVIVAL,
    inputs=("leads", "deals"),
    grain="lead",
    observe=observe,
    left_out=left_out,
    repeats_subjects=False,
)
