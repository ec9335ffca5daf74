"""Share of contacts to which customers react."""

from __future__ import annotations

from typing import Any

from ibis import _

from tpaudit.engine.portable import is_within
from tpaudit.kpis.definition import Kind, Kpi
from tpaudit.kpis.definitions.cadence import CONTACTS_NEEDED, contacts, replies
from tpaudit.kpis.facts import Facts, known, observations
from tpaudit.kpis.watching import watched_for
from tpaudit.results import Titles


def observe(facts: Facts) -> Any:
    """Contacts watched long enough, 1 where the customer did something of their own accord soon after."""
    watched = contacts(facts).filter(watched_for(facts, _.occurred_at, hours=facts.settings.kpi.reply_hours))
    answered = _answered(facts)
    told = watched.left_join(answered, watched.contact == answered.answered)
    return observations(told, subject=told.contact, value=told.answered.notnull())


@known
def _answered(facts: Facts) -> Any:
    sent, own = contacts(facts), replies(facts)
    in_time = [
        sent.customer_id == own.replier,
        own.replied_at > sent.occurred_at,
        is_within(own.replied_at, sent.occurred_at, hours=facts.settings.kpi.reply_hours),
    ]
    return sent.join(own, in_time).select(answered="contact").distinct()


def left_out(facts: Facts) -> Any:
    """Contacts whose reply may still come."""
    return contacts(facts).filter(~watched_for(facts, _.occurred_at, hours=facts.settings.kpi.reply_hours))


KPI = Kpi(
    id="reply_rate",
    place=830,
    title=Titles(en="Replies to contacts", zh="触达响应率"),
    definition=Titles(
        en=(
            "Contacts the company started after which the same customer did something of their own accord (a visit, a "
            "chat, a call, an order, an answer) within reply_hours, divided by all contacts at least that old; a "
            "withdrawal is no reply. The customer may have come for another reason. By touchpoint: the contact's own; "
            "by hour: when it went out."
        ),
        zh=(
            "企业主动联系后 reply_hours 小时内，同一客户有自发行为（访问、会话、来电、下单、作答）的联系次数 ÷ "
            "已满该时长的全部联系次数；退订不算响应。客户也可能因其他原因前来。按触点：该次联系所属触点；按小时：联系发出的时刻。"
        ),
    ),
    unit="share",
    better="higher",
    formula="contacts followed by the customer's own touch / contacts",
    source="Farris et al. (2010), Marketing Metrics, ch. 8 (response rate)",
    needs=CONTACTS_NEEDED,
    kind=Kind.SHARE,
    inputs=("touches",),
    windows=("kpi.reply_hours",),
    grain="contact",
    left_out=left_out,
    repeats_subjects=False,
    observe=observe,
)
