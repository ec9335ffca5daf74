"""Prepare: the records and the contact points that identity works on, one row each."""

from __future__ import annotations

from typing import Any

import ibis

from tpaudit.model import MERGING_POINT_TYPES
from tpaudit.store import Store

ANONYMOUS_POINT_TYPES = ("cookie", "device")

# 张女士 or 李总 is a form of address, not a name: the given name is missing.
_TITLES = "先生|女士|小姐|太太|老师|经理|总|老板|师傅|阿姨|同学"
HAN = "[\u4e00-\u9fff]"
_HAN_NAME = f"^{HAN}(·?{HAN}){{1,7}}$"
_LATIN_NAME = r"^[a-z][a-z.'-]*( [a-z][a-z.'-]*)+$"


def records(store: Store) -> Any:
    """One row per contact record: its own columns, `name_key` and `dated_at` (when the source last touched it)."""
    rows = store.current("contacts")
    rows = rows.filter(rows.contact_id.notnull())
    return rows.mutate(
        name_key=name_key(rows.full_name),
        dated_at=ibis.coalesce(rows.updated_at, rows.last_activity_at, rows.last_order_at, rows.created_at),
    )


def points(store: Store) -> Any:
    """Distinct usable contact points: contact_id, type, value. Masked values are no points to go by."""
    rows = store.lake("contact_points")
    usable = rows.filter(
        rows.contact_id.notnull() & rows.value_norm.notnull() & ~ibis.coalesce(rows.is_masked, False)
        & ~ibis.coalesce(rows.is_shared, False)
    )  # fmt: skip
    return usable.select("contact_id", "type", value=usable.value_norm).distinct()


def strong_points(usable: Any) -> Any:
    """Those of *usable* whose type may merge people."""
    return usable.filter(usable.type.isin(MERGING_POINT_TYPES))


def anonymous_points(usable: Any) -> Any:
    """Those of *usable* that name a browser or device, not a person."""
    return usable.filter(usable.type.isin(ANONYMOUS_POINT_TYPES))


def name_key(full_name: Any) -> Any:
    """What two spellings of one legal name have in common; NULL for a title, a nickname or a masked name.

    A Chinese name is taken without blanks, a Latin one in lower case; 张女士, T** and a single word are no legal names.
    """
    compact = full_name.re_replace(r"\s+", "")
    latin = full_name.strip().lower().re_replace(r"\s+", " ")
    is_han = compact.re_search(_HAN_NAME) & ~compact.re_search(f"({_TITLES})$")
    return ibis.cases((is_han, compact), (latin.re_search(_LATIN_NAME), latin), else_=ibis.null("string"))
