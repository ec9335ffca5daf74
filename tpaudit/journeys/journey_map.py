"""The journey map: per stage and touchpoint, who met it, how it felt, how long until the next, and what hurts."""

from __future__ import annotations

from functools import reduce
from typing import Any

import ibis
from ibis import _

from tpaudit.engine import Engine
from tpaudit.engine.codes import with_codes
from tpaudit.engine.portable import epoch_seconds, is_within, number_of
from tpaudit.horizon import possible
from tpaudit.journeys.catalogue import Catalogue
from tpaudit.journeys.waits import median_hours, plain_median_hours
from tpaudit.store import Store

_CELL = ("stage", "touchpoint")

# Below this many observations a sign is not read as pain (half-width of a share worse than 18 points).
MIN_OBSERVATIONS = 30
# What counts as pain: journeys ending there half as often again as at touchpoints up to the purchase on the whole, more
# than a fifth of answers later than 30 minutes (the field's promise is 80 % within), fewer than 70 % of ratings good.
DROP_OFF_OVER_USUAL = 1.5
LATE_SHARE = 0.2
LATE_SECONDS = 30 * 60
UNSATISFIED_SHARE = 0.3


def journey_map(store: Store, catalogue: Catalogue) -> Any:
    """Rows of mart `journey_map`, computed from marts `journey_touches` and `journeys`.

    A customer counts once per stage and touchpoint. `drop_off` is known only where the touchpoint is a step of
    journeys, `csat` only where it was rated itself; `nps` and `ces` are the answers of those who met the touchpoint
    at most `[journey] window_days` before answering.
    """
    touches = _coded(store)
    met = touches.filter(touches.customer_id.notnull() & touches.touchpoint.notnull())
    journeys = store.mart("journeys")
    journeys = journeys.mutate(customer_id=number_of(journeys.customer_id))
    # One after the other: together they would need the memory of all.
    counted = (_reached(met), _rated(met), _ended(touches, journeys), _voices(store, met))
    rows = reduce(_beside, [*(store.engine.cache(part) for part in counted), _waited(store, met)])
    rows = rows.mutate(
        kind=_of_catalogue(rows, {touchpoint.id: touchpoint.kind for touchpoint in catalogue}),
        owner=_of_catalogue(rows, {touchpoint.id: touchpoint.owner for touchpoint in catalogue if touchpoint.owner}),
    )
    return rows.mutate(pain=_pain(rows))


def _coded(store: Store) -> Any:
    """All touches, with numbers for customers and, inside the engine, for stages and touchpoints."""
    touches = with_codes(store.engine, store.mart("journey_touches"), _CELL)
    return store.engine.view(touches.mutate(customer_id=touches.customer_number))


def _reached(met: Any) -> Any:
    """Per cell: the customers who met it, and their share of the customers seen in the stage."""
    once = met.select("customer_id", *_CELL).distinct()
    cells = once.group_by(_CELL).agg(customers=once.count())
    in_stage = once.group_by("stage").agg(stage_customers=once.customer_id.nunique())
    joined = cells.left_join(in_stage, [cells.stage.identical_to(in_stage.stage)], rname="{name}_again")
    return joined.select(*_CELL, "customers", reach=joined.customers / joined.stage_customers)


def _waited(store: Store, met: Any) -> Any:
    """Per cell: median hours to the customer's next touch, with its interval and that of the whole stage."""
    waits = store.cache(touch_waits(store.engine, met))
    found = median_hours(store.engine, waits, _CELL)
    of_stage = plain_median_hours(store.engine, waits, ("stage",)).rename(stage_hours="median_hours")
    store.engine.release(waits)
    found = found.rename(n_waits="n", median_hours_to_next="median_hours", hours_low="low", hours_high="high")
    beside = found.inner_join(of_stage, found.stage.identical_to(of_stage.stage), rname="{name}_again")
    return beside.drop("stage_again")


def touch_waits(engine: Engine, met: Any) -> Any:
    """Each touch that its customer had another after, with the seconds between.

    Touches of one instant are ordered by what they are, so that the waits do not depend on their ids: all but the last
    wait for nothing.
    """
    met = met.select("customer_id", *_CELL, "occurred_at")
    beside = engine.neighbours(met, "customer_id", before={"before": "occurred_at"}, after={"after": "occurred_at"})
    beside = beside.mutate(
        seconds=epoch_seconds(beside.after) - epoch_seconds(beside.occurred_at),
        is_tied=((_.before == _.occurred_at) | (_.after == _.occurred_at)).fill_null(False),
    )
    beside = engine.view(beside)
    tied, of_instant = beside.filter(_.is_tied), ["customer_id", "occurred_at"]
    in_order = ibis.window(group_by=of_instant, order_by=["touchpoint", "stage"])
    others = tied.occurred_at.lead().over(in_order).notnull()
    until_next = tied.seconds.max(where=_.after > _.occurred_at).over(ibis.window(group_by=of_instant))
    tied = tied.mutate(seconds=ibis.ifelse(others, 0, until_next))
    return beside.filter(~_.is_tied).union(tied).select("customer_id", *_CELL, "seconds").filter(_.seconds.notnull())


