"""Share of leads that were won."""

from __future__ import annotations

from typing import Any

import ibis
from ibis import _

from tpaudit.kpis.definition import Kind, Kpi
from tpaudit.kpis.facts import Facts, observations
from tpaudit.kpis.watching import holds_any
from tpaudit.results import Titles


def observe(facts: Facts) -> Any:
    """Leads, 1 where won. A lead whose source is silent is lost only if the data hold deals it could have won."""
    won = facts.won_deals
    own = won.filter(_.contact_id.notnull()).select(own_contact="contact_id").distinct()
    later = won.filter(_.customer_id.notnull()).group_by(winner=_.customer_id).agg(last_won_at=_.won_at.max())
    leads = facts.leads
    leads = leads.left_join(own, leads.contact_id == own.own_contact)
    leads = leads.left_join(later, leads.customer_id == later.winner)
    said_won = leads.is_converted.fill_null(False) | (leads.status == "won").fill_null(False)
    # Under the lead's own record the deal is its deal; the same person's other deals must not be older than the lead.
    deal_won = leads.own_contact.notnull() | (leads.last_won_at >= leads.created_at).fill_null(False)
    fate_known = (
        leads.is_converted.notnull()
        | leads.status.isin(["won", "lost"])
        | ibis.literal(holds_any(facts, facts.store.lake("deals")))
    )
    return observations(
        leads.filter(fate_known), subject=leads.lead_id, occurred_at=leads.created_at, value=said_won | deal_won
    )


KPI = Kpi(
    id="lead_conversion_rate",
    place=150,
    title=Titles(en="Lead conversion", zh="线索转化率"),
    definition=Titles(
        en=(
            "Leads marked as converted by their source, with a won deal of their own, or whose customer won "
            "another deal at or after the lead came in, divided by all leads whose fate is known. By "
            "touchpoint: where the lead came in."
        ),
        zh=(
            "来源系统标记为已转化、自身有赢单，或该客户在线索进入当时或之后另有赢单的线索数 ÷ "
            "结果已知的全部线索数。"
            "按触点：线索进入的触点。"
        ),
    ),
    unit="share",
    better="higher",
    formula="leads won / leads",
    source="Farris et al. (2010), Marketing Metrics, ch. 6",
    needs=Titles(en="leads that say whether they were converted, or deals", zh="含转化结果的线索，或商机"),
    kind=Kind.SHARE,
    inputs=("leads", "deals"),
    grain="lead",
    repeats_subjects=False,
    observe=observe,
)
