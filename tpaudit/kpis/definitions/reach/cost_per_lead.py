"""What it costs to win a lead."""

from __future__ import annotations

from typing import Any

import ibis
from ibis import _

from tpaudit.horizon import possible
from tpaudit.kpis.definition import Kind, Kpi
from tpaudit.kpis.facts import PLACES, Facts, known, numbered, observations
from tpaudit.results import Titles


def observe(facts: Facts) -> Any:
    """Days of advertising carry money and no lead, touches before a lead a part of one and no money."""
    spend = facts.spend
    credited = _credited_leads(facts)
    paid = observations(spend, value=spend.spend, base=ibis.literal(0.0))
    return paid.union(
        observations(
            credited,
            cluster=ibis.coalesce(credited.customer_id, credited.lead),
            occurred_at=credited.came_at,
            base=credited.part,
        )
    )


@known
def _credited_leads(facts: Facts) -> Any:
    """Leads, once per touch of the window before, each an equal part of one; else, once where they came in."""
    leads = facts.leads.select(
        "customer_id", own_touchpoint="touchpoint", own_stage="stage", own_channel="channel",
        lead=numbered(facts.leads.lead_id), came_at=possible(facts.store, _.created_at),
    )  # fmt: skip
    met = facts.met_before(leads, "came_at", ignoring=["leads", "orders"])
    own = {"touchpoint": met.own_touchpoint, "stage": met.own_stage, "channel": met.own_channel}
    places = {name: met.touchpoint.isnull().ifelse(own.get(name, ibis.null("string")), met[name]) for name in PLACES}
    touches_of_lead = _.count().over(ibis.window(group_by="lead"))
    return met.select("lead", "customer_id", "came_at", **places, part=1.0 / touches_of_lead)


KPI = Kpi(
    id="cost_per_lead",
    place=160,
    title=Titles(en="Cost per lead", zh="线索成本"),
    definition=Titles(
        en=(
            "Advertising spend divided by leads. By touchpoint: its spend divided by the leads credited to it, each "
            "lead shared equally among the touches of the journey window before it came in, or credited to where it "
            "came in if there were none. The interval resamples customers; spend is taken as given."
        ),
        zh=(
            "广告花费 ÷ 线索数。按触点：该触点的花费 ÷ 归属于它的线索数；每条线索在其进入前旅程窗口期内的各次触达间"
            "平均分摊，若无触达则归于其进入的触点。区间对客户重抽样，花费视为给定。"
        ),
    ),
    unit="currency",
    better="lower",
    formula="spend / leads credited (linear)",
    source="Farris et al. (2010), Marketing Metrics, ch. 9",
    needs=Titles(en="advertising spend and leads", zh="广告花费与线索"),
    kind=Kind.RATIO,
    inputs=("ad_spend", "leads"),
    windows=("journey.window_days",),
    grain="lead",
    observe=observe,
    repeats_subjects=False,
)
