"""Share of contacted customers who withdraw."""

from __future__ import annotations

from typing import Any

import ibis
from ibis import _

from tpaudit.engine.portable import is_within
from tpaudit.kpis.definition import Kind, Kpi
from tpaudit.kpis.definitions.cadence import contacts, goodbyes
from tpaudit.kpis.facts import Facts, observations
from tpaudit.kpis.watching import holds_any, watched_for
from tpaudit.results import Titles


def observe(facts: Facts) -> Any:
    """Customers contacted long enough ago, once per contact, 1 where they withdrew in time after it.

    Where nobody ever withdrew the data cannot tell, for exports without withdrawals look the same.
    """
    left = goodbyes(facts)
    days = facts.settings.kpi.unsubscribe_days
    watched = contacts(facts).filter(watched_for(facts, _.occurred_at, days=days), ibis.literal(holds_any(facts, left)))
    told = watched.left_join(
        left,
        [
            watched.customer_id == left.leaver,
            left.left_at > watched.occurred_at,
            is_within(left.left_at, watched.occurred_at, days=days),
        ],
    )
    return observations(told, subject=told.customer_id, value=told.leaver.notnull())


def left_out(facts: Facts) -> Any:
    """Customers contacted only so lately that they may still withdraw."""
    is_known = ibis.literal(holds_any(facts, goodbyes(facts)))
    first = contacts(facts).filter(is_known).group_by("customer_id").agg(first_at=_.occurred_at.min())
    return first.filter(~watched_for(facts, _.first_at, days=facts.settings.kpi.unsubscribe_days))


KPI = Kpi(
    id="unsubscribe_rate",
    place=835,
    title=Titles(en="Unsubscriptions after contact", zh="触达后退订率"),
    definition=Titles(
        en=(
            "Customers who unsubscribed, unfollowed or withdrew a consent within unsubscribe_days after a contact the "
            "company started, divided by all customers contacted at least that long ago. By touchpoint: customers "
            "contacted there. Fatigue shows by contact_frequency."
        ),
        zh=(
            "企业主动联系后 unsubscribe_days 天内退订、取消关注或撤回同意的客户数 ÷ 在该时长之前被联系过的全部客户数。"
            "按触点：在该触点被联系过的客户。按 contact_frequency 切片可见触达疲劳。"
        ),
    ),
    unit="share",
    better="lower",
    formula="customers withdrawing in time after a contact / customers contacted",
    source="tpaudit definition",
    needs=Titles(
        en="contacts started by the company, and withdrawn consents or unsubscriptions",
        zh="企业主动联系记录，以及撤回同意或退订记录",
    ),
    kind=Kind.SHARE,
    inputs=("touches", "consents"),
    windows=("kpi.unsubscribe_days",),
    grain="customer",
    left_out=left_out,
    observe=observe,
)
