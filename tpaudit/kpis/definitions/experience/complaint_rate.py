"""Share of customers who complain."""

from __future__ import annotations

from typing import Any

import ibis
from ibis import _

from tpaudit.engine.portable import is_within
from tpaudit.horizon import possible
from tpaudit.kpis.definition import Kind, Kpi
from tpaudit.kpis.facts import PLACES, Facts, known, observations
from tpaudit.kpis.watching import dated_touches, holds_any, watched_for
from tpaudit.results import Titles

_COMPLAINTS = ("complain", "投诉", "抱怨", "客诉")


def observe(facts: Facts) -> Any:
    """Customers, once per touch watched long enough, 1 where they complained in time after it.

    A complaint is itself a meeting with the customer, but no touchpoint's fault: it counts overall only.
    """
    days = facts.settings.journey.window_days
    complaints = _complaints(facts)
    met = _met(facts, complaints).filter(watched_for(facts, _.occurred_at, days=days))
    in_time = [
        met.customer_id == complaints.complainer,
        complaints.complained_at > met.occurred_at,
        is_within(complaints.complained_at, met.occurred_at, days=days),
    ]
    everybody = observations(met, subject=met.customer_id, value=ibis.literal(0.0))
    if not holds_any(facts, _labelled(facts)):
        return everybody.limit(0)
    # A subject's highest value counts. Few complain: to mark them costs less than to look up everybody.
    blaming = met.join(complaints, in_time)
    own = complaints.filter(watched_for(facts, _.complained_at, days=days))
    own = own.select(customer_id="complainer", occurred_at="complained_at")
    return everybody.union(_complained(blaming)).union(_complained(own))


def _complained(rows: Any) -> Any:
    return observations(rows, subject=rows.customer_id, value=ibis.literal(1.0))


def left_out(facts: Facts) -> Any:
    """Customers met only so lately that they may still complain."""
    touches = dated_touches(facts).filter(ibis.literal(holds_any(facts, _labelled(facts))))
    first = touches.group_by("customer_id").agg(first_at=_.occurred_at.min())
    return first.filter(~watched_for(facts, _.first_at, days=facts.settings.journey.window_days))


def _met(facts: Facts, complaints: Any) -> Any:
    """Touches of known customers that are not the complaint itself."""
    touches = dated_touches(facts).mutate(case=ibis.cases((_.record_table == "tickets", _.record_id)))
    others = touches.anti_join(complaints, touches.case == complaints.ticket_id)
    return facts.store.engine.view(others.select("customer_id", "occurred_at", *PLACES))


@known
def _complaints(facts: Facts) -> Any:
    cases = _labelled(facts)
    labels = (cases.type.fill_null("") + " " + cases.tags.join(" ").fill_null("")).lower()
    told = facts.with_customer(cases.filter(ibis.or_(*(labels.contains(word) for word in _COMPLAINTS))))
    told = told.select("ticket_id", complainer="customer_id", complained_at=possible(facts.store, told.created_at))
    return told.filter(_.complainer.notnull(), _.complained_at.notnull())


def _labelled(facts: Facts) -> Any:
    """Cases that say what kind they are: without any, nobody knows which of them complain."""
    tickets = facts.store.current("tickets").filter((_.status != "deleted").fill_null(True))
    return tickets.filter(_.type.notnull() | (_.tags.length() > 0))


KPI = Kpi(
    id="complaint_rate",
    place=440,
    title=Titles(en="Complaints", zh="投诉率"),
    definition=Titles(
        en=(
            "Customers with a complaint (a case whose kind or labels say so) at most the journey window after a touch, "
            "divided by all customers met; touches younger than the window are left out. By touchpoint: customers who "
            "met it, and complained in the window after; the complaint does not count against the channel it came "
            "through."
        ),
        zh=(
            "触达后旅程窗口期内有投诉（类型或标签注明投诉的工单）的客户数 ÷ 全部有触达的客户数；"
            "距今不足窗口期的触达不计入。按触点：触达过该触点并在其后窗口期内投诉的客户；投诉本身不计入其受理渠道。"
        ),
    ),
    unit="share",
    better="lower",
    formula="customers who complained / customers met",
    source="ISO 10002:2018, complaints handling; tpaudit definition",
    needs=Titles(
        en="cases with their kind or labels, and touches of customers", zh="含类型或标签的工单，以及客户触达记录"
    ),
    kind=Kind.SHARE,
    inputs=("tickets", "touches"),
    windows=("journey.window_days",),
    grain="customer",
    left_out=left_out,
    observe=observe,
)
