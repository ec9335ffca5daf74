"""`tpaudit journey`: the journey map, the commonest steps and paths."""

from __future__ import annotations

from typing import Annotated, cast

import typer

from tpaudit.commands.choices import Stage
from tpaudit.commands.payload import emit
from tpaudit.commands.session import Session
from tpaudit.commands.shared import with_shared_options
from tpaudit.errors import UsageFault, did_you_mean

app = typer.Typer(add_completion=False)


@app.command()
@with_shared_options
def journey(
    session: Session,
    stage: Annotated[
        Stage | None, typer.Option("--stage", help="Only this stage of the map.", show_default=False)
    ] = None,
    top: Annotated[int, typer.Option("--top", metavar="N", min=1, help="Steps and paths to show.")] = 10,
    table: Annotated[
        str | None,
        typer.Option(
            "--table",
            metavar="NAME",
            help="With csv, md or parquet, only this table: journey_map (csv and parquet unless asked otherwise), "
            "stage_flow, transitions, waits, paths, paths_to, paths_away, returns, loops, touches_to_purchase, "
            "purchase_within, gaps, unclassified, frame.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Show stages, touchpoints, waiting times, drop-off, and the paths customers take."""
    from tpaudit.reports.plain import tables_of
    from tpaudit.results import JourneyResult

    if table is not None and table not in (known := tables_of(JourneyResult)):
        raise UsageFault(f"unknown table {table!r}{did_you_mean(table, known)}", f"tables are {', '.join(known)}")
    if table is not None and session.format not in ("csv", "md", "parquet"):
        raise UsageFault("--table is for csv, md and parquet", "leave it out: json holds every table")
    with session.pipeline() as pipeline:
        whole = cast(JourneyResult, pipeline.bring_up_to_date("journey"))
    shown = whole.map if stage is None else tuple(row for row in whole.map if row.stage == stage.value)
    lists = ("transitions", "paths", "paths_to", "paths_away", "waits")
    first = {name: getattr(whole, name)[:top] for name in lists}
    emit(session, whole.model_copy(update={"map": shown, **first}), table)
