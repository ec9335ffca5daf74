"""Presets for files that already speak the canonical model: made from the table declarations, not written by hand."""

from __future__ import annotations

from collections.abc import Iterable

from tpaudit.errors import UsageFault, did_you_mean
from tpaudit.ingest.layouts.preset import Match, Person, Preset, Target
from tpaudit.ingest.names import name_key
from tpaudit.model import LAKE_TABLES, LINEAGE_NAMES
from tpaudit.results import Titles

# Flat columns for the person, accepted on every table that has one.
PERSON_COLUMNS = (
    "phone", "email", "wechat_openid", "wechat_unionid", "wecom_external_userid", "member_card", "user_id",
)  # fmt: skip

# The columns without which rows of a table say nothing; one of each group must be there.
NEEDED: dict[str, tuple[tuple[str, ...], ...]] = {
    "contacts": (("contact_id", *PERSON_COLUMNS), ("full_name", "created_at", "nickname", "city", "is_member")),
    "contact_points": (("contact_id",), ("type",), ("value",)),
    "touches": (("occurred_at",), ("event", "touchpoint", "channel")),
    "touch_daily": (("date",), ("sessions", "users", "pageviews", "count")),
    "orders": (("order_id",), ("paid_at", "created_at", "status", "status_raw")),
    "order_items": (("order_id",), ("line_id", "product_id", "sku", "name"), ("quantity", "unit_price", "line_total")),
    "payments": (("transaction_id", "order_id"), ("amount", "settled_amount")),
    "leads": (("lead_id",), ("created_at", "lead_source", "status", "status_raw")),
    "deals": (("deal_id",), ("is_won", "amount", "stage", "closed_at")),
    "tickets": (("ticket_id",), ("created_at", "status", "status_raw", "satisfaction_score", "satisfaction_raw")),
    "surveys": (("response_id",), ("question_id", "question_text", "metric"), ("answer_raw", "answer_value", "score")),
    "ad_spend": (("date",), ("spend",)),
    "consents": (("channel",), ("status",), ("captured_at", "revoked_at")),
}
# Share of the header that must be canonical names; clients add columns of their own.
_LEAST_KNOWN = 0.6


def canonical_preset(table: str) -> Preset:
    """The preset of canonical rows of *table*; raises UsageFault if ingest does not take that table."""
    if table not in NEEDED:
        raise UsageFault(
            f"no canonical table is called {table!r}{did_you_mean(table, NEEDED)}", "see `--as` in the docs"
        )
    columns = {name: (Target(to=f"{table}.{name}", optional=True),) for name in _own_columns(table)}
    if _has_person(table):
        for name in PERSON_COLUMNS:
            point = Target(to=f"contact_points.{name}", optional=True)
            columns[name] = (*columns.get(name, ()), point)
        columns.setdefault("full_name", (Target(to="contacts.full_name", optional=True),))
    return Preset(
        id=f"canonical_{table}",
        platform="canonical",
        table=table,
        title=Titles(en=f"canonical {table}", zh=f"规范表 {table}"),
        match=Match(),
        person=Person(id=_identities(table)),
        columns=columns,
    )


def canonical_table_of(keys: Iterable[str]) -> str | None:
    """The canonical table whose columns the header *keys* are, or None if no table or more than one fits."""
    found = set(keys)
    known = {table: len(found & _known_columns(table)) / max(len(found), 1) for table in NEEDED}
    fitting = [table for table in NEEDED if known[table] >= _LEAST_KNOWN and not missing_columns(table, found)]
    if not fitting:
        return None
    best = max(known[table] for table in fitting)
    winners = [table for table in fitting if known[table] == best]
    return winners[0] if len(winners) == 1 else None


def missing_columns(table: str, keys: Iterable[str]) -> list[str]:
    """The needed columns that *keys* lack, alternatives joined by a slash."""
    found = set(keys)
    return ["/".join(group) for group in NEEDED[table] if not found.intersection(map(name_key, group))]


def _identities(table: str) -> tuple[str, ...]:
    """A member or user id says who it is; a phone may be a household's, so the name is added where there is one."""
    unique = ("user_id", "wecom_external_userid", "wechat_unionid", "member_card")
    if table == "contacts":
        return (*unique, "phone+full_name", "email+full_name", "phone", "email", "wechat_openid")
    return (*unique, "phone", "email", "wechat_openid", "cookie")


def _own_columns(table: str) -> list[str]:
    return [name for name in LAKE_TABLES[table].column_names if name not in LINEAGE_NAMES]


def _has_person(table: str) -> bool:
    return "contact_id" in LAKE_TABLES[table] and table != "contact_points"


def _known_columns(table: str) -> set[str]:
    person = set(PERSON_COLUMNS) | {"full_name"} if _has_person(table) else set()
    return set(LAKE_TABLES[table].column_names) | person
