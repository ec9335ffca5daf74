"""What a click costs."""

from __future__ import annotations

from typing import Any

from ibis import _

from tpaudit.kpis.definition import Kind, Kpi
from tpaudit.kpis.facts import Facts, observations
from tpaudit.results import Titles


def observe(facts: Facts) -> Any:
    """Days of advertising with their spend and clicks; nobody is known, so days are what resampling draws."""
    clicked = facts.spend.filter(_.clicks.notnull())
    return observations(clicked, cluster=clicked.day, value=clicked.spend, base=clicked.clicks)


KPI = Kpi(
    id="cpc",
    place=185,
    title=Titles(en="Cost per click", zh="点击成本"),
    definition=Titles(
        en=(
            "Advertising spend divided by clicks, recomputed from reports that give both. By touchpoint: what the "
            "money paid for. n counts days; the interval resamples days."
        ),
        zh="广告花费 ÷ 点击数，由同时含两者的报表重新计算。按触点：广告所投放的触点。n 为天数，区间对天重抽样。",
    ),
    unit="currency",
    better="lower",
    formula="spend / clicks",
    source="Farris et al. (2010), Marketing Metrics, ch. 9",
    needs=Titles(en="advertising reports with spend and clicks", zh="含花费与点击数的广告报表"),
    kind=Kind.RATIO,
    inputs=("ad_spend",),
    grain="day",
    observe=observe,
    repeats_subjects=False,
)
