"""What an audience is: customers to hand to whoever cares for them."""

from __future__ import annotations

from datetime import date

from tpaudit.results.base import Result


class AudienceRow(Result):
    """A customer of an audience; days on the audit's clock, `refused_channels` those not to be used."""

    customer_id: str
    full_name: str | None
    phone: str | None
    email: str | None
    segment: str | None
    tags: tuple[str, ...]
    orders: int | None
    net_amount: float | None
    last_order: date | None
    last_touch: date | None
    lead_owner: str | None
    refused_channels: tuple[str, ...]


class AudienceResult(Result):
    """The customers of a segment, of a tag, or gone silent for `silent_days`, as they were on `as_of`."""

    audience: str
    rows: tuple[AudienceRow, ...]
    as_of: date
    timezone: str
    currency: str
    silent_days: int | None
    is_masked: bool
