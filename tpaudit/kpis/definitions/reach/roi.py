"""What new customers left over per unit of advertising spend, after the goods and the advertising are paid."""

from __future__ import annotations

from typing import Any

import ibis

from tpaudit.kpis.definition import Kind, Kpi
from tpaudit.kpis.definitions.reach import returns
from tpaudit.kpis.facts import Facts, observations
from tpaudit.results import Titles


def observe(facts: Facts) -> Any:
    """As for ROAS with revenue at its margin and less the spend; nothing while the margin is unknown."""
    margin = facts.settings.kpi.gross_margin
    if margin is None:
        return observations(facts.spend.filter(ibis.literal(False)))
    return returns(facts, margin=margin, cost=1.0)


KPI = Kpi(
    id="roi",
    place=195,
    title=Titles(en="Return on investment", zh="投资回报率"),
    definition=Titles(
        en=(
            "First net revenue of new customers, credited as in the return on ad spend, times gross_margin, less "
            "advertising spend, divided by advertising spend. 0 means that first orders just pay the advertising; what "
            "customers buy later is not in it."
        ),
        zh=(
            "（归属同“广告支出回报”的新客户首单净额 × gross_margin − 广告花费）÷ 广告花费。"
            "为 0 表示首单毛利恰好抵偿广告费；不含客户后续购买。"
        ),
    ),
    unit="ratio",
    better="higher",
    formula="(first revenue credited x gross margin - spend) / spend",
    source="Farris et al. (2010), Marketing Metrics, ch. 10",
    needs=Titles(
        en="advertising spend, and [kpi] gross_margin in the settings", zh="广告花费，以及设置中的 [kpi] gross_margin"
    ),
    kind=Kind.RATIO,
    inputs=("ad_spend", "orders", "deals"),
    windows=("journey.window_days",),
    grain="customer",
    observe=observe,
    repeats_subjects=False,
)
