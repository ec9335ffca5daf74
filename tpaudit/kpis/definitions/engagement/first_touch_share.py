"""Where journeys begin."""

from __future__ import annotations

from typing import Any

from ibis import _

from tpaudit.kpis.definition import Kind, Kpi
from tpaudit.kpis.facts import Facts, observations
from tpaudit.results import Titles


def observe(facts: Facts) -> Any:
    """The first step of each journey."""
    first = facts.placed_touches.filter(_.position == 1)
    return observations(first, subject=first.customer_id)


KPI = Kpi(
    id="first_touch_share",
    place=225,
    title=Titles(en="First touches", zh="首触占比"),
    definition=Titles(
        en=(
            "Journeys whose first touch is of the slice, divided by all journeys; the touchpoints' shares add up to 1. "
            "A journey is what a customer met in the window before they converted, or before their last touch."
        ),
        zh=(
            "首次触达属于该切片的旅程数 ÷ 全部旅程数，各触点占比之和为 1。"
            "旅程指客户转化前（未转化者为最后一次触达前）窗口期内的触达。"
        ),
    ),
    unit="share",
    better="neither",
    formula="journeys that begin here / journeys",
    source="tpaudit definition",
    needs=Titles(en="customers with a journey", zh="有旅程的客户"),
    kind=Kind.PORTION,
    inputs=("touches",),
    windows=("journey.window_days",),
    grain="journey",
    observe=observe,
    repeats_subjects=False,
)
