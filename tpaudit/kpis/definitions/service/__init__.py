"""How fast and how well requests are answered."""

from __future__ import annotations

from typing import Any

import ibis
from ibis import _

from tpaudit.horizon import begun, possible
from tpaudit.kpis.definition import Family
from tpaudit.kpis.facts import PLACES, Facts, known
from tpaudit.results import Titles

FAMILY = Family("service", Titles(en="Service", zh="服务"))

SELF_SERVICE = "self_service"
_ASKED_IN = ("touches", "tickets")
# In minutes: an instant further away may be beyond every calendar.
_CENTURY = 100 * 365 * 24 * 60.0
# Where customers turn to, whatever stage they are in; onboarding or a visit at home is not asked for each time.
_WHERE_CUSTOMERS_ASK = ("chat", "hotline", SELF_SERVICE)


@known
def cases(facts: Facts) -> Any:
    """Service cases that were not deleted: ticket_id, customer_id, created_at, resolved_at, is_resolved, reopens and
    where they came in (touchpoint, stage, channel).

    A case is resolved as its state says. Without a state it is resolved if its export says when, and open if the same
    export says so of other cases; else `is_resolved` is NULL.
    """
    tickets = facts.store.current("tickets").filter(_.ticket_id.notnull(), (_.status != "deleted").fill_null(True))
    tickets = tickets.filter(begun(facts.store, tickets.created_at))
    created = possible(facts.store, tickets.created_at)
    ended = ibis.cases((tickets.status.isin(["solved", "closed"]), tickets.closed_at))
    minutes = tickets.resolution_minutes
    believable = minutes.between(-_CENTURY, _CENTURY).ifelse(minutes, ibis.null("float64"))
    worked = created + believable.round().cast("int64").as_interval("m")
    tickets = tickets.mutate(
        # Exports tell how a case stands today; on the audit's day one solved later was open.
        solved_later=~begun(facts.store, ibis.coalesce(tickets.resolved_at, ended)),
        created_at=created,
        resolved_at=ibis.coalesce(possible(facts.store, ibis.coalesce(tickets.resolved_at, ended)), worked),
    )
    of_export = ibis.window(group_by=["source_system", "source_export"])
    tells = tickets.resolved_at.notnull().max().over(of_export)
    tickets = tickets.mutate(
        is_resolved=ibis.cases(
            (tickets.solved_later, False),
            (tickets.status.notnull(), tickets.status.isin(["solved", "closed"])),
            (tells, tickets.resolved_at.notnull()),
        )
    )
    origin = facts.first_touch_of_record("tickets")
    told = facts.with_customer(tickets).left_join(origin, _.ticket_id == origin.record_id)
    return told.select(
        "ticket_id", "customer_id", "created_at", "resolved_at", "is_resolved", "reopens",
        touchpoint=ibis.coalesce(told.touchpoint, told.origin_touchpoint),
        stage=told.origin_stage,
        channel=ibis.coalesce(told.channel, told.origin_channel),
    )  # fmt: skip


@known
def requests(facts: Facts) -> Any:
    """What customers asked service: touch_id, customer_id, occurred_at, the places, and next_at, when the same customer
    asked again.

    A request is an opened case, a chat, a call or a visit to self-service that the company did not start, or any other
    touch of the service stage the customer started. Pages of self-service read on one day are one request.
    """
    touches = facts.touches.filter(possible(facts.store, _.occurred_at).notnull(), _.record_table.isin(_ASKED_IN))
    touches = touches.filter((_.direction != "outbound").fill_null(True), (_.event != "Ticket Solved").fill_null(True))
    is_request = (
        (touches.record_table == "tickets")
        | touches.touchpoint.isin(_WHERE_CUSTOMERS_ASK)
        | ((touches.stage == "service") & (touches.direction == "inbound"))
    )
    asked = touches.filter(is_request.fill_null(False)).select("touch_id", "customer_id", "occurred_at", *PLACES)
    engine, in_time = facts.store.engine, ("customer_id", "occurred_at", "touch_id")
    is_page = (asked.touchpoint == SELF_SERVICE).fill_null(False) & asked.customer_id.notnull()
    asked = facts.store.cache(asked.mutate(is_page=is_page))
    pages = asked.filter(_.is_page).mutate(day=facts.local(_.occurred_at).date())
    pages = engine.neighbours(pages, "customer_id", in_time, before={"day_before": "day"})
    opened = pages.filter(_.day_before.isnull() | (_.day_before != _.day)).select(asked.columns)
    asked = asked.filter(~_.is_page).union(opened).drop("is_page")
    return engine.neighbours(asked, "customer_id", in_time, after={"next_at": "occurred_at"})
