"""Who is studied for each outcome, what they met before it, and in which span of time.

Every study compares customers who met a touchpoint with customers who did not, so both are followed over a span of the
same length, [journey] window_days, and for as long as the outcome takes:

conversion     identified customers with a journey (whether an anonymous visitor ordered cannot be seen) that began at
               least window_days before the audit's day: younger ones may still convert. Met: touches in the
               window_days up to the last step of the journey, of those who converted and of those who did not.
retention      first-time buyers observed for [kpi] repeat_days; met: from window_days before the first order until
               window_days after it, and before the second. The outcome is a second order within repeat_days.
satisfaction   customers who answered a survey, by their first answer; met: in the window_days before it. The outcome
               is a score of 9-10 on the recommendation question, or where no survey asks it a rating in the top box
               (the upper two of five grades).

`standing` is what was known of a customer before: for conversion and retention, whether anything had been seen of them
before the window opened; for satisfaction, whether they had bought.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import ibis
from ibis import _

from tpaudit.kpis.facts import Facts

Study = Callable[[Facts], Any]


def conversion(facts: Facts) -> Any:
    """Identified customers whose journey can have ended, once per touch of it."""
    window = ibis.interval(days=facts.settings.journey.window_days)
    last_steps = facts.steps.group_by("customer_id").agg(last_step_at=_.occurred_at.max())
    journeys = _identified_journeys(facts).filter(_began_in_time(facts))
    journeys = journeys.select("customer_id", outcome="converted").join(last_steps, "customer_id")
    # Met up to and with the last step, hence the second.
    journeys = journeys.mutate(at=_.last_step_at + ibis.interval(seconds=1))
    journeys = journeys.mutate(opened=_["at"] - window)
    return _shaped(facts.met_before(_known_before(facts, journeys), "at", ignoring=["orders", "surveys"]))


def retention(facts: Facts) -> Any:
    """First-time buyers observed long enough, once per touch around the first order."""
    window = ibis.interval(days=facts.settings.journey.window_days)
    buyers = facts.repeat_buyers.filter(_.observed_long_enough)
    buyers = buyers.mutate(at=_.first_at, outcome=_.repeated, opened=_.first_at - window)
    return _shaped(facts.met_around_first_order(_known_before(facts, buyers)))


def satisfaction(facts: Facts) -> Any:
    """Customers who answered, once per touch before their first answer."""
    known = facts.answers.filter(_.customer_id.notnull(), _.answered_at.notnull())
    asked = known.filter(_.metric == "nps").mutate(outcome=_.score >= 9)
    if not facts.store.engine.fetch_rows(asked.limit(1).select("answer_id")):
        rating = (_.score - _.low) / (_.high - _.low).nullif(0)
        asked = known.filter(_.metric == "csat").mutate(outcome=rating >= 0.75)
    age = ibis.row_number().over(group_by="customer_id", order_by=["answered_at", "answer_id"])
    first = asked.mutate(age=age).filter(_.age == 0).select("customer_id", "outcome", at="answered_at")
    bought = facts.first_orders.select(buyer="customer_id", bought_at="ordered_at")
    first = first.left_join(bought, first.customer_id == bought.buyer)
    first = first.mutate(standing=(first.bought_at < first["at"]).fill_null(False)).drop("buyer", "bought_at")
    return _shaped(facts.met_before(first, "at", ignoring=["surveys"]))


def censored(facts: Facts, outcome: str) -> int:
    """Customers left out of the study of *outcome* because it may still come."""
    if outcome == "conversion":
        left_out = _identified_journeys(facts).filter(~_began_in_time(facts))
    elif outcome == "retention":
        left_out = facts.repeat_buyers.filter(~_.observed_long_enough)
    else:
        return 0
    return int(facts.store.engine.fetch_rows(left_out.aggregate(customers=_.count()))[0]["customers"])


def untouched_buyers(facts: Facts) -> tuple[int, int]:
    """First-time buyers of whom no touch before the order is known, and all first-time buyers.

    Few buy out of nowhere. Most of these were met as somebody the order could not be linked with, who then counts as a
    customer that did not convert; and as those are the ones of whom little is known, everything met looks helpful.
    """
    met = facts.journeys.filter(_.converted).select("customer_id", met=True)
    buyers = facts.first_orders.select(buyer="customer_id")
    joined = buyers.left_join(met, buyers.buyer == met.customer_id)
    totals = joined.aggregate(untouched=_.met.isnull().cast("int64").sum(), buyers=_.count())
    found = facts.store.engine.fetch_rows(totals)[0]
    return int(found["untouched"] or 0), int(found["buyers"])


def _identified_journeys(facts: Facts) -> Any:
    """Journeys of customers of whom an order could be seen."""
    return facts.journeys.semi_join(facts.customers.filter(_.is_identified), "customer_id")


def _began_in_time(facts: Facts) -> Any:
    return _.started_at + ibis.interval(days=facts.settings.journey.window_days) <= facts.observed_until


def _known_before(facts: Facts, customers: Any) -> Any:
    """*customers* with `standing`: whether anything had been seen of them when their window `opened`."""
    touches = facts.touches.filter(_.customer_id.notnull())
    seen = touches.group_by(seen_of="customer_id").agg(seen_at=_.occurred_at.min())
    joined = customers.left_join(seen, customers.customer_id == seen.seen_of)
    return joined.mutate(standing=(joined.seen_at < joined.opened).fill_null(False)).drop("seen_of", "seen_at")


def _shaped(met: Any) -> Any:
    """customer_id, at, outcome, standing, stage, touchpoint; the last two NULL for customers who met nothing."""
    return met.select("customer_id", "at", "standing", "stage", "touchpoint", outcome=met.outcome.fill_null(False))


STUDIES: Mapping[str, Study] = {"conversion": conversion, "retention": retention, "satisfaction": satisfaction}
