"""The journey map with its gaps, and what the data does not show."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import RenderableType
from rich.text import Text

from tpaudit.reports.arrange import map_by_stage
from tpaudit.reports.terminal.flow import flow
from tpaudit.reports.terminal.grid import Columns, Grid
from tpaudit.reports.terminal.view import View, indented, joined, stacked
from tpaudit.results import JourneyMapRow, JourneyResult

_BAR_CELLS = 8
_KIND_STYLES = {"online": "", "offline": "magenta", "human": "green"}


def render_journey(result: JourneyResult, view: View) -> RenderableType:
    """Counts first, then the map and its gaps, how journeys flow, and what no rule catches or the data never shows."""
    period = [f"{result.first_touch} – {result.last_touch}"] if result.first_touch and result.last_touch else []
    return stacked(
        view.title(
            view.messages.text("journey.title"),
            view.messages.count("touches", result.touches),
            view.messages.count("customers", result.customers),
            *period,
        ),
        _summary(result, view),
        journey_map(result, view),
        *flow(result, view),
        _unclassified(result, view),
        _unseen(result, view),
        _frame(result, view),
        view.next("tpaudit kpi", "tpaudit rank"),
    )


def journey_map(result: JourneyResult, view: View) -> RenderableType | None:
    """Stage by stage, every touchpoint with reach, loss, waiting time, satisfaction and pain."""
    if not result.map:
        return None
    stages = map_by_stage(result)
    shown, more = view.cut(
        [(stage, row) for stage, rows in stages for row in rows], weight=lambda item: item[1].customers
    )
    grid = Grid(view, _map_columns(view))
    for position, (stage, row) in enumerate(shown):
        if position == 0 or shown[position - 1][0] != stage:
            grid.add_group(view.messages.name("stage", stage))
        grid.add(*_map_cells(row, result, view), nested=True)
    return joined(view.heading(view.messages.text("journey.map")), grid.render(), more, *_gaps(result, view))


def _gaps(result: JourneyResult, view: View) -> Iterator[RenderableType]:
    """Stages nobody was met in, and touchpoints nobody answers for."""
    if result.unmet_stages:
        stages = [view.messages.name("stage", stage) for stage in result.unmet_stages]
        yield indented(view.say("journey.empty_stages", "yellow", stages=view.messages.listed(stages)))
    if result.unowned_touchpoints:
        names = [view.messages.touchpoint(each, result.touchpoint_titles) for each in result.unowned_touchpoints]
        yield indented(view.say("journey.unowned", "yellow", touchpoints=view.messages.listed(names)))


def _frame(result: JourneyResult, view: View) -> RenderableType | None:
    """Clock, last day and window of everything above."""
    if result.as_of is None or result.window_days is None:
        return None
    frame = view.say("journey.frame", "dim", zone=result.timezone, day=result.as_of, days=result.window_days)
    return indented(frame)


def _summary(result: JourneyResult, view: View) -> RenderableType:
    figures = view.figures
    known = figures.share(result.touches_with_customer / result.touches if result.touches else None)
    classified = figures.share(result.touches_classified / result.touches if result.touches else None)
    converted = figures.share(result.converted / result.customers if result.customers else None)
    lines = [
        view.say("journey.coverage", known=known, classified=classified),
        view.say(
            "journey.converted",
            converted=figures.count(result.converted),
            customers=figures.count(result.customers),
            share=converted,
        ),
    ]
    if result.median_touches_to_purchase is not None:
        lines.append(
            view.say(
                "journey.lag",
                touches=figures.number(result.median_touches_to_purchase),
                days=figures.number(result.median_days_to_purchase),
            )
        )
    return joined(*(indented(line) for line in lines))


def _map_columns(view: View) -> Columns:
    heading = view.messages.text
    who: Columns = ((heading("journey.kind"), "label"), (heading("journey.owner"), "text"))
    bar: Columns = (("", "label"),)
    return (
        (heading("journey.touchpoint"), "text"),
        *(who if view.wide else ()),
        (heading("journey.customers"), "number"),
        (heading("journey.reach"), "number"),
        *(bar if view.wide else ()),
        (heading("journey.drop_off"), "number"),
        (heading("journey.wait"), "number"),
        (heading("journey.csat"), "number"),
        (heading("journey.nps"), "number"),
        (heading("journey.pain"), "text"),
    )


def _map_cells(row: JourneyMapRow, result: JourneyResult, view: View) -> list[str | Text]:
    figures = view.figures
    cells: list[str | Text] = [
        view.messages.touchpoint(row.touchpoint, result.touchpoint_titles),
    ]
    if view.wide:
        kind = view.text(view.messages.name("kind", row.kind), _KIND_STYLES.get(row.kind or "", ""))
        owner = view.text(row.owner) if row.owner else view.say("journey.no_owner", "yellow")
        cells += [kind, owner]
    cells += [figures.count(row.customers), figures.share(row.reach)]
    if view.wide:
        cells.append(view.bar(row.reach, _BAR_CELLS, "cyan"))
    cells += [
        figures.share(row.drop_off),
        figures.hours(row.median_hours_to_next),
        figures.share(row.csat, 0),
        figures.measure(row.nps, "nps"),
        view.text(view.messages.name("pain", row.pain), "red") if row.pain else "",
    ]
    return cells


def _unclassified(result: JourneyResult, view: View) -> RenderableType | None:
    if not result.unclassified:
        return None
    shown, more = view.cut(result.unclassified)
    heading = view.messages.text
    grid = Grid(
        view,
        (
            (heading("journey.touches"), "number"),
            (heading("journey.event"), "text"),
            (heading("journey.channel"), "text"),
            (heading("journey.rule"), "text"),
        ),
    )
    for group in shown:
        grid.add(
            view.figures.count(group.touches),
            group.event or view.figures.unknown,
            group.channel or view.figures.unknown,
            group.suggested_rule,
        )
    return joined(
        view.heading(heading("journey.unclassified"), heading("journey.unclassified_note")), grid.render(), more
    )


def _unseen(result: JourneyResult, view: View) -> RenderableType | None:
    if not result.unseen_touchpoints:
        return None
    names = [view.messages.touchpoint(touchpoint, result.touchpoint_titles) for touchpoint in result.unseen_touchpoints]
    return joined(
        view.heading(view.messages.text("journey.unseen"), view.messages.count("touchpoints", len(names))),
        indented(view.text(view.messages.listed(names))),
    )
