"""How often the persons contacted are contacted in a week."""

from __future__ import annotations

from typing import Any

import ibis

from tpaudit.kpis.definition import Kind, Kpi
from tpaudit.kpis.definitions.cadence import CONTACTS_NEEDED, contacts_of_running_week, contacts_of_whole_weeks
from tpaudit.kpis.facts import Facts, observations
from tpaudit.results import Titles


def observe(facts: Facts) -> Any:
    """Contacts of whole weeks, 1 each; the subject is the person's week."""
    weekly = contacts_of_whole_weeks(facts)
    return observations(weekly, subject=weekly.person_week, value=ibis.literal(1.0))


KPI = Kpi(
    id="contacts_per_week",
    place=810,
    title=Titles(en="Contacts per week", zh="每人每周触达次数"),
    definition=Titles(
        en=(
            "Mean number of contacts the company started with one person in one week (Monday to Sunday), over the "
            "weeks in which the person was contacted at all. The running week is left out. By touchpoint: contacts at "
            "that touchpoint, over the weeks that had one."
        ),
        zh=(
            "企业在一周（周一至周日）内主动联系同一人的平均次数，只计该人当周至少被联系一次的周；未结束的当周不计入。"
            "按触点：该触点的联系次数，只计当周有该触点联系的周。"
        ),
    ),
    unit="contacts",
    better="neither",
    formula="contacts / (persons x weeks with a contact)",
    source="tpaudit definition",
    needs=CONTACTS_NEEDED,
    kind=Kind.MEAN_TOTAL,
    inputs=("touches",),
    grain="person-week",
    left_out=contacts_of_running_week,
    observe=observe,
)
