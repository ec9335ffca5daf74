"""What is known of customers apart from touchpoints, so that none is credited with the kind of people who meet it.

Keen customers meet more of everything and buy more often. Where the exports say who is keen, or what somebody is
interested in, mostly in tags of contact records, customers are compared with others of the same kind.

Which records customers have depends on what they met and did: a store adds its visitors, a shop its buyers. So *that* a
tag is carried says little and hides much; only *which* of several is carried tells customers apart. Tags that exclude
each other within an export (low, medium, high) form a facet; customers are compared between the tags of a facet, and
those without any of them count as its average. A tag on its own is left out, and so is a facet within which the outcome
differs so much that the tags probably follow from it: adjusting for a consequence hides effects.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import ibis
import numpy as np
from ibis import _
from numpy.typing import NDArray

from tpaudit.stats.intervals import wilson
from tpaudit.store import Store

Floats = NDArray[np.float64]

# A tag carried by a smaller share of a study's customers tells nothing apart.
_RAREST = 0.02
# Records that may carry two tags which otherwise exclude each other: exports hold slips.
_SLIPS = 0.02
# Clearly above this ratio of outcome shares within a facet its tags are taken for consequences of the outcome.
_TELLTALE = 3.0
_MOST = 24


@dataclass(frozen=True, slots=True)
class Traits:
    """Facets a study compares customers within, and a table of customer_id and `traits`, a bit mask of their tags.

    Bits follow `names`. `left_out` says of other frequent tags why they are not among them: nobody, alone,
    follows_outcome, too_many.
    """

    facets: tuple[tuple[str, ...], ...]
    carried: Any
    left_out: dict[str, str]

    @property
    def names(self) -> tuple[str, ...]:
        """Tags of all facets."""
        return tuple(tag for facet in self.facets for tag in facet)

    def contrasts(self, carried: Floats, customers: Floats) -> Floats:
        """Columns of a design, all but the last tag of every facet, from *carried* (cells x names) and their weights.

        A tag counts less its share among those who carry one of the facet, so that carriers average zero, which is
        what customers count who carry none.
        """
        columns, start = [np.zeros((len(carried), 0))], 0
        for facet in self.facets:
            own = carried[:, start : start + len(facet)]
            start += len(facet)
            several = own.sum(axis=1, keepdims=True)
            parts = np.divide(own, several, out=np.zeros_like(own), where=several > 0)
            shares = customers @ parts / max(customers @ (several[:, 0] > 0), 1.0)
            columns.append(np.where(several > 0, parts - shares, 0.0)[:, :-1])
        return np.column_stack(columns)


def carried_tags(store: Store) -> Any:
    """Tags of customers' contact records: customer_id, contact_id, source_export, tag."""
    contacts = store.current("contacts").select("contact_id", "source_export", tag=_.tags.unnest())
    links = store.mart("customer_links").select("contact_id", "customer_id")
    tags = contacts.filter(_.tag.notnull()).join(links, "contact_id")
    return store.engine.cache(tags.select("customer_id", "contact_id", "source_export", "tag").distinct())


def find_traits(store: Store, tags: Any, met: Any, wanted: Sequence[str] | None) -> Traits:
    """Facets of the customers of a study *met* (see `studies`): of the tags *wanted*, or if that is None of any.

    *tags* are `carried_tags`.
    """
    subjects = met.group_by("customer_id").agg(outcome=_.outcome.cast("int64").max())
    by_customer = subjects.left_join(tags.select("customer_id", "tag").distinct(), "customer_id")
    counted = by_customer.group_by("tag").agg(customers=_.count(), outcomes=_.outcome.sum())
    counted = counted.filter(_.tag.notnull())
    if wanted is None:
        counted = counted.filter(_.customers >= _RAREST * subjects.count().as_scalar())
    else:
        counted = counted.filter(_.tag.isin(list(wanted)))
    by_size = counted.order_by([ibis.desc("customers"), "tag"])
    found = {row["tag"]: row for row in store.engine.fetch_rows(by_size)}
    candidates, more = list(found)[:_MOST], list(found)[_MOST:]
    left_out = dict.fromkeys((tag for tag in wanted or () if tag not in found), "nobody")
    left_out |= dict.fromkeys(more, "too_many")
    facets = []
    for facet in _facets(candidates, *_together(store, tags, candidates)):
        reason = _unfit([found[tag] for tag in facet], is_wanted=wanted is not None)
        if reason:
            left_out |= dict.fromkeys(facet, reason)
        else:
            facets.append(facet)
    names = [tag for facet in facets for tag in facet]
    return Traits(tuple(facets), _masks(tags, names), left_out)


def _together(
    store: Store, tags: Any, names: Collection[str]
) -> tuple[dict[tuple[str, str], int], dict[str, set[str]]]:
    """How many records carry each pair of *names*, a tag with itself included, and the exports each tag comes from."""
    if not names:
        return {}, {}
    own = tags.filter(tags.tag.isin(list(names)))
    other = own.select(same_contact="contact_id", other="tag")
    pairs = own.join(other, own.contact_id == other.same_contact).group_by(["tag", "other"]).agg(records=_.count())
    records = {(row["tag"], row["other"]): row["records"] for row in store.engine.fetch_rows(pairs)}
    exports: dict[str, set[str]] = {}
    for row in store.engine.fetch_rows(own.select("source_export", "tag").distinct()):
        exports.setdefault(row["tag"], set()).add(row["source_export"])
    return records, exports


def _facets(names: Sequence[str], records: Mapping[tuple[str, str], int], exports: Mapping[str, set[str]]
            ) -> list[tuple[str, ...]]:  # fmt: skip
    """Tags grouped so that within a group they share an export and hardly ever a record; the most frequent first."""
    facets: list[list[str]] = []
    for tag in names:
        for facet in facets:
            if all(exports[tag] & exports[own] and _exclude(tag, own, records) for own in facet):
                facet.append(tag)
                break
        else:
            facets.append([tag])
    return [tuple(facet) for facet in facets]


def _exclude(one: str, other: str, records: Mapping[tuple[str, str], int]) -> bool:
    return records.get((one, other), 0) <= _SLIPS * min(records[one, one], records[other, other])


def _unfit(facet: Sequence[Mapping[str, Any]], *, is_wanted: bool) -> str | None:
    """Why customers cannot be compared within a facet, if so."""
    if len(facet) < 2:
        return "alone"
    shares = [share for row in facet if (share := wilson(row["outcomes"], row["customers"]))]
    apart = max(share.low for share in shares) > _TELLTALE * min(share.high for share in shares)
    return "follows_outcome" if apart and not is_wanted else None


def _masks(tags: Any, names: Sequence[str]) -> Any:
    """customer_id and the bit mask of those of *names* among the customer's *tags*; None without names."""
    if not names:
        return None
    chosen = tags.filter(tags.tag.isin(names)).select("customer_id", "tag").distinct()
    bit = chosen.tag.cases(*((name, float(2**place)) for place, name in enumerate(names)), else_=0.0)
    return chosen.mutate(bit=bit).group_by("customer_id").agg(traits=_.bit.sum().cast("int64"))
