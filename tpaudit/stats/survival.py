"""Time to an event when some are still waiting for it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from tpaudit.stats.intervals import LEVEL, Interval

Floats = NDArray[np.float64]

_ROUNDING = 1e-9


def kaplan_meier(times: Floats, events: Floats, censored: Floats) -> tuple[Floats, Floats, Floats]:
    """Distinct event times, the share still waiting just after each, and Greenwood's sum up to it.

    *events* and *censored* count, for each of *times* (any order, repetitions allowed), those to whom the event came
    and those who were watched no longer. Source: Kaplan and Meier (1958), JASA 53.

    >>> at, waiting, _ = kaplan_meier(np.array([1.0, 2, 3]), np.array([1.0, 1, 0]), np.array([0.0, 1, 1]))
    >>> at.tolist(), waiting.round(3).tolist()
    ([1.0, 2.0], [0.75, 0.5])
    """
    distinct, place = np.unique(times, return_inverse=True)
    came = np.bincount(place, weights=events, minlength=len(distinct))
    left = np.bincount(place, weights=censored, minlength=len(distinct))
    at_risk = np.cumsum((came + left)[::-1])[::-1]
    told = came > 0
    came, at_risk = came[told], at_risk[told]
    waiting = np.cumprod(1 - came / at_risk).astype(np.float64)
    with np.errstate(divide="ignore"):
        greenwood: Floats = np.cumsum(np.where(at_risk > came, came / (at_risk * (at_risk - came)), np.inf))
    return distinct[told].astype(np.float64), waiting, greenwood


def median_survival(
    times: Floats, events: Floats, censored: Floats, level: float = LEVEL
) -> tuple[float | None, Interval | None]:
    """Median time to the event with its interval; None where it was not reached, or an end was not.

    The interval holds the times at which a share of one half cannot be rejected, on the log-log scale.
    Source: Brookmeyer and Crowley (1982), A confidence interval for the median survival time, Biometrics 38.

    >>> median_survival(np.arange(1.0, 12), np.ones(11), np.zeros(11))[0]
    6.0
    >>> median_survival(np.array([5.0]), np.array([0.0]), np.array([9.0]))
    (None, None)
    """
    at, waiting, greenwood = kaplan_meier(times, events, censored)
    # A product of shares may miss one half by its last bits.
    reached = np.flatnonzero(waiting <= 0.5 + _ROUNDING)
    if not len(reached):
        return None, None
    median = float(at[reached[0]])
    z = stats.norm.ppf((1 + level) / 2)
    inside = (waiting > 0) & (waiting < 1)
    logged = np.log(waiting[inside])
    # Distance of log(-log S) from log(-log 1/2), in standard errors.
    distance = (np.log(-logged) - np.log(np.log(2))) / (np.sqrt(greenwood[inside]) / np.abs(logged))
    low = at[inside][distance >= -z]
    high = at[inside][distance > z]
    if not len(low) or not len(high):
        # The curve ends at zero before the upper bound is passed: the last event is as late as the median can be.
        if len(low) and waiting[-1] == 0:
            return median, Interval(float(low[0]), float(at[-1]))
        return median, None
    return median, Interval(float(min(low[0], median)), float(high[0]))
