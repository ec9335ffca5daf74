"""Explain: why two records are one customer, or not: the evidence, field by field, and who joined them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any, Literal

import numpy as np
import pyarrow as pa

from tpaudit.errors import UsageFault
from tpaudit.identity import fields as field_names
from tpaudit.identity import labels, lake, lookup, shown
from tpaudit.identity.clustering import NEVER, SHIFT
from tpaudit.identity.estimation import prior_bits, probability
from tpaudit.identity.evidence import compared
from tpaudit.identity.fields import Field
from tpaudit.identity.linking import Linked, judged_bits, link
from tpaudit.identity.weights import Levels, patterns
from tpaudit.results import Explanation, PathStep, Reason, RecordShown
from tpaudit.store import Store

# Of customers with very many records, those in front are looked at.
_MOST_RECORDS = 200


@dataclass(frozen=True, slots=True)
class Resolved:
    """The lake's records resolved once more, with the evidence that the marts do not keep."""

    records: Any
    fields: tuple[Field, ...]
    linked: Linked

    def numbers(self, record_ids: Sequence[str]) -> list[int]:
        """Record numbers of *record_ids*, those that exist."""
        ids = self.linked.records["record_id"].combine_chunks()
        found = pa.compute.index_in(pa.array(record_ids, pa.string()), value_set=ids).to_pylist()
        return [number for number in found if number is not None]

    def record_id(self, number: int) -> str:
        """Id of a record number."""
        return str(self.linked.records["record_id"][number])


def resolved(store: Store) -> Resolved:
    """Resolve the lake's records again; the same data give the same evidence."""
    records = store.engine.cache(lake.records(store))
    settings = store.audit.config.settings.identity
    used = field_names.filled(store.engine, records, lake.fields(store))
    linked = link(store.engine, records, used, settings, labels.constraints(store.audit))
    return Resolved(records, tuple(used), linked)


def explain(store: Store, one: str, other: str, show_pii: bool = False) -> Explanation:
    """Explain the pair of *one* and *other*: contact ids, customer ids, phones or emails.

    Of customers with several records the two records that agree best speak. Raises UsageFault if nobody is known by
    either, or if both mean one and the same record.
    """
    left, right = (lookup.find(store, text).contacts for text in (one, other))
    if left == right and len(left) == 1:
        raise UsageFault("both are one and the same record", "name two different records or customers")
    found = resolved(store)
    pair, levels, bits = _strongest(found, left, right)
    low, high = pair // SHIFT, pair % SHIFT
    is_turned = found.record_id(low) not in left
    first, second = (high, low) if is_turned else (low, high)
    ids = found.record_id(first), found.record_id(second)
    texts = shown.values(store.engine, found.records, found.fields, ids, show_pii)
    sides = _shown_records(store, ids)
    model = found.linked.model
    own = shown.evidence(model, levels, texts[ids[0]], texts[ids[1]])
    summed = float(model.bits(levels)[0])
    before = prior_bits(model.prior)
    exact = sum(float(model.bits_of(n, levels)[0]) for n in range(len(model.comparisons)))
    is_never = bits <= NEVER
    decision = _decision(store, ids)
    is_same = sides[0].customer_id is not None and sides[0].customer_id == sides[1].customer_id
    threshold = store.audit.config.settings.identity.match_threshold
    chance = 0.0 if is_never else float(probability(np.array([bits]))[0])
    reason = _reason(decision, is_same, is_never, chance >= threshold)
    return Explanation(
        left=sides[0],
        right=sides[1],
        prior_bits=round(before, 2),
        evidence=own,
        overlap_bits=round(summed - exact, 2),
        rule_bits=0.0 if is_never else round(bits - summed - before, 2),
        total_bits=None if is_never else round(bits, 2),
        probability=chance,
        threshold=threshold,
        was_compared=_was_compared(found, pair),
        decision=decision,
        same_customer=is_same,
        reason=reason,
        path=_path(store, found, first, second) if reason == "through_others" else (),
    )


def _strongest(found: Resolved, left: Sequence[str], right: Sequence[str]) -> tuple[int, Levels, float]:
    """The pair across both sides that speaks most: packed, its levels and its log odds.

    Pairs that agree on something go before those that differ, and these before pairs that have nothing to compare.
    """
    ones, others = (found.numbers(side)[:_MOST_RECORDS] for side in (left, right))
    packed = sorted({min(pair) * SHIFT + max(pair) for pair in product(ones, others) if pair[0] != pair[1]})
    if not packed:
        raise UsageFault("both are one and the same record", "name two different records or customers")
    engine = found.linked.encoded.engine
    rows = engine.fetch(compared(found.linked.encoded, engine.table(pa.table({"pair": packed}))))
    code = rows["pattern"].to_numpy()
    seen = patterns(found.linked.model.comparisons, code, np.ones(len(code)))
    bits = judged_bits(found.linked.model, seen, found.fields)
    above = bits - prior_bits(found.linked.model.prior)
    best = np.lexsort((rows["pair"].to_numpy(), -np.abs(above), -np.maximum(above, 0.0)))[0]
    return int(rows["pair"][int(best)].as_py()), seen.levels[[best]], float(bits[best])


