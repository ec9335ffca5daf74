"""Share of new customers whom service meets."""

from __future__ import annotations

from typing import Any

import ibis
from ibis import _

from tpaudit.engine.portable import is_within
from tpaudit.kpis.definition import Kind, Kpi
from tpaudit.kpis.facts import PLACES, Facts, known, observations
from tpaudit.kpis.watching import dated_touches, holds_any, watched_for
from tpaudit.results import Titles


def observe(facts: Facts) -> Any:
    """New customers won long enough ago, 1 where service met them in time, once per touch of their journey."""
    service = _service_touches(facts)
    won = facts.new_customers.filter(
        watched_for(facts, _.won_at, days=facts.settings.kpi.handoff_days), ibis.literal(holds_any(facts, service))
    )
    in_time = [
        won.customer_id == service.served,
        service.served_at > won.won_at,
        is_within(service.served_at, won.won_at, days=facts.settings.kpi.handoff_days),
    ]
    taken_over = won.semi_join(service, in_time).select(taken_over="customer_id")
    told = won.left_join(taken_over, won.customer_id == taken_over.taken_over)
    steps = facts.steps.filter(_.converted).select(*PLACES, stepper="customer_id")
    met = told.left_join(steps, told.customer_id == steps.stepper)
    return observations(met, subject=met.customer_id, occurred_at=met.won_at, value=met.taken_over.notnull())


def left_out(facts: Facts) -> Any:
    """New customers whom service may still meet."""
    return facts.new_customers.filter(~watched_for(facts, _.won_at, days=facts.settings.kpi.handoff_days))


@known
def _service_touches(facts: Facts) -> Any:
    """Meetings with service: served, served_at. A return is no taking over, and a refund booked no meeting."""
    touches = dated_touches(facts).filter(_.stage == "service", (_.record_table != "orders").fill_null(True))
    touches = touches.filter((_.touchpoint != "returns").fill_null(True), (_.event != "Ticket Solved").fill_null(True))
    return touches.select(served="customer_id", served_at="occurred_at")


KPI = Kpi(
    id="service_handoff_rate",
    place=750,
    title=Titles(en="Sales to service", zh="销售到服务交接率"),
    definition=Titles(
        en=(
            "New customers (first paid order or won deal) whom a touchpoint of the service stage, returns aside, met "
            "within handoff_days after, divided by all new customers won at least that long ago. By touchpoint: new "
            "customers whose journey includes it."
        ),
        zh=(
            "成交（首笔付款订单或赢单）后 handoff_days 天内被服务阶段触点（退换货除外）触达的新客户数 ÷ "
            "成交已满该天数的全部新客户数。按触点：旅程中包含该触点的新客户。"
        ),
    ),
    unit="share",
    better="higher",
    formula="new customers met by service in time / new customers",
    source="tpaudit definition",
    needs=Titles(en="new customers, and touches of the service stage", zh="新客户，以及服务阶段的触达记录"),
    kind=Kind.SHARE,
    inputs=("touches", "orders", "deals"),
    windows=("kpi.handoff_days", "journey.window_days"),
    grain="customer",
    left_out=left_out,
    observe=observe,
)
