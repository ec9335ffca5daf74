"""Guard: values that too many people hold are found from the data and stop being keys, each with a finding.

A clerk's phone typed in for every customer, 13800138000, an office mailbox: one such value can weld hundreds of
people together.
"""

from __future__ import annotations

from typing import Any

import ibis

from tpaudit.audit.settings import IdentitySection
from tpaudit.identity.prepare import HAN
from tpaudit.privacy import masked
from tpaudit.results import SharedKey

NOT_A_KEY = "not a key"
WITH_NAME = "key only together with the name"

# Numbers people type when they have none; as of 2026-11.
PLACEHOLDER_PHONES = ("+8613800138000", "+8613888888888", "+8613999999999", "+8613000000000", "+8613123456789")

# Every shared value counts; this many are named.
SHOWN = 50


def holders(named: Any, limits: IdentitySection) -> Any:
    """One row per (type, value) of the *named* points: how many records and names hold it, and how it may be used.

    `treatment` is NULL for an ordinary key. Members of a household share a phone under a few names: there the phone
    is a key only for records of the same name. An email or id held under several names is more likely one person who
    spells the name differently, so only the counts decide there.
    """
    # 张伟 is Zhang Wei on an English form: a Latin name beside a Chinese one is not a second person.
    is_han = named.name.re_search(HAN)
    held = named.group_by(["type", "value"]).agg(
        records=named.contact_id.nunique(),
        han_names=named.name.nunique(where=is_han),
        latin_names=named.name.nunique(where=~is_han),
    )
    held = held.mutate(names=(held.han_names > 0).ifelse(held.han_names, held.latin_names))
    is_placeholder = (held.type == "phone") & held.value.isin(PLACEHOLDER_PHONES)
    may_be_shared = held.type.isin(("phone", "email"))
    is_nobodys = (
        is_placeholder
        | (may_be_shared & (held.names > limits.max_names_per_phone))
        | (held.records > limits.max_records_per_key)
    )
    is_household = (held.type == "phone") & (held.names > 1)
    return held.mutate(
        treatment=ibis.cases((is_nobodys, NOT_A_KEY), (is_household, WITH_NAME), else_=ibis.null("string"))
    )


def keys(named: Any, held: Any) -> Any:
    """The keys that may merge: contact_id, type, key. A household's phone is joined with the name of the record."""
    judged = named.inner_join(held.select("type", "value", "treatment"), ["type", "value"])
    is_household = judged.treatment == WITH_NAME
    usable = judged.filter(judged.treatment.isnull() | (is_household & judged.name.notnull()))
    with_name = usable.value + "|" + usable.name
    key = ibis.ifelse(usable.treatment.isnull(), usable.value, with_name)
    return usable.select("contact_id", "type", key=key)


def shared_keys(rows: list[dict[str, Any]]) -> tuple[SharedKey, ...]:
    """Findings of the guard for values fetched from `holders`, masked."""
    return tuple(
        SharedKey(
            type=row["type"],
            value_masked=masked(row["value"]),
            records=row["records"],
            names=row["names"],
            treatment=row["treatment"],
        )
        for row in rows
    )
