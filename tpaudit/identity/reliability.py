"""How far agreeing on a key can be trusted, measured in the data at hand."""

from __future__ import annotations

from typing import Any

import ibis


def reliability(keys: Any) -> Any:
    """Per key type: `pairs`, `agree` and `reliability` = (agree + ½) / (pairs + 1).

    Counted over pairs of records that share a key of the type and both carry a key of another type: the share that
    agrees on that other key too. People change phones and emails, so this errs on the low side. The half added to each
    count (Jeffreys) keeps a handful of pairs from claiming certainty. Types without such pairs are missing.

    Pairs are never formed: c records of one value make c(c-1)/2 of them.
    """
    one_each = keys.group_by(["contact_id", "type"]).agg(key=keys.key.min())
    other = one_each.rename(other_type="type", other_key="key")
    both = one_each.inner_join(other, "contact_id")
    both = both.filter(both.type != both.other_type)
    per_value = both.group_by(["type", "key", "other_type", "other_key"]).agg(records=both.contact_id.nunique())
    pairs_of = _pairs(per_value.records)
    per_key = (
        per_value.mutate(agree=pairs_of)
        .group_by(["type", "key", "other_type"])
        .agg(records=ibis._.records.sum(), agree=ibis._.agree.sum())
    )
    per_type = (
        per_key.mutate(pairs=_pairs(per_key.records))
        .group_by("type")
        .agg(pairs=ibis._.pairs.sum().cast("int64"), agree=ibis._.agree.sum().cast("int64"))
    )
    measured = per_type.filter(per_type.pairs > 0)
    return measured.mutate(reliability=(measured.agree + 0.5) / (measured.pairs + 1.0))


def _pairs(records: Any) -> Any:
    return records * (records - 1) / 2
