"""Share of contacts at hours at which nobody should be contacted."""

from __future__ import annotations

from typing import Any

from ibis import _

from tpaudit.kpis.definition import Kind, Kpi
from tpaudit.kpis.definitions.cadence import CONTACTS_NEEDED, contacts
from tpaudit.kpis.facts import Facts, observations
from tpaudit.results import Titles


def observe(facts: Facts) -> Any:
    """Contacts whose time of day is known, 1 in quiet hours."""
    known = _on_the_clock(facts).filter(~_.lacks_time)
    return observations(known, subject=known.contact, value=_is_quiet(known.clock.hour(), facts))


def left_out(facts: Facts) -> Any:
    """Contacts at midnight sharp: days without a time of day."""
    return _on_the_clock(facts).filter(_.lacks_time)


def _on_the_clock(facts: Facts) -> Any:
    known = contacts(facts)
    return known.mutate(lacks_time=known.clock == known.clock.truncate("D"))


def _is_quiet(hour: Any, facts: Facts) -> Any:
    start, end = facts.settings.kpi.quiet_from, facts.settings.kpi.quiet_until
    # Quiet hours run over midnight if they begin later in the day than they end.
    return (hour >= start) & (hour < end) if start <= end else (hour >= start) | (hour < end)


KPI = Kpi(
    id="quiet_hours_share",
    place=825,
    title=Titles(en="Contacts in quiet hours", zh="免打扰时段触达占比"),
    definition=Titles(
        en=(
            "Contacts the company started from quiet_from to before quiet_until on the audit's clock, divided by all "
            "contacts. Contacts at midnight sharp are left out: exports write days without a time like that. By "
            "touchpoint: the contact's own."
        ),
        zh=(
            "按审计时区，企业在 quiet_from 点至 quiet_until 点之前发起的联系次数 ÷ 全部联系次数。"
            "恰为零点整的记录不计入：导出数据中缺少时刻的日期即如此表示。按触点：该次联系所属触点。"
        ),
    ),
    unit="share",
    better="lower",
    formula="contacts in quiet hours / contacts",
    source="tpaudit definition",
    needs=CONTACTS_NEEDED,
    kind=Kind.SHARE,
    inputs=("touches",),
    windows=("kpi.quiet_from", "kpi.quiet_until"),
    grain="contact",
    left_out=left_out,
    repeats_subjects=False,
    observe=observe,
)
