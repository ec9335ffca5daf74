"""`tpaudit validate`: the data-quality gate."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from tpaudit.commands.choices import FailOn, QuarantineFormat, comma_separated
from tpaudit.commands.payload import emit
from tpaudit.commands.session import Session
from tpaudit.commands.shared import CI_FORMATS, with_shared_options
from tpaudit.errors import ExitCode, UsageFault

if TYPE_CHECKING:
    from tpaudit.pipeline import Pipeline
    from tpaudit.results import ValidateResult

app = typer.Typer(add_completion=False)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What was asked for on the command line."""

    select: tuple[str, ...]
    ignore: tuple[str, ...]
    fail_on: FailOn | None
    baseline: Path | None
    update_baseline: bool
    quarantine: Path | None
    quarantine_format: QuarantineFormat
    show_pii: bool
    scorecard: bool

    def check(self) -> None:
        """Raise UsageFault for options that contradict each other, before any work is done."""
        if self.update_baseline and self.baseline is None:
            raise UsageFault("--update-baseline does not say which", "add --baseline FILE")
        if self.scorecard and (self.select or self.ignore):
            raise UsageFault("--scorecard needs all checks", "leave out --select and --ignore")
        if self.show_pii and self.quarantine is None and not self.scorecard:
            raise UsageFault("--show-pii shows nothing by itself", "add --quarantine DIR or --scorecard")


@app.command()
@with_shared_options
def validate(
    session: Session,
    select: Annotated[
        str | None,
        typer.Option("--select", metavar="LIST", help="Only these codes, tables or tags (comma-separated)."),
    ] = None,
    ignore: Annotated[
        str | None, typer.Option("--ignore", metavar="LIST", help="All but these codes, tables or tags.")
    ] = None,
    fail_on: Annotated[
        FailOn | None,
        typer.Option("--fail-on", help="Severity from which a failed check fails the command.", show_default=False),
    ] = None,
    baseline: Annotated[
        Path | None,
        typer.Option("--baseline", metavar="FILE", help="Let pass what FILE knows; fail what is new or has grown."),
    ] = None,
    update_baseline: Annotated[
        bool, typer.Option("--update-baseline", help="Write what falls short now into the baseline.")
    ] = False,
    quarantine: Annotated[
        Path | None,
        typer.Option("--quarantine", metavar="DIR", help="Write every row that fell short into DIR, masked."),
    ] = None,
    quarantine_format: Annotated[
        QuarantineFormat, typer.Option("--quarantine-format", help="Files of the quarantine.")
    ] = QuarantineFormat.parquet,
    show_pii: Annotated[
        bool, typer.Option("--show-pii", help="Leave personal data in the quarantine and on the score card as it is.")
    ] = False,
    scorecard: Annotated[
        bool, typer.Option("--scorecard", help="Show the score card and what could be back-filled, too.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Check again although nothing has changed.")] = False,
) -> None:
    """Check the data and fail when it is not good enough (exit code 1)."""
    wanted = Wanted(
        comma_separated(select),
        comma_separated(ignore),
        fail_on,
        baseline,
        update_baseline,
        quarantine,
        quarantine_format,
        show_pii,
        scorecard,
    )
    wanted.check()
    with session.pipeline(forced=("validate",) if force else ()) as pipeline:
        result = _judged(session, pipeline, wanted)
        session.exit_code = gate_exit_code(result)
        result = _with_evidence(session, pipeline, result, wanted)
    emit(session, result)


def gate_exit_code(result: ValidateResult) -> ExitCode:
    """Verdict of a validation: the data fell short, or a check broke so that nobody can tell, or all is well."""
    if not result.passed:
        return ExitCode.DATA_FELL_SHORT
    return ExitCode.CANNOT_EVALUATE if result.count("error") else ExitCode.OK


def _judged(session: Session, pipeline: Pipeline, wanted: Wanted) -> ValidateResult:
    """The findings at this gate, against the baseline if there is one."""
    from tpaudit.checks import baseline

    # A baseline that cannot be read is told before minutes are spent on checks.
    known = _known(wanted)
    gate = wanted.fail_on.value if wanted.fail_on else session.audit.config.settings.validate_.fail_on
    result = _found(pipeline, wanted).model_copy(update={"fail_on": gate})
    if wanted.baseline is None:
        return result
    if wanted.update_baseline:
        known = baseline.updated(known, result)
        baseline.write_baseline(wanted.baseline, known)
    return baseline.judged_against(result, known, wanted.baseline)


def _known(wanted: Wanted) -> dict[tuple[str, str, str | None], int]:
    from tpaudit.checks import baseline

    if wanted.baseline is None or (wanted.update_baseline and not wanted.baseline.exists()):
        return {}
    return baseline.read_baseline(wanted.baseline)


def _found(pipeline: Pipeline, wanted: Wanted) -> ValidateResult:
    if not wanted.select and not wanted.ignore:
        return cast("ValidateResult", pipeline.bring_up_to_date("validate"))
    from tpaudit.checks import validate as run_checks

    # A part of the checks is no verdict on the data: it is shown, not kept.
    pipeline.prepare("validate")
    return run_checks(pipeline.store, select=wanted.select, ignore=wanted.ignore)


def _with_evidence(session: Session, pipeline: Pipeline, result: ValidateResult, wanted: Wanted) -> ValidateResult:
    """*result* with what the asked-for outputs show besides the findings."""
    if session.format in CI_FORMATS:
        from tpaudit.checks.assessment import with_rows

        result = with_rows(pipeline.store, result)
    if wanted.quarantine is not None:
        from tpaudit.checks.quarantine import write_quarantine

        written = write_quarantine(
            session.audit,
            result.findings,
            wanted.quarantine,
            wanted.quarantine_format.value,
            show_pii=wanted.show_pii,
        )
        result = result.model_copy(update={"quarantine": written})
    if wanted.scorecard and wanted.show_pii:
        from tpaudit.checks.assessment import with_assessment

        # What is kept of a validation is masked.
        result = with_assessment(pipeline.store, result, show_pii=True)
    if session.format == "table" and not wanted.scorecard:
        result = result.model_copy(update={"scorecard": (), "backfill": ()})
    return result
