"""Why a touchpoint stands where it stands, as codes that renderers put into words, the weightiest first.

lifts, harms, effect_unclear           where its effect lies
may_be_linking                         orders not linked with what their buyers met could make such an effect
wide_reach, narrow_reach               whom it meets
keep_up, fix_first                     how it is rated against how much that matters, where resampling agrees
busy, and the signs of a breakpoint    see `flags`
few_customers, few_others, few_outcomes, no_model   why nothing can be said
"""

from __future__ import annotations

from collections.abc import Sequence

from tpaudit.audit.settings import RankSection
from tpaudit.ranking.flags import BUSY
from tpaudit.ranking.golden import lent_by_linking
from tpaudit.results import ExperienceRow, GoldenRow, ModelFit

# From half a stage's customers on a touchpoint is met by most, below a tenth by few.
_WIDE, _NARROW = 0.5, 0.1
# Resamples that must agree on a quadrant before it counts as a reason.
_SURE = 0.9
_TELLING = ("keep_up", "fix_first")


def drivers(row: GoldenRow, felt: ExperienceRow | None, fit: ModelFit | None, rules: RankSection) -> tuple[str, ...]:
    """Codes of what moved *row* to its place; *felt* is the experience there, *fit* the model of its outcome."""
    found = [*_effect(row, fit, rules), *([BUSY] if BUSY in row.flags else [])]
    if felt is not None:
        found += [sign for sign in felt.breakpoint if sign != "dissatisfaction" or row.outcome != "satisfaction"]
    if row.verdict != "insufficient" and row.reach is not None:
        found += ["wide_reach"] * (row.reach >= _WIDE) + ["narrow_reach"] * (row.reach < _NARROW)
    if felt is not None and felt.quadrant in _TELLING and (felt.p_quadrant or 0) >= _SURE:
        found.append(felt.quadrant)
    return tuple(found)


def _effect(row: GoldenRow, fit: ModelFit | None, rules: RankSection) -> Sequence[str]:
    if row.effect is None:
        return [_missing(row, fit, rules)]
    if row.effect_low is None or row.effect_high is None or row.effect_low <= 0 <= row.effect_high:
        return ["effect_unclear"]
    found = ["lifts" if row.effect > 0 else "harms"]
    lent = lent_by_linking(row.effect, row.n_outcomes / row.n_customers, fit.unlinked if fit else 0.0)
    return [*found, "may_be_linking"] if abs(row.effect) < lent else found


def _missing(row: GoldenRow, fit: ModelFit | None, rules: RankSection) -> str:
    """What was too little for an effect."""
    if row.n_customers < rules.min_customers:
        return "few_customers"
    if fit is not None and fit.customers - row.n_customers < rules.min_customers:
        return "few_others"
    if min(row.n_outcomes, row.n_customers - row.n_outcomes) < rules.min_outcomes:
        return "few_outcomes"
    return "no_model"
