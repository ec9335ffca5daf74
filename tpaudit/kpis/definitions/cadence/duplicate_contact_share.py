"""Share of contacts that repeat, over another channel, what the customer has just had."""

from __future__ import annotations

from typing import Any

import ibis
from ibis import _

from tpaudit.engine.portable import is_within
from tpaudit.kpis.definition import Kind, Kpi
from tpaudit.kpis.definitions.cadence import contacts
from tpaudit.kpis.facts import Facts, known, observations
from tpaudit.kpis.watching import holds_any
from tpaudit.results import Titles


def observe(facts: Facts) -> Any:
    """Contacts that say what they are about, 1 where another channel said the same shortly before."""
    told = _last_over_another_channel(facts)
    soon = is_within(told.occurred_at, told.elsewhere_at, hours=facts.settings.kpi.duplicate_hours)
    return observations(told, subject=told.contact, value=soon.fill_null(False))


def _messages(facts: Facts) -> Any:
    """Contacts with their `message`: the campaign, else the campaign's id, else the content the export names."""
    known = contacts(facts)
    named = known.filter(_.campaign.notnull()).mutate(message=_.campaign)
    unnamed = known.filter(_.campaign.isnull())
    if not holds_any(facts, unnamed):
        return named
    told = facts.store.lake("touches").filter(_.direction == "outbound", _.touch_id.notnull())
    told = told.mutate(message=ibis.coalesce(told.campaign_id, told.content))
    told = told.filter(_.message.notnull()).group_by(told_of=_.touch_id).agg(message=_.message.min())
    joined = unnamed.left_join(told, unnamed.record_id == told.told_of).drop("told_of")
    return named.union(joined.select(named.columns))


@known
def _last_over_another_channel(facts: Facts) -> Any:
    """Contacts whose message and channel are known, with `elsewhere_at`, when the customer last had the same message
    over another channel.

    That is the contact before the present run of contacts over one channel; it holds for the whole run.
    """
    messages = _messages(facts).filter(_.message.notnull(), _.channel.notnull())
    in_order = ibis.window(group_by=["customer_id", "message"], order_by=["occurred_at", "touch_id"])
    before = messages.mutate(
        channel_before=_.channel.lag().over(in_order), contacted_before=_.occurred_at.lag().over(in_order)
    )
    so_far = ibis.cumulative_window(group_by=["customer_id", "message"], order_by=["occurred_at", "touch_id"])
    changed_at = ibis.cases((before.channel_before != before.channel, before.contacted_before))
    return before.mutate(elsewhere_at=changed_at.max().over(so_far))


KPI = Kpi(
    id="duplicate_contact_share",
    place=820,
    title=Titles(en="Duplicate contacts", zh="重复触达占比"),
    definition=Titles(
        en=(
            "Contacts whose message the same customer had over another channel in the duplicate_hours before, divided "
            "by all contacts whose message and channel are known. The message is the campaign, else its id, else the "
            "content. The first of two counts as no duplicate. By touchpoint: the contact's own."
        ),
        zh=(
            "同一客户在此前 duplicate_hours 小时内已经由另一渠道收到相同内容的联系次数 ÷ "
            "内容与渠道均已知的全部联系次数。相同内容指同一活动，无活动名时依次按活动编号、内容判断；两次中的第一次不算重复。"
            "按触点：该次联系所属触点。"
        ),
    ),
    unit="share",
    better="lower",
    formula="contacts repeated over another channel / contacts",
    source="tpaudit definition",
    needs=Titles(
        en="contacts started by the company with their channel and their campaign or content",
        zh="含渠道及活动或内容的企业主动联系记录",
    ),
    kind=Kind.SHARE,
    inputs=("touches",),
    windows=("kpi.duplicate_hours",),
    grain="contact",
    repeats_subjects=False,
    observe=observe,
)
