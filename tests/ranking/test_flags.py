"""Breakpoints and busy touchpoints: each rule alone, corrected for many looks, and silent where little is known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm

from tpaudit.audit.settings import ExperienceSection, RankSection
from tpaudit.ranking.experience import Experience, Rated
from tpaudit.ranking.flags import breakpoints, busy, p_below
from tpaudit.ranking.loss import Contrast, Losses
from tpaudit.results import GoldenRow, ModelFit

RULES, LIMITS = RankSection(), ExperienceSection()
PLACE = ("service", "hotline")
REACH = {PLACE: (500, 0.3)}
NOTHING = Losses({}, {}, {})
FITS = [
    ModelFit(outcome="conversion", customers=1000, outcomes=300, auc=0.7, calibration_gap=0.01),
    ModelFit(outcome="satisfaction", customers=800, outcomes=400, auc=0.7, calibration_gap=0.01),
]


def row(touchpoint: str = "hotline", stage: str = "service", outcome: str = "satisfaction", effect: float | None = 0.0,
        error: float = 0.01, reach: float = 0.3, verdict: str = "supporting") -> GoldenRow:  # fmt: skip
    """A judged row; its interval reaches 1.96 errors to either side."""
    low, high = (None, None) if effect is None else (effect - 1.96 * error, effect + 1.96 * error)
    return GoldenRow.model_validate(
        {"stage": stage, "outcome": outcome, "touchpoint": touchpoint, "rank": 1, "rank_low": 1, "rank_high": 1,
         "band": 1, "verdict": verdict, "priority": 0.1, "reach": reach, "effect": effect, "effect_low": low,
         "effect_high": high, "n_customers": 500, "n_outcomes": 200}
    )  # fmt: skip


def lost(excess: float = 0.2, p: float | None = 1e-6, others: float = 0.2) -> Contrast:
    return Contrast(500, others + excess, others, excess, (excess - 0.05, excess + 0.05), p)


def signs(experience: Experience | None = None, losses: Losses = NOTHING, golden: tuple[GoldenRow, ...] = (),
          reach: dict[tuple[str, str], tuple[int, float | None]] | None = None,
          definitional: tuple[str, ...] = ()) -> tuple[str, ...]:  # fmt: skip
    found = breakpoints(reach or REACH, experience or Experience(), losses, golden, FITS, RULES, LIMITS, definitional)
    return found.get(PLACE, ())


def rated(gap: float, p: float) -> Experience:
    return Experience({"hotline": Rated(200, 3.0, (2.8, 3.2), 3.0 + gap, gap, p)})


@pytest.mark.parametrize(("gap", "p", "found"), [(0.5, 1e-4, True), (0.5, 0.3, False), (0.1, 1e-4, False)])
def test_low_rating_must_be_clear_and_large_enough(gap: float, p: float, found: bool) -> None:
    assert signs(rated(gap, p)) == (("low_rating",) if found else ())


@pytest.mark.parametrize(
    ("effect", "error", "found"), [(-0.2, 0.02, True), (-0.2, 0.2, False), (-0.02, 0.001, False), (0.2, 0.02, False)]
)
def test_dissatisfaction_needs_a_clear_negative_effect_of_a_size(effect: float, error: float, found: bool) -> None:
    """A tenth of the overall rate of one half is five points."""
    assert signs(golden=(row(effect=effect, error=error),)) == (("dissatisfaction",) if found else ())


@pytest.mark.parametrize("kind", ["repeat_contact", "returns"])
def test_losses_must_be_half_as_large_again_as_elsewhere(kind: str) -> None:
    assert signs(losses=replace(NOTHING, **{kind: {"hotline": lost(0.2)}})) == (kind,)
    assert signs(losses=replace(NOTHING, **{kind: {"hotline": lost(0.05)}})) == ()
    assert signs(losses=replace(NOTHING, **{kind: {"hotline": lost(0.2, p=0.2)}})) == ()
    assert signs(losses=replace(NOTHING, **{kind: {"hotline": Contrast(500, 0.9)}})) == ()


def test_drop_off_needs_customers_who_convert_less_unless_the_touchpoint_belongs_to_every_order() -> None:
    losses = replace(NOTHING, drop_off={PLACE: lost(0.2)})
    assert signs(losses=losses) == ()
    assert signs(losses=losses, definitional=("hotline",)) == ("drop_off",)
    for effect, error, found in ((0.1, 0.01, ()), (-0.1, 0.2, ()), (-0.02, 0.001, ()), (-0.1, 0.01, ("drop_off",))):
        assert signs(losses=losses, golden=(row(outcome="conversion", effect=effect, error=error),)) == found
    assert signs(losses=losses, golden=(row(outcome="conversion", effect=None),)) == ()


def test_a_touchpoint_few_meet_is_no_breakpoint() -> None:
    assert signs(rated(1.0, 1e-9), reach={PLACE: (99, 0.9)}) == ()
    assert signs(rated(1.0, 1e-9), reach={PLACE: (5000, 0.04)}) == ()
    assert signs(rated(1.0, 1e-9), reach={PLACE: (5000, None)}) == ()


def test_signs_come_in_one_order_and_all_at_once() -> None:
    losses = replace(NOTHING, drop_off={PLACE: lost()}, returns={"hotline": lost()}, repeat_contact={"hotline": lost()})
    found = signs(rated(1.0, 1e-9), losses, (row(effect=-0.2), row(outcome="conversion", effect=-0.2)))
    assert found == ("low_rating", "dissatisfaction", "drop_off", "repeat_contact", "returns")


def test_many_looks_are_corrected_for() -> None:
    """A p-value of .04 alone is a sign; among twenty chances it is none."""
    alone = replace(NOTHING, returns={"hotline": lost(p=0.04)})
    assert signs(losses=alone) == ("returns",)
    many = {f"t{number}": lost(p=0.5) for number in range(19)} | {"hotline": lost(p=0.04)}
    reach: dict[tuple[str, str], tuple[int, float | None]] = {("service", name): (500, 0.3) for name in many}
    assert signs(losses=replace(NOTHING, returns=many), reach=reach) == ()


def crowd(*rows: GoldenRow) -> set[str]:
    return {touchpoint for _, touchpoint in busy(rows, FITS, RankSection(top=1))}


def test_busy_is_the_widest_whose_worthwhile_effect_is_ruled_out() -> None:
    """A tenth of the overall rate of .3 is three points."""
    wide = row("ads", outcome="conversion", effect=0.0, error=0.01, reach=0.8)
    assert crowd(wide) == {"ads"}
    assert crowd(wide, row("page", outcome="conversion", effect=0.0, error=0.01, reach=0.9)) == {"page"}


@pytest.mark.parametrize(
    ("effect", "error", "verdict"),
    [(0.0, 0.05, "supporting"), (0.02, 0.005, "supporting"), (-0.1, 0.01, "golden_risk"), (None, 0, "insufficient")],
)
def test_unknown_small_but_sure_harmful_and_unjudged_are_not_busy(
    effect: float | None, error: float, verdict: str
) -> None:
    assert crowd(row("ads", outcome="conversion", effect=effect, error=error, reach=0.8, verdict=verdict)) == set()


def test_other_outcomes_and_missing_models_make_nobody_busy() -> None:
    assert crowd(row("ads", outcome="retention", effect=0.0, reach=0.8)) == set()
    assert busy([row(outcome="conversion", effect=0.0)], [], RULES) == set()
    assert busy([], FITS, RULES) == set()


@given(st.floats(-0.5, 0.5), st.floats(0.001, 0.3), st.floats(-0.2, 0.2))
def test_p_value_is_that_of_a_normal_effect(effect: float, error: float, level: float) -> None:
    error_of_interval = 1.96 * error / norm.ppf(0.975)
    found = p_below(row(effect=effect, error=error), level)
    assert found == pytest.approx(norm.cdf((effect - level) / error_of_interval))
    assert p_below(row(effect=None), level) is None


def test_no_planted_sign_gives_a_breakpoint_in_one_of_twenty_at_most() -> None:
    rng = np.random.default_rng(1)
    reach: dict[tuple[str, str], tuple[int, float | None]] = {("service", f"t{n}"): (500, 0.3) for n in range(12)}
    false = 0
    for _ in range(400):
        chance = {f"t{n}": lost(p=float(rng.random())) for n in range(12)}
        false += bool(breakpoints(reach, Experience(), replace(NOTHING, returns=chance), [], FITS, RULES, LIMITS))
    assert false / 400 <= 0.075
