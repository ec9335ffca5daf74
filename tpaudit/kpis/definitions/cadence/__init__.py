"""How often, when and how repeatedly customers are contacted."""

from __future__ import annotations

from typing import Any

import ibis
from ibis import _

from tpaudit.kpis.definition import Family
from tpaudit.kpis.facts import PLACES, Facts, known
from tpaudit.kpis.watching import dated_touches
from tpaudit.results import Titles

FAMILY = Family("cadence", Titles(en="Cadence", zh="沟通节奏"))

CONTACTS_NEEDED = Titles(
    en="messages or calls to known customers, marked as started by the company (direction outbound)",
    zh="发给可识别客户、且标明由企业发起（direction 为 outbound）的消息或外呼",
)

# What happens to a customer without the customer's doing, although nobody was contacted.
_NOT_BY_CUSTOMERS = (
    "Order Shipped", "Order Completed", "Order Cancelled", "Order Refunded", "Ticket Solved", "Lead Converted",
)  # fmt: skip
_GOODBYES = ("unsub", "unfollow", "opted out", "退订", "取消订阅", "取关", "取消关注")


@known
def contacts(facts: Facts) -> Any:
    """Contacts: touches the company started with a known customer, whether or not the customer reacted.

    Columns: contact (a number of its own), touch_id, record_id, customer_id, occurred_at, clock (what a clock in the
    audit's zone showed) and the places.
    """
    outbound = dated_touches(facts).filter(_.direction == "outbound")
    return outbound.select(
        "touch_id", "record_id", "customer_id", "occurred_at", *PLACES,
        contact=ibis.row_number(), clock=facts.local(outbound.occurred_at),
    )  # fmt: skip


def contacts_of_whole_weeks(facts: Facts) -> Any:
    """Contacts of weeks (Monday to Sunday on the audit's clock) that are over, with person_week, which names the
    person and the week, and weekly, the person's contacts in that week."""
    return _weekly(facts).filter(_.is_over)


def contacts_of_running_week(facts: Facts) -> Any:
    """Contacts of the week that is not over: how many it will see is not known yet."""
    return _weekly(facts).filter(~_.is_over)


@known
def _weekly(facts: Facts) -> Any:
    sent = contacts(facts)
    dated = sent.select("customer_id", "occurred_at", *PLACES, week=sent.clock.date().truncate("W"))
    weeks = dated.group_by("customer_id", "week").agg(weekly=_.count())
    weeks = weeks.mutate(
        person_week=ibis.row_number(), is_over=_.week < facts.local(facts.observed_until).date().truncate("W")
    )
    return dated.join(weeks, ["customer_id", "week"])


def replies(facts: Facts) -> Any:
    """What customers did of their own accord: replier, replied_at."""
    touches = dated_touches(facts).filter((_.direction != "outbound").fill_null(True))
    is_own = touches.event.notin(_NOT_BY_CUSTOMERS) & ~_is_goodbye(touches.event)
    own = touches.filter(is_own.fill_null(True))
    return own.select(replier="customer_id", replied_at="occurred_at")


@known
def goodbyes(facts: Facts) -> Any:
    """Withdrawn consents, unsubscriptions and unfollowings: leaver, left_at."""
    touches = dated_touches(facts)
    return touches.filter(_is_goodbye(touches.event)).select(leaver="customer_id", left_at="occurred_at")


def _is_goodbye(event: Any) -> Any:
    return ibis.or_(*(event.lower().contains(word) for word in _GOODBYES))
