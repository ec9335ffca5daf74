"""The account of one file: every row that came in was kept or refused as a whole, and which days the rows cover."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import ibis

from tpaudit.errors import EngineFault
from tpaudit.ingest.issues import ISSUE_KINDS
from tpaudit.ingest.reading.staged import ROW, Staged
from tpaudit.ingest.rows.mapping import Plan
from tpaudit.results import IssueCount
from tpaudit.store import Store

# The column that dates a row of a table, the best first.
_MAIN_TIMES = {
    "touches": ("occurred_at",),
    "touch_daily": ("date",),
    "ad_spend": ("date",),
    "orders": ("created_at", "paid_at"),
    "payments": ("paid_at",),
    "leads": ("created_at",),
    "deals": ("created_at", "closed_at"),
    "tickets": ("created_at",),
    "surveys": ("submitted_at", "started_at"),
    "consents": ("captured_at",),
    "contacts": ("created_at", "followed_at", "member_since", "identified_at", "updated_at"),
}
# Earlier days are slips, such as 1899-12-31; so are days to come, but for the zones that are ahead.
_EARLIEST, _AHEAD = date(1990, 1, 1), timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Account:
    """Rows in, kept and refused of one file, and the first and last day its main time column holds."""

    rows_in: int = 0
    rows_kept: int = 0
    rows_refused: int = 0
    first_day: date | None = None
    last_day: date | None = None


def balanced(store: Store, live: Any, plan: Plan, staged: Staged, issues: Sequence[IssueCount], file: str) -> Account:
    """The account of *file*: rows in as the reader counted them, kept ones as *live* holds them, refused ones as told.

    Raises EngineFault if the three do not add up.
    """
    rows_in = staged.rows + sum(issue.kind.whole_row for issue in staged.issues)
    refused = sum(issue.count for issue in issues if ISSUE_KINDS[issue.code].whole_row)
    kept, first, last = _kept(store, live, plan)
    if rows_in != kept + refused:
        raise EngineFault(
            f"{file}: {rows_in} rows were read, but {kept} kept and {refused} refused",
            "this is a fault of tpaudit: please report it; nothing of the file was loaded",
        )
    return Account(rows_in, kept, refused, first, last)


def _kept(store: Store, live: Any, plan: Plan) -> tuple[int, date | None, date | None]:
    # A record that unfolds into several rows came in as one.
    kept = live[ROW].nunique() if plan.preset.explode else live.count()
    time = _main_time(live, plan)
    if time is None:
        return int(store.engine.fetch_rows(live.aggregate(kept=kept))[0]["kept"]), None, None
    if isinstance(time.type(), ibis.expr.datatypes.Timestamp):
        time = store.engine.to_local(time, store.audit.config.settings.audit.timezone).date()
    latest = max(store.audit.as_of, datetime.now(UTC).date()) + _AHEAD
    likely = time.between(ibis.literal(_EARLIEST), ibis.literal(latest))
    found = store.engine.fetch_rows(
        live.aggregate(kept=kept, first=time.min(where=likely), last=time.max(where=likely))
    )[0]
    return int(found["kept"]), found["first"], found["last"]


def _main_time(live: Any, plan: Plan) -> Any:
    """The column of *live* that dates its rows; None if the file has none."""
    tables = dict.fromkeys((plan.preset.table, *plan.tables))
    names = (f"{table}.{column}" for table in tables for column in _MAIN_TIMES.get(table, ()))
    known = next((name for name in names if name in plan.values), None)
    return live[plan.values[known]] if known else None
