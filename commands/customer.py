"""`tpaudit customer`: one customer's 360° record, sources and timeline."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, cast

import typer

from tpaudit.commands.payload import emit
from tpaudit.commands.session import Session
from tpaudit.commands.shared import with_shared_options
from tpaudit.errors import InputFault

if TYPE_CHECKING:
    from tpaudit.pipeline import Pipeline
    from tpaudit.results import JourneyResult, Titles

app = typer.Typer(add_completion=False)


@app.command()
@with_shared_options
def customer(
    session: Session,
    who: Annotated[str, typer.Argument(metavar="ID|PHONE|EMAIL", help="Customer or contact id, phone or email.")],
    show_pii: Annotated[bool, typer.Option("--show-pii", help="Show names, phones and emails unmasked.")] = False,
) -> None:
    """Show one customer: golden record with sources, contact points, orders and the timeline."""
    with session.pipeline() as pipeline:
        pipeline.bring_up_to_date("dedupe")
        from tpaudit.identity import lookup
        from tpaudit.identity.record import customer as record

        # Before any journey is built: perhaps nobody is known by it.
        lookup.one_customer(lookup.find(pipeline.store, who), who)
        result = record(pipeline.store, who, _touchpoint_titles(pipeline), show_pii=show_pii)
    emit(session, result)


def _touchpoint_titles(pipeline: Pipeline) -> Mapping[str, Titles]:
    """Titles of the touchpoints of the timeline; none where nothing happened that could be a journey."""
    try:
        return cast("JourneyResult", pipeline.bring_up_to_date("journey")).touchpoint_titles
    except InputFault:
        return {}
