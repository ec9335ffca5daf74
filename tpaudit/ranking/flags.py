"""Two flags a ranking by effect alone would not raise: breakpoints, and touchpoints that are busy but do not convert.

*breakpoint* (体验断点): a touchpoint many customers meet that shows at least one sign of a broken experience, each
large enough to matter and clear of chance after Benjamini-Hochberg over all signs of all touchpoints:

low_rating       rated below the others, or below the goal, by [experience] breakpoint_gap grades
dissatisfaction  its adjusted effect on satisfaction is negative, by [rank] min_lift of the overall rate
drop_off         journeys end there in vain more often than at its stage's other touchpoints, and customers who met it
                 convert less than comparable ones, by min_lift of the overall rate: journeys must end somewhere.
                 Touchpoints without an effect of their own, such as the checkout, need the first half only
repeat_contact   customers who asked there had to ask again more often than elsewhere
returns          orders after meeting it are returned more often than others
                 (the last three by a factor of [experience] breakpoint_excess)

*busy*: among the [rank] top of its stage by reach, and its effect on conversion can hardly be worth it: the interval
reaches down to zero, and an effect as large as a golden touchpoint needs is ruled out, after Benjamini-Hochberg over
the touchpoints judged. A touchpoint about which little is known is not busy, it is unknown.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

import numpy as np
from scipy import stats

from tpaudit.audit.settings import ExperienceSection, RankSection
from tpaudit.model.marts import BREAKPOINT_SIGNS
from tpaudit.ranking.experience import Experience
from tpaudit.ranking.golden import least_effect
from tpaudit.ranking.loss import Contrast, Losses, Place
from tpaudit.results import GoldenRow, ModelFit
from tpaudit.stats.evidence import false_discovery_adjusted
from tpaudit.stats.intervals import LEVEL

BREAKPOINT, BUSY = "breakpoint", "busy"
_FALSE_DISCOVERIES = 0.05

Sign = tuple[Place, str, bool, float]


def breakpoints(reach: Mapping[Place, tuple[int, float | None]], experience: Experience, losses: Losses,
                golden: Sequence[GoldenRow], fits: Iterable[ModelFit], rules: RankSection, limits: ExperienceSection,
                definitional: Collection[str] = ()) -> dict[Place, tuple[str, ...]]:  # fmt: skip
    """The signs of each place that is a breakpoint. *reach* holds customers and share of the stage per place.

    The *definitional* touchpoints belong to every order and have no effect of their own to be judged by.
    """
    by_outcome = {fit.outcome: fit for fit in fits}
    harmful = {(row.stage, row.touchpoint): row for row in golden if row.outcome == "satisfaction"}
    converting = {(row.stage, row.touchpoint): row for row in golden if row.outcome == "conversion"}
    signs: list[Sign] = []
    for place, (customers, share) in reach.items():
        if customers < rules.min_customers or (share or 0) < limits.breakpoint_reach:
            continue
        signs += _felt(place, experience, harmful.get(place), by_outcome.get("satisfaction"), rules, limits)
        leaving = _leaving(place, losses.drop_off.get(place), limits)
        if leaving and place[1] not in definitional:
            leaving = _harmful(leaving, converting.get(place), by_outcome.get("conversion"), rules)
        signs += [leaving] if leaving else []
        signs += _coming_back(place, losses, limits)
    adjusted = false_discovery_adjusted(np.array([p for *_, p in signs], dtype=np.float64))
    found: dict[Place, list[str]] = {}
    for (place, sign, is_large, _p), p in zip(signs, adjusted, strict=True):
        if is_large and p <= _FALSE_DISCOVERIES:
            found.setdefault(place, []).append(sign)
    return {place: tuple(sorted(shown, key=BREAKPOINT_SIGNS.index)) for place, shown in found.items()}


def _felt(place: Place, experience: Experience, effect: GoldenRow | None, fit: ModelFit | None, rules: RankSection,
          limits: ExperienceSection) -> list[Sign]:  # fmt: skip
    found = []
    rated = experience.rated.get(place[1])
    if rated is not None and rated.gap is not None and rated.poor is not None:
        found.append((place, "low_rating", rated.gap >= limits.breakpoint_gap, rated.poor))
    if effect is not None and fit is not None and (p := p_below(effect, 0.0)) is not None:
        found.append((place, "dissatisfaction", _harms(effect, fit, rules), p))
    return found


def _leaving(place: Place, one: Contrast | None, limits: ExperienceSection) -> Sign | None:
    """The sign that journeys end here more often than at the stage's other touchpoints."""
    if one is None or one.others is None or one.p is None:
        return None
    return place, "drop_off", one.rate >= limits.breakpoint_excess * one.others, one.p


