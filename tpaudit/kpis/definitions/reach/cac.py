"""What it costs to win a customer."""

from __future__ import annotations

from typing import Any

import ibis

from tpaudit.kpis.definition import Kind, Kpi
from tpaudit.kpis.definitions.reach import credited_steps, lagged_spend
from tpaudit.kpis.facts import Facts, observations
from tpaudit.results import Titles


def observe(facts: Facts) -> Any:
    """Days of advertising carry money and no customer, steps of converting journeys a part of one and no money."""
    spend = lagged_spend(facts)
    credited = credited_steps(facts)
    paid = observations(spend, value=spend.spend, base=ibis.literal(0.0))
    return paid.union(
        observations(credited, occurred_at=credited.won_at, value=ibis.null("float64"), base=credited.part)
    )


KPI = Kpi(
    id="cac",
    place=170,
    title=Titles(en="Acquisition cost", zh="获客成本"),
    definition=Titles(
        en=(
            "Advertising spend divided by new customers (first paid order or won deal). By touchpoint: "
            "its spend divided by the new customers credited to it, each customer shared equally among "
            "the touches of the journey. By time, spend counts cac_lag_days after it was made. The interval "
            "resamples customers; spend is taken as given."
        ),
        zh=(
            "广告花费 ÷ 新客户数（首笔付款订单或赢单）。按触点：该触点的花费 ÷ 归属于它的新客户数，"
            "每位新客户在其旅程的各次触达间平均分摊。按时间切分时，花费计入发生后第 cac_lag_days 天。"
            "区间对客户重抽样，花费视为给定。"
        ),
    ),
    unit="currency",
    better="lower",
    formula="spend / new customers credited (linear)",
    source="Farris et al. (2010), Marketing Metrics, ch. 5",
    needs=Titles(en="advertising spend and new customers", zh="广告花费与新客户"),
    kind=Kind.RATIO,
    inputs=("ad_spend", "orders", "deals"),
    windows=("kpi.cac_lag_days", "journey.window_days"),
    grain="customer",
    repeats_subjects=False,
    observe=observe,
)
