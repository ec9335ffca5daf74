"""Who should act, on what, first: what would change if golden touchpoints, risks and breakpoints were moved a step.

golden       reaches [actions] reach_points more of its stage's customers: customers x points x effect more of them have
             the outcome
golden_risk  is spared [actions] risk_share of the customers who meet it: customers x share x |effect| more have it
breakpoint   closes [actions] gap_share of its gap to the others: by drop-off, journeys x share x excess are not lost,
             and convert as those do that go on at the stage's other touchpoints; by repeated contact, requests x share
             x excess are saved; by dissatisfaction, customers x share x |effect| more are satisfied; by a low rating
             or returns, what customers would do is not measured, and nothing is promised

Everything is the change had the studied customers met the changed touchpoint, with the interval of the effect or of the
excess; reach and counts are taken as they are. It is an association and says so, unless the audit declares an
experiment (`experiments.toml`): then its effect and interval count instead.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tpaudit.audit.settings import ActionsSection
from tpaudit.model.marts import SIGNS_OF_ALL_STAGES
from tpaudit.ranking.loss import Contrast, Losses, Place
from tpaudit.results import ActionRow, ExperienceRow, Experiment, GoldenRow

Range = tuple[float, float, float]

# A sign of a breakpoint, and the outcome whose customers would change.
_OUTCOME_OF = {
    "drop_off": "conversion",
    "dissatisfaction": "satisfaction",
    "low_rating": "satisfaction",
    "repeat_contact": "satisfaction",
    "returns": "retention",
}
_CAVEATS = {"golden": "newly_reached", "golden_risk": "already_troubled"}


@dataclass(frozen=True, slots=True)
class _Step:
    """A step and what it is expected to change; None where that is not measured."""

    size: float
    unit: str
    moved: float | None
    expected: Range | None
    counted: str
    n: int


def plan(golden: Sequence[GoldenRow], experience: Sequence[ExperienceRow], losses: Losses,
         experiments: Sequence[Experiment], worth: Mapping[str, float],
         steps: ActionsSection) -> list[ActionRow]:  # fmt: skip
    """Actions by the change expected of them, the largest first; those whose change is not measured last.

    *worth* is the mean value of a customer who has an outcome, where known.
    """
    tried: dict[Place, Experiment] = {(each.touchpoint, each.outcome): each for each in experiments}
    owners = {(row.stage, row.touchpoint): row.owner for row in experience}
    rows = [
        _of_effect(row, tried.get((row.touchpoint, row.outcome)), owners, worth, steps)
        for row in golden
        if row.verdict in ("golden", "golden_risk")
    ]
    risks = {(row.stage, row.touchpoint, row.outcome) for row in golden if row.verdict == "golden_risk"}
    harmful = {(row.stage, row.touchpoint): row for row in golden if row.outcome == "satisfaction"}
    told: set[tuple[str, str]] = set()
    for place in sorted(experience, key=lambda row: -row.customers):
        for sign in place.breakpoint:
            # What is measured over all stages is promised once, where most customers meet it.
            if sign in SIGNS_OF_ALL_STAGES and (place.touchpoint, sign) in told:
                continue
            told.add((place.touchpoint, sign))
            # What the risk's own action says already.
            if sign == "dissatisfaction" and (place.stage, place.touchpoint, "satisfaction") in risks:
                continue
            rows.append(_of_sign(place, sign, losses, harmful, worth, steps))
    rows.sort(key=_order)
    return [row.model_copy(update={"rank": place}) for place, row in enumerate(rows, start=1)]


def _of_effect(row: GoldenRow, experiment: Experiment | None, owners: Mapping[Place, str | None],
               worth: Mapping[str, float], steps: ActionsSection) -> ActionRow:  # fmt: skip
    effect = _effect(row, experiment)
    if row.verdict == "golden":
        # Reach can grow to everybody and no further.
        size = min(steps.reach_points, 1 - (row.reach or 0))
        moved = row.n_customers / row.reach * size if row.reach else None
        step = _Step(size, "reach", moved, _times(effect, moved), "customers", row.n_customers)
    else:
        moved = row.n_customers * steps.risk_share
        step = _Step(steps.risk_share, "exposure", moved, _times(effect, -moved), "customers", row.n_customers)
    caveat = _CAVEATS[row.verdict]
    if experiment is not None:
        agrees = (experiment.effect > 0) == ((row.effect or 0) > 0)
        caveat = "experiment" if agrees else "experiment_disagrees"
    place = (row.stage, row.touchpoint)
    return _action(place, row.outcome, row.verdict, None, step, worth, owners.get(place), experiment, caveat)


def _of_sign(place: ExperienceRow, sign: str, losses: Losses, harmful: Mapping[Place, GoldenRow],
             worth: Mapping[str, float], steps: ActionsSection) -> ActionRow:  # fmt: skip
    key = (place.stage, place.touchpoint)
    step = _Step(steps.gap_share, "gap", None, None, "customers", _evidence(place, sign))
    caveat = "not_measured"
    if sign == "drop_off":
        step, caveat = _kept(losses.drop_off[key], steps), "brought_there"
    elif sign == "repeat_contact":
        step, caveat = _saved(losses.repeat_contact[place.touchpoint], steps), "brought_there"
    elif sign == "dissatisfaction":
        row = harmful[key]
        moved = row.n_customers * steps.gap_share
        step = _Step(steps.gap_share, "gap", moved, _times(_effect(row, None), -moved), "customers", row.n_customers)
        caveat = "already_troubled"
    return _action(key, _OUTCOME_OF[sign], "breakpoint", sign, step, worth, place.owner, None, caveat)


def _kept(one: Contrast, steps: ActionsSection) -> _Step:
    """Journeys that would not be lost, times the chance of those that go on elsewhere to convert."""
    kept = None if one.kept_convert is None else _gap(one, one.n * steps.gap_share * one.kept_convert)
    moved = None if one.excess is None else one.n * steps.gap_share * one.excess
    return _Step(steps.gap_share, "gap", moved, kept, "customers", one.n)


def _saved(one: Contrast, steps: ActionsSection) -> _Step:
    """Requests that would not have to be made again."""
    return _Step(steps.gap_share, "gap", float(one.n), _gap(one, one.n * steps.gap_share), "requests", one.n)


def _evidence(place: ExperienceRow, sign: str) -> int:
    return place.n_ratings if sign == "low_rating" else place.n_orders


def _effect(row: GoldenRow, experiment: Experiment | None) -> Range | None:
    if experiment is not None:
        return experiment.effect, experiment.effect_low, experiment.effect_high
    if row.effect is None or row.effect_low is None or row.effect_high is None:
        return None
    return row.effect, row.effect_low, row.effect_high


def _gap(one: Contrast, factor: float) -> Range | None:
    if one.excess is None or one.interval is None:
        return None
    return one.excess * factor, one.interval[0] * factor, one.interval[1] * factor


def _times(effect: Range | None, factor: float | None) -> Range | None:
    """*effect* and its interval times *factor*; a negative factor turns the interval round."""
    if effect is None or factor is None:
        return None
    middle, low, high = (each * factor for each in effect)
    return middle, min(low, high), max(low, high)


def _action(place: Place, outcome: str, reason: str, sign: str | None, step: _Step, worth: Mapping[str, float],
            owner: str | None, experiment: Experiment | None, caveat: str) -> ActionRow:  # fmt: skip
    each = worth.get(outcome) if step.counted == "customers" else None
    value = _times(step.expected, each)
    return ActionRow.model_validate(
        {
            "rank": 1, "stage": place[0], "touchpoint": place[1], "outcome": outcome, "reason": reason, "sign": sign,
            "step": step.size, "step_unit": step.unit, "moved": step.moved,
            **_named("expected", "expected_low", "expected_high", of=step.expected), "unit": step.counted,
            **_named("expected_value", "value_low", "value_high", of=value), "owner": owner,
            "evidence": "association" if experiment is None else "experiment",
            "source": None if experiment is None else experiment.source, "n": step.n, "caveat": caveat,
        }
    )  # fmt: skip


def _named(*names: str, of: Range | None) -> dict[str, float | None]:
    return dict(zip(names, of or (None, None, None), strict=True))


def _order(row: ActionRow) -> tuple[bool, bool, float, str, str, str]:
    """Customers before saved requests, the largest change first; what is not measured comes last."""
    return (row.expected is None, row.unit != "customers", -(row.expected or 0), row.touchpoint, row.stage, row.outcome)
