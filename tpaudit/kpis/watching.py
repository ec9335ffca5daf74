"""What the audit can have seen: what lies outside its span, or began too late to be watched, cannot be judged."""

from __future__ import annotations

from typing import Any

import ibis
from ibis import _

from tpaudit.horizon import possible
from tpaudit.kpis.facts import Facts


def dated_touches(facts: Facts) -> Any:
    """Touches of known customers at possible times."""
    return facts.touches.filter(_.customer_id.notnull(), possible(facts.store, _.occurred_at).notnull())


def watched_for(facts: Facts, since: Any, *, days: int = 0, hours: int = 0) -> Any:
    """Whether so much time after *since* has passed before the audit's day began."""
    return since <= facts.observed_until - ibis.interval(hours=24 * days + hours)


def holds_any(facts: Facts, rows: Any) -> bool:
    """Whether *rows* are not empty: where a source never says something, its silence means nothing."""
    return bool(facts.store.engine.fetch_rows(rows.limit(1)))
