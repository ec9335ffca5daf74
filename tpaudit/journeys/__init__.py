"""Journeys: which touchpoint each touch is, in which order customers meet them, and where the journeys lead.

`catalogue.load` gives the touchpoints an audit knows; `build` writes the marts; `steps` reads the journeys back for
the rooms above.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tpaudit.journeys.catalogue import Catalogue
    from tpaudit.results import JourneyResult
    from tpaudit.store import Store

__all__ = ["build", "spend_touchpoint", "steps"]


def build(store: Store) -> JourneyResult:
    """Classify every touch, form the journeys, and write the journey marts.

    Reads the lake and marts `customer_links` and `customers`; writes `customer_orders`, `journey_touches`, `journeys`,
    `transitions`, `paths`, `journey_map` and `customer_segments`. Raises InputFault if nothing happened in the data at
    all, ConfigFault if the audit's own touchpoints.toml or tags.toml is wrong.
    """
    from tpaudit.journeys.marts import build_journeys

    return build_journeys(store)


def steps(store: Store) -> Any:
    """Steps of all journeys, read from the marts.

    One row per step: customer_id, position (1 for the first), touchpoint, stage, channel, occurred_at, and converted
    (whether the journey led to a first paid order or a won deal).
    """
    from tpaudit.journeys.sequence import journey_steps

    return journey_steps(store.mart("journey_touches"), store.mart("journeys"))


def spend_touchpoint(rows: Any, catalogue: Catalogue) -> Any:
    """Touchpoint that each row of `ad_spend` paid for: its own, else by the catalogue's spend rules, else NULL."""
    from tpaudit.journeys.classify import touchpoint_of_spend

    return touchpoint_of_spend(rows, catalogue)
