"""What buyers spend per purchase, from the mean of what they spent so far: the gamma-gamma model.

A customer's purchases are gamma distributed (shape p) around a mean of their own, whose rate is gamma distributed over
customers (shape q, rate v). A mean over few purchases is thereby drawn towards that of all customers. How much a
customer spends is assumed not to depend on how often they buy.
Source: Fader and Hardie (2013), The gamma-gamma model of monetary value, brucehardie.com/notes/025.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import special

from tpaudit.stats.likelihood import LogLikelihood, maximise

Floats = NDArray[np.float64]

# (p, q, v) with amounts in units of their mean: purchases of one customer much alike, as usual, and very unlike.
_STARTS = ((6.0, 4.0, 0.5), (1.0, 2.0, 1.0), (20.0, 2.0, 0.05))


@dataclass(frozen=True, slots=True)
class GammaGamma:
    """A fitted model; `v` is in the unit of the amounts.

    `converged` is False where the top of the likelihood was not found, or is a distribution without a mean (q <= 1): do
    not predict from such a model.
    """

    p: float
    q: float
    v: float
    log_likelihood: float
    converged: bool

    def expected_mean(self, x: Any, mean: Any) -> Any:
        """Expected amount of a purchase after *x* purchases of the given *mean*; arrays or Ibis columns.

        >>> GammaGamma(6.25, 3.74, 15.44, 0.0, True).expected_mean(np.array([0, 2]), np.array([0.0, 50.0])).round(2)
        array([35.22, 47.34])
        """
        return (self.p * self.v + self.p * x * mean) / (self.p * x + self.q - 1)


def fit(x: Floats, mean: Floats) -> GammaGamma:
    """Fit by maximum likelihood to customers with *x* >= 1 purchases whose *mean* amount is positive."""
    unit = float(np.average(mean, weights=x))
    found = maximise(_likelihood(x, mean / unit), _STARTS)
    p, q, v = found.parameters
    # The density of a mean amount has the dimension 1 / amount.
    log_likelihood = found.log_likelihood - len(x) * float(np.log(unit))
    return GammaGamma(p, q, v * unit, log_likelihood, found.converged and q > 1)


def _likelihood(x: Floats, mean: Floats) -> LogLikelihood:
    """The log-likelihood of (p, q, v), equation (1a) of the note, and its gradient.

    Per customer: ln G(px + q) / (G(px) G(q)) + q ln v + (px - 1) ln m + px ln x - (px + q) ln(v + mx).
    """
    counts, of_x = np.unique(x, return_inverse=True)
    n_of_x = np.bincount(of_x).astype(np.float64)
    total, spent = float(len(x)), x * mean
    log_mean = float(np.log(mean).sum())
    log_spent = float((x * np.log(spent)).sum())

    def evaluate(parameters: Floats) -> tuple[float, Floats]:
        p, q, v = parameters
        shapes = p * counts + q
        logs, inverse = np.log(v + spent), 1 / (v + spent)
        # Sums of ln(v + mx), and of its derivative by v, over the customers of each x.
        log_of_x, inverse_of_x = (np.bincount(of_x, weights=each) for each in (logs, inverse))
        value = float(
            n_of_x @ (special.gammaln(shapes) - special.gammaln(p * counts))
            + total * (q * np.log(v) - special.gammaln(q))
            + p * log_spent
            - log_mean
            - shapes @ log_of_x
        )
        by_shape = n_of_x * special.psi(shapes) - log_of_x
        gradient = np.array(
            [
                counts @ (by_shape - n_of_x * special.psi(p * counts)) + log_spent,
                by_shape.sum() + total * (np.log(v) - special.psi(q)),
                total * q / v - shapes @ inverse_of_x,
            ]
        )
        return value, gradient

    return evaluate
