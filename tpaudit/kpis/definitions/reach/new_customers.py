"""Customers won."""

from __future__ import annotations

from typing import Any

from ibis import _

from tpaudit.kpis.definition import Kind, Kpi
from tpaudit.kpis.facts import PLACES, Facts, observations
from tpaudit.results import Titles


def observe(facts: Facts) -> Any:
    """New customers, once per place of the journey that won them."""
    steps = facts.steps.filter(_.converted).select("customer_id", *PLACES)
    met = facts.new_customers.select("customer_id", "won_at").left_join(steps, "customer_id")
    return observations(met, subject=met.customer_id, occurred_at=met.won_at)


KPI = Kpi(
    id="new_customers",
    place=140,
    title=Titles(en="New customers", zh="新客户数"),
    definition=Titles(
        en=(
            "Customers with a first paid order or won deal, at the time of whichever came first. By touchpoint: those "
            "whose journey to it includes the touchpoint."
        ),
        zh="首次付款下单或赢单的客户数，时间取两者中较早者。按触点：转化旅程中包含该触点的新客户。",
    ),
    unit="customers",
    better="higher",
    formula="count(customers with a first paid order or won deal)",
    source="tpaudit definition",
    needs=Titles(en="paid orders or won deals of known customers", zh="可识别客户的付款订单或赢单"),
    kind=Kind.COUNT,
    inputs=("orders", "deals"),
    windows=("journey.window_days",),
    grain="customer",
    observe=observe,
)
