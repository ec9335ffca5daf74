"""Who is who: contact records of all exports resolved into customers, by exact strong keys.

Two records are one person if they share a strong key: an unmasked phone, email, unionid, external user id or user
id. A value held by too many people is nobody's key (`guard`), a phone shared by a household counts only together with
the name, and a cookie ties an anonymous visitor to a customer only if it belongs to one customer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tpaudit.results import DedupeResult
    from tpaudit.store import Store


def resolve(store: Store) -> DedupeResult:
    """Resolve all contact records, write marts `customers` and `customer_links`, and say on what evidence.

    Raises InputFault if no export holds a contact record.
    """
    from tpaudit.identity.resolution import resolve as run

    return run(store)