def _rated(met: Any) -> Any:
    """Per cell: good ratings, answers that came late."""
    good = (met.satisfaction_score >= 4).cast("float64")
    late = (met.first_response_seconds > LATE_SECONDS).cast("float64")
    told = met.filter(met.satisfaction_score.notnull() | met.first_response_seconds.notnull())
    return told.group_by(_CELL).agg(csat=good.mean(), ratings=good.count(), late=late.mean(), answers=late.count())


def _ended(touches: Any, journeys: Any) -> Any:
    """Per cell: customers whose journey has it as a step, the share of them whose journey ends there in vain, and the
    share usual among touchpoints that lead to a purchase (NULL for later stages).
    """
    steps = touches.filter(touches.position.notnull())
    steps = steps.inner_join(journeys.select("customer_id", "converted", n="touches"), "customer_id")
    lost = steps.count(where=(steps.position == steps.n) & ~steps.converted)
    cells = steps.group_by(_CELL).agg(travellers=steps.customer_id.nunique(), lost=lost)
    # After the purchase a journey ends where it should: only the stages up to it can lose a buyer.
    leads_to_purchase = cells.stage.isin(["awareness", "consideration", "purchase"])
    everywhere = ibis.window()
    usual = cells.lost.sum(where=leads_to_purchase).over(everywhere) / (
        cells.travellers.sum(where=leads_to_purchase).nullif(0).over(everywhere)
    )
    usual_drop_off = ibis.cases((leads_to_purchase, usual))
    return cells.mutate(drop_off=cells.lost / cells.travellers, usual_drop_off=usual_drop_off).drop("lost")


def _voices(store: Store, met: Any) -> Any:
    """Per cell: net promoter score and mean effort of those who met it in the window before answering."""
    if not store.audit.lake_files("surveys"):
        nothing = ibis.null("float64")
        return met.select(*_CELL).distinct().mutate(nps=nothing, ces=nothing)
    surveys = store.current("surveys")
    links = store.mart("customer_links").select("contact_id", "customer_id")
    answers = surveys.filter(surveys.metric.isin(["nps", "ces"]) & surveys.score.notnull())
    answers = answers.inner_join(links, "contact_id").select(
        "response_id", "metric", "score", customer_id=number_of(links.customer_id),
        answered_at=possible(store, answers.submitted_at),
    )  # fmt: skip
    days = store.audit.config.settings.journey.window_days
    pairs = met.inner_join(
        answers,
        [
            met.customer_id == answers.customer_id,
            met.occurred_at <= answers.answered_at,
            is_within(answers.answered_at, met.occurred_at, days=days),
        ],
    )
    pairs = pairs.select(*_CELL, "response_id", "metric", "score").distinct()
    is_nps, is_ces = pairs.metric == "nps", pairs.metric == "ces"
    promoters, detractors = (pairs.score >= 9).cast("float64"), (pairs.score <= 6).cast("float64")
    return pairs.group_by(_CELL).agg(
        nps=100 * (promoters.mean(where=is_nps) - detractors.mean(where=is_nps)),
        ces=pairs.score.mean(where=is_ces),
    )


def _beside(rows: Any, more: Any) -> Any:
    """Join the columns of *more* to *rows* by stage and touchpoint; an unknown stage equals an unknown stage."""
    joined = rows.left_join(
        more, [rows.stage.identical_to(more.stage), rows.touchpoint == more.touchpoint], rname="{name}_again"
    )
    return joined.drop("stage_again", "touchpoint_again")


def _of_catalogue(rows: Any, value_by_touchpoint: dict[str, str]) -> Any:
    return rows.touchpoint.cases(*value_by_touchpoint.items(), else_=ibis.null("string"))


def _pain(rows: Any) -> Any:
    """Code of the sign that exceeds its bound most: drop_off, slow_response or low_satisfaction; NULL if none does."""
    bearable_drop_off = rows.usual_drop_off.nullif(0) * DROP_OFF_OVER_USUAL
    excess = {
        "drop_off": ibis.cases((rows.travellers >= MIN_OBSERVATIONS, rows.drop_off / bearable_drop_off)),
        "slow_response": ibis.cases((rows.answers >= MIN_OBSERVATIONS, rows.late / LATE_SHARE)),
        "low_satisfaction": ibis.cases((rows.ratings >= MIN_OBSERVATIONS, (1 - rows.csat) / UNSATISFIED_SHARE)),
    }
    known = {sign: value.fill_null(0.0) for sign, value in excess.items()}
    worst = ibis.greatest(*known.values())
    return ibis.cases(*(((value == worst) & (worst > 1), sign) for sign, value in known.items()))
