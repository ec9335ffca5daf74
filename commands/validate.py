"""`tpaudit validate`: the data-quality gate."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, cast

import typer

from tpaudit.commands.choices import FailOn, comma_separated
from tpaudit.commands.payload import emit
from tpaudit.commands.session import Session
from tpaudit.commands.shared import with_shared_options
from tpaudit.errors import ExitCode

if TYPE_CHECKING:
    from tpaudit.results import ValidateResult

app = typer.Typer(add_completion=False)


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
    force: Annotated[bool, typer.Option("--force", help="Check again although nothing has changed.")] = False,
) -> None:
    """Check the data and fail when it is not good enough (exit code 1)."""
    from tpaudit.pipeline import STAGES

    with session.pipeline(forced=("validate",) if force else ()) as pipeline:
        if select or ignore:
            # A part of the checks is no verdict on the data: it is shown, not kept.
            pipeline.bring_up_to_date("dedupe")
            found = STAGES["validate"].run(
                pipeline.store, select=comma_separated(select), ignore=comma_separated(ignore)
            )
        else:
            found = pipeline.bring_up_to_date("validate")
    gate = fail_on.value if fail_on else session.audit.config.settings.validate_.fail_on
    result = cast("ValidateResult", found).model_copy(update={"fail_on": gate})
    session.exit_code = gate_exit_code(result)
    emit(session, result)


def gate_exit_code(result: ValidateResult) -> ExitCode:
    """Verdict of a validation: the data fell short, or a check broke so that nobody can tell, or all is well."""
    if not result.passed:
        return ExitCode.DATA_FELL_SHORT
    return ExitCode.CANNOT_EVALUATE if result.count("error") else ExitCode.OK
