"""`tpaudit kpi`: KPIs per touchpoint or any other slice, and audiences to export."""

from __future__ import annotations

from typing import Annotated, cast

import typer

from tpaudit.commands.choices import comma_separated
from tpaudit.commands.payload import emit
from tpaudit.commands.session import Session
from tpaudit.commands.shared import with_shared_options
from tpaudit.errors import UsageFault

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
            help="Slices, comma-separated: touchpoint, stage, kind, owner, channel, device, campaign, product, "
            "segment, membership, cohort, contact_frequency, day, period (week), month, hour, weekday.",
        ),
    ] = DEFAULT_SLICE,
    only: Annotated[
        str | None,
        typer.Option("--only", metavar="LIST", help="KPIs or families to measure, or all; default: the template's."),
    ] = None,
    period: Annotated[
        str | None,
        typer.Option("--period", metavar="PERIOD", help="2026-W46, 2026-10 or 2026-10-01..2026-10-31; default: all."),
    ] = None,
    audience: Annotated[
        str | None,
        typer.Option(
            "--audience",
            metavar="NAME",
            help="List the customers of a segment, a tag, or `silent` instead; -o FILE.csv to hand them on.",
        ),
    ] = None,
    show_pii: Annotated[
        bool, typer.Option("--show-pii", help="Show names, phones and emails of --audience unmasked.")
    ] = False,
) -> None:
    """Measure every KPI, each with its n and 95 % interval."""
    from tpaudit.pipeline import STAGES
    from tpaudit.results import KpiResult

    slices, kpis = comma_separated(by), comma_separated(only or "")
    if audience is not None:
        if slices != (DEFAULT_SLICE,) or kpis or period:
            raise UsageFault("--audience lists customers and measures nothing", "leave --by, --only and --period out")
        _emit_audience(session, audience, show_pii)
        return
    with session.pipeline() as pipeline:
        if slices == (DEFAULT_SLICE,) and period is None and not kpis:
            measured = pipeline.bring_up_to_date("kpi")
        else:
            pipeline.bring_up_to_date("journey")
            measured = STAGES["kpi"].run(pipeline.store, by=slices, period=period, only=kpis)
    result = cast(KpiResult, measured)
    emit(session, result)


def _emit_audience(session: Session, name: str, show_pii: bool) -> None:
    output = session.given.output
    if output is not None and output.suffix.lower() not in (".csv", ".json", ".parquet", ".md", ".txt"):
        raise UsageFault("an audience is written as CSV, JSON or Parquet", f"name a file such as {output.stem}.csv")
    with session.pipeline() as pipeline:
        pipeline.bring_up_to_date("journey")
        from tpaudit.journeys.audiences import audience

        result = audience(pipeline.store, name, show_pii=show_pii)
    emit(session, result)
    if output is not None:
        from tpaudit.reports.language import Messages
        from tpaudit.reports.terminal.audience import audience_written

        session.say(audience_written(result, output, Messages(session.lang)))
