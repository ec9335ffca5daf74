"""Credits of the models that share each conversion among its own journey's touches.

All of them give one customer's conversion away in parts that sum to one, so a single aggregation serves them all.

first, last         the first or last touch takes it all
last_non_direct     the last touch other than the website met without a detour; the last one if there is no other
linear              equal parts
position            40 % to the first, 40 % to the last, the rest equally between; two touches share equally
time_decay          parts halve with every week between touch and conversion; absent where times are unknown
shapley             equal parts to the distinct touchpoints met. This is the exact Shapley value of the game in which
                    a set of touchpoints is worth the conversions of journeys that need no others
                    (Zhao, Mahboobi, Bagheri 2018, Shapley value methods for attribution modeling).

A touchpoint's part of a journey follows from how often it was met there and whether it came first or last, so steps are
added up by journey and touchpoint, and no step needs to know its neighbours.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import ibis
import numpy as np
from ibis import _
from numpy.typing import NDArray

from tpaudit.engine import Engine
from tpaudit.engine.portable import is_one_of
from tpaudit.stats.bootstrap import BLOCKS

Floats = NDArray[np.float64]

DIRECT = ("website", "direct", "(direct)")
"""What the website met without a detour is called; the last two in files of paths, whatever their case."""

HALF_LIFE_HOURS = 7 * 24.0
MODELS = ("shapley", "linear", "position", "time_decay", "first", "last", "last_non_direct")


@dataclass(frozen=True, slots=True)
class Credits:
    """Conversions and order value credited by one model, each of shape (blocks, K). Unknown values count nothing."""

    conversions: Floats
    value: Floats


@dataclass(frozen=True, slots=True)
class JourneyCredits:
    """Credits by model; `has_value` tells whether the value of any conversion is known, `has_times` whether the time
    of every touch is (without it there is no time decay)."""

    by_model: Mapping[str, Credits]
    has_value: bool
    has_times: bool


def journey_credits(engine: Engine, converting: Any, size: int, direct: Sequence[int] = ()) -> JourneyCredits:
    """Credits of every model in MODELS to touchpoints numbered below *size*.

    *converting* are the steps of journeys that converted, as `steps.STEP` says but with `place` for the touchpoint.
    *direct* are the places of DIRECT.
    """
    parts = _parts(_met(converting), direct)
    sums = {f"{model}_conversions": (parts[model] * parts.times).sum() for model in MODELS}
    sums |= {f"{model}_value": (parts[model] * parts.value).sum() for model in MODELS}
    known = {"valued": parts.value.count(), "untimed": parts.untimed.sum()}
    found = engine.fetch(parts.aggregate(by=["block", "place"], **sums, **known))
    where = (found["block"].to_numpy(), found["place"].to_numpy())

    def spread(column: str) -> Floats:
        cells = np.zeros((BLOCKS, size))
        cells[where] = np.nan_to_num(found[column].to_numpy().astype(np.float64))
        return cells

    has_times = not found["untimed"].to_numpy().any()
    models = [model for model in MODELS if has_times or model != "time_decay"]
    return JourneyCredits(
        by_model={model: Credits(spread(f"{model}_conversions"), spread(f"{model}_value")) for model in models},
        has_value=bool(found["valued"].to_numpy().any()),
        has_times=has_times,
    )


def _met(steps: Any) -> Any:
    """One row per journey and touchpoint: how often, first and last met, and the weight of its recency."""
    recency = ibis.literal(2.0) ** (-steps.hours_before / HALF_LIFE_HOURS)
    return steps.group_by(["journey", "place"]).agg(
        block=_.block.max(),
        times=_.times.max() if "times" in steps.columns else ibis.literal(1),
        value=_.value.max(),
        touches=_.count(),
        begin=_.position.min(),
        end=_.position.max(),
        recent=recency.sum(),
        untimed=_.hours_before.isnull().cast("int64").sum(),
    )


def _parts(met: Any, direct: Sequence[int]) -> Any:
    """Each touchpoint of a journey with the part of the conversion every model gives it, in a column each."""
    journey = ibis.window(group_by="journey")
    detour = ~is_one_of(met.place, direct)
    placed = met.mutate(
        length=met.touches.sum().over(journey),
        places=met.count().over(journey),
        first_position=met.begin.min().over(journey),
        last_position=met.end.max().over(journey),
        last_detour=ibis.ifelse(detour, met.end, ibis.null("int32")).max().over(journey),
        recent_all=met.recent.sum().over(journey),
    )
    is_first = (placed.begin == placed.first_position).cast("float64")
    is_last = (placed.end == placed.last_position).cast("float64")
    between = (placed.touches - is_first - is_last) / (placed.length - 2).nullif(0)
    return placed.mutate(
        first=is_first,
        last=is_last,
        last_non_direct=(placed.end == ibis.coalesce(placed.last_detour, placed.last_position)).cast("float64"),
        linear=placed.touches / placed.length,
        position=ibis.ifelse(
            placed.length <= 2, placed.touches / placed.length, 0.4 * is_first + 0.4 * is_last + 0.2 * between
        ),
        # So long ago that weights vanish: the last touch outweighs all others.
        time_decay=ibis.coalesce(placed.recent / placed.recent_all.nullif(0.0), is_last),
        shapley=1.0 / placed.places,
    )
