"""Where customers are lost or sent round again, touchpoint by touchpoint, against the others.

How long they wait is told by the journey map.

drop-off         identified customers whose unconverted journey ends at the touchpoint, of all whose journey has it as a
                 step; against the other touchpoints of its stage, for the stages up to the purchase only, and leaving
                 out those that belong to every order, at which hardly any journey can end in vain
repeat contact   requests after which the customer asked again, as KPI repeat_contact_7d counts them; against requests
                 made elsewhere
returns          orders on which money went back, of customers who met the touchpoint before ordering, as KPI
                 refund_rate counts them; against orders of customers who did not meet it

Whether somebody known only by a cookie ordered cannot be seen, so anonymous visitors are no evidence of loss.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import ibis
import numpy as np
from ibis import _
from numpy.typing import NDArray

from tpaudit.engine.portable import block_in, block_of
from tpaudit.kpis import registry
from tpaudit.kpis.facts import Facts
from tpaudit.ranking.experience import above_zero
from tpaudit.stats.bootstrap import BLOCKS, percentile_interval

Floats = NDArray[np.float64]
Place = tuple[str, str]

LEADING_TO_PURCHASE = ("awareness", "consideration", "purchase")


@dataclass(frozen=True, slots=True)
class Contrast:
    """A share at one touchpoint against the same share elsewhere; `n` counts what the share is of.

    `excess` is the difference, with its 95 % interval, `p` the one-sided p-value of it being above zero; both None
    where either side has too few. `kept_convert` is, of drop-offs, the share of those who go on elsewhere that convert.
    """

    n: int
    rate: float
    others: float | None = None
    excess: float | None = None
    interval: tuple[float, float] | None = None
    p: float | None = None
    kept_convert: float | None = None


@dataclass(frozen=True, slots=True)
class Losses:
    """What was lost where; the KPIs by touchpoint, the rest by stage and touchpoint."""

    drop_off: Mapping[Place, Contrast]
    repeat_contact: Mapping[str, Contrast]
    returns: Mapping[str, Contrast]


def measure_losses(facts: Facts, weights: Floats, minimum: int, definitional: Collection[str] = ()) -> Losses:
    """Losses of all touchpoints; *weights* (replicates x blocks) resample customers.

    The *definitional* touchpoints belong to every order, so the drop-off of others is not compared with theirs. A share
    of fewer than *minimum*, here or elsewhere, is compared with nothing.
    """
    return Losses(
        drop_off=_drop_off(facts, weights, minimum, definitional),
        repeat_contact=_of_kpi(facts, "repeat_contact_7d", weights, minimum),
        returns=_of_kpi(facts, "refund_rate", weights, minimum),
    )


def contrast(hits: Floats, trials: Floats, other_hits: Floats, other_trials: Floats, weights: Floats,
             minimum: int) -> Contrast:  # fmt: skip
    """A share against another from their sums per block, which may depend on each other block by block."""
    n, others_n = trials.sum(), other_trials.sum()
    rate = float(hits.sum() / n)
    if min(n, others_n) < minimum:
        return Contrast(round(n), rate)
    others = float(other_hits.sum() / others_n)
    above, below = weights @ hits, weights @ trials
    other_above, other_below = weights @ other_hits, weights @ other_trials
    known = (below > 0) & (other_below > 0)
    resampled = above[known] / below[known] - other_above[known] / other_below[known]
    low, high = percentile_interval(resampled)
    return Contrast(round(n), rate, others, rate - others, (float(low), float(high)),
                    above_zero(rate - others, resampled))  # fmt: skip


def _drop_off(facts: Facts, weights: Floats, minimum: int, definitional: Collection[str]) -> dict[Place, Contrast]:
    identified = facts.customers.filter(_.is_identified)
    steps = facts.steps.filter(_.stage.isin(LEADING_TO_PURCHASE), _.touchpoint.notnull())
    steps = steps.semi_join(identified, "customer_id").mutate(converted=_.converted.fill_null(False))
    ends = (steps.position == steps.journey_touches) & ~steps.converted
    journeys = steps.mutate(lost=ends).group_by(["customer_id", "stage", "touchpoint"])
    journeys = journeys.agg(lost=_.lost.any(), converted=_.converted.any())
    journeys = journeys.mutate(block=block_of(journeys.customer_id, BLOCKS))
    found = facts.store.engine.fetch(
        journeys.group_by(["block", "stage", "touchpoint"]).agg(
            trials=_.count(), hits=_.lost.cast("int64").sum(), won=_.converted.cast("int64").sum()
        )
    )
    places = list(zip(found["stage"].to_pylist(), found["touchpoint"].to_pylist(), strict=True))
    names, (trials, hits, won) = _by_block(found, places, ("trials", "hits", "won"))
    contrasts = {}
    for place, (stage, touchpoint) in enumerate(names):
        others = [
            other
            for other, key in enumerate(names)
            if key[0] == stage and other != place and key[1] not in definitional
        ]
        one = contrast(hits[:, place], trials[:, place], hits[:, others].sum(axis=1), trials[:, others].sum(axis=1),
                       weights, minimum)  # fmt: skip
        going_on = trials[:, others].sum() - hits[:, others].sum()
        convert = float(won[:, others].sum() / going_on) if one.others is not None and going_on > 0 else None
        contrasts[stage, touchpoint] = replace(one, kept_convert=convert)
    return contrasts


def _of_kpi(facts: Facts, kpi: str, weights: Floats, minimum: int) -> dict[str, Contrast]:
    """Contrasts of a share KPI: what is counted for each touchpoint, against all that is not."""
    definition = next(each for each in registry.load() if each.id == kpi)
    seen = definition.observe(facts).mutate(cluster=ibis.coalesce(_.cluster, _.subject))
    seen = facts.store.engine.cache(seen.mutate(block=block_in(seen.cluster, BLOCKS)))
    by_touchpoint = seen.filter(_.touchpoint.notnull()).select("block", "touchpoint", "subject", "value").distinct()
    found = facts.store.engine.fetch(
        by_touchpoint.group_by(["block", "touchpoint"]).agg(trials=_.count(), hits=_.value.sum())
    )
    everything = seen.select("block", "subject", "value").distinct()
    totals = facts.store.engine.fetch(everything.group_by("block").agg(trials=_.count(), hits=_.value.sum()))
    names, (trials, hits) = _by_block(found, found["touchpoint"].to_pylist(), ("trials", "hits"))
    one, (all_trials, all_hits) = _by_block(totals, [""] * totals.num_rows, ("trials", "hits"))
    return {
        name: contrast(hits[:, place], trials[:, place], all_hits[:, 0] - hits[:, place],
                       all_trials[:, 0] - trials[:, place], weights, minimum)
        for place, name in enumerate(names)
    } if one else {}  # fmt: skip


def _by_block(found: Any, keys: Sequence[Any], columns: Sequence[str]) -> tuple[list[Any], list[Floats]]:
    """Sorted distinct *keys* of the rows of *found*, and its *columns* as blocks x keys."""
    names = sorted(set(keys))
    place = {name: number for number, name in enumerate(names)}
    index = (found["block"].to_numpy().astype(np.int64), np.array([place[key] for key in keys], dtype=np.int64))
    tables = []
    for column in columns:
        table = np.zeros((BLOCKS, len(names)))
        table[index] = found[column].to_numpy().astype(np.float64)
        tables.append(table)
    return names, tables
