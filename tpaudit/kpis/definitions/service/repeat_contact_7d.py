"""Share of requests after which the customer had to ask again."""

from __future__ import annotations

from typing import Any

from ibis import _

from tpaudit.engine.portable import is_within
from tpaudit.kpis.definition import Kind, Kpi
from tpaudit.kpis.definitions.service import requests
from tpaudit.kpis.facts import Facts, observations
from tpaudit.kpis.watching import watched_for
from tpaudit.results import Titles


def observe(facts: Facts) -> Any:
    """Requests of known customers watched long enough, 1 where the same customer asked again in time."""
    asked = requests(facts).filter(_.customer_id.notnull())
    watched = asked.filter(watched_for(facts, _.occurred_at, days=facts.settings.kpi.recontact_days))
    in_time = is_within(watched.next_at, watched.occurred_at, days=facts.settings.kpi.recontact_days)
    return observations(watched, subject=watched.touch_id, value=in_time.fill_null(False))


def left_out(facts: Facts) -> Any:
    """Requests after which the customer may still ask again."""
    asked = requests(facts).filter(_.customer_id.notnull())
    return asked.filter(~watched_for(facts, _.occurred_at, days=facts.settings.kpi.recontact_days))


KPI = Kpi(
    id="repeat_contact_7d",
    place=560,
    title=Titles(en="Repeat contact", zh="7 天重复求助率"),
    definition=Titles(
        en=(
            "Requests (self-service, chats, calls, cases) after which the same customer asked again within "
            "recontact_days (7 unless set), over any channel, divided by all requests of known customers at least that "
            "old. Its complement estimates first-contact resolution from outside. By touchpoint: where the first "
            "request was made."
        ),
        zh=(
            "求助（自助服务、会话、来电、工单）之后 recontact_days 天内（默认 7 天）同一客户经任一渠道再次求助的次数 ÷ "
            "已满该天数的可识别客户的全部求助次数。其补数可从外部估计首次解决率。按触点：首次求助所在触点。"
        ),
    ),
    unit="share",
    better="lower",
    formula="requests followed by another of the same customer / requests",
    source="Dixon, Freeman, Toman (2010), Stop trying to delight your customers, HBR 88 (next-issue avoidance)",
    needs=Titles(
        en="chats, calls, cases or visits to self-service of known customers",
        zh="可识别客户的会话、来电、工单或自助服务记录",
    ),
    kind=Kind.SHARE,
    inputs=("touches", "tickets"),
    windows=("kpi.recontact_days",),
    grain="contact",
    left_out=left_out,
    repeats_subjects=False,
    observe=observe,
)
