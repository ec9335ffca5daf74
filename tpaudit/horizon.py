"""The span in which anything can have happened: a date outside is an error of the source, not an event."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any

import ibis

from tpaudit.store import Store


def possible(store: Store, instant: Any) -> Any:
    """*instant*, or NULL where it lies before `[audit] business_start` or after the day the audit looks back from.

    Exports carry 1970-01-01 for "unknown" and dates of the next century for typing errors; either would become the
    first or last thing a customer did.
    """
    settings = store.audit.config.settings
    first = midnight(store, settings.audit.business_start)
    beyond = midnight(store, store.audit.as_of + timedelta(days=1))
    return ibis.cases(((instant >= first) & (instant < beyond), instant))


def begun(store: Store, instant: Any) -> Any:
    """Whether *instant* does not lie after the day the audit looks back from; so does an unknown one not.

    What came later was not known on that day: looking back from it gives the figures of that day.
    """
    beyond = midnight(store, store.audit.as_of + timedelta(days=1))
    return (instant < beyond).fill_null(True)


def midnight(store: Store, day: date) -> Any:
    """The instant at which *day* begins on the audit's clock."""
    naive = ibis.literal(datetime.combine(day, time.min), type="timestamp(6)")
    return store.engine.from_local(naive, store.audit.config.settings.audit.timezone)