def _shown_records(store: Store, ids: Sequence[str]) -> tuple[RecordShown, RecordShown]:
    links = store.mart("customer_links")
    contacts = store.current("contacts").select("contact_id", "source_file", "source_row")
    wanted = links.filter(links.contact_id.isin(list(ids))).left_join(contacts, "contact_id")
    rows = {row["contact_id"]: row for row in store.engine.fetch_rows(wanted.drop("contact_id_right"))}
    nothing: dict[str, Any] = {}
    one, other = (
        RecordShown(
            contact_id=contact,
            **{
                name: rows.get(contact, nothing).get(name)
                for name in ("customer_id", "source_system", "source_file", "source_row")
            },
        )
        for contact in ids
    )
    return one, other


def _decision(store: Store, ids: tuple[str, str]) -> Literal["same", "different"] | None:
    wanted = min(ids), max(ids)
    decided = next((each for each in labels.read(store.audit) if each.pair == wanted), None)
    if decided is None:
        return None
    return "same" if decided.same else "different"


def _reason(decision: str | None, is_same: bool, is_never: bool, is_enough: bool) -> Reason:
    if decision is not None:
        return "decision"
    if is_same:
        return "evidence" if is_enough else "through_others"
    if is_never:
        return "ruled_out"
    return "outvoted" if is_enough else "too_little"


def _was_compared(found: Resolved, pair: int) -> bool:
    evidence = found.linked.evidence
    return bool(found.linked.encoded.engine.fetch(evidence.filter(evidence.pair == pair).limit(1)).num_rows)


# --- how records that hardly agree came to be one customer -----------------------------------------------------------


def _path(store: Store, found: Resolved, start: int, end: int) -> tuple[PathStep, ...]:
    """The chain of pairs from *start* to *end* whose weakest link is strongest; empty if no chain joins them."""
    label = found.linked.records["cluster"].to_numpy()
    members = np.flatnonzero(label == label[start])
    edges = _edges(store, found, members)
    tree: dict[int, dict[int, float]] = {int(member): {} for member in members}
    group = {member: member for member in tree}
    for one, other, bits in sorted(edges, key=lambda edge: (-edge[2], edge[0], edge[1])):
        if group[one] != group[other]:
            gone, kept = group[one], group[other]
            group = {member: kept if root == gone else root for member, root in group.items()}
            tree[one][other] = tree[other][one] = bits
    steps = _walk(tree, start, end)
    return tuple(
        PathStep(
            left=found.record_id(one),
            right=found.record_id(other),
            probability=None if np.isinf(tree[one][other]) else float(probability(np.array([tree[one][other]]))[0]),
            decided=bool(np.isinf(tree[one][other])),
        )
        for one, other in steps
    )


def _edges(store: Store, found: Resolved, members: Any) -> list[tuple[int, int, float]]:
    """Compared pairs inside a cluster with their bits; pairs a person joined are infinitely strong."""
    linked, engine = found.linked, found.linked.encoded.engine
    inside = engine.table(pa.table({"member": members}))
    rows = linked.evidence.mutate(left=linked.evidence.pair // SHIFT, right=linked.evidence.pair % SHIFT)
    rows = rows.semi_join(inside, rows.left == inside.member).semi_join(inside, rows.right == inside.member)
    fetched = engine.fetch(rows.select("left", "right", "pattern"))
    bits = linked.bits[np.searchsorted(linked.patterns.code, fetched["pattern"].to_numpy())]
    edges = list(zip(fetched["left"].to_pylist(), fetched["right"].to_pylist(), map(float, bits), strict=True))
    edges = [edge for edge in edges if edge[2] > NEVER]
    known = set(members.tolist())
    for each in labels.read(store.audit):
        numbers = found.numbers(each.pair)
        if each.same and len(numbers) == 2 and known.issuperset(numbers):
            edges.append((numbers[0], numbers[1], float("inf")))
    return edges


def _walk(tree: dict[int, dict[int, float]], start: int, end: int) -> list[tuple[int, int]]:
    came_from: dict[int, int] = {start: start}
    waiting = [start]
    for node in waiting:
        for beside in sorted(tree[node]):
            if beside not in came_from:
                came_from[beside] = node
                waiting.append(beside)
    if end not in came_from:
        return []
    steps = []
    node = end
    while node != start:
        steps.append((came_from[node], node))
        node = came_from[node]
    return steps[::-1]
