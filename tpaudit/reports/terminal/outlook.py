"""What stands beside the ranks: breakpoints, what to do first, importance and performance."""

from __future__ import annotations

from rich.console import RenderableType

from tpaudit.reports.action_text import (
    action_words,
    breakpoints,
    caveats,
    evidence_words,
    expected_change,
    expected_value,
    importance_basis,
    quadrant_words,
    rated_touchpoints,
    sign_measured,
)
from tpaudit.reports.terminal.grid import Columns, Grid
from tpaudit.reports.terminal.view import View, indented, joined
from tpaudit.results import RankResult


def breakpoint_list(result: RankResult, view: View) -> RenderableType | None:
    """Each sign of each breakpoint, with its figures."""
    found, more = view.cut(breakpoints(result))
    if not found:
        return None
    lines: list[RenderableType] = [view.heading(view.messages.text("action.breakpoints"))]
    for row, sign in found:
        line = view.text(view.messages.touchpoint(row.touchpoint, result.touchpoint_titles), "bold red")
        stage, told = (
            view.messages.name("stage", row.stage),
            sign_measured(row, sign, result, view.messages, view.figures),
        )
        line.append_text(view.text(f"  {stage} · {view.messages.name('sign', sign)}: {told}"))
        lines.append(indented(line))
    return joined(*lines, more)


def action_table(result: RankResult, view: View) -> RenderableType | None:
    """What to do, the largest expected change first, and what may make it come out otherwise."""
    if not result.golden:
        return None
    heading = view.heading(view.messages.text("action.title"), view.messages.text("action.note"))
    if not result.actions:
        return joined(heading, indented(view.say("action.none")))
    shown, more = view.cut(result.actions)
    grid = Grid(view, _columns(view))
    for action in shown:
        cells = [
            str(action.rank),
            action_words(action, result, view.messages, view.figures),
            expected_change(action, view.messages, view.figures),
            *([expected_value(action, view.figures)] if view.wide else []),
            action.owner or view.figures.unknown,
            *([evidence_words(action, view.messages)] if view.wide else []),
            view.figures.count(action.n),
        ]
        grid.add(*cells)
    return joined(
        heading, grid.render(), more, *(indented(view.text(said, "dim")) for said in caveats(result, view.messages))
    )


def experience_table(result: RankResult, view: View) -> RenderableType | None:
    """How touchpoints are rated and how much that matters; nothing if nobody rated any."""
    shown, more = view.cut(rated_touchpoints(result))
    if not shown:
        return None
    text, figures = view.messages.text, view.figures
    columns: Columns = (
        (text("rank.touchpoint"), "text"),
        (text("experience.rating"), "number"),
        (text("experience.rating_interval"), "number"),
        (text("experience.ratings"), "number"),
        (text("experience.importance"), "number"),
        *(((text("experience.importance_interval"), "number"),) if view.wide else ()),
        (text("experience.importance_n"), "number"),
        *(((text("experience.stated"), "number"),) if any(row.n_stated for row in shown) else ()),
        (text("experience.quadrant"), "text"),
    )
    grid = Grid(view, columns)
    for row in shown:
        grid.add(
            view.messages.touchpoint(row.touchpoint, result.touchpoint_titles),
            figures.number(row.performance),
            figures.interval(row.performance_low, row.performance_high, "1-5"),
            figures.count(row.n_ratings),
            figures.share(row.importance),
            *([figures.interval(row.importance_low, row.importance_high, "share")] if view.wide else []),
            figures.count(row.n_importance),
            *([figures.number(row.stated_importance)] if any(each.n_stated for each in shown) else []),
            quadrant_words(row, view.messages, figures),
        )
    basis = importance_basis(result, view.messages, figures)
    return joined(
        view.heading(text("experience.title"), text("experience.note")),
        grid.render(),
        more,
        indented(view.text(basis, "dim")) if basis else None,
    )


def _columns(view: View) -> Columns:
    text = view.messages.text
    return (
        (text("rank.rank"), "number"),
        (text("action.action"), "text"),
        (text("action.expected"), "text"),
        *(((text("action.value"), "text"),) if view.wide else ()),
        (text("action.owner"), "text"),
        *(((text("action.evidence"), "text"),) if view.wide else ()),
        (text("action.n"), "number"),
    )
