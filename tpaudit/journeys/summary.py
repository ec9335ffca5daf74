"""The journey stage's result: the small tables a report shows, and what the catalogue does not cover."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

import ibis

from tpaudit.engine.portable import hours_between
from tpaudit.horizon import possible
from tpaudit.journeys import patterns
from tpaudit.journeys.catalogue import Catalogue
from tpaudit.model import STAGES
from tpaudit.results import JourneyMapRow, JourneyResult, PathRow, TransitionRow, UnclassifiedTouches
from tpaudit.store import Store

# Longest lists a result carries; the marts hold everything.
MOST_TRANSITIONS = 100
MOST_PATHS = 100
MOST_UNCLASSIFIED = 20


def summarise(store: Store, catalogue: Catalogue) -> JourneyResult:
    """Result of the journey stage, read back from its marts."""
    transitions, paths, cells = (store.mart(name) for name in ("transitions", "paths", "journey_map"))
    steps_made = _most(store, transitions, "transitions", ("from_touchpoint", "to_touchpoint"), MOST_TRANSITIONS)
    seen = _seen(store)
    rows = tuple(JourneyMapRow(**row) for row in store.engine.fetch_rows(cells.order_by(_map_order(cells))))
    settings = store.audit.config.settings
    return JourneyResult(
        **_totals(store),
        **_to_purchase(store),
        map=rows,
        transitions=tuple(TransitionRow(**row) for row in steps_made),
        transitions_total=_count(store, transitions),
        paths=tuple(PathRow(**row) for row in _most(store, paths, "customers", ("path",), MOST_PATHS)),
        paths_total=_count(store, paths),
        unclassified=_unclassified(store, catalogue),
        unseen_touchpoints=tuple(touchpoint.id for touchpoint in catalogue if touchpoint.id not in seen),
        touchpoint_titles={id_: catalogue.title(id_) for id_ in sorted({*seen, *catalogue.touchpoints})},
        timezone=settings.audit.timezone,
        as_of=store.audit.as_of,
        window_days=settings.journey.window_days,
        unmet_stages=tuple(stage for stage in STAGES if stage not in {row.stage for row in rows}),
        unowned_touchpoints=tuple(sorted({row.touchpoint for row in rows if row.owner is None})),
        stage_flow=patterns.stage_flow(store),
        paths_to=patterns.paths_to_conversion(store),
        paths_away=patterns.paths_away(store),
        waits=patterns.longest_waits(store),
        returns=patterns.returns(store),
        touches_to_purchase=patterns.touches_to_purchase(store),
        purchase_within=patterns.purchase_within(store),
    )


def _totals(store: Store) -> dict[str, Any]:
    touches, journeys = store.mart("journey_touches"), store.mart("journeys")
    zone = store.audit.config.settings.audit.timezone
    in_time = touches.mutate(at=possible(store, touches.occurred_at))
    totals = store.engine.fetch_rows(
        in_time.agg(
            touches=in_time.count(),
            touches_with_customer=in_time.customer_id.count(),
            touches_classified=in_time.touchpoint.count(),
            first_touch=store.engine.to_local(in_time["at"].min(), zone).date(),
            last_touch=store.engine.to_local(in_time["at"].max(), zone).date(),
        )
    )[0]
    reached = journeys.agg(customers=journeys.count(), converted=journeys.converted.cast("int64").sum())
    row = store.engine.fetch_rows(reached)[0]
    return {**totals, "customers": row["customers"], "converted": row["converted"] or 0}


def _to_purchase(store: Store) -> dict[str, Any]:
    journeys = store.mart("journeys")
    converted = journeys.filter(journeys.converted)
    days = hours_between(converted.started_at, converted.ended_at) / 24
    return store.engine.fetch_rows(
        converted.agg(median_touches_to_purchase=converted.touches.median(), median_days_to_purchase=days.median())
    )[0]


def _map_order(cells: Any) -> list[Any]:
    in_journey_order = cells.stage.cases(*((stage, place) for place, stage in enumerate(STAGES)), else_=len(STAGES))
    return [in_journey_order, cells.customers.desc(), cells.touchpoint]


def _most(store: Store, rows: Any, count: str, keys: tuple[str, ...], most: int) -> list[dict[str, Any]]:
    """The *most* rows with the highest *count*; ties in order of *keys*."""
    return store.engine.fetch_rows(rows.order_by([rows[count].desc(), *keys]).limit(most))


def _count(store: Store, rows: Any) -> int:
    return int(store.engine.fetch_rows(rows.agg(n=rows.count()))[0]["n"])


def _seen(store: Store) -> set[str]:
    touches = store.mart("journey_touches")
    met = touches.filter(touches.touchpoint.notnull()).select("touchpoint").distinct()
    return {row["touchpoint"] for row in store.engine.fetch_rows(met)}


def _unclassified(store: Store, catalogue: Catalogue) -> tuple[UnclassifiedTouches, ...]:
    touches = store.mart("journey_touches")
    columns = ("event", "channel", "direction")
    kinds = touches.filter(touches.touchpoint.isnull()).group_by(columns).agg(touches=ibis._.count())
    return tuple(
        UnclassifiedTouches(
            event=row["event"],
            channel=row["channel"],
            touches=row["touches"],
            suggested_rule=suggested_rule({column: row[column] for column in columns}, catalogue),
        )
        for row in _most(store, kinds, "touches", columns, MOST_UNCLASSIFIED)
    )


def suggested_rule(cells: Mapping[str, str | None], catalogue: Catalogue) -> str:
    """A rule for touchpoints.toml that would catch such touches; the touchpoint is a guess where one suggests itself.

    >>> from pathlib import Path
    >>> from tpaudit.journeys.catalogue import load
    >>> print(suggested_rule({"event": "Chat_Rated", "channel": None}, load(Path("no/such/audit"))))
    [[rule]]
    touchpoint = "chat"
    event = "Chat_Rated"
    """
    words = re.sub(r"[\W_]+", " ", " ".join(filter(None, cells.values())).lower())
    guess = next((t.id for t in catalogue if re.search(rf"\b{re.escape(t.id.replace('_', ' '))}\b", words)), "?")
    wanted = {"touchpoint": guess, **{column: cell for column, cell in cells.items() if cell}}
    return "\n".join(["[[rule]]", *(f"{key} = {json.dumps(text, ensure_ascii=False)}" for key, text in wanted.items())])
