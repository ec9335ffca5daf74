"""From touches to cells: customers who met the same touchpoints, counted with their outcomes.

A model of millions of customers needs only the distinct combinations of touchpoints they met. Each combination is a
bit mask; cells are kept per block of customers for resampling, and per half of the period for replication.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any, NamedTuple

import ibis
import numpy as np
import pyarrow as pa
from ibis import _
from numpy.typing import NDArray
from scipy import sparse

from tpaudit.engine import Engine
from tpaudit.engine.portable import block_of, epoch_seconds
from tpaudit.ranking.traits import Traits
from tpaudit.stats.bootstrap import BLOCKS

Floats = NDArray[np.float64]

# Bits of one mask: sums of distinct powers of two up to 2^52 are exact in every engine's numbers.
_BITS = 52
# Levels of touches beyond the first of each touchpoint: none, 1, 2-3, 4-6, 7 and more. Keen customers come back more
# often, so repetition stands in for a keenness nobody recorded.
_REPEATS = (1, 2, 4, 7)


class Feature(NamedTuple):
    """What a customer can have met: a touchpoint in a stage."""

    stage: str
    touchpoint: str


@dataclass(frozen=True, slots=True)
class Cells:
    """Customers of a study by what they met.

    `met` (cells x features) and `background` describe the distinct combinations; the latter holds, cells x columns,
    levels of repetition above the lowest, standing, and contrasts of traits. Each count belongs to the combination
    `cell`, the customer block `block` and the half `half` of the period.
    """

    features: tuple[Feature, ...]
    met: Floats
    background: Floats
    cell: NDArray[np.int64]
    block: NDArray[np.int64]
    half: NDArray[np.int64]
    customers: Floats
    outcomes: Floats

    def within(self, half: int) -> Cells:
        """The counts of one half of the period, 0 the earlier."""
        chosen = self.half == half
        return Cells(
            self.features, self.met, self.background, self.cell[chosen], self.block[chosen], self.half[chosen],
            self.customers[chosen], self.outcomes[chosen],
        )  # fmt: skip

    def per_cell(self, counts: Floats) -> Floats:
        """*counts* added up over blocks and halves."""
        return np.bincount(self.cell, weights=counts, minlength=len(self.met)).astype(np.float64)

    def per_block(self, counts: Floats) -> sparse.csr_array:
        """*counts* added up over halves, as a sparse matrix blocks x combinations."""
        return sparse.csr_array((counts, (self.block, self.cell)), shape=(BLOCKS, len(self.met)))


def count_cells(engine: Engine, met: Any, features: Sequence[Feature], traits: Traits | None = None) -> Cells:
    """Cells of a study: *met* has customer_id, at, outcome, stage, touchpoint, one row per touch (see `studies`).

    The halves of the period part the customers in two equal groups by the time of their outcome.
    """
    masks = -(-len(features) // _BITS)
    customers = _masked(engine, met, features, masks)
    customers = _with_traits(customers, traits)
    middle = customers.aggregate(middle=_.second.quantile(0.5))
    keys = [*(f"mask_{number}" for number in range(masks)), "intensity", "standing", "traits", "block", "half"]
    counted = (
        customers.cross_join(middle)
        .mutate(half=(_.second > _.middle).cast("int64"))
        .group_by(keys)
        .agg(customers=_.count(), outcomes=_.outcome.cast("int64").sum())
    )
    found = engine.fetch(counted)
    columns = [found[name].to_numpy().astype(np.int64) for name in keys]
    combinations, cell = np.unique(np.stack(columns[: masks + 3], axis=1), axis=0, return_inverse=True)
    repeats = (combinations[:, [masks]] >= np.arange(1, len(_REPEATS) + 1)).astype(np.float64)
    customers_found = found["customers"].to_numpy().astype(np.float64)
    contrasts = np.zeros((len(combinations), 0))
    if traits is not None:
        weights = np.bincount(cell.reshape(-1), weights=customers_found).astype(np.float64)
        contrasts = traits.contrasts(_bits(combinations[:, masks + 2 :], len(traits.names)), weights)
    return Cells(
        features=tuple(features),
        met=_bits(combinations[:, :masks], len(features)),
        background=np.column_stack([repeats, combinations[:, masks + 1], contrasts]),
        cell=cell.reshape(-1),
        block=columns[-2],
        half=columns[-1],
        customers=customers_found,
        outcomes=found["outcomes"].to_numpy().astype(np.float64),
    )


def _with_traits(customers: Any, traits: Traits | None) -> Any:
    if traits is None or not traits.names:
        return customers.mutate(traits=ibis.literal(0))
    joined = customers.left_join(traits.carried, "customer_id").drop("customer_id_right")
    return joined.mutate(traits=joined.traits.fill_null(0))


def _masked(engine: Engine, met: Any, features: Sequence[Feature], masks: int) -> Any:
    """One row per customer: outcome, time in seconds, block, masks of what was met, and level of repetition."""
    places = engine.table(
        pa.table(
            {
                "stage": [feature.stage for feature in features],
                "touchpoint": [feature.touchpoint for feature in features],
                "place": pa.array(range(len(features)), pa.int64()),
            }
        )
    )
    once = met.group_by(["customer_id", "stage", "touchpoint"]).agg(
        touches=_.touchpoint.count(),
        outcome=_.outcome.cast("int64").max(),
        standing=_.standing.max(),
        second=epoch_seconds(_.at.max()),
    )
    placed = once.left_join(places, ["stage", "touchpoint"], rname="_{name}")
    bit = ibis.literal(2.0) ** (placed.place % _BITS)
    parts = {
        f"mask_{number}": ibis.ifelse(placed.place.cast("int64") // _BITS == number, bit, 0.0).sum().cast("int64")
        for number in range(masks)
    }
    repeats = (placed.touches.fill_null(0) - placed.place.notnull().cast("int64")).sum()
    customers = placed.group_by("customer_id").agg(
        outcome=_.outcome.max(), standing=_.standing.max(), second=_.second.max(), repeats=repeats, **parts
    )
    levels = reduce(lambda total, floor: total + (customers.repeats >= floor).cast("int64"), _REPEATS, ibis.literal(0))
    return customers.mutate(
        intensity=levels, standing=customers.standing.cast("int64"), block=block_of(customers.customer_id, BLOCKS)
    )


def _bits(masks: NDArray[np.int64], size: int) -> Floats:
    """Masks (cells x words) as zeros and ones (cells x size)."""
    place = np.arange(size)
    return ((masks[:, place // _BITS] >> (place % _BITS)) & 1).astype(np.float64)
