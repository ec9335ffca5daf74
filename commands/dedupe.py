"""`tpaudit dedupe`: one customer per person."""

from __future__ import annotations

from typing import Annotated, cast

import typer

from tpaudit.commands.payload import emit
from tpaudit.commands.session import Session
from tpaudit.commands.shared import with_shared_options

app = typer.Typer(add_completion=False)


@app.command()
@with_shared_options
def dedupe(
    session: Session,
    force: Annotated[bool, typer.Option("--force", help="Resolve again although nothing has changed.")] = False,
) -> None:
    """Resolve contact records into customers and say on what evidence."""
    from tpaudit.results import DedupeResult

    with session.pipeline(forced=("dedupe",) if force else ()) as pipeline:
        result = cast(DedupeResult, pipeline.bring_up_to_date("dedupe"))
    emit(session, result)
