"""Touches of a touchpoint."""

from __future__ import annotations

from typing import Any

from ibis import _

from tpaudit.kpis.definition import Kind, Kpi
from tpaudit.kpis.facts import Facts, observations
from tpaudit.results import Titles


def observe(facts: Facts) -> Any:
    """Touches, each once."""
    return observations(facts.touches, subject=_.touch_id)


KPI = Kpi(
    id="touches",
    place=120,
    title=Titles(en="Touches", zh="触达次数"),
    definition=Titles(
        en="Recorded occurrences of the touchpoint, whether or not the customer is known.",
        zh="触点被记录的发生次数，无论客户是否可识别。",
    ),
    unit="touches",
    better="neither",
    formula="count(touch_id)",
    source="tpaudit definition",
    needs=Titles(en="touches", zh="触达记录"),
    kind=Kind.COUNT,
    inputs=("touches",),
    grain="touch",
    repeats_subjects=False,
    observe=observe,
)
