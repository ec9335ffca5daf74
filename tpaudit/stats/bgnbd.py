"""How often buyers will buy again, from when they bought so far: the BG/NBD model.

While alive a customer buys at a rate of their own (gamma distributed over customers); after every purchase they leave
for good with a chance of their own (beta distributed). All that matters of a customer is `x`, the repeat purchases,
`t_x`, the time from the first purchase to the last, and `T`, the time from the first purchase to today. Customers who
agree in these three are one row with a weight, so that the cost follows the distinct rows and not the customers.
Source: Fader, Hardie and Lee (2005), "Counting your customers" the easy way, Marketing Science 24.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import linalg, special

from tpaudit.stats.likelihood import LogLikelihood, maximise

Floats = NDArray[np.float64]

# Steps of the time axis on which the starting points compete; the winner is then fitted to the exact times.
_COARSE_STEPS = 24
# (r, alpha, a, b) with time in units of the mean age: customers much alike, as usual, and very unlike each other.
_STARTS = ((1.0, 1.0, 0.5, 5.0), (0.5, 0.5, 1.0, 1.0), (0.25, 0.1, 0.8, 2.5))
# Points at which the chance of leaving is integrated: exact to ten digits for a horizon as long as the time watched,
# to four for one a hundred times as long.
_NODES = 24


@dataclass(frozen=True, slots=True)
class BgNbd:
    """A fitted model. `alpha` is in the unit of time of the data; `log_likelihood` is of all customers.

    `converged` is False where the top of the likelihood was not found: do not predict from such a model.
    """

    r: float
    alpha: float
    a: float
    b: float
    log_likelihood: float
    converged: bool

    def alive(self, x: Floats, t_x: Floats, age: Floats) -> Floats:
        """Chance that a customer of *age* T has not left, per row.

        >>> model = BgNbd(0.2426, 4.4136, 0.7930, 2.4261, -9582.4, True)
        >>> model.alive(np.array([0.0, 2, 2]), np.array([0.0, 30.43, 5]), np.array([38.86, 38.86, 38.86])).round(3)
        array([1.   , 0.727, 0.124])
        """
        # Odds of having left right after the last purchase, times what the silence since then makes of them.
        log_odds = _log_ratio(self.a, self.b, x) + (self.r + x) * np.log((self.alpha + age) / (self.alpha + t_x))
        return np.asarray(special.expit(-log_odds), dtype=np.float64)

    def purchases(self, x: Floats, t_x: Floats, age: Floats, horizon: float) -> Floats:
        """Expected purchases within *horizon* from now, per row.

        >>> model = BgNbd(0.2426, 4.4136, 0.7930, 2.4261, -9582.4, True)
        >>> model.purchases(np.array([2.0]), np.array([30.43]), np.array([38.86]), 39.0).round(3)  # paper: 1.226
        array([1.226])
        """
        return self.discounted_purchases(x, t_x, age, np.array([horizon]), np.ones(1))

    def discounted_purchases(self, x: Floats, t_x: Floats, age: Floats, ends: Floats, factors: Floats) -> Floats:
        """Expected purchases of the steps that end at *ends* from now, each times its step's factor, summed per row."""
        # What lies ahead of a customer who is still there depends on x and T alone, and few of these pairs differ.
        (repeats, ages), place = _distinct(x, age)
        # A sum over steps of (E[t_j] - E[t_j-1]) f_j, ordered by E[t_j].
        weights = factors - np.append(factors[1:], 0.0)
        ahead = self._ahead(repeats, ages, ends, weights)
        return np.asarray(self.alive(x, t_x, age) * ahead[place], dtype=np.float64)

    def _ahead(self, x: Floats, age: Floats, ends: Floats, weights: Floats) -> Floats:
        """Weighted expected purchases until each of *ends* of customers who are alive.

        Given the chance p of leaving, a customer makes (1 - (1 + p t / (alpha + T))^-(r + x)) / p purchases until t;
        p itself is beta distributed (a, b + x). Gauss-Jacobi quadrature over p gives what the paper's equation (10)
        writes with 2F1, for all steps at once, and at a = 1 too, where that formula divides by zero.
        """
        found = np.empty(len(x))
        for repeats in np.unique(x):
            rows = np.flatnonzero(x == repeats)
            nodes, shares = _beta_quadrature(self.a, self.b + repeats)
            spans = ends[None, :, None] * nodes / (self.alpha + age[rows])[:, None, None]
            until = -np.expm1(-(self.r + repeats) * np.log1p(spans)) / nodes
            found[rows] = np.einsum("ten,n,e->t", until, shares, weights)
        return found


def fit(x: Floats, t_x: Floats, age: Floats, weights: Floats) -> BgNbd:
    """Fit by maximum likelihood to distinct rows with *weights*, the number of customers of each; *age* is T.

    The starting points compete on times rounded to two dozen steps, and the winner is fitted to the exact ones.
    """
    unit = float(np.average(age, weights=weights))
    t_x, age = t_x / unit, age / unit
    step = float(age.max()) / _COARSE_STEPS
    coarse, place = _distinct(x, np.round(t_x / step) * step, np.round(age / step) * step)
    summed = np.bincount(place, weights=weights).astype(np.float64)
    rough = maximise(_likelihood(coarse[0], coarse[1], coarse[2], summed), _STARTS)
    found = maximise(_likelihood(x, t_x, age, weights), [rough.parameters])
    r, alpha, a, b = found.parameters
    # The density of x purchases has the dimension time^-x.
    log_likelihood = found.log_likelihood - float(weights @ x * np.log(unit))
    return BgNbd(r, alpha * unit, a, b, log_likelihood, found.converged)


