"""The score card, and what could be filled from where."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import RenderableType

from tpaudit.reports.terminal.grid import Grid
from tpaudit.reports.terminal.view import View, joined
from tpaudit.results import BackfillRow, ScoreRow


def render_scorecard(rows: Sequence[ScoreRow], view: View) -> RenderableType | None:
    """Tables, sources, owners and teams with their parts and scores, the lowest score first in each."""
    if not rows:
        return None
    heading = view.messages.text
    grid = Grid(
        view,
        (
            (heading("validate.scope"), "text"),
            (heading("validate.records"), "number"),
            (heading("validate.filled"), "number"),
            (heading("validate.followed_up"), "number"),
            (heading("validate.zombies"), "number"),
            (heading("validate.duplicates"), "number"),
            (heading("validate.failing"), "number"),
            (heading("validate.score"), "number"),
        ),
    )
    shown, more = view.cut(rows)
    scope = None
    for row in shown:
        if row.scope != scope:
            scope = row.scope
            grid.add_group(view.messages.name("scope", scope))
        share = view.figures.share
        grid.add(
            row.name,
            view.figures.count(row.records),
            share(row.filled),
            share(row.followed_up),
            share(row.zombies),
            share(row.duplicates),
            share(row.failing),
            view.figures.number(row.score),
            nested=True,
        )
    title = view.heading(heading("validate.scorecard"), heading("validate.scorecard_note"))
    return joined(title, grid.render(), more)


def render_backfill(rows: Sequence[BackfillRow], view: View) -> RenderableType | None:
    """Which field could be filled for how many customers, in which source and from which."""
    if not rows:
        return None
    heading = view.messages.text
    grid = Grid(
        view,
        (
            (heading("validate.field"), "label"),
            (heading("validate.lacking"), "text"),
            (heading("validate.lacking_n"), "number"),
            (heading("validate.fillable"), "number"),
            (heading("validate.from_source"), "text"),
        ),
    )
    shown, more = view.cut(rows)
    for row in shown:
        lacking = heading("list.of", n=view.figures.count(row.missing), all=view.figures.count(row.customers))
        grid.add(row.field, row.source, lacking, view.figures.count(row.fillable), row.from_source)
    title = view.heading(heading("validate.backfill"), heading("validate.backfill_note"))
    return joined(title, grid.render(), more)
