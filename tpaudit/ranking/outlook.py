"""What goes with a ranking: how its touchpoints are felt, what they lose, which are broken or busy, and what to do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ibis import _
from numpy import float64
from numpy.typing import NDArray

from tpaudit.audit.settings import Settings
from tpaudit.journeys.catalogue import Catalogue
from tpaudit.kpis.facts import Facts
from tpaudit.ranking.actions import plan
from tpaudit.ranking.declared import load_experiments, load_questions
from tpaudit.ranking.drivers import drivers
from tpaudit.ranking.experience import Experience, measure_experience
from tpaudit.ranking.flags import BREAKPOINT, BUSY, breakpoints, busy
from tpaudit.ranking.loss import Contrast, Losses, Place, measure_losses
from tpaudit.ranking.ratings import Ratings
from tpaudit.results import ActionRow, ExperienceFit, ExperienceRow, Experiment, GoldenRow, ModelFit


@dataclass(frozen=True, slots=True)
class Outlook:
    """The ranking with its flags and drivers, and everything that stands beside it."""

    golden: list[GoldenRow]
    experience: list[ExperienceRow]
    fit: ExperienceFit
    actions: list[ActionRow]
    experiments: tuple[Experiment, ...]


def look_beyond(facts: Facts, catalogue: Catalogue, golden: Sequence[GoldenRow], fits: Sequence[ModelFit],
                weights: NDArray[float64], settings: Settings) -> Outlook:  # fmt: skip
    """Experience, losses, flags, drivers and actions of the ranking *golden*; *weights* resample customers.

    Raises ConfigFault if `experiments.toml` or `survey_questions.toml` of the audit is wrong.
    """
    folder = facts.store.audit.folder
    experiments, questions = load_experiments(folder, catalogue), load_questions(folder, catalogue)
    mapped = facts.store.engine.fetch_rows(facts.store.mart("journey_map"))
    felt = measure_experience(Ratings(facts, questions), weights, settings.experience)
    losses = measure_losses(facts, weights, settings.rank.min_customers, catalogue.definitional)
    reach = {(row["stage"], row["touchpoint"]): (row["customers"] or 0, row["reach"]) for row in mapped if row["stage"]}
    broken = breakpoints(reach, felt, losses, golden, fits, settings.rank, settings.experience, catalogue.definitional)
    rows = [_experienced(row, felt, losses, broken) for row in sorted(mapped, key=_place) if row["stage"]]
    flagged = _flagged(golden, rows, busy(golden, fits, settings.rank), fits, settings)
    actions = plan(flagged, rows, losses, experiments, _worth(facts), settings.actions)
    return Outlook(flagged, rows, felt.fit, actions, experiments)


def _place(row: Any) -> tuple[str, str]:
    return row["stage"] or "", row["touchpoint"]


def _experienced(row: Any, felt: Experience, losses: Losses, broken: dict[Place, tuple[str, ...]]) -> ExperienceRow:
    place = (row["stage"], row["touchpoint"])
    values: dict[str, Any] = {
        "stage": row["stage"], "touchpoint": row["touchpoint"], "owner": row["owner"],
        "customers": row["customers"] or 0, "reach": row["reach"], "pain": row["pain"],
        "breakpoint": broken.get(place, ()),
        **{name: row[name] for name in ("median_hours_to_next", "hours_low", "hours_high", "stage_hours")},
        "n_waits": row["n_waits"] or 0,
    }  # fmt: skip
    values |= _rated(place[1], felt)
    values |= _contrasted("drop_off", "n_journeys", losses.drop_off.get(place))
    values |= _contrasted("repeat_contact", "n_requests", losses.repeat_contact.get(place[1]))
    values |= _contrasted("return_rate", "n_orders", losses.returns.get(place[1]))
    return ExperienceRow.model_validate(values)


def _rated(touchpoint: str, felt: Experience) -> dict[str, Any]:
    values: dict[str, Any] = {}
    if rated := felt.rated.get(touchpoint):
        low, high = rated.importance_interval or (None, None)
        values |= {
            "performance": rated.performance, "performance_low": rated.interval[0],
            "performance_high": rated.interval[1], "performance_others": rated.others, "n_ratings": rated.n,
            "importance": rated.importance, "importance_low": low, "importance_high": high,
            "n_importance": rated.n_importance,
            "quadrant": rated.quadrant, "p_quadrant": rated.p_quadrant,
        }  # fmt: skip
    if stated := felt.stated.get(touchpoint):
        values |= {"stated_importance": stated.importance, "stated_low": stated.interval[0],
                   "stated_high": stated.interval[1], "n_stated": stated.n}  # fmt: skip
    return values


def _contrasted(name: str, count: str, one: Contrast | None) -> dict[str, Any]:
    if one is None:
        return {}
    low, high = one.interval or (None, None)
    return {name: one.rate, count: one.n, f"excess_{name}": one.excess, f"excess_{name}_low": low,
            f"excess_{name}_high": high}  # fmt: skip


def _flagged(golden: Sequence[GoldenRow], felt: Sequence[ExperienceRow], crowded: set[Place],
             fits: Sequence[ModelFit], settings: Settings) -> list[GoldenRow]:  # fmt: skip
    """The ranking with what is known of each touchpoint beyond its effect."""
    by_place = {(row.stage, row.touchpoint): row for row in felt}
    by_outcome = {fit.outcome: fit for fit in fits}
    found = []
    for row in golden:
        place = (row.stage, row.touchpoint)
        own = by_place.get(place)
        is_busy = row.outcome == "conversion" and place in crowded
        flags = ((BREAKPOINT,) if own and own.breakpoint else ()) + ((BUSY,) if is_busy else ())
        row = row.model_copy(update={"flags": flags, **(_of_rating(own) if own else {})})
        told = drivers(row, own, by_outcome.get(row.outcome), settings.rank)
        found.append(row.model_copy(update={"drivers": told}))
    return found


def _of_rating(own: ExperienceRow) -> dict[str, Any]:
    names = ("importance", "importance_low", "importance_high", "stated_importance", "performance", "performance_low",
             "performance_high", "quadrant")  # fmt: skip
    counts = {"n_importance": own.n_importance or None, "n_ratings": own.n_ratings or None}
    return {name: getattr(own, name) for name in names} | counts


def _worth(facts: Facts) -> dict[str, float]:
    """Mean net amount of a conversion, and of a second order; unknown where nothing was paid or nobody knows."""
    engine, store = facts.store.engine, facts.store
    converted = facts.journeys.filter(_.converted, _.value.notnull())
    again = store.mart("customer_orders").filter(_.sequence == 2, _.customer_id.notnull(), _.net_amount.notnull())
    worth = {
        "conversion": converted.aggregate(total=_.value.sum(), n=_.count()),
        "retention": again.aggregate(total=_.net_amount.sum(), n=_.count()),
    }
    sums = {outcome: engine.fetch_rows(counted)[0] for outcome, counted in worth.items()}
    return {outcome: float(found["total"]) / found["n"] for outcome, found in sums.items() if found["n"]}
