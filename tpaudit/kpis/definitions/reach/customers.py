"""Customers who met a touchpoint."""

from __future__ import annotations

from typing import Any

from ibis import _

from tpaudit.kpis.definition import Kind, Kpi
from tpaudit.kpis.facts import Facts, observations
from tpaudit.results import Titles


def observe(facts: Facts) -> Any:
    """Customers, once per touchpoint, stage and channel they met."""
    touches = facts.touches.filter(_.customer_id.notnull())
    return observations(touches, subject=_.customer_id)


KPI = Kpi(
    id="customers",
    place=110,
    title=Titles(en="Customers", zh="客户数"),
    definition=Titles(
        en=("Distinct customers with at least one touch of the slice. Touches nobody is known for do not count."),
        zh="在该切片中至少有一次触达的去重客户数。无法识别客户的触达不计入。",
    ),
    unit="customers",
    better="higher",
    formula="count(distinct customer_id)",
    source="tpaudit definition",
    needs=Titles(en="touches of known customers", zh="可识别客户的触达记录"),
    kind=Kind.COUNT,
    inputs=("contacts", "touches"),
    grain="customer",
    observe=observe,
)
