"""Review: the pairs whose decision by a person would tell most."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import ibis
import numpy as np
import pyarrow as pa

from tpaudit.identity import labels, shown
from tpaudit.identity.clustering import NEVER, SHIFT
from tpaudit.identity.estimation import probability
from tpaudit.identity.explain import Resolved, resolved
from tpaudit.identity.weights import Floats
from tpaudit.results import ReviewPair, ReviewResult
from tpaudit.store import Store

# A person learns little from the tenth pair of one cluster.
_MOST_PER_CLUSTER = 2
_FETCHED_PER_WANTED = 20
# Pairs about which less than this is unknown are not worth a person's time.
_LEAST_DOUBT = 0.05


def review(store: Store, count: int, show_pii: bool = False) -> ReviewResult:
    """The *count* most informative pairs: the most doubtful, weighted by the records that hang on them.

    Doubt is the entropy of the decision at the threshold, in bits. Pairs that were decided already are left out, and
    one cluster gives a few pairs at most.
    """
    found = resolved(store)
    threshold = store.audit.config.settings.identity.match_threshold
    pairs = _diverse(_candidates(store, found, threshold, count * _FETCHED_PER_WANTED), count)
    contacts = [found.record_id(number) for pair in pairs for number in (pair["left"], pair["right"])]
    texts = shown.values(store.engine, found.records, found.fields, contacts, show_pii)
    customers = _customers(store, contacts)
    return ReviewResult(pairs=tuple(_shown(found, pair, texts, customers) for pair in pairs), threshold=threshold)


def doubt(bits: Floats, least_bits: float) -> Floats:
    """Entropy, in bits, of "one person or not" where *least_bits* is the toss-up; none where it is ruled out.

    >>> doubt(np.array([0.0, 10.0, -1e9]), 0.0).round(2).tolist()
    [1.0, 0.01, 0.0]
    """
    chance = probability(bits - least_bits)
    with np.errstate(divide="ignore", invalid="ignore"):
        parts = [np.where(share > 0, -share * np.log2(share), 0.0) for share in (chance, 1 - chance)]
    return np.where(bits <= NEVER, 0.0, parts[0] + parts[1])


def _candidates(store: Store, found: Resolved, threshold: float, most: int) -> list[dict[str, Any]]:
    """The pairs with the greatest doubt × log2(1 + records): pair, left, right, number (of the pattern), records …"""
    linked, engine = found.linked, store.engine
    doubts = doubt(linked.bits, float(np.log2(threshold / (1 - threshold))))
    of_pattern = engine.table(
        pa.table({"pattern": linked.patterns.code, "number": np.arange(len(doubts)), "doubt": doubts})
    )
    label = linked.records["cluster"].to_numpy()
    of_record = engine.cache(
        engine.table(pa.table({"record": np.arange(len(label)), "cluster": label, "size": np.bincount(label)[label]}))
    )
    scored = linked.evidence.inner_join(of_pattern.filter(of_pattern.doubt > _LEAST_DOUBT), "pattern")
    scored = scored.mutate(left=scored.pair // SHIFT, right=scored.pair % SHIFT)
    for side in ("left", "right"):
        own = of_record.rename({side: "record", f"{side}_cluster": "cluster", f"{side}_size": "size"})
        scored = scored.inner_join(own, side)
    is_joined = scored.left_cluster == scored.right_cluster
    scored = scored.mutate(records=is_joined.ifelse(scored.left_size, scored.left_size + scored.right_size))
    scored = scored.mutate(score=scored.doubt * (1 + scored.records).log2())
    scored = scored.anti_join(engine.table(_decided(store, found)), "pair")
    return engine.fetch_rows(scored.order_by([ibis.desc("score"), "pair"]).limit(most))


def _decided(store: Store, found: Resolved) -> pa.Table:
    pairs = [found.numbers(each.pair) for each in labels.read(store.audit)]
    return pa.table({"pair": pa.array([min(p) * SHIFT + max(p) for p in pairs if len(p) == 2], pa.int64())})


def _diverse(pairs: Sequence[dict[str, Any]], count: int) -> list[dict[str, Any]]:
    """The first *count* of *pairs* that do not dwell on one cluster: the best of each come before their second best."""
    rounds: list[list[dict[str, Any]]] = [[] for _ in range(_MOST_PER_CLUSTER)]
    seen: Counter[int] = Counter()
    for pair in pairs:
        clusters = {pair["left_cluster"], pair["right_cluster"]}
        place = max(seen[cluster] for cluster in clusters)
        if place < _MOST_PER_CLUSTER:
            seen.update(clusters)
            rounds[place].append(pair)
    return [pair for found in rounds for pair in found][:count]


def _customers(store: Store, contacts: Sequence[str]) -> dict[str, str]:
    links = store.mart("customer_links")
    asked = store.engine.table(pa.table({"contact_id": pa.array(sorted(set(contacts)), pa.string())}))
    rows = store.engine.fetch_rows(links.semi_join(asked, "contact_id").select("contact_id", "customer_id"))
    return {row["contact_id"]: row["customer_id"] for row in rows}


def _shown(
    found: Resolved, pair: dict[str, Any], texts: dict[str, dict[str, str | None]], customers: dict[str, str]
) -> ReviewPair:
    left, right = found.record_id(pair["left"]), found.record_id(pair["right"])
    levels = found.linked.patterns.levels[[pair["number"]]]
    return ReviewPair(
        contact_a=left,
        contact_b=right,
        customer_a=customers.get(left),
        customer_b=customers.get(right),
        probability=float(probability(found.linked.bits[[pair["number"]]])[0]),
        records=pair["records"],
        same_customer=pair["left_cluster"] == pair["right_cluster"],
        evidence=shown.evidence(found.linked.model, levels, texts[left], texts[right]),
    )
