"""Share of new customers whom somebody recommended the company to."""

from __future__ import annotations

from typing import Any

import ibis
from ibis import _

from tpaudit.kpis.definition import Kind, Kpi
from tpaudit.kpis.facts import Facts, observations
from tpaudit.results import Titles

_TOUCHPOINTS = ("word_of_mouth", "referral")
# What sources write where they say how a contact came: referral, referred by, word of mouth, 介绍, 推荐, 口碑.
_REFERRAL_WORDS = ("refer", "word of mouth", "介绍", "推荐", "口碑")


def observe(facts: Facts) -> Any:
    """New customers of known origin, 1 where any source says they were referred."""
    won = facts.new_customers.select("customer_id", "won_at")
    origins = _origins(facts)
    found = won.join(origins, "customer_id")
    return observations(found, subject=found.customer_id, occurred_at=found.won_at, value=found.is_referred)


def _origins(facts: Facts) -> Any:
    """Whether a customer was referred, for all of whom the journey, the orders or the contact records tell."""
    told = facts.placed_touches.select("customer_id", is_referred=_.touchpoint.isin(_TOUCHPOINTS)).union(
        _of_orders(facts)
    )
    told = told.union(_of_contacts(facts)).filter(_.customer_id.notnull())
    return told.group_by("customer_id").agg(is_referred=_.is_referred.any())


def _of_orders(facts: Facts) -> Any:
    named = facts.store.current("orders").filter(_.referrer_name.strip() != "").select(referred_order="order_id")
    first = facts.first_orders.join(named, facts.first_orders.order_id == named.referred_order)
    return first.select("customer_id", is_referred=ibis.literal(True))


def _of_contacts(facts: Facts) -> Any:
    contacts = facts.store.current("contacts").filter(_.original_source.strip() != "")
    contacts = facts.with_customer(contacts.select("contact_id", source=_.original_source.lower()))
    is_referred = ibis.or_(*(contacts.source.contains(word) for word in _REFERRAL_WORDS))
    return contacts.select("customer_id", is_referred=is_referred)


KPI = Kpi(
    id="referral_share",
    place=650,
    title=Titles(en="Referred customers", zh="转介绍占比"),
    definition=Titles(
        en=(
            "New customers who were referred, divided by new customers whose origin is known. Referred: the journey "
            "includes word of mouth or referral, the first order names a referrer, or a contact record gives a "
            "referral as its source. Origin known: a journey, a referrer or a source is recorded."
        ),
        zh=(
            "被推荐而来的新客户数 ÷ 来源已知的新客户数。被推荐：旅程含口碑或老客推荐触点、首单记有推荐人，"
            "或联系人来源标明推荐。来源已知：有旅程、推荐人或来源记录。"
        ),
    ),
    unit="share",
    better="higher",
    formula="new customers referred / new customers of known origin",
    source="tpaudit definition",
    needs=Titles(
        en="new customers with a journey, a referrer on the order or a source of the contact",
        zh="有旅程、订单推荐人或联系人来源的新客户",
    ),
    kind=Kind.SHARE,
    inputs=("touches", "orders", "contacts"),
    windows=("journey.window_days",),
    grain="customer",
    observe=observe,
)
