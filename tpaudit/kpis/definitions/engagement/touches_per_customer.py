"""How often a customer is met."""

from __future__ import annotations

from typing import Any

import ibis
from ibis import _

from tpaudit.kpis.definition import Kind, Kpi
from tpaudit.kpis.facts import Facts, observations
from tpaudit.results import Titles


def observe(facts: Facts) -> Any:
    """Touches of known customers, each counting one."""
    touches = facts.touches.filter(_.customer_id.notnull())
    return observations(touches, subject=touches.customer_id, value=ibis.literal(1.0))


KPI = Kpi(
    id="touches_per_customer",
    place=210,
    title=Titles(en="Touches per customer", zh="人均触达次数"),
    definition=Titles(
        en=(
            "Touches of known customers divided by the customers that have any. By touchpoint: its touches divided by "
            "the customers who met it."
        ),
        zh="可识别客户的触达次数 ÷ 有触达的可识别客户数。按触点：该触点的触达次数 ÷ 触达过该触点的客户数。",
    ),
    unit="touches",
    better="neither",
    formula="touches of known customers / customers",
    source="tpaudit definition",
    needs=Titles(en="touches of known customers", zh="可识别客户的触达记录"),
    kind=Kind.MEAN_TOTAL,
    inputs=("contacts", "touches"),
    grain="customer",
    observe=observe,
)