def _harmful(leaving: Sign, effect: GoldenRow | None, fit: ModelFit | None, rules: RankSection) -> Sign | None:
    """*leaving*, where customers also convert less; both must hold, so the weaker evidence counts (an
    intersection-union test). Nothing where the effect is unknown."""
    place, sign, is_large, p = leaving
    harm = None if effect is None else p_below(effect, 0.0)
    if effect is None or harm is None or fit is None:
        return None
    return place, sign, is_large and _harms(effect, fit, rules), max(p, harm)


def _harms(row: GoldenRow, fit: ModelFit, rules: RankSection) -> bool:
    """Whether the effect of *row* is as negative as a golden risk's: see `golden`."""
    overall = _rate(fit)
    if row.effect is None or overall is None:
        return False
    return bool(-row.effect >= least_effect(row.effect, row.n_outcomes / row.n_customers, overall, fit.unlinked, rules))


def _coming_back(place: Place, losses: Losses, limits: ExperienceSection) -> list[Sign]:
    """The signs that customers ask again, or send orders back, more often than elsewhere."""
    measured = {
        "repeat_contact": losses.repeat_contact.get(place[1]),
        "returns": losses.returns.get(place[1]),
    }
    return [
        (place, sign, one.rate >= limits.breakpoint_excess * one.others, one.p)
        for sign, one in measured.items()
        if one is not None and one.others is not None and one.p is not None
    ]


def busy(golden: Sequence[GoldenRow], fits: Iterable[ModelFit], rules: RankSection) -> set[Place]:
    """Places that reach many of their stage and hardly move conversion."""
    rate = next((_rate(fit) for fit in fits if fit.outcome == "conversion"), None)
    judged = [row for row in golden if row.outcome == "conversion" and row.effect is not None]
    if rate is None or not judged:
        return set()
    worthwhile = rules.min_lift * rate
    p_values = np.array([p if (p := p_below(row, worthwhile)) is not None else np.nan for row in judged])
    adjusted = false_discovery_adjusted(p_values)
    widest = _widest(golden, rules.top)
    return {
        (row.stage, row.touchpoint)
        for row, p in zip(judged, adjusted, strict=True)
        if p <= _FALSE_DISCOVERIES
        and (row.stage, row.touchpoint) in widest
        and row.verdict != "golden_risk"
        and row.effect_low is not None
        and row.effect_low <= 0
    }


def _widest(golden: Sequence[GoldenRow], top: int) -> set[Place]:
    """Places among the *top* of their stage by reach, whether judged or not."""
    rows = [row for row in golden if row.outcome == "conversion"]
    found: set[Place] = set()
    for stage in {row.stage for row in rows}:
        within = sorted(
            (row for row in rows if row.stage == stage), key=lambda row: (-(row.reach or 0), row.touchpoint)
        )
        found |= {(row.stage, row.touchpoint) for row in within[:top]}
    return found


def p_below(row: GoldenRow, level: float) -> float | None:
    """One-sided p-value of the effect of *row* being below *level*, by the width of its interval."""
    if row.effect is None or row.effect_low is None or row.effect_high is None:
        return None
    error = (row.effect_high - row.effect_low) / (2 * float(stats.norm.ppf((1 + LEVEL) / 2)))
    return float(stats.norm.cdf((row.effect - level) / error)) if error > 0 else None


def _rate(fit: ModelFit) -> float | None:
    return fit.outcomes / fit.customers if fit.customers else None
