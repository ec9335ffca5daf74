"""What resolving customers returns: the sum of it, and, of single persons, evidence, pairs to look at and one record.

Personal data in them is masked already, unless the caller asked for it in the open.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal

from pydantic import Field

from tpaudit.results.base import Result, Titles


class KeyUse(Result):
    """One kind of key: how many records and distinct values carry it, and how far agreeing on it can be trusted."""

    type: str
    records: int
    values: int
    merged_records: int
    reliability: float | None = None
    reliability_n: int = 0


class SharedKey(Result):
    """A value too many people hold to be anybody's key."""

    type: str
    value_masked: str
    records: int
    names: int
    treatment: Literal["not a key", "key only together with the name"]


class ClusterSize(Result):
    """How many customers were resolved from so many records."""

    records: int
    customers: int


class UncomparedBlocks(Result):
    """Groups of records that agree on `fields` but were too large to be compared pair by pair."""

    fields: tuple[str, ...]
    blocks: int
    records: int
    largest: int


class SourcePair(Result):
    """How many customers have records in both systems; of one system twice, how many have several records there."""

    one: str
    other: str
    customers: int


class IdentityChanges(Result):
    """What became of the customer ids since the last time the resolved customers changed.

    `new` customers nobody knew before, ids `gone` with all their records, ids `merged` into another, ids that were
    `split`: they go on without some of their records.
    """

    generation: int
    new: int = 0
    gone: int = 0
    merged: int = 0
    split: int = 0


class DedupeResult(Result):
    """Records in, customers out.

    `review_customers` are those whose merge a person should look at; `decisions` the pairs a person has decided.
    Where a cap was reached it is told: `uncompared` blocks, and joins refused (`capped_joins`) because a customer would
    have had more records than `[identity] max_cluster`. `conflicts` are pairs that agree on enough to be one person but
    hold two different values of a field of which a person has only one, such as the birth date.
    """

    records: int
    customers: int
    identified_customers: int
    merged_customers: int
    keys: tuple[KeyUse, ...]
    shared: tuple[SharedKey, ...]
    shared_total: int
    cluster_sizes: tuple[ClusterSize, ...]
    largest_cluster: int
    source_pairs: tuple[SourcePair, ...] = ()
    review_customers: int = 0
    decisions: int = 0
    changes: IdentityChanges | None = None
    uncompared: tuple[UncomparedBlocks, ...] = ()
    capped_joins: int = 0
    conflicts: int = 0


Reason = Literal["decision", "ruled_out", "evidence", "through_others", "outvoted", "too_little"]


class RecordShown(Result):
    """A contact record, where it comes from, and the customer it belongs to."""

    contact_id: str
    customer_id: str | None
    source_system: str | None
    source_file: str | None
    source_row: int | None


class Evidence(Result):
    """One field of two records: both values, how far they agree, and what that says, in bits.

    A bit doubles the odds that the two are one person; a negative one halves them. *level* is None where one side is
    unknown, which says nothing.
    """

    field: str
    level: str | None
    left: str | None
    right: str | None
    bits: float


class PathStep(Result):
    """A pair on the way from one record of a customer to another; *decided* pairs were joined by a person."""

    left: str
    right: str
    probability: float | None
    decided: bool = False


class Explanation(Result):
    """Why two records are one customer, or not.

    prior + evidence + `overlap_bits` (what the fields say twice) + `rule_bits` (a rule above the arithmetic) =
    `total_bits`, the log odds; None where a field of which a person has only one rules it out. `was_compared` says
    whether the two share a blocking key: pairs that do not are never looked at, and never join directly.
    """

    left: RecordShown
    right: RecordShown
    prior_bits: float
    evidence: tuple[Evidence, ...]
    overlap_bits: float
    rule_bits: float
    total_bits: float | None
    probability: float
    threshold: float
    was_compared: bool
    decision: Literal["same", "different"] | None
    same_customer: bool
    reason: Reason
    path: tuple[PathStep, ...] = ()


class ReviewPair(Result):
    """A pair of records about which the evidence is undecided, side by side.

    `records` would share a customer if the two are one person.
    """

    contact_a: str
    contact_b: str
    customer_a: str | None
    customer_b: str | None
    probability: float
    records: int
    same_customer: bool
    evidence: tuple[Evidence, ...]


class ReviewResult(Result):
    """The pairs whose decision would tell most, the most informative first."""

    pairs: tuple[ReviewPair, ...]
    threshold: float
    file: str | None = None


# --- one customer ---------------------------------------------------------------------------------------------------


class GoldenValue(Result):
    """A value of the golden record, the rule that chose it, and where it comes from; *others* are passed over."""

    field: str
    value: str | None
    rule: str | None
    source_system: str | None
    source_file: str | None
    source_row: int | None
    records: int
    others: tuple[str, ...] = ()


class ContactPoint(Result):
    """A point at which the customer is reached, with the systems that know it."""

    type: str
    value: str
    sources: tuple[str, ...]
    records: int
    is_masked: bool


class SourceRecord(Result):
    """A contact record of the customer and what ties it to the others."""

    contact_id: str
    source_system: str | None
    source_file: str | None
    source_row: int | None
    matched_on: str | None
    match_probability: float | None


class TimelineEntry(Result):
    """Something that happened with the customer. `amount` is money, `score` the rating or answer given."""

    at: datetime | None
    kind: Literal["touch", "order", "ticket", "survey", "lead"]
    what: str | None
    channel: str | None
    touchpoint: str | None = None
    source_file: str | None = None
    source_row: int | None = None
    amount: float | None = None
    currency: str | None = None
    score: float | None = None


class Money(Result):
    """An amount in one currency."""

    currency: str | None
    amount: float


class CustomerResult(Result):
    """One customer seen from all sides. `asked` is what the customer was looked up by, masked."""

    customer_id: str
    asked: str
    values: tuple[GoldenValue, ...]
    points: tuple[ContactPoint, ...]
    records: tuple[SourceRecord, ...]
    sources: tuple[str, ...]
    confidence: float | None
    review: bool
    is_member: bool | None
    first_seen: date | None
    last_seen: date | None
    orders: int
    paid_orders: int
    paid: tuple[Money, ...]
    touches: int
    channels: dict[str, int] = Field(default_factory=dict)
    timeline: tuple[TimelineEntry, ...] = ()
    touchpoint_titles: dict[str, Titles] = Field(default_factory=dict)
