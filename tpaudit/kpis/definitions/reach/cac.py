"""What it costs to win a customer."""

from __future__ import annotations

from typing import Any

import ibis
from ibis import _

from tpaudit.kpis.definition import Kind, Kpi
from tpaudit.kpis.facts import Facts, observations
from tpaudit.results import Titles


def observe(facts: Facts) -> Any:
    """Spend rows carry money and no customer, touches of new customers carry a share of one customer and no money."""
    return _spend(facts).union(_credits(facts))


def _spend(facts: Facts) -> Any:
    spend = facts.spend
    return observations(
        spend, subject=ibis.literal("spend:") + spend.spend_id, value=spend.spend, base=ibis.literal(0.0)
    )


def _credits(facts: Facts) -> Any:
    """Each step of a converting journey with an equal part of its customer; customers without steps stay uncredited."""
    won = facts.new_customers
    steps = facts.steps.filter(_.converted).select("customer_id", "touch_id", "touchpoint", "stage", "channel")
    length = ibis.window(group_by="customer_id")
    credited = won.left_join(steps, "customer_id").mutate(part=1.0 / _.count().over(length))
    return observations(
        credited,
        subject=ibis.coalesce(credited.touch_id, credited.customer_id),
        occurred_at=credited.won_at,
        base=credited.part,
    )


KPI = Kpi(
    id="cac",
    place=60,
    title=Titles(en="Acquisition cost", zh="获客成本"),
    definition=Titles(
        en=(
            "Advertising spend divided by new customers (first paid order or won deal). By touchpoint: "
            "its spend divided by the new customers credited to it, each customer shared equally among "
            "the touches of the journey. The interval resamples customers; spend is taken as given."
        ),
        zh=(
            "广告花费 ÷ 新客户数（首笔付款订单或赢单）。按触点：该触点的花费 ÷ 归属于它的新客户数，"
            "每位新客户在其旅程的各次触达间平均分摊。区间对客户重抽样，花费视为给定。"
        ),
    ),
    unit="currency",
    better="lower",
    formula="spend / new customers credited (linear)",
    source="Farris et al. (2010), Marketing Metrics, ch. 5",
    needs=Titles(en="advertising spend and new customers", zh="广告花费与新客户"),
    kind=Kind.RATIO,
    repeats_subjects=False,
    observe=observe,
)
