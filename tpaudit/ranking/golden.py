"""Golden touchpoints: those whose effect is large, sure and repeated, within their stage and for one outcome.

Priority is reach x |effect|: the share of the stage's customers whose outcome the touchpoint moved. Touchpoints that
help and touchpoints that harm are ranked each from their own end, so that a harm does not push a help off the list.
Ranks come with the range they take when customers are resampled; a touchpoint is

insufficient   where too few customers met or did not meet it, or too few of them had or missed the outcome,
golden         where it is among the top of those that help in its stage in nine resamples of ten, its effect is
               positive beyond chance (Benjamini-Hochberg over everything judged, all outcomes together: the whole
               ranking is looked at), positive in both halves of the period, and no smaller than [rank] min_lift of
               the outcome's overall rate: what the data do not show of customers, such as their keenness, lends every
               touchpoint a small effect, and a large audience makes even that one certain; nor smaller than orders
               could lend it that are not linked with what their buyers met (`lent_by_linking`),
golden_risk    where the same holds for a negative effect among those that harm,
supporting     otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from tpaudit.audit.settings import RankSection
from tpaudit.ranking.effects import Effects, adjusted_effects
from tpaudit.ranking.exposures import Cells
from tpaudit.results import GoldenRow
from tpaudit.stats.bootstrap import percentile_interval
from tpaudit.stats.ranks import descending_ranks, rank_bands

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

_SURE = 0.9
_FALSE_DISCOVERIES = 0.05


@dataclass(frozen=True, slots=True)
class Context:
    """What else is known of a touchpoint and shown beside its rank."""

    markov: Mapping[str, float]
    shapley: Mapping[str, float]
    drop_off: Mapping[tuple[str, str], float | None]


@dataclass(frozen=True, slots=True)
class _Evidence:
    """Per feature of one outcome; `interval` and the resampled `moved` (reach x effect) as rows over features."""

    reach: Floats
    customers: Floats
    outcomes: Floats
    judged: Bools
    effect: Floats
    interval: Floats
    moved: Floats
    beyond_chance: Bools
    repeated: Bools
    large_enough: Bools


def p_values(cells: Cells, effects: Effects | None, rules: RankSection) -> Floats:
    """Two-sided p-value of each feature's effect; NaN where too few customers or outcomes allow to judge it."""
    if effects is None:
        return np.full(len(cells.features), np.nan)
    error = effects.standard_error
    distance = np.divide(np.abs(effects.estimate), error, out=np.full_like(error, np.nan), where=error > 0)
    return np.where(_enough(cells, rules), 2 * stats.norm.sf(distance), np.nan)


def lent_by_linking(effect: Any, rate: Any, unlinked: float) -> Any:
    """How large an effect would seem, without being one, if orders were linked best with those who met a touchpoint.

    *rate* is the outcome's among them, *unlinked* the share of orders not linked with what the buyer met. If theirs
    were all linked, and those of others no better than on the average, customers alike would seem to buy at `rate` and
    at (1 - unlinked) rate. Of a negative effect the same holds with the parts exchanged.

    >>> float(lent_by_linking(effect=0.04, rate=0.3, unlinked=0.1))
    0.03
    """
    return unlinked * np.maximum(rate, rate - effect)


def least_effect(effect: Any, rate: Any, overall: float, unlinked: float, rules: RankSection) -> Any:
    """How large an effect must be for a verdict: [rank] min_lift of the *overall* rate, and what linking could lend."""
    return np.maximum(rules.min_lift * overall, lent_by_linking(effect, rate, unlinked))


def judge(outcome: str, cells: Cells, effects: Effects | None, adjusted: Floats, weights: Floats, rules: RankSection,
          context: Context, unlinked: float = 0.0) -> list[GoldenRow]:  # fmt: skip
    """Rows of mart `golden_touchpoints` for one outcome, by stage: what helps and what harms by rank, then the rest.

    *adjusted* are the `p_values` of *effects*, adjusted for everything that is looked at together; *unlinked* is the
    share of outcomes not linked with what the customer met.
    """
    evidence = _evidence(cells, effects, adjusted, weights, rules, unlinked)
    rows = []
    for stage in dict.fromkeys(feature.stage for feature in cells.features):
        members = np.flatnonzero([feature.stage == stage for feature in cells.features])
        judged = members[evidence.judged[members]]
        for direction in (1, -1):
            rows += _ranked(outcome, cells, evidence, judged, direction, rules.top, context)
        left = [int(index) for index in members if not evidence.judged[index]]
        rows += [_row(outcome, cells, evidence, index, context) for index in left]
    return rows


def _evidence(cells: Cells, effects: Effects | None, adjusted: Floats, weights: Floats, rules: RankSection,
              unlinked: float) -> _Evidence:  # fmt: skip
    size = len(cells.features)
    exposed = cells.per_block(cells.customers) @ cells.met
    customers, outcomes = exposed.sum(axis=0), cells.per_cell(cells.outcomes) @ cells.met
    in_stage = _stage_customers(cells)
    if effects is None:
        nothing = np.full(size, np.nan)
        none = np.zeros(size, dtype=bool)
        return _Evidence(customers / in_stage.sum(axis=0), customers, outcomes, none, nothing,
                         np.tile(nothing, (2, 1)), nothing[None], none, none, none)  # fmt: skip
    resampled = effects.resampled(weights)
    reach = np.divide(
        weights @ exposed, weights @ in_stage, out=np.zeros_like(resampled), where=(weights @ in_stage) > 0
    )
    rate, overall = outcomes / np.maximum(customers, 1.0), cells.outcomes.sum() / cells.customers.sum()
    least = least_effect(effects.estimate, rate, overall, unlinked, rules)
    return _Evidence(
        reach=customers / in_stage.sum(axis=0),
        customers=customers,
        outcomes=outcomes,
        judged=_enough(cells, rules),
        effect=effects.estimate,
        interval=percentile_interval(resampled),
        moved=reach * resampled,
        beyond_chance=adjusted <= _FALSE_DISCOVERIES,
        repeated=_repeated(cells, effects),
        large_enough=np.abs(effects.estimate) >= least,
    )


