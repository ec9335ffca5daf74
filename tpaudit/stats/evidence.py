"""How far a figure can be trusted: grades by sample size, and the correction for looking many times."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import stats

# The half-width of the Wilson interval of a share of one half, the widest there is, is 5 points at n = 381,
# 10 points at n = 93 and 17 points at n = 30; the customary n = z^2 / 4h^2 rounds these to 385 and 96.
_FLOORS = ((385, "A"), (96, "B"), (30, "C"))


def grade(n: int) -> str:
    """Grade of the evidence that *n* observations give.

    `A` from 385 on (a share is known to 5 points at worst), `B` from 96 (10 points), `C` from 30 (18 points), `D`
    below. Source of the sizes: Cochran (1977), Sampling Techniques, section 4.4.

    >>> [grade(n) for n in (400, 100, 30, 29)]
    ['A', 'B', 'C', 'D']
    """
    return next((name for floor, name in _FLOORS if n >= floor), "D")


def false_discovery_adjusted(p_values: NDArray[np.float64]) -> NDArray[np.float64]:
    """p-values adjusted so that at most that share of the findings below a limit is false; NaN stays NaN.

    Source: Benjamini and Hochberg (1995), Controlling the false discovery rate, JRSS B 57.

    >>> false_discovery_adjusted(np.array([0.01, 0.04, np.nan, 0.03])).round(3).tolist()
    [0.03, 0.04, nan, 0.04]
    """
    adjusted = np.full(p_values.shape, np.nan)
    known = ~np.isnan(p_values)
    if known.any():
        adjusted[known] = stats.false_discovery_control(p_values[known], method="bh")
    return adjusted
