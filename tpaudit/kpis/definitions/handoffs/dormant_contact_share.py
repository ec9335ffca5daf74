"""Share of contacts that go to customers who had been left alone for long."""

from __future__ import annotations

from typing import Any

from ibis import _

from tpaudit.engine.portable import is_long_after, is_within
from tpaudit.kpis.definition import Kind, Kpi
from tpaudit.kpis.definitions.cadence import contacts
from tpaudit.kpis.facts import Facts, known, observations
from tpaudit.kpis.watching import dated_touches
from tpaudit.results import Titles


def observe(facts: Facts) -> Any:
    """Contacts the data reach back far enough for, 1 where nothing had happened with the customer for long."""
    judged, awake, days = _judged(facts), _awake(facts), facts.settings.kpi.dormant_days
    seen = facts.customers.select("first_seen_at", seen="customer_id")
    told = judged.left_join(awake, judged.contact == awake.awake)
    told = told.left_join(seen, told.customer_id == seen.seen)
    # Whom nobody knew before is new, not dormant.
    known_long = is_long_after(told.occurred_at, told.first_seen_at, days=days).fill_null(False)
    return observations(told, subject=told.contact, value=told.awake.isnull() & known_long)


def _judged(facts: Facts) -> Any:
    """Contacts the data reach back far enough for."""
    return _dated(facts).filter(_reach_back(facts))


def _reach_back(facts: Facts) -> Any:
    return is_long_after(_.occurred_at, _.begins_at, days=facts.settings.kpi.dormant_days)


@known
def _awake(facts: Facts) -> Any:
    """Contacts before which something had happened lately."""
    judged = _judged(facts)
    touches = dated_touches(facts).select(toucher="customer_id", touched_at="occurred_at")
    lately = [
        judged.customer_id == touches.toucher,
        touches.touched_at < judged.occurred_at,
        is_within(judged.occurred_at, touches.touched_at, days=facts.settings.kpi.dormant_days),
    ]
    return judged.join(touches, lately).select(awake="contact").distinct()


def left_out(facts: Facts) -> Any:
    """Contacts before which the data do not reach back far enough."""
    return _dated(facts).filter(~_reach_back(facts))


def _dated(facts: Facts) -> Any:
    """Contacts with `begins_at`, the first touch an export of events recorded: before it, silence means nothing.

    Single dates of records, such as a consent of years ago, reach back further than anybody watched.
    """
    return contacts(facts).cross_join(_first_touch(facts))


@known
def _first_touch(facts: Facts) -> Any:
    recorded = dated_touches(facts).filter(_.record_table == "touches")
    return recorded.aggregate(begins_at=_.occurred_at.min())


KPI = Kpi(
    id="dormant_contact_share",
    place=760,
    title=Titles(en="Contacts out of the blue", zh="沉睡客户触达占比"),
    definition=Titles(
        en=(
            "Contacts the company started with customers it had known for dormant_days and who had no touch at all in "
            "these days, divided by all contacts. Contacts of the first dormant_days of the data are left out: what "
            "was before is unknown. By touchpoint: the contact's own."
        ),
        zh=(
            "对已认识满 dormant_days 天、且此间没有任何触达的客户发起的联系次数 ÷ 全部联系次数。"
            "事件数据最初 dormant_days 天内的联系不计入，因为此前情况未知。按触点：该次联系所属触点。"
        ),
    ),
    unit="share",
    better="lower",
    formula="contacts with dormant customers / contacts",
    source="tpaudit definition",
    needs=Titles(
        en="contacts started by the company (direction outbound), and touches of more than dormant_days before",
        zh="企业主动联系记录（direction 为 outbound），以及早于其 dormant_days 天以上的触达记录",
    ),
    kind=Kind.SHARE,
    inputs=("touches", "contacts"),
    windows=("kpi.dormant_days",),
    grain="contact",
    left_out=left_out,
    repeats_subjects=False,
    observe=observe,
)
