"""From candidate touches to journeys: classified, given to customers, and put in order."""

from __future__ import annotations

from typing import Any

import ibis

from tpaudit.engine.codes import MOST_VALUES
from tpaudit.engine.portable import code_of, number_of
from tpaudit.horizon import possible
from tpaudit.journeys.catalogue import Catalogue
from tpaudit.journeys.classify import stage_of, touchpoint_of
from tpaudit.journeys.touches import candidates
from tpaudit.model import MARTS, STAGES
from tpaudit.store import Store

PATH_SEPARATOR = " > "


def classified_touches(store: Store, catalogue: Catalogue, conversions: Any) -> Any:
    """Every touch with its customer, touchpoint, stage and place in the journey: mart `journey_touches`, in its order.

    A touch may be a step of a journey if its customer, touchpoint and time are known, its time is possible, and it
    does not follow from an order. The journey of a customer who converted is the steps strictly before the
    conversion and at most `[journey] window_days` before it; of any other customer, the steps at most as long before
    their last touch. Steps of the same instant are ordered by touch_id.
    """
    touches = candidates(store)
    # Contacts by code: a join with a text as its key takes half as long again.
    touches = store.engine.view(touches.mutate(contact=code_of(touches.contact_id)).drop("contact_id"))
    values = _repeated_values(store, touches, catalogue)
    contacts = _contacts(store, touches, conversions)
    # Rules and codes first: they run on the files' dictionaries, several times as fast as on rows a join has unpacked.
    touches = touches.mutate(touchpoint=touchpoint_of(touches, catalogue))
    coded = {name: store.engine.coded(touches[name], texts) for name, texts in values.items() if name != "stage"}
    touches = touches.mutate(**coded)
    touches = touches.left_join(contacts, "contact").drop("contact", "contact_right")
    touches = touches.mutate(stage=store.engine.coded(stage_of(touches, catalogue), values.get("stage", ())))
    touches = touches.mutate(in_journey=_in_journey(store, touches))
    return _placed(store, touches)


def _repeated_values(store: Store, touches: Any, catalogue: Catalogue) -> dict[str, list[str]]:
    """The values of columns that have few: what every row carries, is sorted with and written from."""
    texts = {name: touches[name] for name in ("event", "channel", "device", "campaign", "direction", "source_file")}
    texts |= {name: touches[name].strip() for name in ("given_touchpoint", "given_stage")}
    texts |= {name: touches[name] for name in ("default_stage", "record_table")}
    (met,) = store.engine.fetch_rows(touches.agg(**{name: text.collect(distinct=True) for name, text in texts.items()}))
    found = {name: values or [] for name, values in met.items()}
    told = {name: found.pop(name) for name in ("given_touchpoint", "given_stage", "default_stage")}
    found["touchpoint"] = [*told["given_touchpoint"], *catalogue.touchpoints]
    found["stage"] = [*told["given_stage"], *told["default_stage"], *STAGES]
    return {name: values for name, values in found.items() if len(values) <= MOST_VALUES}


def _contacts(store: Store, touches: Any, conversions: Any) -> Any:
    """What a touch has to know of its contact, told by code (contact): customer_id, customer_number, first_order_at,
    converted_at, journey_begin, and customer_place, a number by which customers sort as by their ids.

    A journey ends with the conversion, or else with the customer's last touch.
    """
    able = touches.filter(touches.is_step)
    last = able.group_by("contact").agg(last_touch_at=possible(store, able.occurred_at).max())
    links = store.mart("customer_links")
    links = links.select("customer_id", contact=code_of(links.contact_id))
    contacts = links.left_join(last, "contact").drop("contact_right")
    contacts = contacts.left_join(conversions, "customer_id").drop("customer_id_right", "value")
    of_customer = ibis.window(group_by="customer_id")
    journey_end = ibis.coalesce(contacts.converted_at, contacts.last_touch_at.max().over(of_customer))
    window = ibis.interval(days=store.audit.config.settings.journey.window_days)
    # Touches are sorted several times as fast by a number as by a text.
    place = ibis.dense_rank().over(order_by=contacts.customer_id)
    contacts = contacts.mutate(
        journey_begin=journey_end - window,
        customer_place=place.cast("int32"),
        customer_number=number_of(contacts.customer_id),
    )
    return store.cache(contacts.drop("last_touch_at"))


def _in_journey(store: Store, touches: Any) -> Any:
    able = touches.is_step & touches.touchpoint.notnull() & possible(store, touches.occurred_at).notnull()
    recent = touches.occurred_at >= touches.journey_begin
    before = touches.converted_at.isnull() | (touches.occurred_at < touches.converted_at)
    return (able & recent & before).fill_null(False)


def _placed(store: Store, touches: Any) -> Any:
    """*touches* by customer, time and touch_id, with their position: all in one sort, of rows as narrow as can be."""
    # Of a touch that is a record of its own the two ids are one.
    other_id = ibis.cases((touches.record_id != touches.touch_id, touches.record_id))
    rows = touches.select(
        *(name for name in MARTS["journey_touches"].column_names if name in touches.columns and name != "record_id"),
        "in_journey", "customer_place", other_id=other_id,
    )  # fmt: skip
    placed = store.engine.numbered_within(
        rows, rows.in_journey, within="customer_place", order_by=("customer_place", "occurred_at", "touch_id")
    )
    return placed.mutate(position=placed.number, record_id=ibis.coalesce(placed.other_id, placed.touch_id))


def journey_steps(touches: Any, journeys: Any) -> Any:
    """Steps of all journeys: customer_id, position, touchpoint, stage, channel, occurred_at, converted.

    *touches* and *journeys* are the marts `journey_touches` and `journeys`.
    """
    steps = touches.filter(touches.position.notnull())
    steps = steps.select("customer_id", "position", "touchpoint", "stage", "channel", "occurred_at")
    return steps.left_join(journeys.select("customer_id", "converted"), "customer_id").drop("customer_id_right")


def journeys_of(touches: Any, conversions: Any, max_path_length: int) -> Any:
    """One row per customer with at least one step: mart `journeys`.

    `path` keeps the last *max_path_length* touchpoints; `touches` counts all.
    """
    steps = touches.filter(touches.position.notnull())
    of_customer = steps.group_by("customer_id").agg(
        started_at=steps.occurred_at.min(),
        last_step_at=steps.occurred_at.max(),
        touches=steps.count(),
        channels=steps.channel.nunique(),
        path=_path(steps, max_path_length),
    )
    rows = of_customer.left_join(conversions, "customer_id").drop("customer_id_right")
    return rows.mutate(
        converted=rows.converted_at.notnull(), ended_at=ibis.coalesce(rows.converted_at, rows.last_step_at)
    )


# Wide enough for the positions of any journey: texts then sort like numbers.
_DIGITS = 7


def _path(steps: Any, max_path_length: int) -> Any:
    """Touchpoints in order, joined; ordered aggregation is not portable, so numbered texts are collected and sorted."""
    numbered = steps.position.cast("string").lpad(_DIGITS, "0") + steps.touchpoint
    in_order = numbered.collect().sort()
    kept = in_order[ibis.greatest(in_order.length() - max_path_length, 0) :]
    return kept.map(lambda text: text.substr(_DIGITS)).join(PATH_SEPARATOR)
