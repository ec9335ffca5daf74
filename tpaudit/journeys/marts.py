"""The journey stage: its marts in the order in which they build on each other."""

from __future__ import annotations

from tpaudit.errors import InputFault
from tpaudit.journeys.catalogue import load
from tpaudit.journeys.flows import paths, transitions
from tpaudit.journeys.journey_map import journey_map
from tpaudit.journeys.outcomes import conversions, customer_orders
from tpaudit.journeys.segments import customer_segments
from tpaudit.journeys.sequence import classified_touches, journeys_of
from tpaudit.journeys.summary import summarise
from tpaudit.journeys.tags import load_tags
from tpaudit.results import JourneyResult
from tpaudit.store import Store


def build_journeys(store: Store) -> JourneyResult:
    """Write the journey marts and return the result of the stage; see `tpaudit.journeys.build`."""
    catalogue = load(store.audit.folder)
    tag_rules = load_tags(store.audit.folder, catalogue)
    store.write_mart("customer_orders", customer_orders(store))
    converted = store.cache(conversions(store))
    written = store.write_mart("journey_touches", classified_touches(store, catalogue, converted), is_sorted=True)
    if not written:
        raise InputFault(
            "nothing happened in this data: no export holds a touch, an order, a lead, a ticket or a survey",
            "ingest an export of events, chats, calls or orders; contact lists alone have no journeys",
        )
    touches = store.mart("journey_touches")
    max_path_length = store.audit.config.settings.journey.max_path_length
    store.write_mart("journeys", journeys_of(touches, converted, max_path_length))
    journeys = store.mart("journeys")
    store.write_mart("transitions", transitions(store, touches, journeys))
    store.write_mart("paths", paths(journeys))
    store.write_mart("journey_map", journey_map(store, catalogue))
    store.write_mart("customer_segments", customer_segments(store, tag_rules))
    return summarise(store, catalogue)
