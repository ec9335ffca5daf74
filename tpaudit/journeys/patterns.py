"""Patterns of journeys: where customers drop off, wait and go round in circles, and how long a purchase takes.

Everything is read back from the journey marts; what comes out of the engine is as small as the tables shown.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import ibis
from ibis import _

from tpaudit.engine.portable import hours_between, number_of
from tpaudit.horizon import possible
from tpaudit.journeys.flows import END
from tpaudit.journeys.journey_map import MIN_OBSERVATIONS
from tpaudit.model import STAGES
from tpaudit.results import (
    LoopRow,
    PathRow,
    PurchaseWithin,
    Returns,
    StageFlow,
    TouchesToPurchase,
    TransitionRow,
)
from tpaudit.stats.intervals import wilson
from tpaudit.store import Store

# The field's folk figures, to be told from the data: five to eight touches, within two months.
TOUCHES = ((1, 1), (2, 2), (3, 3), (4, 4), (5, 8), (9, None))
WITHIN_DAYS = 60

# Longest lists a result carries.
_MOST = 20


def stage_flow(store: Store) -> tuple[StageFlow, ...]:
    """Per stage that anyone was met in: the customers, and those met in a later stage after first being met in it.

    Journeys jump: a customer who goes from awareness straight to purchase has gone on.
    """
    touches = store.mart("journey_touches").filter(_.customer_id.notnull(), _.stage.notnull())
    touches = touches.mutate(at=possible(store, touches.occurred_at))
    seen = touches.group_by("customer_number").agg(
        **{f"first_{stage}": touches["at"].min(where=touches.stage == stage) for stage in STAGES},
        **{f"last_{stage}": touches["at"].max(where=touches.stage == stage) for stage in STAGES[1:]},
    )
    counts = {f"customers_{stage}": seen[f"first_{stage}"].count() for stage in STAGES}
    for place, stage in enumerate(STAGES[:-1], start=1):
        later = ibis.greatest(*(seen[f"last_{after}"] for after in STAGES[place:]))
        counts[f"went_on_{stage}"] = seen.count(where=later >= seen[f"first_{stage}"])
    row = store.engine.fetch_rows(seen.agg(**counts))[0]
    return tuple(
        _flow(stage, row[f"customers_{stage}"], row.get(f"went_on_{stage}"))
        for stage in STAGES
        if row[f"customers_{stage}"]
    )


def _flow(stage: str, customers: int, went_on: int | None) -> StageFlow:
    if went_on is None:
        return StageFlow(stage=stage, customers=customers)
    left = customers - went_on
    return StageFlow(stage=stage, customers=customers, went_on=went_on, **_share(left, customers, "drop_off"))


def returns(store: Store) -> Returns | None:
    """How many journeys came back to a touchpoint they had left, and the commonest loops A > B > A.

    A touchpoint met several times in a row is met once.
    """
    engine = store.engine
    met = store.mart("journey_touches").filter(_.position.notnull()).select("touchpoint", customer_id="customer_number")
    met = engine.neighbours(met, within="customer_id", before={"left": "touchpoint"})
    moves = engine.cache(met.filter(_.left.isnull() | (_.left != _.touchpoint)))
    by_journey = moves.group_by("customer_id").agg(moves=moves.count(), touchpoints=moves.touchpoint.nunique())
    counted = by_journey.agg(journeys=by_journey.count(), returned=by_journey.count(where=_.moves > _.touchpoints))
    row = engine.fetch_rows(counted)[0]
    if not row["journeys"]:
        return None
    back = engine.neighbours(moves, within="customer_id", before={"start": "left"}).filter(_.start == _.touchpoint)
    loops = back.group_by("touchpoint", through=back.left).agg(customers=back.customer_id.nunique(), times=back.count())
    rows = engine.fetch_rows(loops.order_by([loops.customers.desc(), "touchpoint", "through"]))
    engine.release(moves)
    return Returns(
        journeys=row["journeys"],
        returned=row["returned"],
        **_share(row["returned"], row["journeys"], "share"),
        loops=tuple(LoopRow(**loop) for loop in rows[:_MOST]),
        loops_total=len(rows),
    )


def longest_waits(store: Store) -> tuple[TransitionRow, ...]:
    """The steps between touchpoints, or to the conversion, with the longest median time; rare steps are left out."""
    made = store.mart("transitions").filter(
        _.median_hours.notnull(), _.to_touchpoint != END, _.transitions >= MIN_OBSERVATIONS
    )
    ordered = made.order_by([made.median_hours.desc(), "from_touchpoint", "to_touchpoint"]).limit(_MOST)
    return tuple(TransitionRow(**row) for row in store.engine.fetch_rows(ordered))


def paths_to_conversion(store: Store) -> tuple[PathRow, ...]:
    """The paths that led to most conversions."""
    paths = store.mart("paths")
    return _paths(store, paths.filter(paths.conversions > 0), paths.conversions)


def paths_away(store: Store) -> tuple[PathRow, ...]:
    """The paths that most customers took without converting so far."""
    paths = store.mart("paths")
    lost = paths.customers - paths.conversions
    return _paths(store, paths.filter(lost > 0), lost)


def _paths(store: Store, paths: Any, weight: Any) -> tuple[PathRow, ...]:
    ordered = paths.order_by([weight.desc(), paths.path]).limit(_MOST)
    return tuple(PathRow(**row) for row in store.engine.fetch_rows(ordered))


def touches_to_purchase(store: Store) -> tuple[TouchesToPurchase, ...]:
    """Converted journeys by their number of touches; none if nobody with a journey converted."""
    converted = store.mart("journeys").filter(_.converted)
    counts = {
        f"from_{least}": converted.count(where=converted.touches.between(least, most) if most else _.touches >= least)
        for least, most in TOUCHES
    }
    row = store.engine.fetch_rows(converted.agg(**counts))[0]
    total = sum(row.values())
    return tuple(
        TouchesToPurchase(
            least=least, most=most, customers=row[f"from_{least}"], **_share(row[f"from_{least}"], total, "share")
        )
        for least, most in TOUCHES
        if total
    )


def purchase_within(store: Store, days: int = WITHIN_DAYS) -> PurchaseWithin | None:
    """The share of converted customers who converted within *days* of the first touch known of them.

    All touches before the conversion count, not only those of the journey's window. Customers first met less than
    *days* ago are left out: of them only the fast can have converted. None if nobody can be judged.
    """
    journeys = store.mart("journeys").filter(_.converted)
    journeys = journeys.select(customer=number_of(journeys.customer_id), converted_at="ended_at")
    touches = store.mart("journey_touches").filter(_.customer_id.notnull(), _.touchpoint.notnull())
    touches = touches.select(customer="customer_number", at=possible(store, touches.occurred_at))
    before = journeys.inner_join(touches, ["customer", journeys.converted_at > touches["at"]])
    met = before.group_by("customer", "converted_at").agg(first_at=before["at"].min())
    first_day = store.engine.to_local(met.first_at, store.audit.config.settings.audit.timezone).date()
    is_old = first_day <= ibis.literal(store.audit.as_of - timedelta(days=days))
    is_fast = hours_between(met.first_at, met.converted_at) <= days * 24
    found = met.agg(customers=met.count(where=is_old), within=met.count(where=is_old & is_fast), all=met.count())
    row = store.engine.fetch_rows(found)[0]
    if not row["customers"]:
        return None
    return PurchaseWithin(
        days=days,
        customers=row["customers"],
        within=row["within"],
        **_share(row["within"], row["customers"], "share"),
        left_out=row["all"] - row["customers"],
    )


def _share(hits: int, n: int, name: str) -> dict[str, float]:
    interval = wilson(hits, n)
    return {name: hits / n, "ci_low": interval.low, "ci_high": interval.high} if interval else {}
