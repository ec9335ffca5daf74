"""Maximum likelihood over positive parameters, none of which is far from 1: scale the data first."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import optimize

Floats = NDArray[np.float64]
LogLikelihood = Callable[[Floats], tuple[float, Floats]]
"""Gives the log-likelihood of the parameters and its gradient."""

# Parameters are sought between e^-8 and e^8. An optimum at an end is that of a simpler model, in which customers do not
# differ in what the parameter spreads; what it predicts is as good as settled there.
_BOUND = 8.0
# What multiplying a parameter by e may promise in log-likelihood at the top: little beside the half a unit that makes
# one standard error. The climb stops well below; much further, and it would chase the last bits of a sum.
_FLAT, _STOP = 0.2, 0.01


@dataclass(frozen=True, slots=True)
class Maximum:
    """Where the likelihood is highest. `converged`: nothing higher is found in any direction inside the range."""

    parameters: tuple[float, ...]
    log_likelihood: float
    converged: bool


def maximise(log_likelihood: LogLikelihood, starts: Sequence[Sequence[float]]) -> Maximum:
    """The best optimum found from *starts*, by BFGS on their logarithms, which are squeezed into the range.

    >>> def exponential(rate):  # three waiting times of together 6
    ...     return 3 * np.log(rate[0]) - 6 * rate[0], np.array([3 / rate[0] - 6])
    >>> round(maximise(exponential, [[1.0]]).parameters[0], 2)
    0.5
    """
    found = [_climb(log_likelihood, np.log(np.asarray(start, dtype=np.float64))) for start in starts]
    return max(found, key=lambda maximum: maximum.log_likelihood)


def _climb(log_likelihood: LogLikelihood, start: Floats) -> Maximum:
    # Scaled to the size of the problem, so that tolerances mean the same for ten customers and for a million.
    size = max(abs(log_likelihood(np.exp(start))[0]), 1.0)

    def cost(point: Floats) -> tuple[float, Floats]:
        squeezed = np.tanh(point / _BOUND)
        parameters = np.exp(_BOUND * squeezed)
        value, gradient = log_likelihood(parameters)
        return -value / size, -gradient * parameters * (1 - squeezed**2) / size

    # BFGS and not L-BFGS-B: for so few parameters that one spends its time waking threads for tiny matrices.
    ended = optimize.minimize(cost, start, jac=True, method="BFGS", options={"maxiter": 500, "gtol": _STOP / size})
    flat = bool((np.abs(ended.jac) * size < _FLAT).all())
    parameters = tuple(float(value) for value in np.exp(_BOUND * np.tanh(ended.x / _BOUND)))
    return Maximum(parameters, -float(ended.fun) * size, flat and bool(np.isfinite(ended.fun)))
