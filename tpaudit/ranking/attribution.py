"""Attribution of conversions to touchpoints by every model, with intervals from one shared resampling."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tpaudit.engine import Engine
from tpaudit.ranking.chain import transition_counts
from tpaudit.ranking.credits import Credits, journey_credits
from tpaudit.ranking.markov import normalised, removal_shares
from tpaudit.results import AttributionRow
from tpaudit.stats.bootstrap import percentile_interval

Floats = NDArray[np.float64]


def attribute(engine: Engine, steps: Any, touchpoints: Sequence[str], weights: Floats) -> list[AttributionRow]:
    """Attribution rows of all models; none if no journey converted.

    *steps* are the journey steps that may take credit (see `credits.journey_credits`), *touchpoints* those met on
    them, *weights* (replicates x blocks) resample customers. Shares are of the conversions that have such steps.
    """
    credits = journey_credits(engine, steps, touchpoints)
    # Every model below gives away the same conversions; the chain needs their number to turn shares into credit.
    conversions = float(credits["linear"].conversions.sum())
    value = float(credits["linear"].value.sum())
    if conversions == 0:
        return []
    rows: list[AttributionRow] = []
    for model, given in credits.items():
        rows += _rows(model, touchpoints, *_shares(given, weights), conversions, value, given.value.sum(axis=0))
    counts = transition_counts(engine, steps, touchpoints)
    rows += _rows("markov", touchpoints, *_chain_shares(counts, weights), conversions, value)
    return rows


def _shares(given: Credits, weights: Floats) -> tuple[Floats, Floats]:
    """Shares and their intervals (2 x K) of a model that credits each journey by itself."""
    resampled = normalised(weights @ given.conversions)
    return normalised(given.conversions.sum(axis=0)), percentile_interval(resampled)


def _chain_shares(counts: Floats, weights: Floats) -> tuple[Floats, Floats]:
    """Shares and their intervals (2 x K) of the Markov chain; each resample is a chain of its own."""
    blocks, rows, columns = counts.shape
    resampled = (weights @ counts.reshape(blocks, rows * columns)).reshape(len(weights), rows, columns)
    return removal_shares(counts.sum(axis=0)), percentile_interval(removal_shares(resampled))


def _rows(model: str, touchpoints: Sequence[str], shares: Floats, ends: Floats, conversions: float, value: float,
          values: Floats | None = None) -> Iterator[AttributionRow]:  # fmt: skip
    """Rows of one model; without *values* of its own, value follows the share. No value known at all is NULL."""
    known = value != 0
    for index, touchpoint in enumerate(touchpoints):
        share = float(shares[index])
        credited = float(values[index]) if values is not None else share * value
        yield AttributionRow(
            touchpoint=touchpoint,
            model=model,
            credit=share * conversions,
            share=share,
            value=credited if known else None,
            ci_low=float(ends[0, index]),
            ci_high=float(ends[1, index]),
        )
