"""Adjusted effect of each touchpoint: what the outcome of those who met it would have lost had they not.

A logistic regression of the outcome on everything met, then g-computation: for the customers exposed to a touchpoint,
the mean predicted chance as they are minus the mean predicted chance without it (the effect on the exposed). What the
model cannot see it cannot adjust for, so the result is an association, not proof of cause.
Source: Hernan and Robins (2020), Causal Inference: What If, chapter 13.

Touchpoints that few met would send coefficients to infinity, so each has a log-F(1,1) prior, worth half a success
and half a failure at a customer who met nothing else. Source: Greenland and Mansournia (2015), Penalization, bias
reduction, and default priors in logistic and related regressions, Statistics in Medicine 34.

Resampling does not refit: the effect of a block's weight on the estimate is known to first order (the infinitesimal
jackknife), so a resampled effect is the estimate plus the weighted sum of the blocks' influences.
Source: Efron (1982), The Jackknife, the Bootstrap and Other Resampling Plans, chapter 6.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, sparse
from scipy.special import expit, logit

from tpaudit.ranking.exposures import Cells
from tpaudit.stats.bootstrap import BLOCKS

Floats = NDArray[np.float64]

# Fitting needs both outcomes, and more customers than coefficients by this factor.
_CUSTOMERS_PER_COEFFICIENT = 3


@dataclass(frozen=True, slots=True)
class Effects:
    """Per feature the effect on the exposed, and the influence of each block of customers on it (blocks x features).

    `chances` are the fitted chances of the cells. An effect nobody is exposed to is NaN.
    """

    estimate: Floats
    influence: Floats
    chances: Floats

    def resampled(self, weights: Floats) -> Floats:
        """Effects under resampling *weights* (replicates x blocks), of shape replicates x features."""
        moved: Floats = self.estimate + (weights - 1.0) @ self.influence
        return moved

    @property
    def standard_error(self) -> Floats:
        """Standard error of each estimate; customers of one block may depend on each other."""
        error: Floats = np.sqrt((self.influence**2).sum(axis=0))
        return error


def adjusted_effects(cells: Cells) -> Effects | None:
    """Adjusted effects of all features of *cells*; None if the data cannot carry a model."""
    customers, outcomes = cells.per_cell(cells.customers), cells.per_cell(cells.outcomes)
    # Customers meet few of the touchpoints there are: sparse products take a tenth of the time of dense ones.
    design = sparse.csr_array(np.column_stack([np.ones(len(cells.met)), cells.met, cells.background]))
    total, positive = customers.sum(), outcomes.sum()
    if not 0 < positive < total or total < _CUSTOMERS_PER_COEFFICIENT * design.shape[1]:
        return None
    fitted = _fit(design, outcomes, customers)
    chances = expit(design @ fitted)
    information = _information(design, customers, fitted)
    counts = cells.per_block(cells.customers)
    score = cells.per_block(cells.outcomes) @ design - counts @ (design * chances[:, None])
    # How far each block of customers moves the coefficients.
    moved = np.linalg.solve(information, score.toarray().T).T
    estimate, influence = _on_exposed(cells, design, fitted, customers, counts, moved)
    return Effects(estimate, influence, chances)


def _fit(design: sparse.csr_array, outcomes: Floats, customers: Floats) -> Floats:
    """Coefficients that maximise the likelihood times the prior; a concave problem, so the maximum is the one there is.

    Newton steps on X'WX cost little however many combinations there are; the decompositions of the design that
    general model libraries make do not.
    """
    penalised = np.arange(1, design.shape[1])

    def loss(beta: Floats) -> float:
        linear = design @ beta
        prior = np.logaddexp(0.0, beta[penalised]).sum() - beta[penalised].sum() / 2
        return float(customers @ np.logaddexp(0.0, linear) - outcomes @ linear + prior)

    def gradient(beta: Floats) -> Floats:
        slope: Floats = design.T @ (customers * expit(design @ beta) - outcomes)
        slope[penalised] += expit(beta[penalised]) - 0.5
        return slope

    def curvature(beta: Floats) -> Floats:
        return _information(design, customers, beta)

    start = np.zeros(design.shape[1])
    start[0] = logit(outcomes.sum() / customers.sum())
    solved = optimize.minimize(loss, start, jac=gradient, hess=curvature, method="trust-exact", options={"gtol": 1e-6})
    return np.asarray(solved.x, dtype=np.float64)


def _information(design: sparse.csr_array, customers: Floats, beta: Floats) -> Floats:
    """Information matrix of data and prior at *beta*."""
    chances = expit(design @ beta)
    information: Floats = (design.T @ (design * (customers * chances * (1 - chances))[:, None])).toarray()
    prior = expit(beta) * (1 - expit(beta))
    prior[0] = 0.0
    return information + np.diag(prior)


def _on_exposed(cells: Cells, design: sparse.csr_array, fitted: Floats, customers: Floats, counts: sparse.csr_array,
                moved: Floats) -> tuple[Floats, Floats]:  # fmt: skip
    """Effect on the exposed of every feature, and the blocks' influence on it."""
    size = len(cells.features)
    estimate, influence = np.full(size, np.nan), np.zeros((BLOCKS, size))
    linear = design @ fitted
    for feature in range(size):
        exposed = np.flatnonzero((cells.met[:, feature] > 0) & (customers > 0))
        weight = customers[exposed]
        if weight.sum() == 0:
            continue
        with_it = expit(linear[exposed])
        without = expit(linear[exposed] - fitted[feature + 1])
        lost = with_it - without
        effect = float(weight @ lost / weight.sum())
        slope_with, slope_without = with_it * (1 - with_it), without * (1 - without)
        gradient = design[exposed].T @ (weight * (slope_with - slope_without))
        gradient[feature + 1] = weight @ slope_with
        own = counts[:, exposed] @ (lost - effect)
        estimate[feature] = effect
        influence[:, feature] = (own + moved @ gradient) / weight.sum()
    return estimate, influence


def ranking_quality(cells: Cells, chances: Floats) -> float | None:
    """Area under the ROC curve: the chance that a customer with the outcome was given the higher chance; ties half.

    Measured on the data the model was fitted to. None if all customers fare alike.
    Source: Hanley and McNeil (1982), Radiology 143.
    """
    customers, outcomes = cells.per_cell(cells.customers), cells.per_cell(cells.outcomes)
    levels, level = np.unique(chances, return_inverse=True)
    positive = np.bincount(level, weights=outcomes, minlength=len(levels))
    negative = np.bincount(level, weights=customers - outcomes, minlength=len(levels))
    pairs = positive.sum() * negative.sum()
    if pairs == 0:
        return None
    below = np.cumsum(negative) - negative
    return float((positive * (below + negative / 2)).sum() / pairs)


def calibration_gap(cells: Cells, chances: Floats, groups: int = 10) -> float:
    """Mean distance between predicted and observed share of the outcome, over ten groups of equal predicted rank.

    Known as the expected calibration error: Naeini, Cooper, Hauskrecht (2015), AAAI 29.
    """
    customers, outcomes = cells.per_cell(cells.customers), cells.per_cell(cells.outcomes)
    order = np.argsort(chances, kind="stable")
    middle = np.cumsum(customers[order]) - customers[order] / 2
    group = np.minimum((middle / customers.sum() * groups).astype(np.int64), groups - 1)
    observed = np.bincount(group, weights=outcomes[order], minlength=groups)
    predicted = np.bincount(group, weights=(customers * chances)[order], minlength=groups)
    return float(np.abs(observed - predicted).sum() / customers.sum())
