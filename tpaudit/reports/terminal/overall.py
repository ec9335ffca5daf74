"""What a ranking rests on, and how it changes: studies, weights of outcomes, windows and doubtful identities."""

from __future__ import annotations

from rich.console import RenderableType

from tpaudit.reports.arrange import by_assumption, study_basis, weights_in_words
from tpaudit.reports.terminal.grid import Grid
from tpaudit.reports.terminal.view import View, indented, joined
from tpaudit.results import OverallRow, RankResult


def study_lines(result: RankResult, view: View) -> RenderableType | None:
    """Over which span each outcome was studied, who was left out, and within which tags customers were compared."""
    if not result.fits:
        return None
    return joined(*(indented(view.text(line, "dim")) for line in study_basis(result, view.messages, view.figures)))


def overall_table(result: RankResult, view: View) -> RenderableType | None:
    """Touchpoints by stage over all outcomes, with the ranks they take as the weights of outcomes vary by half."""
    if not result.overall:
        return None
    said = view.messages.text
    weights = weights_in_words(result, view.messages)
    shown, more = view.cut(result.overall, weight=lambda row: abs(row.score))
    grid = Grid(
        view,
        (
            (said("overall.rank"), "number"),
            (said("rank.touchpoint"), "text"),
            (said("overall.score"), "number"),
            (said("overall.outcomes"), "text"),
        ),
    )
    for position, row in enumerate(shown):
        if position == 0 or shown[position - 1].stage != row.stage:
            grid.add_group(view.messages.name("stage", row.stage), column=1)
        outcomes = ", ".join(view.messages.name("outcome", outcome) for outcome in row.outcomes)
        touchpoint = view.messages.touchpoint(row.touchpoint, result.touchpoint_titles)
        grid.add(_rank(row), touchpoint, view.figures.points(row.score), outcomes)
    return joined(view.heading(said("overall.title"), said("overall.note", weights=weights)), grid.render(), more)


def sensitivity_table(result: RankResult, view: View) -> RenderableType | None:
    """Of every touchpoint with a verdict, now or otherwise, the verdicts under each assumption."""
    if not result.sensitivity:
        return None
    said = view.messages.text
    found = by_assumption(result)
    shown, more = view.cut(found.rows)
    heads = [said(f"sensitivity.{name}", value=f"{value:g}") for name, value in found.columns]
    grid = Grid(
        view,
        (
            (said("rank.touchpoint"), "text"),
            (said("sensitivity.outcome"), "text"),
            (said("sensitivity.now"), "label"),
            *((head, "label") for head in heads),
            (said("sensitivity.robust"), "label"),
        ),
    )
    for row, others in shown:
        grid.add(
            view.messages.touchpoint(row.touchpoint, result.touchpoint_titles),
            view.messages.name("outcome", row.outcome),
            view.messages.name("verdict", row.verdict),
            *(view.messages.name("verdict", other.verdict) if other else view.figures.unknown for other in others),
            said("sensitivity.yes" if row.robust else "sensitivity.no"),
        )
    return joined(view.heading(said("sensitivity.title"), said("sensitivity.note")), grid.render(), more)


def _rank(row: OverallRow) -> str:
    return str(row.rank) if row.rank_low == row.rank_high else f"{row.rank} ({row.rank_low}–{row.rank_high})"
