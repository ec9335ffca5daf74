"""Attribution of conversions to touchpoints by every model, with intervals and ranks from one shared resampling."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from ibis import _
from numpy.typing import NDArray

from tpaudit.engine import Engine
from tpaudit.errors import InputFault
from tpaudit.ranking.chain import Chain, NotSettled
from tpaudit.ranking.credits import DIRECT, Credits, journey_credits
from tpaudit.ranking.markov import normalised, removal_shares, transition_counts
from tpaudit.ranking.moves import Moves, count_moves, with_worth
from tpaudit.ranking.steps import numbered
from tpaudit.results import AttributionBasis, AttributionRow
from tpaudit.stats.bootstrap import percentile_interval
from tpaudit.stats.ranks import descending_ranks

Floats = NDArray[np.float64]

MARKOV_ORDERS = {"markov": 1, "markov_2": 2}
MOST_TOUCHPOINTS = 5_000

_NO_TIMES, _NOT_SETTLED = "no_times", "not_settled"
# Touchpoints up to which every resample of the chain of order 1 is solved anew; cubes of them are worked on.
_MOST_SOLVED_ANEW = 100
_SOLVED_TOGETHER = 100
# What counting takes without getting slower; the rest is sorted on disk.
_MEGABYTES, _BYTES_OF_A_STEP = 60, 8


@dataclass(frozen=True, slots=True)
class Attribution:
    """Rows of all models, and what they rest on; `basis` tells which models are absent."""

    basis: AttributionBasis
    rows: Sequence[AttributionRow] = ()


@dataclass(frozen=True, slots=True)
class _Shares:
    """What one model says: shares of conversions, the same resampled (replicates x K), and known value credited."""

    conversions: Floats
    resampled: Floats
    value: Floats


def attribute(engine: Engine, steps: Any, touchpoints: Sequence[str], weights: Floats, basis: AttributionBasis,
              cost: Mapping[str, float] | None = None, number: int = 0) -> Attribution:  # fmt: skip
    """Attribution of all models; without rows if no journey converted.

    *steps* are those that may take credit (see `steps.STEP`), *touchpoints* all that are met on them, *weights*
    (replicates x blocks) resample customers, *basis* says what is attributed. *cost* is the money spent on a
    touchpoint, as far as it is known; *number* says about how many steps there are, for the memory to count them in.
    Shares are of the conversions that have such steps. Raises InputFault for more than MOST_TOUCHPOINTS.
    """
    if len(touchpoints) > MOST_TOUCHPOINTS:
        raise InputFault(
            f"{len(touchpoints):,} distinct touchpoints are too many to attribute; {MOST_TOUCHPOINTS:,} can be",
            "name touchpoints, not single campaigns or pages",
        )
    steps = numbered(steps, touchpoints)
    direct = [place for place, name in enumerate(touchpoints) if name.lower() in DIRECT]
    with engine.frugal(_MEGABYTES + number * _BYTES_OF_A_STEP // 1_000_000):
        # What takes most memory comes first, before anything is kept.
        moves = count_moves(engine, steps, len(touchpoints))
        converting = engine.cache(steps.filter(_.converted))
        moves = with_worth(engine, moves, converting)
        credits = journey_credits(engine, converting, len(touchpoints), direct)
        engine.release(converting)
    # Every model gives away the same conversions; the chains need their number to turn shares into credit.
    conversions = credits.by_model["linear"].conversions.sum()
    if not conversions:
        return Attribution(basis)
    found: dict[str, _Shares] = {}
    absent = {} if credits.has_times else {"time_decay": _NO_TIMES}
    for model, order in MARKOV_ORDERS.items():
        try:
            found[model] = _of_chain(moves, order, weights)
        except NotSettled:
            absent[model] = _NOT_SETTLED
    found |= {model: _of_journeys(given, weights) for model, given in credits.by_model.items()}
    rows = [
        row
        for model, shares in found.items()
        for row in _rows(model, touchpoints, shares, float(conversions), credits.has_value, basis, cost or {})
    ]
    return Attribution(basis.model_copy(update={"absent": absent}), rows)


def _of_journeys(given: Credits, weights: Floats) -> _Shares:
    """Shares of a model that credits each journey by itself."""
    conversions = given.conversions.sum(axis=0)
    return _Shares(normalised(conversions), normalised(weights @ given.conversions), given.value.sum(axis=0))


def _of_chain(moves: Moves, order: int, weights: Floats) -> _Shares:
    """Shares of a Markov chain: its removal effects, scaled to sum to one.

    Resamples of a small chain of order 1 are chains of their own. All others move the shares by the influence of the
    blocks, which is what resampling comes to up to terms of the second order (the infinitesimal jackknife).
    Source: Efron (1982), The Jackknife, the Bootstrap and Other Resampling Plans, chapter 6.
    """
    effects = Chain(moves, order).effects()
    shares = normalised(effects.conversions)
    if order == 1 and moves.size <= _MOST_SOLVED_ANEW:
        resampled = _solved_anew(moves, weights)
    else:
        of_all = effects.influence.sum(axis=1, keepdims=True)
        influence = (effects.influence - shares * of_all) / effects.conversions.sum()
        resampled = np.maximum(shares + (weights - 1.0) @ influence, 0.0)
    return _Shares(shares, resampled, _credited(effects.value, moves.value))


def _credited(effects: Floats, values: Floats) -> Floats:
    """Known value of all conversions, credited by removal *effects*; NaN where returns outweigh it."""
    total = values.sum()
    return normalised(effects) * total if total or values.any() else np.zeros_like(effects)


def _solved_anew(moves: Moves, weights: Floats) -> Floats:
    """Shares of each resample of the chain of order 1, some resamples at a time."""
    counts = transition_counts(moves)
    blocks, rows, columns = counts.shape
    flat = counts.reshape(blocks, rows * columns)
    parts = [
        removal_shares((weights[first : first + _SOLVED_TOGETHER] @ flat).reshape(-1, rows, columns))
        for first in range(0, len(weights), _SOLVED_TOGETHER)
    ]
    return np.concatenate(parts)


def _rows(model: str, touchpoints: Sequence[str], shares: _Shares, conversions: float, has_value: bool,
          basis: AttributionBasis, cost: Mapping[str, float]) -> Iterator[AttributionRow]:  # fmt: skip
    """Rows of one model; unknown value or cost is NULL, and so is what depends on it."""
    low, high = percentile_interval(shares.resampled)
    ranks = descending_ranks(shares.conversions)
    undefined = np.isnan(shares.resampled)
    best, worst = percentile_interval(np.where(undefined, np.nan, descending_ranks(shares.resampled)))
    for index, touchpoint in enumerate(touchpoints):
        credit = float(shares.conversions[index]) * conversions
        worth = _known(shares.value[index]) if has_value else None
        spent = cost.get(touchpoint)
        yield AttributionRow(
            touchpoint=touchpoint,
            model=model,
            credit=credit,
            share=float(shares.conversions[index]),
            value=worth,
            ci_low=_known(low[index]),
            ci_high=_known(high[index]),
            rank=int(ranks[index]),
            rank_low=None if np.isnan(best[index]) else int(np.floor(best[index])),
            rank_high=None if np.isnan(worst[index]) else int(np.ceil(worst[index])),
            cost=spent,
            roas=worth / spent if spent and worth is not None else None,
            cost_per_conversion=spent / credit if spent is not None and credit else None,
            outcome=basis.outcome,
            window_days=basis.window_days,
            excluded=", ".join(basis.excluded) or None,
        )


def _known(figure: float) -> float | None:
    return None if np.isnan(figure) else float(figure)
