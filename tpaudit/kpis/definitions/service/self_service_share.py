"""Share of requests that customers settle by themselves."""

from __future__ import annotations

from typing import Any

from ibis import _

from tpaudit.kpis.definition import Kind, Kpi
from tpaudit.kpis.definitions.service import SELF_SERVICE, requests
from tpaudit.kpis.facts import Facts, observations
from tpaudit.kpis.watching import holds_any
from tpaudit.results import Titles


def observe(facts: Facts) -> Any:
    """Requests, 1 where self-service took them; nothing where no self-service is recorded."""
    asked = requests(facts)
    if not holds_any(facts, asked.filter(_.touchpoint == SELF_SERVICE)):
        asked = asked.limit(0)
    taken = (asked.touchpoint == SELF_SERVICE).fill_null(False)
    return observations(asked, subject=asked.touch_id, value=taken)


KPI = Kpi(
    id="self_service_share",
    place=555,
    title=Titles(en="Self-service", zh="自助服务占比"),
    definition=Titles(
        en=(
            "Requests at the touchpoint self_service, divided by all requests of customers: self-service, chats, calls "
            "and cases, and other touches of the service stage the customer started. Help pages one customer reads on "
            "one day are one request. Whether the pages helped shows in repeat_contact_7d."
        ),
        zh=(
            "发生在自助服务触点的求助次数 ÷ 客户的全部求助次数"
            "（自助服务、会话、来电、工单，及服务阶段内由客户发起的其他触达）。"
            "同一客户同一天浏览的帮助页计一次。自助是否有效见 repeat_contact_7d。"
        ),
    ),
    unit="share",
    better="higher",
    formula="requests at self-service / requests",
    source="tpaudit definition",
    needs=Titles(
        en="visits to self-service, beside chats, calls or cases", zh="自助服务访问记录，以及会话、来电或工单"
    ),
    kind=Kind.SHARE,
    inputs=("touches", "tickets"),
    grain="contact",
    repeats_subjects=False,
    observe=observe,
)
