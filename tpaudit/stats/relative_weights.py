"""Relative importance of correlated predictors: Johnson's weights, from correlations alone.

Regression coefficients cannot say how much each of several correlated ratings matters. Johnson's weights replace the
predictors by the closest set of uncorrelated ones, and give each predictor its share of what those explain. They are
never negative and add up to the R squared of the regression of the outcome on all predictors.
Source: Johnson (2000), A heuristic method for estimating the relative weight of predictor variables in multiple
regression, Multivariate Behavioral Research 35.

Customers rate what they met, and nobody met everything, so each correlation comes from those who gave both ratings.
Such a table need not be one of correlations of anything; `consistent` gives a near one that is.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

# Eigenvalues below this share of the largest are noise of the arithmetic: predictors that are copies of each other.
_NOISE = 1e-10
# A variance that is left of sums of squares by rounding alone; ratings are numbers of the size of one.
_NO_VARIANCE = 1e-9


def relative_weights(predictors: Floats, outcome: Floats) -> Floats:
    """Share of the outcome's variance that each predictor accounts for; together they are R squared.

    *predictors* are correlations among K predictors (... x K x K), *outcome* their correlations with the outcome
    (... x K); leading axes are separate problems. Predictors that are copies of each other share alike.

    >>> relative_weights(np.array([[1.0, 0.5], [0.5, 1.0]]), np.array([0.6, 0.3])).round(3).tolist()
    [0.315, 0.045]
    """
    values, vectors = np.linalg.eigh(predictors)
    roots = np.sqrt(np.clip(values, 0.0, None))
    floor = np.sqrt(_NOISE * np.clip(values[..., -1:], 0.0, None))
    inverse = np.divide(1.0, roots, out=np.zeros_like(roots), where=roots > floor)
    # Loadings of the predictors on their uncorrelated counterparts, and the counterparts' own coefficients.
    loadings = np.einsum("...ik,...k,...jk->...ij", vectors, roots, vectors)
    betas = np.einsum("...ik,...k,...jk,...j->...i", vectors, inverse, vectors, outcome)
    weights: Floats = np.einsum("...ij,...j->...i", loadings**2, betas**2)
    return weights


def pairwise_correlations(n: Floats, first: Floats, first_squared: Floats, product: Floats) -> Floats:
    """Correlations of variables (... x V x V), each over the observations that have both; NaN where one is constant.

    All arguments are sums over those observations: their number, the row's variable, its square, and the product.

    >>> sums = [[3.0, 3], [3, 3]], [[6.0, 6], [8, 8]], [[14.0, 14], [22, 22]], [[14.0, 17], [17, 22]]
    >>> pairwise_correlations(*map(np.array, sums)).round(3).tolist()  # of 1, 2, 3 with 2, 3, 3
    [[1.0, 0.866], [0.866, 1.0]]
    """
    spread = n * first_squared - first**2
    other_spread = np.swapaxes(spread, -1, -2)
    floor = _NO_VARIANCE * n**2
    known = (spread > floor) & (other_spread > floor)
    scale = np.sqrt(np.where(known, spread * other_spread, 1.0))
    common = n * product - first * np.swapaxes(first, -1, -2)
    correlations = np.divide(common, scale, out=np.full(n.shape, np.nan), where=known)
    clipped: Floats = np.clip(correlations, -1.0, 1.0)
    return clipped


def consistent(correlations: Floats) -> Floats:
    """A table of correlations that some data could have, near *correlations* (... x V x V, ones on the diagonal).

    Negative eigenvalues become zero and the diagonal is scaled back to one; a table that needs no repair stays.
    Source: Rebonato and Jaeckel (1999), The most general methodology to create a valid correlation matrix, section 3.

    >>> consistent(np.array([[1.0, 0.9, 0.0], [0.9, 1.0, 0.9], [0.0, 0.9, 1.0]])).round(3).tolist()[0]
    [1.0, 0.729, 0.064]
    """
    values, vectors = np.linalg.eigh(correlations)
    sound = np.all(values >= 0, axis=-1, keepdims=True)[..., None]
    if np.all(sound):
        return correlations
    repaired = np.einsum("...ik,...k,...jk->...ij", vectors, np.clip(values, 0.0, None), vectors)
    scale = np.sqrt(np.diagonal(repaired, axis1=-2, axis2=-1))
    repaired = repaired / (scale[..., :, None] * scale[..., None, :])
    result: Floats = np.where(sound, correlations, repaired)
    return result
