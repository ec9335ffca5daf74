"""What is known of customers apart from touchpoints, so that none is credited with the kind of people who meet it.

Keen customers meet more of everything and buy more often. Where the exports say who is keen, a member of long standing
or a business, mostly in tags of contact records, customers are compared with others of the same kind. A tag is left
out if too few or nearly all customers of the study carry it, or if the outcome is so much more or less frequent among
them that the tag probably follows from the outcome ("has bought"): adjusting for a consequence hides effects.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import ibis
from ibis import _

from tpaudit.store import Store

# A trait carried by fewer customers of a study, or lacking in fewer, tells nothing apart.
_RAREST = 0.02
# Above this ratio of outcome shares, or below its inverse, a tag is taken for a consequence of the outcome.
_TELLTALE = 3.0
_MOST = 16


@dataclass(frozen=True, slots=True)
class Traits:
    """Traits a study adjusts for: their names, and a table of customer_id and `traits`, a bit mask in that order.

    `left_out` says of other traits why they are not among them (nobody, nearly_all, follows_outcome, too_many); rare
    ones are not mentioned.
    """

    names: tuple[str, ...]
    carried: Any
    left_out: dict[str, str]


def carried_tags(store: Store) -> Any:
    """Tags of customers' contact records, each once: customer_id, tag."""
    contacts = store.current("contacts").select("contact_id", tag=_.tags.unnest())
    links = store.mart("customer_links").select("contact_id", "customer_id")
    tags = contacts.filter(_.tag.notnull()).join(links, "contact_id").select("customer_id", "tag").distinct()
    return store.engine.cache(tags)


def find_traits(store: Store, tags: Any, met: Any, wanted: Sequence[str] | None) -> Traits:
    """Traits of the customers of a study *met* (see `studies`): those *wanted*, or if that is None whatever is fit.

    *tags* are `carried_tags`.
    """
    subjects = met.group_by("customer_id").agg(outcome=_.outcome.cast("int64").max())
    counted = subjects.left_join(tags, "customer_id").group_by("tag")
    by_size = counted.agg(customers=_.customer_id.nunique(), outcomes=_.outcome.sum())
    every = subjects.aggregate(tag=ibis.null("string"), customers=_.count(), outcomes=_.outcome.sum())
    rows = store.engine.fetch_rows(
        every.union(by_size.filter(_.tag.notnull())).order_by([ibis.desc("customers"), "tag"])
    )
    total = next(row for row in rows if row["tag"] is None)
    found = {row["tag"]: row for row in rows if row["tag"] is not None}
    if wanted is not None:
        names = [tag for tag in found if tag in wanted]
        left_out = dict.fromkeys((tag for tag in wanted if tag not in found), "nobody")
        return Traits(tuple(names), _masks(tags, names), left_out)
    frequent = {tag: row for tag, row in found.items() if row["customers"] >= _RAREST * total["customers"]}
    left_out = {tag: reason for tag, row in frequent.items() if (reason := _unfit(row, total))}
    fit = [tag for tag in frequent if tag not in left_out]
    left_out |= dict.fromkeys(fit[_MOST:], "too_many")
    return Traits(tuple(fit[:_MOST]), _masks(tags, fit[:_MOST]), left_out)


def _unfit(row: Mapping[str, Any], total: Mapping[str, Any]) -> str | None:
    """Why customers cannot be compared within a tag, if so."""
    others = total["customers"] - row["customers"]
    if others < _RAREST * total["customers"]:
        return "nearly_all"
    share, other_share = row["outcomes"] / row["customers"], (total["outcomes"] - row["outcomes"]) / others
    if max(share, other_share) > _TELLTALE * min(share, other_share):
        return "follows_outcome"
    return None


def _masks(tags: Any, names: Sequence[str]) -> Any:
    """customer_id and the bit mask of those of *names* among the customer's *tags*; None without names."""
    if not names:
        return None
    chosen = tags.filter(tags.tag.isin(names))
    bit = chosen.tag.cases(*((name, float(2**place)) for place, name in enumerate(names)), else_=0.0)
    return chosen.mutate(bit=bit).group_by("customer_id").agg(traits=_.bit.sum().cast("int64"))
