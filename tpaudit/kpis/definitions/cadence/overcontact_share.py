"""Share of person-weeks with too many contacts."""

from __future__ import annotations

from typing import Any

from tpaudit.kpis.definition import Kind, Kpi
from tpaudit.kpis.definitions.cadence import CONTACTS_NEEDED, contacts_of_running_week, contacts_of_whole_weeks
from tpaudit.kpis.facts import Facts, observations
from tpaudit.results import Titles


def observe(facts: Facts) -> Any:
    """Contacts of whole weeks, 1 where the person's week saw too many; the subject is the person's week."""
    weekly = contacts_of_whole_weeks(facts)
    too_many = weekly.weekly > facts.settings.kpi.max_contacts_per_week
    return observations(weekly, subject=weekly.person_week, value=too_many)


KPI = Kpi(
    id="overcontact_share",
    place=815,
    title=Titles(en="Too many contacts", zh="过度触达占比"),
    definition=Titles(
        en=(
            "Weeks (Monday to Sunday) in which one person was contacted more than max_contacts_per_week times over all "
            "channels, divided by all weeks in which a person was contacted. The running week is left out. By "
            "touchpoint: weeks in which the person was contacted there."
        ),
        zh=(
            "同一人在一周（周一至周日）内经全部渠道被联系超过 max_contacts_per_week 次的“人周”数 ÷ "
            "有过联系的全部“人周”数；未结束的当周不计入。按触点：该人当周在该触点被联系过的“人周”。"
        ),
    ),
    unit="share",
    better="lower",
    formula="person-weeks with more contacts than the limit / person-weeks with a contact",
    source="tpaudit definition",
    needs=CONTACTS_NEEDED,
    kind=Kind.SHARE,
    inputs=("touches",),
    windows=("kpi.max_contacts_per_week",),
    grain="person-week",
    left_out=contacts_of_running_week,
    observe=observe,
)