def _distinct(*columns: Floats) -> tuple[list[Floats], NDArray[np.int64]]:
    """The distinct rows of *columns*, and which of them each row is."""
    codes = np.zeros(len(columns[0]), dtype=np.int64)
    for column in columns:
        values, code = np.unique(column, return_inverse=True)
        codes = codes * len(values) + code
    _rows, first, place = np.unique(codes, return_index=True, return_inverse=True)
    return [column[first] for column in columns], place


def _likelihood(x: Floats, t_x: Floats, age: Floats, weights: Floats) -> LogLikelihood:
    """The weighted log-likelihood of (r, alpha, a, b) and its gradient.

    With k = a / (b + x - 1), or 0 without repeat purchases, and u = ((alpha + t_x) / (alpha + T))^(r + x), the paper's
    equation (6) reads ln G(r+x)/G(r) + r ln alpha + ln B(a, b+x)/B(a, b) - (r + x) ln(alpha + t_x) + ln(u + k).
    Logarithms and gamma functions are taken of distinct values only.
    """
    repeats, of_x = np.unique(x, return_inverse=True)
    lasts, of_last = np.unique(t_x, return_inverse=True)
    ages, of_age = np.unique(age, return_inverse=True)
    n_of_x = np.bincount(of_x, weights=weights)
    n_of_last = np.bincount(of_last, weights=weights)
    x_of_last = np.bincount(of_last, weights=weights * x)
    total = float(weights.sum())

    def evaluate(parameters: Floats) -> tuple[float, Floats]:
        r, alpha, a, b = parameters
        log_last, log_age = np.log(alpha + lasts), np.log(alpha + ages)
        apart = log_age[of_age] - log_last[of_last]
        log_u = -(r + x) * apart
        log_sum = np.logaddexp(log_u, _log_ratio(a, b, repeats)[of_x])
        alive = weights * np.exp(log_u - log_sum)
        alive_of_x = np.bincount(of_x, weights=alive, minlength=len(repeats))

        by_x = special.gammaln(r + repeats) + special.betaln(a, b + repeats) - special.betaln(a, b)
        value = float(n_of_x @ by_x + total * (r * np.log(alpha) - special.gammaln(r)) + weights @ log_sum)
        value -= float((r * n_of_last + x_of_last) @ log_last)

        log_rate = n_of_x @ special.psi(r + repeats) + total * (np.log(alpha) - special.psi(r))
        gone_of_x = n_of_x - alive_of_x
        leaving = n_of_x @ (special.psi(a + b) - special.psi(a + b + repeats))
        staying = n_of_x @ (special.psi(b + repeats) - special.psi(b))
        held = alive * (r + x)
        gradient = np.array(
            [
                log_rate - n_of_last @ log_last - alive @ apart,
                total * r / alpha
                - (r * n_of_last + x_of_last) @ (1 / (alpha + lasts))
                + held @ (1 / (alpha + lasts))[of_last]
                - held @ (1 / (alpha + ages))[of_age],
                leaving + gone_of_x.sum() / a,
                leaving + staying - (gone_of_x[repeats > 0] / (b + repeats[repeats > 0] - 1)).sum(),
            ]
        )
        return value, gradient

    return evaluate


def _log_ratio(a: float, b: float, x: Floats) -> Floats:
    """ln(a / (b + x - 1)); minus infinity at x = 0, for nobody leaves before the first repeat."""
    found = np.full(len(x), -np.inf)
    bought = x > 0
    found[bought] = np.log(a) - np.log(b + x[bought] - 1)
    return found


def _beta_quadrature(a: float, b: float) -> tuple[Floats, Floats]:
    """Points and weights (of sum 1) that integrate over the beta distribution: Gauss-Jacobi quadrature.

    From the recurrence of the Jacobi polynomials by Golub and Welsch (1969), Math. Comp. 23; SciPy's own scales its
    weights with B(a, b), which is zero to a computer where a and b are large.
    """
    alpha, beta = b - 1, a - 1
    n = np.arange(1.0, _NODES)
    even = 2 * n + alpha + beta
    centre = (beta - alpha) * (beta + alpha) / (even * (even + 2))
    # The general term of the first is 0/0 where alpha + beta = -1.
    spread = np.full(len(n), 4 * (1 + alpha) * (1 + beta) / ((2 + alpha + beta) ** 2 * (3 + alpha + beta)))
    m, even = n[1:], even[1:]
    spread[1:] = 4 * m * (m + alpha) * (m + beta) * (m + alpha + beta) / (even**2 * (even + 1) * (even - 1))
    first = (beta - alpha) / (alpha + beta + 2)
    points, vectors = linalg.eigh_tridiagonal(np.append(first, centre), np.sqrt(spread))
    return (1 + points) / 2, vectors[0] ** 2
