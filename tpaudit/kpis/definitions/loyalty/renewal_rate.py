"""Share of renewals that are won."""

from __future__ import annotations

from typing import Any

import ibis
from ibis import _

from tpaudit.horizon import possible
from tpaudit.kpis.definition import Kind, Kpi
from tpaudit.kpis.facts import Facts, observations
from tpaudit.results import Titles

# What sales teams write into the pipeline or the name of a deal that prolongs a contract.
_RENEWAL_WORDS = ("renew", "续")


def observe(facts: Facts) -> Any:
    """Decided renewals, 1 where won, once per touchpoint met before."""
    deals = facts.with_customer(facts.store.current("deals").filter(_.is_won.notnull()))
    said = ibis.coalesce(deals.pipeline, ibis.literal("")) + " " + ibis.coalesce(deals.name, ibis.literal(""))
    renewals = deals.filter(ibis.or_(*(said.lower().contains(word) for word in _RENEWAL_WORDS)))
    renewals = renewals.select("deal_id", "customer_id", "is_won", decided_at=possible(facts.store, _.closed_at))
    met = facts.met_before(renewals, "decided_at")
    return observations(met, subject=met.deal_id, occurred_at=met.decided_at, value=met.is_won)


KPI = Kpi(
    id="renewal_rate",
    place=640,
    title=Titles(en="Renewal", zh="续约率"),
    definition=Titles(
        en=(
            "Renewal deals won divided by those won or lost; a deal is a renewal if its pipeline or name says so "
            "(renew..., 续). By touchpoint: deals of customers who met it in the journey window before the decision."
        ),
        zh=(
            "赢单的续约商机数 ÷ 已有结果（赢单或输单）的续约商机数；销售管道或商机名称中含 renew 或“续”者视为续约。"
            "按触点：结果产生前旅程窗口期内触达过该触点的客户的商机。"
        ),
    ),
    unit="share",
    better="higher",
    formula="renewals won / renewals decided",
    source="Farris et al. (2010), Marketing Metrics, ch. 5",
    needs=Titles(en="decided deals whose pipeline or name says renewal", zh="管道或名称标明续约且已有结果的商机"),
    kind=Kind.SHARE,
    inputs=("deals",),
    windows=("journey.window_days",),
    grain="deal",
    observe=observe,
)
