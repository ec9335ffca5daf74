"""Attribution by model: beside a ranking for comparison, or by itself; with what it rests on."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Literal, TypeAlias

from rich.console import RenderableType

from tpaudit.reports.arrange import rows_by_touchpoint
from tpaudit.reports.terminal.grid import Columns, Grid
from tpaudit.reports.terminal.view import View, indented, joined, stacked
from tpaudit.results import AttributionBasis, AttributionResult, AttributionRow, Titles

_Field: TypeAlias = tuple[str, Literal["number", "label", "text"], Callable[[AttributionRow], str]]

# Columns of shares that fit beside the names of touchpoints.
_MODELS_NARROW, _MODELS_WIDE = 4, 6


def render_attribution(result: AttributionResult, view: View) -> RenderableType:
    """The first model in full, the shares of all of them side by side, and what was attributed over which window."""
    by_touchpoint = rows_by_touchpoint(result.attribution, result.models)
    several = len(result.models) > 1
    return stacked(
        view.title(
            view.messages.text("attribution.title"),
            *([result.source] if result.source else []),
            view.messages.count("journeys", result.journeys),
            view.messages.count("conversions", result.conversions),
            view.messages.count("replicates", result.replicates),
        ),
        _in_full(by_touchpoint, result, view) if by_touchpoint else indented(view.say("attribution.nothing")),
        _side_by_side(by_touchpoint, result, view) if by_touchpoint and several else None,
        basis_lines(result.basis, result.touchpoint_titles, view, with_excluded=True),
    )


def basis_lines(
    basis: AttributionBasis, titles: Mapping[str, Titles], view: View, with_excluded: bool
) -> RenderableType:
    """What is attributed, over which window, what takes no part, and which models could not be worked out."""
    outcome = view.messages.name("outcome", basis.outcome)
    if basis.window_days is None:
        lines = [view.say("attribution.window_of_file", "dim", outcome=outcome)]
    else:
        lines = [view.say("attribution.window", "dim", outcome=outcome, days=basis.window_days)]
    if with_excluded:
        names = view.messages.listed([view.messages.touchpoint(name, titles) for name in basis.excluded])
        said = view.say("attribution.excluded", "dim", touchpoints=names) if names else None
        lines.append(said or view.say("attribution.excluded_none", "dim"))
    for model, reason in basis.absent.items():
        named = view.messages.name("model", model)
        lines.append(view.say("attribution.absent", "dim", model=named, reason=view.messages.name("absent", reason)))
    return joined(*(indented(line) for line in lines))


def _in_full(
    by_touchpoint: Sequence[tuple[str, Mapping[str, AttributionRow]]], result: AttributionResult, view: View
) -> RenderableType:
    model = result.models[0]
    rows = [by_model[model] for _, by_model in by_touchpoint if model in by_model]
    shown, more = view.cut(rows)
    fields = _fields(rows, result, view)
    grid = Grid(view, tuple((heading, kind) for heading, kind, _ in fields))
    for row in shown:
        grid.add(*(write(row) for _, _, write in fields))
    note = view.messages.text("rank.attribution_note")
    return joined(view.heading(view.messages.name("model", model), note), grid.render(), more)


def _fields(rows: Sequence[AttributionRow], result: AttributionResult, view: View) -> list[_Field]:
    """Heading, kind and content of the columns worth showing: no money where none is known."""
    text, figures = view.messages.text, view.figures
    money = figures.money if result.currency else figures.number
    fields: list[_Field] = [
        (text("rank.rank"), "number", lambda row: _rank(row, view)),
        (text("rank.touchpoint"), "text",
         lambda row: view.messages.touchpoint(row.touchpoint, result.touchpoint_titles)),
        (text("attribution.share"), "number", lambda row: figures.share(row.share)),
        (text("rank.interval"), "number", lambda row: figures.interval(row.ci_low, row.ci_high, "share")),
        (text("attribution.credit"), "number", lambda row: figures.number(round(row.credit, 1))),
    ]  # fmt: skip
    if any(row.value is not None for row in rows):
        fields.append((text("attribution.value"), "number", lambda row: money(row.value)))
    if any(row.cost is not None for row in rows):
        fields.append((text("attribution.roas"), "number", lambda row: figures.number(row.roas)))
        if view.wide:
            fields.append((text("attribution.cost"), "number", lambda row: money(row.cost)))
            fields.append((text("attribution.per_conversion"), "number", lambda row: money(row.cost_per_conversion)))
    return fields


def _side_by_side(
    by_touchpoint: Sequence[tuple[str, Mapping[str, AttributionRow]]], result: AttributionResult, view: View
) -> RenderableType:
    models = result.models[: _MODELS_WIDE if view.wide else _MODELS_NARROW]
    shown, more = view.cut(by_touchpoint)
    heads: Columns = tuple((view.messages.name("model", model), "number") for model in models)
    grid = Grid(view, ((view.messages.text("rank.touchpoint"), "text"), *heads))
    for touchpoint, by_model in shown:
        grid.add(
            view.messages.touchpoint(touchpoint, result.touchpoint_titles),
            *(view.figures.share(by_model[model].share if model in by_model else None) for model in models),
        )
    left = [view.messages.name("model", model) for model in result.models[len(models) :]]
    hidden = view.say("attribution.more_models", "dim", models=view.messages.listed(left)) if left else None
    return joined(
        view.heading(view.messages.text("attribution.by_model")),
        grid.render(),
        more,
        indented(hidden) if hidden else None,
    )


def _rank(row: AttributionRow, view: View) -> str:
    if row.rank is None:
        return view.figures.unknown
    if row.rank_low is None or row.rank_low == row.rank_high:
        return str(row.rank)
    return f"{row.rank} ({row.rank_low}–{row.rank_high})"
