"""Audiences: the customers of a segment, of a tag, or gone silent, as a list to hand to whoever cares for them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import ibis
from ibis import _

from tpaudit.errors import UsageFault, did_you_mean
from tpaudit.horizon import possible
from tpaudit.journeys.tags import SILENT
from tpaudit.model.marts import SEGMENTS
from tpaudit.privacy import masked, masked_employee, masked_name
from tpaudit.results import AudienceResult, AudienceRow
from tpaudit.store import Store

_OPEN_LEADS, _OPEN_TICKETS = ("open", "working"), ("open", "pending")
_REFUSED = ("denied", "withdrawn")
# Tags may be many; a message names as many audiences as a person reads.
_MOST_NAMED = 20


def audience(store: Store, name: str, *, show_pii: bool = False) -> AudienceResult:
    """The customers of audience *name*, the most valuable first; personal data masked unless *show_pii*.

    An audience is a segment, a tag, or `silent`: customers with a purchase, an open lead or an open case whose last
    touch either way is more than `[segments] silent_days` ago. Reads mart `customer_segments`.
    Raises UsageFault for an audience that does not exist.
    """
    rows = _members(store, _checked(store, name)).left_join(_people(store), "customer_id").drop("customer_id_right")
    for more in (_lead_owners(store), _refusals(store)):
        rows = rows.left_join(more, "customer_id").drop("customer_id_right")
    settings = store.audit.config.settings
    told = rows.select(
        "customer_id", "full_name", "phone", "email", "segment", "tags", "orders", "net_amount", "lead_owner",
        "refused_channels",
        last_order=store.engine.to_local(rows.last_ordered_at, settings.audit.timezone).date(),
        last_touch=store.engine.to_local(rows.last_touch_at, settings.audit.timezone).date(),
    )  # fmt: skip
    found = store.engine.fetch_rows(told.order_by([told.net_amount.desc(nulls_first=False), "customer_id"]))
    return AudienceResult(
        audience=name,
        rows=tuple(_row(row, show_pii) for row in found),
        as_of=store.audit.as_of,
        timezone=settings.audit.timezone,
        currency=settings.audit.currency,
        silent_days=settings.segments.silent_days if name == SILENT else None,
        is_masked=not show_pii,
    )


def _checked(store: Store, name: str) -> str:
    if name in (*SEGMENTS, SILENT):
        return name
    segments = store.mart("customer_segments")
    tagged = segments.select(tag=segments.tags.unnest()).group_by("tag").agg(n=_.count())
    tags = [row["tag"] for row in store.engine.fetch_rows(tagged.order_by([_.n.desc(), "tag"]))]
    if name in tags:
        return name
    known = [*SEGMENTS, SILENT, *tags]
    more = f" and {len(known) - _MOST_NAMED} more" if len(known) > _MOST_NAMED else ""
    raise UsageFault(
        f"unknown audience {name!r}{did_you_mean(name, known)}",
        f"there are {', '.join(known[:_MOST_NAMED])}{more}; tags come from contact records and tags.toml",
    )


def _members(store: Store, name: str) -> Any:
    customers = store.mart("customer_segments")
    if name == SILENT:
        return _silent(store, customers)
    return customers.filter(customers.segment == name if name in SEGMENTS else customers.tags.contains(name))


def _silent(store: Store, customers: Any) -> Any:
    zone = store.audit.config.settings.audit.timezone
    since = store.audit.as_of - timedelta(days=store.audit.config.settings.segments.silent_days)
    last_day = store.engine.to_local(customers.last_touch_at, zone).date()
    waiting = customers.semi_join(_waiting(store), "customer_id").select(waiting="customer_id")
    customers = customers.filter(last_day < ibis.literal(since)).left_join(waiting, _.customer_id == waiting.waiting)
    return customers.filter(customers.orders.notnull() | customers.waiting.notnull()).drop("waiting")


def _waiting(store: Store) -> Any:
    """Customers with an open lead or an open case."""
    leads = store.current("leads")
    leads = leads.filter(leads.status.isin(_OPEN_LEADS), ~leads.is_converted.fill_null(False))
    tickets = store.current("tickets")
    tickets = tickets.filter(tickets.status.isin(_OPEN_TICKETS))
    return _with_customer(store, leads.select("contact_id").union(tickets.select("contact_id"))).select("customer_id")


def _people(store: Store) -> Any:
    return store.mart("customers").select("customer_id", "full_name", "phone", "email")


def _lead_owners(store: Store) -> Any:
    """Per customer the employee responsible for the newest lead that has one."""
    leads = store.current("leads")
    owner = ibis.coalesce(leads.owner_name, leads.owner_id)
    leads = leads.select("contact_id", "lead_id", lead_owner=owner, at=possible(store, leads.created_at))
    owned = _with_customer(store, leads.filter(leads.lead_owner.notnull()))
    newest = ibis.window(group_by="customer_id", order_by=[owned["at"].desc(nulls_first=False), owned.lead_id])
    return owned.mutate(place=ibis.row_number().over(newest)).filter(_.place == 0).select("customer_id", "lead_owner")


def _refusals(store: Store) -> Any:
    """Per customer the channels over which any of their records refuses to be contacted."""
    consents = store.current("consents")
    refused = consents.filter(consents.status.isin(_REFUSED), consents.channel.notnull())
    once = _with_customer(store, refused).select("customer_id", "channel").distinct()
    return once.group_by("customer_id").agg(refused_channels=once.channel.collect().sort())


def _with_customer(store: Store, records: Any) -> Any:
    links = store.mart("customer_links").select("contact_id", "customer_id")
    return records.inner_join(links, "contact_id")


def _row(row: dict[str, Any], show_pii: bool) -> AudienceRow:
    if not show_pii:
        hiding = {"full_name": masked_name, "phone": masked, "email": masked, "lead_owner": masked_employee}
        row |= {name: hide(row[name]) for name, hide in hiding.items() if row[name] is not None}
    amount = row["net_amount"]
    return AudienceRow(
        **{**row, "net_amount": None if amount is None else float(amount), "tags": tuple(row["tags"] or ()),
           "refused_channels": tuple(row["refused_channels"] or ())}
    )  # fmt: skip
