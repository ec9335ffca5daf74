"""`tpaudit run`: exports in, audit out; what consultants and cron jobs call."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tpaudit.commands.choices import FailOn
from tpaudit.commands.payload import emit
from tpaudit.commands.session import Session
from tpaudit.commands.shared import with_shared_options
from tpaudit.commands.validate import gate_exit_code
from tpaudit.errors import ExitCode

if TYPE_CHECKING:
    from tpaudit.pipeline import Ingestion, Pipeline
    from tpaudit.results import RunResult

app = typer.Typer(add_completion=False)


@app.command()
@with_shared_options
def run(
    session: Session,
    paths: Annotated[
        list[Path] | None, typer.Argument(metavar="[PATH]...", help="Files or folders; default: exports/.")
    ] = None,
    map_files: Annotated[
        list[Path] | None,
        typer.Option("--map", metavar="FILE", help="Mapping file for a layout of your own."),
    ] = None,
    fail_on: Annotated[
        FailOn | None,
        typer.Option("--fail-on", help="Severity from which a failed check fails the run.", show_default=False),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Run although nothing has changed.")] = False,
) -> None:
    """Ingest, dedupe, validate, journey, kpi, rank and report, in one go."""
    from tpaudit.pipeline import Ingestion

    run_audit(session, Ingestion(tuple(paths or ()), map_files=tuple(map_files or ())), fail_on, force)


def run_audit(session: Session, ingestion: Ingestion, fail_on: FailOn | None, force: bool) -> None:
    """Run the whole audit, keep it in the history, show it, and set the exit code by its verdict."""

    from tpaudit.pipeline import INGEST, STAGES

    begun_at = datetime.now(UTC)
    with session.pipeline(ingestion, forced=(INGEST, *STAGES) if force else ()) as pipeline:
        result = pipeline.run(fail_on.value if fail_on else None)
        session.exit_code = gate_exit_code(result.validation) if result.validation else ExitCode.OK
        result = _with_history(session, pipeline, result, begun_at)
    emit(session, result)


def _with_history(session: Session, pipeline: Pipeline, result: RunResult, begun_at: datetime) -> RunResult:
    """Keep the run, or name the run whose results still stand and whose report reads as this one would."""
    from tpaudit.audit.runs import FinishedRun, new_run_id, record
    from tpaudit.reports import html

    audit = session.audit
    shown = [session.lang, audit.config.settings.audit.client]
    if result.status == "nothing to do" and pipeline.state.last_run and pipeline.state.last_shown == shown:
        run_id = pipeline.state.last_run
        report = audit.runs / run_id / "report.html"
        return result.model_copy(update={"run_id": run_id, "report_file": str(report) if report.is_file() else None})
    run_id = new_run_id(audit, pipeline.inputs, begun_at)
    status = result.status
    if status == "nothing to do":
        # But to tell it anew, in another language or under another name.
        status = "stopped at validate" if result.validation and not result.validation.passed else "done"
    report_file = str(audit.runs / run_id / "report.html")
    result = result.model_copy(update={"run_id": run_id, "status": status, "report_file": report_file})
    stages = [outcome.model_dump(mode="json") for outcome in pipeline.outcomes]
    finished = FinishedRun(
        session.command,
        begun_at,
        int(session.exit_code),
        pipeline.inputs,
        stages,
        result.model_dump_json(indent=1),
    )
    record(audit, run_id, finished, html.render(result, session.lang))
    pipeline.state.finish_run(run_id, shown)
    return result
