"""Adjusted effects: against statsmodels, against refitted resamples, and on worlds whose truth is known."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm
from numpy.typing import NDArray
from scipy.special import expit

from tpaudit.audit.settings import RankSection
from tpaudit.ranking.effects import adjusted_effects, calibration_gap, ranking_quality
from tpaudit.ranking.exposures import Cells, Feature
from tpaudit.ranking.golden import Context, judge, p_values
from tpaudit.results import GoldenRow
from tpaudit.stats.bootstrap import BLOCKS, block_weights
from tpaudit.stats.evidence import false_discovery_adjusted

Floats = NDArray[np.float64]
NO_CONTEXT = Context({}, {}, {})


def cells_of(met: Floats, outcome: Floats, rng: np.random.Generator) -> Cells:
    """Cells of customers given one by one, each in a random block and half."""
    combinations, cell = np.unique(met, axis=0, return_inverse=True)
    return Cells(
        features=tuple(Feature("consideration", f"t{place}") for place in range(met.shape[1])),
        met=combinations,
        background=np.zeros((len(combinations), 0)),
        cell=cell.reshape(-1),
        block=rng.integers(0, BLOCKS, len(met)),
        half=rng.integers(0, 2, len(met)),
        customers=np.ones(len(met)),
        outcomes=outcome,
    )


def world(rng: np.random.Generator, customers: int, strengths: list[float], base: float = 0.2) -> tuple[Cells, Floats]:
    """Touchpoints that each give an independent chance to convert: not a logistic world. Returns true effects too."""
    keen = rng.normal(size=customers)
    met = (rng.random((customers, len(strengths))) < expit(-0.8 + 0.3 * keen[:, None])).astype(float)
    miss = (1 - base) * np.prod(1 - met * np.array(strengths), axis=1)
    truth = []
    for place, strength in enumerate(strengths):
        exposed = met[:, place] > 0
        truth.append(float(np.mean(miss[exposed] / (1 - strength) - miss[exposed])))
    outcome = (rng.random(customers) < 1 - miss).astype(float)
    return cells_of(met, outcome, rng), np.array(truth)


def test_effect_of_randomised_exposure_is_the_plain_difference() -> None:
    """With one touchpoint met at random, the effect on the exposed is the difference of two shares."""
    rng = np.random.default_rng(1)
    met = (rng.random((4000, 1)) < 0.4).astype(float)
    outcome = (rng.random(4000) < 0.2 + 0.15 * met[:, 0]).astype(float)
    effects = adjusted_effects(cells_of(met, outcome, rng))
    assert effects is not None
    exposed = met[:, 0] > 0
    difference = outcome[exposed].mean() - outcome[~exposed].mean()
    assert effects.estimate[0] == pytest.approx(difference, abs=1e-3)
    error = np.sqrt(sum(outcome[group].var() / group.sum() for group in (exposed, ~exposed)))
    assert effects.standard_error[0] == pytest.approx(error, rel=0.15)


def test_model_agrees_with_statsmodels_on_data_with_the_priors_rows() -> None:
    rng = np.random.default_rng(2)
    cells, _ = world(rng, 500, [0.3, 0.0, 0.1])
    effects = adjusted_effects(cells)
    assert effects is not None
    design = np.column_stack([np.ones(len(cells.cell)), cells.met[cells.cell]])
    prior = np.eye(4)[1:]
    model = sm.GLM(
        np.concatenate([cells.outcomes, np.full(3, 0.5)]),
        np.vstack([design, prior]),
        family=sm.families.Binomial(),
        freq_weights=np.ones(503),
    )
    expected = expit(np.column_stack([np.ones(len(cells.met)), cells.met]) @ model.fit().params)
    assert effects.chances == pytest.approx(expected, abs=1e-6)


def test_linear_resampling_agrees_with_refitting() -> None:
    rng = np.random.default_rng(3)
    cells, _ = world(rng, 1500, [0.3, 0.05])
    effects = adjusted_effects(cells)
    assert effects is not None
    weights = block_weights(200, seed=4)
    refitted = []
    for weight in weights:
        part = adjusted_effects(
            Cells(cells.features, cells.met, cells.background, cells.cell, cells.block, cells.half,
                  cells.customers * weight[cells.block], cells.outcomes * weight[cells.block])
        )  # fmt: skip
        assert part is not None
        refitted.append(part.estimate)
    linear = effects.resampled(weights)
    for place in range(2):
        assert np.corrcoef(linear[:, place], np.array(refitted)[:, place])[0, 1] > 0.99
        assert linear[:, place].std() == pytest.approx(np.std(refitted, axis=0)[place], rel=0.05)


def test_intervals_cover_the_true_effects_of_a_world_that_is_not_logistic() -> None:
    rng = np.random.default_rng(5)
    weights = block_weights(200, seed=6)
    hits = []
    for _ in range(60):
        cells, truth = world(rng, 1500, [0.25, 0.1, 0.0, 0.0])
        effects = adjusted_effects(cells)
        assert effects is not None
        low, high = np.percentile(effects.resampled(weights), [2.5, 97.5], axis=0)
        hits += ((low <= truth) & (truth <= high)).tolist()
    assert 0.90 <= np.mean(hits) <= 0.99


def test_touchpoint_all_of_whose_customers_convert_has_a_finite_effect() -> None:
    met = np.array([[1.0]] * 20 + [[0.0]] * 80)
    outcome = np.array([1.0] * 20 + [0.0, 1.0] * 40)
    effects = adjusted_effects(cells_of(met, outcome, np.random.default_rng(7)))
    assert effects is not None
    assert 0.4 < effects.estimate[0] < 0.5
    assert np.isfinite(effects.standard_error).all()


@pytest.mark.parametrize("outcome", [np.zeros(50), np.ones(50)])
def test_without_contrast_there_is_no_model(outcome: Floats) -> None:
    met = np.array([[1.0], [0.0]] * 25)
    assert adjusted_effects(cells_of(met, outcome, np.random.default_rng(8))) is None


def test_quality_measures_by_hand() -> None:
    """Two combinations at .8 and .2: of 4 x 4 pairs won and lost, 9 in order, 6 tied, 1 reversed."""
    met = np.array([[1.0]] * 4 + [[0.0]] * 4)
    cells = cells_of(met, np.array([1.0, 1, 1, 0, 1, 0, 0, 0]), np.random.default_rng(9))
    chances = np.where(cells.met[:, 0] > 0, 0.8, 0.2)
    assert ranking_quality(cells, chances) == pytest.approx(12 / 16)
    assert calibration_gap(cells, chances) == pytest.approx(0.05)


def verdicts(cells: Cells, rules: RankSection) -> dict[str, GoldenRow]:
    weights = block_weights(rules.replicates, rules.seed)
    effects = adjusted_effects(cells)
    adjusted = false_discovery_adjusted(p_values(cells, effects, rules))
    rows = judge("conversion", cells, effects, adjusted, weights, rules, NO_CONTEXT)
    return {row.touchpoint: row for row in rows}


def test_planted_golden_touchpoints_are_found_with_rank_and_band() -> None:
    cells, truth = world(np.random.default_rng(10), 6000, [0.0, 0.35, 0.0, 0.25, 0.0, 0.0])
    rows = verdicts(cells, RankSection(top=2))
    assert {name for name, row in rows.items() if row.verdict == "golden"} == {"t1", "t3"}
    assert (rows["t1"].rank, rows["t3"].rank) == (1, 2)
    for name, row in rows.items():
        assert row.effect == pytest.approx(truth[int(name[1])], abs=0.05)
        assert row.rank_low is not None and row.rank is not None and row.rank_high is not None
        assert row.rank_low <= row.rank <= row.rank_high
        assert row.priority == pytest.approx((row.reach or 0) * abs(row.effect or 0))
    assert (rows["t1"].band or 0) < (rows["t0"].band or 0)


def test_harmful_touchpoint_is_a_golden_risk() -> None:
    rng = np.random.default_rng(11)
    met = (rng.random((5000, 3)) < 0.4).astype(float)
    outcome = (rng.random(5000) < 0.4 - 0.2 * met[:, 1]).astype(float)
    rows = verdicts(cells_of(met, outcome, rng), RankSection(top=1))
    assert rows["t1"].verdict == "golden_risk"
    assert (rows["t1"].effect_high or 0) < 0


def test_data_without_effects_give_no_golden_touchpoint_in_nineteen_of_twenty() -> None:
    rng = np.random.default_rng(12)
    rules = RankSection(replicates=200)
    found = [row.verdict for _ in range(20) for row in verdicts(world(rng, 1500, [0.0] * 8)[0], rules).values()]
    assert np.mean([verdict.startswith("golden") for verdict in found]) <= 0.05


def test_effect_that_turns_between_the_halves_is_not_golden() -> None:
    rng = np.random.default_rng(13)
    met = (rng.random((8000, 2)) < 0.4).astype(float)
    cells = cells_of(met, np.zeros(8000), rng)
    lift = np.where(cells.half == 0, 0.4, -0.1) * met[:, 0]
    outcomes = (rng.random(8000) < 0.3 + lift).astype(float)
    turned = Cells(cells.features, cells.met, cells.background, cells.cell, cells.block, cells.half,
                   cells.customers, outcomes)  # fmt: skip
    rows = verdicts(turned, RankSection(top=1))
    assert (rows["t0"].effect_low or 0) > 0
    assert rows["t0"].verdict == "supporting"


def test_too_few_customers_or_outcomes_are_not_judged() -> None:
    rng = np.random.default_rng(14)
    met = np.column_stack([np.arange(2000) < 90, rng.random(2000) < 0.5]).astype(float)
    outcome = (rng.random(2000) < 0.3).astype(float)
    row = verdicts(cells_of(met, outcome, rng), RankSection())["t0"]
    assert row.verdict == "insufficient"
    assert (row.rank, row.effect, row.p_top) == (None, None, None)
    assert row.n_customers == 90
    assert row.reach is not None
