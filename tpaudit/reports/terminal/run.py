"""A whole run in one screen or two: what to say first, the evidence under it, where the rest lies."""

from __future__ import annotations

from dataclasses import replace

from rich.console import RenderableType
from rich.table import Table

from tpaudit.reports.arrange import OutcomeRanking, findings_in_order, rankings
from tpaudit.reports.sentences import headline
from tpaudit.reports.terminal.dedupe import dedupe_line
from tpaudit.reports.terminal.grid import Grid
from tpaudit.reports.terminal.journey import journey_map
from tpaudit.reports.terminal.kpi import overall_kpis
from tpaudit.reports.terminal.rank import legend, outcome_table
from tpaudit.reports.terminal.validate import counts, findings_table, verdict
from tpaudit.reports.terminal.view import View, indented, joined, stacked
from tpaudit.results import RankResult, RunResult

# Rows a section of the summary may take; each command shows its own result in full.
_SECTION_ROWS = 12

_STATUS_STYLES = {"done": "green", "unchanged": "dim", "not run": "yellow"}


def render_run(result: RunResult, view: View) -> RenderableType:
    """The headline, golden touchpoints, KPIs, the journey map, data quality, identity, and where the files lie."""
    if result.kpi is not None:
        view = replace(view, currency=result.kpi.currency)
    brief = view if view.limit is None else replace(view, limit=min(view.limit, _SECTION_ROWS))
    return stacked(
        view.title(view.messages.text("run.title"), result.client, str(result.as_of)),
        _headline(result, view),
        _golden(result.rank, brief) if result.rank else None,
        overall_kpis(result.kpi, brief) if result.kpi else None,
        journey_map(result.journey, brief) if result.journey else None,
        _quality(result, brief),
        _identity(result, view),
        _stages(result, view),
        _files(result, view),
    )


def _headline(result: RunResult, view: View) -> RenderableType:
    sentences = headline(result, view.messages, view.figures)
    bullets = Table.grid(padding=(0, 1))
    bullets.add_column()
    # Chinese sentences are words as long as the line: they are folded, not cut.
    bullets.add_column(overflow="fold")
    if result.status != "done":
        key = "run.nothing_to_do" if result.status == "nothing to do" else "run.stopped"
        bullets.add_row(view.text("—", "bold yellow"), view.say(key, "bold yellow"))
    for sentence in sentences:
        bullets.add_row(view.text("—", "dim"), view.text(sentence))
    return indented(bullets)


def _golden(result: RankResult, view: View) -> RenderableType | None:
    """The touchpoints a client should know of: golden ones and risks; if there are none, the ranking as it is."""
    parts: list[RenderableType] = [view.heading(view.messages.text("rank.title"))]
    for ranking in rankings(result):
        decided = tuple(
            (stage, kept)
            for stage, rows in ranking.stages
            if (kept := tuple(row for row in rows if row.verdict in ("golden", "golden_risk")))
        )
        if decided:
            parts.append(outcome_table(OutcomeRanking(ranking.outcome, ranking.fit, decided), result, view))
    if len(parts) == 1:
        return None
    return joined(parts[0], stacked(*parts[1:], legend(result, view)))


def _identity(result: RunResult, view: View) -> RenderableType | None:
    if result.dedupe is None:
        return None
    return joined(
        view.heading(view.messages.text("dedupe.title")),
        indented(view.text(dedupe_line(result.dedupe, view))),
        indented(
            view.say(
                "dedupe.summary",
                identified=view.figures.count(result.dedupe.identified_customers),
                merged=view.figures.count(result.dedupe.merged_customers),
                largest=view.figures.count(result.dedupe.largest_cluster),
            )
        ),
    )


def _stages(result: RunResult, view: View) -> RenderableType | None:
    if not result.stages:
        return None
    heading = view.messages.text
    grid = Grid(
        view,
        (
            (heading("run.stage"), "label"),
            (heading("run.status"), "label"),
            (heading("run.time"), "number"),
            (heading("run.wrote"), "text"),
        ),
    )
    for stage in result.stages:
        wrote = ", ".join(f"{mart} {view.figures.count(rows)}" for mart, rows in stage.rows.items())
        grid.add(
            stage.stage,
            view.text(view.messages.name("stage_status", stage.status.replace(" ", "_")), _STATUS_STYLES[stage.status]),
            view.figures.seconds(stage.seconds),
            stage.reason or wrote,
        )
    return joined(view.heading(heading("run.stages"), result.engine), grid.render())


def _quality(result: RunResult, view: View) -> RenderableType | None:
    if result.validation is None:
        return None
    failed = [item for item in findings_in_order(result.validation) if item[0] in ("fail", "error", "warn")]
    return joined(
        view.heading(view.messages.text("validate.title")),
        findings_table(failed, view),
        indented(counts(result.validation, view)),
        indented(verdict(result.validation, view)),
    )


def _files(result: RunResult, view: View) -> RenderableType:
    places = [view.say("run.report", file=result.report_file)] if result.report_file else []
    places.append(view.say("run.marts"))
    if result.run_id:
        places.append(view.say("run.manifest", run=result.run_id))
    commands = {
        "done": ("tpaudit rank", "tpaudit kpi", "tpaudit validate"),
        "nothing to do": ("tpaudit run --force",),
        "stopped at validate": ("tpaudit validate", "tpaudit run --fail-on never"),
    }[result.status]
    return joined(*(indented(place) for place in places), view.next(*commands))
