"""What is known of customers apart from touchpoints, so that none is credited with the kind of people who meet it.

Keen customers meet more of everything and buy more often. Where the exports say who is keen, a member of long standing
or a business, mostly in tags of contact records, customers are compared with others of the same kind. A tag is left
out if too few or nearly all customers of the study carry it, or if the outcome is so much more or less frequent among
them that the tag probably follows from the outcome ("has bought"): adjusting for a consequence hides effects.
"""

from __future__ import annotations

from collections.abc import Sequence
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

    `left_out` says of other traits why they are not among them.
    """

    names: tuple[str, ...]
    carried: Any
    left_out: dict[str, str]


def find_traits(store: Store, met: Any, wanted: Sequence[str] | None) -> Traits:
    """Traits of the customers of a study *met* (see `studies`): those *wanted*, or if that is None whatever is fit."""
    subjects = met.group_by("customer_id").agg(outcome=_.outcome.cast("int64").max())
    tags = store.engine.cache(_tags(store).semi_join(subjects, "customer_id"))
    total = store.engine.fetch_rows(subjects.aggregate(customers=_.count(), outcomes=_.outcome.sum()))[0]
    counted = tags.join(subjects, "customer_id").group_by("tag").agg(customers=_.count(), outcomes=_.outcome.sum())
    floor = _RAREST * total["customers"] if wanted is None else 0
    by_size = counted.filter(_.customers >= floor).order_by([ibis.desc("customers"), "tag"])
    found = {row["tag"]: row for row in store.engine.fetch_rows(by_size)}
    left_out = {name: reason for name in wanted or () if (reason := "no contact record carries it") and name not in found}
    names: list[str] = []
    for tag, row in found.items():
        if wanted is not None and tag not in wanted:
            continue
        reason = None if wanted is not None else _unfit(row["customers"], row["outcomes"], total, len(names))
        if reason:
            left_out[tag] = reason
        else:
            names.append(tag)
    return Traits(tuple(names), _masks(tags, names), left_out)


def _tags(store: Store) -> Any:
    """Tags of customers' contact records, each once: customer_id, tag. A tag that a rule gives counts as its making."""
    contacts = store.current("contacts").select("contact_id", tag=_.tags.unnest())
    links = store.mart("customer_links").select("contact_id", "customer_id")
    return contacts.filter(_.tag.notnull()).join(links, "contact_id").select("customer_id", "tag").distinct()


def _unfit(customers: int, outcomes: int, total: dict[str, Any], chosen: int) -> str | None:
    others, their_outcomes = total["customers"] - customers, total["outcomes"] - outcomes
    if others < _RAREST * total["customers"]:
        return "nearly all customers carry it"
    share, other_share = outcomes / customers, their_outcomes / others
    if max(share, other_share) > _TELLTALE * min(share, other_share):
        return "it goes with the outcome so closely that it may follow from it"
    return f"only the {_MOST} most frequent are used" if chosen == _MOST else None


def _masks(tags: Any, names: Sequence[str]) -> Any:
    chosen = tags.filter(tags.tag.isin(names)) if names else tags.limit(0)
    place = chosen.tag.cases(*((name, float(2**place)) for place, name in enumerate(names)), else_=0.0) if names else 0.0
    return chosen.mutate(bit=ibis.literal(place) if not names else place).group_by("customer_id").agg(
        traits=_.bit.sum().cast("int64")
    )
