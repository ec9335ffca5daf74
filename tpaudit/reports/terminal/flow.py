"""How journeys flow: from stage to stage, to the purchase and away from it, in loops, and where they wait."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeVar

from rich.console import RenderableType

from tpaudit.reports.terminal.grid import Grid
from tpaudit.reports.terminal.view import View, indented, joined
from tpaudit.results import JourneyResult, PathRow, Returns, TransitionRow

Item = TypeVar("Item")

_BAR_CELLS = 16
# Paths and steps are examples; the marts hold them all.
_EXAMPLES, _FEW = 10, 5


def flow(result: JourneyResult, view: View) -> Iterator[RenderableType]:
    """The parts in the order of the questions: who goes on, after how many touches, by which path, and what is lost."""
    if result.stage_flow:
        yield _stages(result, view)
    if result.touches_to_purchase:
        yield _to_purchase(result, view)
    if result.paths:
        shown = _examples(result.paths, view, _EXAMPLES)
        yield _paths(result, shown, "paths", view, _of(len(shown), result.paths_total, view))
    if result.paths_to:
        yield _paths(result, _examples(result.paths_to, view, _FEW), "paths_to", view)
    if result.paths_away:
        note = view.messages.text("journey.paths_away_note")
        yield _paths(result, _examples(result.paths_away, view, _FEW), "paths_away", view, note)
    if result.transitions:
        steps = _examples(result.transitions, view, _EXAMPLES)
        heading = view.heading(view.messages.text("journey.steps"), _of(len(steps), result.transitions_total, view))
        yield joined(heading, _steps(result, steps, view))
    if result.waits:
        heading = view.heading(view.messages.text("journey.waits"), view.messages.text("journey.waits_note"))
        yield joined(heading, _steps(result, _examples(result.waits, view, _FEW), view))
    if result.returns:
        yield _loops(result, result.returns, view)


def _examples(rows: Sequence[Item], view: View, most: int) -> Sequence[Item]:
    return rows if view.limit is None else rows[: min(most, view.limit)]


def _of(n: int, all: int, view: View) -> str:
    return view.messages.text("list.of", n=n, all=view.figures.count(all))


def _stages(result: JourneyResult, view: View) -> RenderableType:
    heading, figures = view.messages.text, view.figures
    grid = Grid(
        view,
        (
            (heading("journey.stage"), "label"),
            (heading("journey.customers"), "number"),
            (heading("journey.went_on"), "number"),
            (heading("journey.drop_off"), "number"),
            (heading("journey.interval"), "number"),
        ),
    )
    for row in result.stage_flow:
        grid.add(
            view.messages.name("stage", row.stage),
            figures.count(row.customers),
            figures.count(row.went_on),
            figures.share(row.drop_off),
            figures.interval(row.ci_low, row.ci_high, "share"),
        )
    return joined(view.heading(heading("journey.flow"), heading("journey.flow_note")), grid.render())


def _to_purchase(result: JourneyResult, view: View) -> RenderableType:
    heading, figures = view.messages.text, view.figures
    grid = Grid(
        view,
        (
            (heading("journey.touches"), "number"),
            (heading("journey.customers"), "number"),
            (heading("journey.share"), "number"),
            ("", "label"),
            (heading("journey.interval"), "number"),
        ),
    )
    for row in result.touches_to_purchase:
        grid.add(
            view.messages.between(row.least, row.most),
            figures.count(row.customers),
            figures.share(row.share),
            view.bar(row.share, _BAR_CELLS, "cyan"),
            figures.interval(row.ci_low, row.ci_high, "share"),
        )
    note = heading("journey.to_purchase_note", days=result.window_days)
    return joined(view.heading(heading("journey.to_purchase"), note), grid.render(), _within(result, view))


def _within(result: JourneyResult, view: View) -> RenderableType | None:
    found = result.purchase_within
    if found is None:
        return None
    figures = view.figures
    return indented(
        view.say(
            "journey.within",
            share=figures.share(found.share),
            customers=view.messages.count("customers", found.customers),
            days=found.days,
            interval=figures.interval(found.ci_low, found.ci_high, "share"),
            left_out=view.messages.count("customers", found.left_out),
        )
    )


def _paths(
    result: JourneyResult, paths: Sequence[PathRow], title: str, view: View, note: str | None = None
) -> RenderableType:
    heading = view.messages.text
    grid = Grid(
        view,
        (
            (heading("journey.customers"), "number"),
            (heading("journey.share"), "number"),
            (heading("journey.conversions"), "number"),
            (heading("journey.path"), "text"),
        ),
    )
    for path in paths:
        grid.add(
            view.figures.count(path.customers),
            view.figures.share(path.share),
            view.figures.count(path.conversions),
            view.messages.path(path.path, result.touchpoint_titles),
        )
    return joined(view.heading(heading(f"journey.{title}"), note), grid.render())


def _steps(result: JourneyResult, steps: Sequence[TransitionRow], view: View) -> RenderableType:
    heading = view.messages.text
    grid = Grid(
        view,
        (
            (heading("journey.from"), "text"),
            (heading("journey.to"), "text"),
            (heading("journey.customers"), "number"),
            (heading("journey.times"), "number"),
            (heading("journey.wait"), "number"),
            (heading("journey.interval"), "number"),
        ),
    )
    for step in steps:
        grid.add(
            view.messages.touchpoint(step.from_touchpoint, result.touchpoint_titles),
            view.messages.touchpoint(step.to_touchpoint, result.touchpoint_titles),
            view.figures.count(step.customers),
            view.figures.count(step.transitions),
            view.figures.hours(step.median_hours),
            view.figures.interval_of_hours(step.ci_low, step.ci_high),
        )
    return grid.render()


def _loops(result: JourneyResult, found: Returns, view: View) -> RenderableType:
    heading, figures = view.messages.text, view.figures
    rework = view.say(
        "journey.rework",
        returned=figures.count(found.returned),
        journeys=view.messages.count("journeys", found.journeys),
        share=figures.share(found.share),
        interval=figures.interval(found.ci_low, found.ci_high, "share"),
    )
    if not found.loops:
        return joined(view.heading(heading("journey.loops")), indented(rework))
    grid = Grid(
        view,
        (
            (heading("journey.loop"), "text"),
            (heading("journey.through"), "text"),
            (heading("journey.customers"), "number"),
            (heading("journey.times"), "number"),
        ),
    )
    for loop in _examples(found.loops, view, _FEW):
        grid.add(
            view.messages.touchpoint(loop.touchpoint, result.touchpoint_titles),
            view.messages.touchpoint(loop.through, result.touchpoint_titles),
            figures.count(loop.customers),
            figures.count(loop.times),
        )
    title = view.heading(heading("journey.loops"), heading("journey.loops_note"))
    return joined(title, indented(rework), grid.render())
