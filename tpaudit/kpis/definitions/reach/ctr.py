"""Share of impressions that were clicked."""

from __future__ import annotations

from typing import Any

from ibis import _

from tpaudit.kpis.definition import Kind, Kpi
from tpaudit.kpis.facts import Facts, observations
from tpaudit.results import Titles


def observe(facts: Facts) -> Any:
    """Days of advertising with their clicks and impressions; nobody is known, so days are what resampling draws."""
    shown = facts.ad_days.filter(_.impressions.notnull(), _.clicks.notnull())
    return observations(shown, cluster=shown.day, value=shown.clicks, base=shown.impressions)


KPI = Kpi(
    id="ctr",
    place=180,
    title=Titles(en="Click-through", zh="点击率"),
    definition=Titles(
        en=(
            "Clicks divided by impressions, recomputed from reports that give both. By touchpoint: what the money paid "
            "for. n counts days; the interval resamples days."
        ),
        zh="点击数 ÷ 展示数，由同时含两者的报表重新计算。按触点：广告所投放的触点。n 为天数，区间对天重抽样。",
    ),
    unit="share",
    better="higher",
    formula="clicks / impressions",
    source="Farris et al. (2010), Marketing Metrics, ch. 9",
    needs=Titles(en="advertising reports with impressions and clicks", zh="含展示数与点击数的广告报表"),
    kind=Kind.RATIO,
    inputs=("ad_spend",),
    grain="day",
    observe=observe,
    repeats_subjects=False,
)
