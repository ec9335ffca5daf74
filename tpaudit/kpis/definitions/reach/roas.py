"""What new customers paid per unit of advertising spend."""

from __future__ import annotations

from typing import Any

from tpaudit.kpis.definition import Kind, Kpi
from tpaudit.kpis.definitions.reach import returns
from tpaudit.kpis.facts import Facts
from tpaudit.results import Titles


def observe(facts: Facts) -> Any:
    """Days of advertising with their spend, and steps of journeys with their part of the first revenue."""
    return returns(facts, margin=1.0, cost=0.0)


KPI = Kpi(
    id="roas",
    place=190,
    title=Titles(en="Return on ad spend", zh="广告支出回报"),
    definition=Titles(
        en=(
            "Net amount of new customers' first paid orders or won deals, credited equally to the touches of the "
            "journey, divided by advertising spend. Only what is credited to touchpoints that money was spent on "
            "counts. By time, spend counts cac_lag_days after it was made. The interval resamples customers; spend is "
            "taken as given."
        ),
        zh=(
            "新客户首笔付款订单或赢单的净额（在旅程各次触达间平均分摊）÷ 广告花费；仅计归属于有花费触点的部分。"
            "按时间切分时，花费计入发生后第 cac_lag_days 天。区间对客户重抽样，花费视为给定。"
        ),
    ),
    unit="ratio",
    better="higher",
    formula="first revenue credited (linear) to touchpoints with spend / spend",
    source="Farris et al. (2010), Marketing Metrics, ch. 8",
    needs=Titles(en="advertising spend", zh="广告花费"),
    kind=Kind.RATIO,
    inputs=("ad_spend", "orders", "deals"),
    windows=("journey.window_days",),
    grain="customer",
    observe=observe,
    repeats_subjects=False,
)
