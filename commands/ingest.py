"""`tpaudit ingest`: read exports into the lake."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, cast

import typer

from tpaudit.commands.payload import emit
from tpaudit.commands.session import Session
from tpaudit.commands.shared import with_shared_options
from tpaudit.errors import ExitCode

app = typer.Typer(add_completion=False)


@app.command()
@with_shared_options
def ingest(
    session: Session,
    paths: Annotated[
        list[Path] | None, typer.Argument(metavar="[PATH]...", help="Files or folders; default: exports/.")
    ] = None,
    preset: Annotated[
        str | None, typer.Option("--preset", metavar="ID", help="Read the files as this export format.")
    ] = None,
    table: Annotated[
        str | None,
        typer.Option("--as", metavar="TABLE", help="Read the files as this canonical table."),
    ] = None,
    map_files: Annotated[
        list[Path] | None,
        typer.Option("--map", metavar="FILE", help="Mapping file for a layout of your own."),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would happen; write nothing.")] = False,
    strict: Annotated[
        bool, typer.Option("--strict", help="Exit 1 if any file, row or cell could not be taken as it was.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Read files again although they have not changed.")] = False,
) -> None:
    """Read the client's files into the lake; every row is kept or accounted for."""
    from tpaudit.pipeline import INGEST, Ingestion
    from tpaudit.results import IngestResult

    ingestion = Ingestion(tuple(paths or ()), preset, table, tuple(map_files or ()), dry_run)
    with session.pipeline(ingestion, forced=(INGEST,) if force else ()) as pipeline:
        result = cast(IngestResult, pipeline.bring_up_to_date(INGEST))
    if strict and result.doubts:
        session.exit_code = ExitCode.DATA_FELL_SHORT
    emit(session, result)
