"""Share of first-time buyers who buy again."""

from __future__ import annotations

from typing import Any

from ibis import _

from tpaudit.kpis.definition import Kind, Kpi
from tpaudit.kpis.facts import Facts, observations
from tpaudit.results import Titles


def observe(facts: Facts) -> Any:
    """First-time buyers observed long enough, 1 where they bought again in time, once per touchpoint met."""
    buyers = facts.repeat_buyers.filter(_.observed_long_enough)
    met = facts.met_around_first_order(buyers)
    return observations(met, subject=met.customer_id, occurred_at=met.first_at, value=met.repeated)


def left_out(facts: Facts) -> Any:
    """First-time buyers who have not had the time to buy again."""
    return facts.repeat_buyers.filter(~_.observed_long_enough)


KPI = Kpi(
    id="repeat_purchase_rate",
    place=620,
    title=Titles(en="Repeat purchase", zh="复购率"),
    definition=Titles(
        en=(
            "Customers with a second paid order within repeat_days after the first, divided by customers "
            "whose first order lies at least that long before the audit's day; later ones are left out, "
            "for they have not had the time. By touchpoint: met from the journey window before the first "
            "order to as long after it, and before the second."
        ),
        zh=(
            "首单后 repeat_days 天内再次付款下单的客户数 ÷ 首单距审计日已满该天数的客户数；"
            "未满者尚无足够时间，不计入。按触点：首单前旅程窗口期至首单后同等时长内、"
            "且在第二单之前触达的触点。"
        ),
    ),
    unit="share",
    better="higher",
    formula="customers with a second order in time / first-time buyers observed long enough",
    source="Fader and Hardie (2009), Probability models for customer-base analysis, J. Interactive Marketing 23",
    needs=Titles(en="paid orders of known customers, old enough to be repeated", zh="已满观察期的可识别客户付款订单"),
    kind=Kind.SHARE,
    inputs=("orders",),
    windows=("kpi.repeat_days", "journey.window_days"),
    grain="customer",
    observe=observe,
    left_out=left_out,
)