def _stage_customers(cells: Cells) -> Floats:
    """Customers who met anything of each feature's stage, per block: blocks x features."""
    stages = [feature.stage for feature in cells.features]
    in_stage = np.array([[own == other for own in stages] for other in stages], dtype=np.float64)
    seen = (cells.met @ in_stage > 0).astype(np.float64)
    return np.asarray(cells.per_block(cells.customers) @ seen)


def _enough(cells: Cells, rules: RankSection) -> Bools:
    """Whether enough customers met each feature and did not, and enough of them had the outcome and had not."""
    customers, outcomes = cells.per_cell(cells.customers) @ cells.met, cells.per_cell(cells.outcomes) @ cells.met
    contrast = np.minimum(customers, cells.customers.sum() - customers) >= rules.min_customers
    enough: Bools = contrast & (np.minimum(outcomes, customers - outcomes) >= rules.min_outcomes)
    return enough


def _repeated(cells: Cells, effects: Effects) -> Bools:
    """Whether the effect has the same sign in both halves of the period, each with a model of its own."""
    same = np.ones(len(cells.features), dtype=bool)
    for half in (0, 1):
        part = adjusted_effects(cells.within(half))
        if part is None:
            return np.zeros_like(same)
        same &= np.sign(part.estimate) == np.sign(effects.estimate)
    return same


def _ranked(outcome: str, cells: Cells, evidence: _Evidence, judged: NDArray[np.int64], direction: int, top: int,
            context: Context) -> list[GoldenRow]:  # fmt: skip
    """Rows of those of the *judged* features of one stage whose effect has the *direction* (1 or -1), best first.

    Places count from that end over all judged of the stage, since a resample may turn an effect round.
    """
    moved = direction * evidence.reach[judged] * evidence.effect[judged]
    places = descending_ranks(direction * evidence.moved[:, judged])
    p_top = (places <= top).mean(axis=0)
    lows, highs = (ends.astype(int) for ends in _whole_ranks(places))
    own = np.flatnonzero(moved >= 0 if direction > 0 else moved > 0)
    own = own[np.argsort(-moved[own], kind="stable")]
    bands = rank_bands(lows[own].tolist(), highs[own].tolist())
    rows = []
    for place, (index, band) in enumerate(zip(own, bands, strict=True), start=1):
        feature = int(judged[index])
        row = _row(outcome, cells, evidence, feature, context)
        low, high = evidence.interval[:, feature]
        rows.append(
            row.model_copy(
                update={
                    "rank": place,
                    # Where resamples lean on one side only, their range need not reach the place of the estimate.
                    "rank_low": min(int(lows[index]), place),
                    "rank_high": max(int(highs[index]), place),
                    "band": band,
                    "verdict": _verdict(evidence, feature, float(p_top[index])),
                    "priority": float(moved[index]),
                    "effect": float(evidence.effect[feature]),
                    "effect_low": float(low),
                    "effect_high": float(high),
                    "p_top": float(p_top[index]),
                }
            )
        )
    return rows


def _whole_ranks(places: NDArray[np.int64]) -> Floats:
    """The ranks that 95 % of the resamples lie between, rounded outwards to places that exist."""
    if places.shape[1] == 0:
        return np.zeros((2, 0))
    low, high = percentile_interval(places.astype(np.float64))
    return np.stack([np.floor(low), np.ceil(high)])


def _verdict(evidence: _Evidence, feature: int, p_top: float) -> str:
    low, high = evidence.interval[:, feature]
    sure = evidence.beyond_chance[feature] and evidence.repeated[feature] and (low > 0 or high < 0)
    if not (sure and evidence.large_enough[feature] and p_top >= _SURE):
        return "supporting"
    return "golden" if evidence.effect[feature] > 0 else "golden_risk"


def _row(outcome: str, cells: Cells, evidence: _Evidence, feature: int, context: Context) -> GoldenRow:
    """A row without a judgement: reach and counts are known even where the effect is not."""
    stage, touchpoint = cells.features[feature]
    return GoldenRow(
        stage=stage,
        outcome=outcome,
        touchpoint=touchpoint,
        rank=None,
        rank_low=None,
        rank_high=None,
        band=None,
        verdict="insufficient",
        priority=None,
        reach=float(evidence.reach[feature]),
        effect=None,
        effect_low=None,
        effect_high=None,
        attribution_markov=context.markov.get(touchpoint),
        attribution_shapley=context.shapley.get(touchpoint),
        drop_off=context.drop_off.get((stage, touchpoint)),
        n_customers=round(evidence.customers[feature]),
        n_outcomes=round(evidence.outcomes[feature]),
    )
