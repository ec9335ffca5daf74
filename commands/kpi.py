"""`tpaudit kpi`: KPIs per touchpoint or any other slice."""

from __future__ import annotations

from typing import Annotated, cast

import typer

from tpaudit.commands.choices import comma_separated
from tpaudit.commands.payload import emit
from tpaudit.commands.session import Session
from tpaudit.commands.shared import with_shared_options

app = typer.Typer(add_completion=False)

DEFAULT_SLICE = "touchpoint"


@app.command()
@with_shared_options
def kpi(
    session: Session,
    by: Annotated[
        str,
        typer.Option(
            "--by",
            metavar="LIST",
            help="Slices: touchpoint, stage, channel, segment, period (comma-separated).",
        ),
    ] = DEFAULT_SLICE,
    period: Annotated[
        str | None,
        typer.Option("--period", metavar="PERIOD", help="2026-W46, 2026-10 or 2026-10-01..2026-10-31; default: all."),
    ] = None,
) -> None:
    """Measure every KPI, each with its n and 95 % interval."""
    from tpaudit.pipeline import STAGES
    from tpaudit.results import KpiResult

    slices = comma_separated(by)
    with session.pipeline() as pipeline:
        if slices == (DEFAULT_SLICE,) and period is None:
            measured = pipeline.bring_up_to_date("kpi")
        else:
            pipeline.bring_up_to_date("journey")
            measured = STAGES["kpi"].run(pipeline.store, by=slices, period=period)
    result = cast(KpiResult, measured)
    emit(session, result)
