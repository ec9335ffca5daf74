"""`tpaudit rank`: which touchpoints decide the outcome, and how sure that is."""

from __future__ import annotations

from typing import Annotated, cast

import typer

from tpaudit.commands.choices import Outcome
from tpaudit.commands.payload import emit
from tpaudit.commands.session import Session
from tpaudit.commands.shared import with_shared_options

app = typer.Typer(add_completion=False)


@app.command()
@with_shared_options
def rank(
    session: Session,
    outcome: Annotated[Outcome | None, typer.Option("--outcome", help="Only this outcome.", show_default=False)] = None,
    top: Annotated[
        int | None,
        typer.Option("--top", metavar="N", min=1, help="Touchpoints to show per stage and outcome."),
    ] = None,
) -> None:
    """Rank touchpoints per journey stage by evidence, never by volume alone."""
    from tpaudit.results import RankResult

    with session.pipeline() as pipeline:
        whole = cast(RankResult, pipeline.bring_up_to_date("rank"))
    golden = [row for row in whole.golden if outcome is None or row.outcome == outcome.value]
    if top is not None:
        golden = [row for row in golden if row.rank is not None and row.rank <= top]
    actions = [row for row in whole.actions if outcome is None or row.outcome == outcome.value]
    result = whole.model_copy(update={"golden": tuple(golden), "actions": tuple(actions)})
    emit(session, result)
