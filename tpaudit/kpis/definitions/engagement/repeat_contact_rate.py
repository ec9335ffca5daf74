"""Share of customers who are met more than once."""

from __future__ import annotations

from typing import Any

from ibis import _

from tpaudit.kpis.definition import Kind, Kpi
from tpaudit.kpis.facts import Facts, observations
from tpaudit.results import Titles


def observe(facts: Facts) -> Any:
    """Touches of known customers, without the traces an order leaves by itself, such as paid, shipped, completed."""
    touches = facts.touches.filter(_.customer_id.notnull(), (_.record_table != "orders").fill_null(True))
    return observations(touches, subject=touches.customer_id)


KPI = Kpi(
    id="repeat_contact_rate",
    place=220,
    title=Titles(en="Met more than once", zh="多次触达率"),
    definition=Titles(
        en=(
            "Known customers with at least two touches, divided by those with at least one. By touchpoint: customers "
            "who met it twice or more, divided by those who met it. What an order leaves by itself (paid, shipped, "
            "completed) is no touch here."
        ),
        zh=(
            "至少有两次触达的可识别客户数 ÷ 至少有一次触达的可识别客户数。按触点：触达该触点两次及以上的客户数 ÷ "
            "触达过该触点的客户数。订单自身产生的记录（付款、发货、完成）不计为触达。"
        ),
    ),
    unit="share",
    better="neither",
    formula="customers with 2 touches or more / customers with a touch",
    source="tpaudit definition",
    needs=Titles(en="touches of known customers", zh="可识别客户的触达记录"),
    kind=Kind.REPEATED,
    inputs=("contacts", "touches"),
    grain="customer",
    observe=observe,
)
