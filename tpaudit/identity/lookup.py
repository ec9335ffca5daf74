"""Lookup: the contact records a person means by an id, a phone in any spelling, or an email."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import ibis
import phonenumbers

from tpaudit.errors import UsageFault
from tpaudit.privacy import masked
from tpaudit.store import Store

_SHOWN = 10
_MOST_MERGES = 100


@dataclass(frozen=True, slots=True)
class Holder:
    """A customer found, with the records that were meant."""

    customer_id: str
    full_name: str | None
    city: str | None
    contacts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Found:
    """What was asked for and the customers who hold it: several where a household shares a phone."""

    kind: Literal["customer", "contact", "point"]
    holders: tuple[Holder, ...]

    @property
    def contacts(self) -> tuple[str, ...]:
        """All records that were meant."""
        return tuple(contact for holder in self.holders for contact in holder.contacts)


def find(store: Store, text: str) -> Found:
    """The customers that *text* means: a customer id (also one that was merged away), a contact id, a phone, an email
    or any other contact point.

    Raises UsageFault if nobody holds it.
    """
    wanted = text.strip()
    links = store.mart("customer_links")
    if holders := _holders(store, links.filter(links.customer_id == _current(store, wanted))):
        return Found("customer", holders)
    if holders := _holders(store, links.filter(links.contact_id == wanted)):
        return Found("contact", holders)
    points = store.lake("contact_points")
    spellings = [each for each in (wanted, wanted.lower(), e164(wanted, _region(store))) if each]
    meant = points.filter(points.value_norm.isin(spellings) | (points.value == wanted))
    if holders := _holders(store, links.semi_join(meant, "contact_id")):
        return Found("point", holders)
    raise UsageFault(
        f"nobody is known by {masked(wanted)}",
        "give a customer id or contact id of mart customer_links, a phone, an email or another id of the exports",
    )


def one_customer(found: Found, text: str) -> str:
    """The one customer that was found.

    Raises UsageFault, listing the candidates, if several customers hold *text*.
    """
    if len(found.holders) == 1:
        return found.holders[0].customer_id
    lines = [
        f"  {each.customer_id}  {len(each.contacts)} records  {each.city or ''}".rstrip()
        for each in found.holders[:_SHOWN]
    ]
    more = len(found.holders) - _SHOWN
    lines += [f"  and {more} more"] if more > 0 else []
    raise UsageFault(
        f"{len(found.holders)} customers share {masked(text.strip())}:\n" + "\n".join(lines),
        f"name one of them: `tpaudit customer {found.holders[0].customer_id}`",
    )


def e164(text: str, region: str) -> str | None:
    """The international form of a phone in any spelling; None if *text* is none.

    >>> e164("+86 139-1234 5678", "CN"), e164("１３９１２３４５６７８", "CN"), e164("c59d8e1d7d9d6d21", "CN")
    ('+8613912345678', '+8613912345678', None)
    """
    if any(sign.isalpha() for sign in text):
        return None
    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return None
    return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))


def _region(store: Store) -> str:
    return store.audit.config.settings.audit.region


def _current(store: Store, customer_id: str) -> str:
    """The id that stands for *customer_id* today: merged ids lead to the customer they were merged into."""
    log = store.mart("identity_changes")
    for _ in range(_MOST_MERGES):
        merged = log.filter((log.from_customer_id == customer_id) & (log.change == "merge"))
        rows = store.engine.fetch_rows(merged.order_by([merged.generation.desc(), merged.records.desc()]).limit(1))
        if not rows or _is_known(store, customer_id):
            return customer_id
        customer_id = rows[0]["customer_id"]
    return customer_id


def _is_known(store: Store, customer_id: str) -> bool:
    customers = store.mart("customers")
    return bool(store.engine.fetch_rows(customers.filter(customers.customer_id == customer_id).limit(1)))


def _holders(store: Store, links: Any) -> tuple[Holder, ...]:
    customers = store.mart("customers").select("customer_id", "full_name", "city")
    held = links.group_by("customer_id").agg(contacts=links.contact_id.collect())
    rows = store.engine.fetch_rows(held.left_join(customers, "customer_id").order_by(ibis._.customer_id))
    return tuple(
        Holder(row["customer_id"], row["full_name"], row["city"], tuple(sorted(row["contacts"]))) for row in rows
    )
