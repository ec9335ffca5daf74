"""KPIs by touchpoint: one wide table, split only where the terminal is too narrow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias

from rich.console import RenderableType
from rich.text import Text

from tpaudit.reports.arrange import KpiMatrix, kpi_matrix, left_out_of, lowered_grades, more_kpis
from tpaudit.reports.terminal.grid import Grid, fixed_width
from tpaudit.reports.terminal.view import View, indented, joined, stacked
from tpaudit.results import KpiInfo, KpiResult, KpiRow

# What the row's name may take of the width, and the gap between columns.
_NAME_CELLS = 22
_GAP = 2

Slices: TypeAlias = Sequence[tuple[str, Mapping[str, KpiRow]]]

_WEAK = ("D", "insufficient")


def render_kpi(result: KpiResult, view: View) -> RenderableType:
    """Every KPI over all and by slice, with the observations behind it; what was not measured, and why."""
    matrix = kpi_matrix(result, view.messages)
    shown, more = view.cut(matrix.slices, weight=lambda item: max(row.n for row in item[1].values()))
    blocks = _blocks(matrix, shown, view)
    return stacked(
        view.title(view.messages.text("kpi.title"), view.messages.count("kpis", len(matrix.kpis))),
        *(_block(kpis, matrix, shown, view) for kpis in blocks),
        joined(
            more,
            indented(view.say("kpi.reading" if view.wide else "kpi.reading_compact", "dim")),
            indented(view.say("kpi.scope", "dim", zone=result.timezone, day=result.as_of, days=result.window_days)),
            _left_out(result, matrix, view),
            _more(result, view),
        ),
        _lowered(result, matrix, view),
        skipped_kpis(result, view),
        view.next(*(f"tpaudit explain {info.id}" for info in matrix.kpis[:1]), "tpaudit rank"),
    )


def _more(result: KpiResult, view: View) -> RenderableType | None:
    more = more_kpis(result)
    return indented(view.say("kpi.more", "dim", n=view.messages.count("kpis", more))) if more else None


def _left_out(result: KpiResult, matrix: KpiMatrix, view: View) -> RenderableType | None:
    """Right-censored subjects of the KPIs shown."""
    told = left_out_of(result, matrix.kpis, view.messages)
    return indented(view.say("kpi.left_out", "dim", kpis=told)) if told else None


def _lowered(result: KpiResult, matrix: KpiMatrix, view: View) -> RenderableType | None:
    """KPIs shown whose grade is lower than their observations alone would give, with the reasons."""
    lowered = lowered_grades(result, matrix.kpis, view.messages)
    if not lowered:
        return None
    lines: list[RenderableType] = [view.heading(view.messages.text("kpi.lowered"))]
    for titles, reasons in lowered:
        line = view.text(titles)
        line.append_text(view.text(f"  {reasons}", "dim"))
        lines.append(indented(line))
    return joined(*lines)


def overall_kpis(result: KpiResult, view: View) -> RenderableType | None:
    """The KPIs over everything, one per line."""
    matrix = kpi_matrix(result, view.messages)
    if not matrix.overall:
        return None
    heading = view.messages.text
    grid = Grid(
        view,
        (
            (heading("kpi.kpi"), "text"),
            (heading("kpi.value"), "number"),
            (heading("kpi.interval"), "number"),
            (heading("kpi.n"), "number"),
            (heading("kpi.evidence"), "label"),
        ),
    )
    for info in matrix.kpis:
        row = matrix.overall.get(info.id)
        if row is not None:
            grid.add(
                view.messages.title(info.title),
                view.text(view.figures.measure(row.value, row.unit), "bold"),
                view.figures.interval(row.ci_low, row.ci_high, row.unit),
                view.figures.count(row.n),
                view.text(view.messages.name("grade", row.grade), "yellow" if row.grade in _WEAK else ""),
            )
    return joined(view.heading(heading("kpi.title"), heading("kpi.overall")), grid.render())


def skipped_kpis(result: KpiResult, view: View) -> RenderableType | None:
    """KPIs that were not measured, with the reason."""
    if not set(result.shown) & result.skipped.keys():
        return None
    titles = {info.id: info.title for info in result.kpis}
    lines: list[RenderableType] = [view.heading(view.messages.text("kpi.skipped"))]
    for kpi in result.shown:
        if kpi not in result.skipped:
            continue
        line = view.text(view.messages.title(titles[kpi]))
        needs = view.messages.text("kpi.needs", what=view.messages.title(result.skipped[kpi]))
        line.append_text(view.text(f"  {needs}", "dim"))
        lines.append(indented(line))
    return joined(*lines)


def _blocks(matrix: KpiMatrix, slices: Slices, view: View) -> list[list[KpiInfo]]:
    """The KPIs in as few tables as the width allows."""
    blocks: list[list[KpiInfo]] = []
    left = 0
    for info in matrix.kpis:
        cells = [_cell(by_kpi.get(info.id), view) for by_kpi in (matrix.overall, *(by_kpi for _, by_kpi in slices))]
        width = _GAP + fixed_width(view.text(view.messages.title(info.title)), cells)
        if not blocks or width > left:
            blocks.append([])
            left = view.width - _GAP - _NAME_CELLS
        blocks[-1].append(info)
        left -= width
    return blocks


def _block(kpis: Sequence[KpiInfo], matrix: KpiMatrix, slices: Slices, view: View) -> RenderableType:
    titles = [view.messages.title(info.title) for info in kpis]
    heading = view.messages.text("kpi.touchpoint" if matrix.by_touchpoint else "kpi.slice")
    grid = Grid(view, ((heading, "text"), *((title, "number") for title in titles)))
    grid.add(
        view.say("kpi.overall", "bold"), *(_cell(matrix.overall.get(info.id), view) for info in kpis), style="bold"
    )
    for label, by_kpi in slices:
        if any(info.id in by_kpi for info in kpis):
            grid.add(label, *(_cell(by_kpi.get(info.id), view) for info in kpis))
    return grid.render()


def _cell(row: KpiRow | None, view: View) -> Text:
    if row is None or row.value is None:
        return view.text(view.figures.unknown, "dim")
    weak = row.grade in _WEAK
    cell = view.text(view.figures.measure(row.value, row.unit) + ("*" if weak else ""), "yellow" if weak else "")
    n = view.figures.count(row.n)
    if not view.wide:
        cell.append("\n")
        cell.append_text(view.text(f"({n})", "not bold dim"))
        return cell
    cell.append_text(view.text(f" ({n})", "not bold dim"))
    if row.ci_low is not None and row.ci_high is not None:
        cell.append("\n")
        cell.append_text(view.text(view.figures.interval(row.ci_low, row.ci_high, row.unit), "not bold dim"))
    return cell
