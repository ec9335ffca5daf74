"""Time until somebody contacts a lead, those still waiting included."""

from __future__ import annotations

from typing import Any

import ibis
from ibis import _

from tpaudit.engine.portable import hours_between
from tpaudit.kpis.definition import Kind, Kpi
from tpaudit.kpis.definitions.handoffs import FOLLOW_UPS_NEEDED, followed_leads
from tpaudit.kpis.facts import Facts, observations
from tpaudit.results import Titles


def observe(facts: Facts) -> Any:
    """Leads with the hours until their first contact, or until they were closed or the audit's day began."""
    leads = followed_leads(facts).filter(_.contacted_at.isnull() | _.is_dated)
    until = ibis.least(ibis.coalesce(leads.ended_at, facts.observed_until), facts.observed_until)
    hours = hours_between(leads.created_at, ibis.coalesce(leads.contacted_at, until))
    return observations(
        leads,
        subject=leads.lead_id,
        occurred_at=leads.created_at,
        value=hours,
        base=leads.contacted_at.notnull(),
    ).filter(_.value >= 0)


def left_out(facts: Facts) -> Any:
    """Leads whose first contact is unknown because the CRM keeps only the last."""
    return followed_leads(facts).filter(_.contacted_at.notnull(), ~_.is_dated)


KPI = Kpi(
    id="lead_response_hours",
    place=730,
    title=Titles(en="Time to first contact", zh="线索首次跟进时长（中位）"),
    definition=Titles(
        en=(
            "Median hours from the moment a lead came in to the first contact. Leads nobody has contacted count with "
            "the time they waited until they were closed or the audit's day began (Kaplan and Meier); unknown if fewer "
            "than half were contacted. What a contact is says lead_untouched_rate. By touchpoint: where the lead came "
            "in."
        ),
        zh=(
            "从线索进入到首次联系的小时数中位数。无人联系的线索按其等待至关闭或审计日的时长计入（Kaplan–Meier）；"
            "被联系者不足一半时未知。联系的定义见 lead_untouched_rate。按触点：线索进入的触点。"
        ),
    ),
    unit="h",
    better="lower",
    formula="Kaplan-Meier median(first contact - arrival)",
    source="Kaplan, Meier (1958), Nonparametric estimation from incomplete observations, JASA 53",
    needs=FOLLOW_UPS_NEEDED,
    kind=Kind.SURVIVAL,
    inputs=("leads", "touches"),
    grain="lead",
    left_out=left_out,
    repeats_subjects=False,
    observe=observe,
)
