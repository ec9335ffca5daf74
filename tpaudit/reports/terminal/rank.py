"""Golden touchpoints by outcome and stage, each with its uncertainty and the evidence behind it."""

from __future__ import annotations

from rich.console import RenderableType
from rich.text import Text

from tpaudit.reports.action_text import driver_words
from tpaudit.reports.arrange import OutcomeRanking, attribution_by_touchpoint, compared_models, rankings
from tpaudit.reports.terminal.attribution import basis_lines
from tpaudit.reports.terminal.grid import Columns, Grid
from tpaudit.reports.terminal.outlook import action_table, breakpoint_list, experience_table
from tpaudit.reports.terminal.overall import overall_table, sensitivity_table, study_lines
from tpaudit.reports.terminal.view import View, indented, joined, stacked
from tpaudit.results import GoldenRow, RankResult

_VERDICT_STYLES = {"golden": "bold yellow", "golden_risk": "bold red", "supporting": "", "insufficient": "dim"}


def render_rank(result: RankResult, view: View) -> RenderableType:
    """One table per outcome, then attribution for comparison, and what was left out."""
    return stacked(
        view.title(
            view.messages.text("rank.title"),
            view.messages.count("journeys", result.journeys),
            view.messages.count("conversions", result.conversions),
            view.messages.count("replicates", result.replicates),
        ),
        *(outcome_table(ranking, result, view) for ranking in rankings(result)),
        legend(result, view) if result.golden else indented(view.say("rank.nothing")),
        study_lines(result, view),
        overall_table(result, view),
        sensitivity_table(result, view),
        breakpoint_list(result, view),
        action_table(result, view),
        experience_table(result, view),
        _attribution(result, view),
        _excluded(result, view),
        view.next("tpaudit kpi", "tpaudit run"),
    )


def outcome_table(ranking: OutcomeRanking, result: RankResult, view: View) -> RenderableType:
    """The touchpoints ranked for one outcome, stage by stage."""
    shown, more = view.cut([(stage, row) for stage, rows in ranking.stages for row in rows], weight=_weight)
    grid = Grid(view, _columns(view))
    for position, (stage, row) in enumerate(shown):
        if position == 0 or shown[position - 1][0] != stage:
            grid.add_group(view.messages.name("stage", stage), column=3)
        grid.add(*_cells(row, result, view), style="dim" if row.verdict == "insufficient" else "")
    return joined(
        view.heading(view.messages.name("outcome", ranking.outcome), _fit(ranking, view)), grid.render(), more
    )


def legend(result: RankResult, view: View) -> RenderableType:
    """What the signs, the bands and the effect mean, and what they do not."""
    signs = "   ".join(
        f"{sign} {view.messages.name('verdict', verdict)}" for verdict, sign in view.symbols.verdicts.items()
    )
    return joined(
        indented(view.text(signs, "dim")),
        indented(view.say("rank.reading", "dim", top=result.top)),
        indented(view.say("rank.association", "dim")),
    )


def _weight(item: tuple[str, GoldenRow]) -> float:
    """What to keep of a long ranking: golden touchpoints and risks, then by priority; the unjudged go first."""
    _, row = item
    decided = row.verdict in ("golden", "golden_risk")
    return decided + (row.priority or 0) - (row.verdict == "insufficient")


def _columns(view: View) -> Columns:
    heading = view.messages.text
    reach: Columns = ((heading("rank.reach"), "number"), (heading("rank.moved"), "number"))
    verdict: Columns = ((heading("rank.verdict"), "label"),)
    return (
        (heading("rank.rank"), "number"),
        (heading("rank.band"), "number"),
        ("", "label"),
        (heading("rank.touchpoint"), "text"),
        (heading("rank.effect"), "number"),
        (heading("rank.interval"), "number"),
        *(reach if view.wide else ()),
        *(verdict if view.wide else ()),
        (heading("rank.drivers"), "text"),
        (heading("rank.evidence" if view.wide else "rank.n"), "number"),
    )


def _cells(row: GoldenRow, result: RankResult, view: View) -> list[str | Text]:
    figures = view.figures
    style = _VERDICT_STYLES[row.verdict]
    cells: list[str | Text] = [
        _rank(row, view),
        figures.count(row.band),
        view.text(view.symbols.verdicts[row.verdict], style),
        view.text(view.messages.touchpoint(row.touchpoint, result.touchpoint_titles), style),
        view.text(figures.points(row.effect), style),
        figures.points_interval(row.effect_low, row.effect_high),
    ]
    if view.wide:
        cells += [figures.share(row.reach, 0), figures.share(row.priority)]
        cells.append(view.text(view.messages.name("verdict", row.verdict), style))
    cells.append(driver_words(row, view.messages))
    n = figures.count(row.n_customers)
    cells.append(f"{n} / {figures.count(row.n_outcomes)}" if view.wide else n)
    return cells


def _rank(row: GoldenRow, view: View) -> str:
    if row.rank is None:
        return view.figures.unknown
    if row.rank_low is None or row.rank_high is None or row.rank_low == row.rank_high:
        return str(row.rank)
    return f"{row.rank} ({row.rank_low}–{row.rank_high})"


def _fit(ranking: OutcomeRanking, view: View) -> str | None:
    fit = ranking.fit
    if fit is None:
        return None
    return view.messages.text(
        "rank.fit",
        outcomes=view.figures.count(fit.outcomes),
        customers=view.figures.count(fit.customers),
        auc=view.figures.number(fit.auc),
        gap=view.figures.share(fit.calibration_gap),
    )


def _attribution(result: RankResult, view: View) -> RenderableType | None:
    if not result.attribution:
        return None
    models = compared_models(result)
    shown, more = view.cut(attribution_by_touchpoint(result))
    grid = Grid(
        view,
        (
            (view.messages.text("rank.touchpoint"), "text"),
            *((view.messages.name("model", model), "number") for model in models),
            (view.messages.text("rank.attribution_interval", model=view.messages.name("model", models[0])), "number"),
        ),
    )
    for touchpoint, by_model in shown:
        first = by_model.get(models[0])
        grid.add(
            view.messages.touchpoint(touchpoint, result.touchpoint_titles),
            *(view.figures.share(by_model[model].share if model in by_model else None) for model in models),
            view.figures.interval(first.ci_low, first.ci_high, "share") if first else view.figures.unknown,
        )
    return joined(
        view.heading(view.messages.text("rank.attribution"), view.messages.text("rank.attribution_note")),
        grid.render(),
        more,
        basis_lines(result.attribution_basis, result.touchpoint_titles, view, with_excluded=False)
        if result.attribution_basis
        else None,
    )


def _excluded(result: RankResult, view: View) -> RenderableType | None:
    if not result.excluded:
        return None
    lines: list[RenderableType] = [view.heading(view.messages.text("rank.excluded"))]
    for touchpoint, reason in result.excluded.items():
        line = view.text(view.messages.touchpoint(touchpoint, result.touchpoint_titles))
        line.append_text(view.text(f"  {reason}", "dim"))
        lines.append(indented(line))
    return joined(*lines)
