"""Share of touches whose customer is known."""

from __future__ import annotations

from typing import Any

from ibis import _

from tpaudit.kpis.definition import Kind, Kpi
from tpaudit.kpis.facts import Facts, observations
from tpaudit.results import Titles


def observe(facts: Facts) -> Any:
    """Touches, 1 where the customer is identified."""
    known = facts.customers.select(known_customer="customer_id", is_identified="is_identified")
    touches = facts.touches.left_join(known, facts.touches.customer_id == known.known_customer)
    return observations(touches, subject=_.touch_id, value=_.is_identified.fill_null(False))


KPI = Kpi(
    id="identified_share",
    place=130,
    title=Titles(en="Identified touches", zh="可识别触达占比"),
    definition=Titles(
        en=(
            "Touches that belong to a customer known by more than a cookie or device, divided by all "
            "touches of the slice."
        ),
        zh="属于已识别客户（不仅有 Cookie 或设备号）的触达次数 ÷ 该切片的全部触达次数。",
    ),
    unit="share",
    better="higher",
    formula="touches of identified customers / touches",
    source="tpaudit definition",
    needs=Titles(en="touches", zh="触达记录"),
    kind=Kind.SHARE,
    inputs=("contacts", "touches"),
    grain="touch",
    repeats_subjects=False,
    observe=observe,
)
