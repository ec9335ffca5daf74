"""`tpaudit dedupe`: one customer per person, and why."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tpaudit.commands.payload import emit, write_text
from tpaudit.commands.session import Session
from tpaudit.commands.shared import with_shared_options
from tpaudit.errors import UsageFault

if TYPE_CHECKING:
    from tpaudit.results import ReviewResult

app = typer.Typer(add_completion=False)


@app.command()
@with_shared_options
def dedupe(
    session: Session,
    threshold: Annotated[
        float | None,
        typer.Option("--threshold", metavar="P", help="Probability from which records count as one person's."),
    ] = None,
    pair: Annotated[
        tuple[str, str] | None,
        typer.Option("--explain", metavar="A B", help="Why two records, customers, phones or emails are one, or not."),
    ] = None,
    review: Annotated[
        int | None,
        typer.Option("--review", metavar="N", min=1, help="The N pairs to look at; -o FILE.xlsx to fill in."),
    ] = None,
    labels: Annotated[
        Path | None,
        typer.Option("--labels", metavar="FILE", help="Take over decisions from a filled-in review (CSV or xlsx)."),
    ] = None,
    show_pii: Annotated[
        bool, typer.Option("--show-pii", help="Show names, phones and emails in --explain and --review.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Resolve again although nothing has changed.")] = False,
) -> None:
    """Resolve contact records into customers and say on what evidence."""
    if pair and review:
        raise UsageFault("--explain and --review are two questions", "ask one at a time")
    if threshold is not None:
        session.flags["identity", "match_threshold"] = threshold
    if review:
        _refuse_form(session)
    with session.pipeline(forced=("dedupe",) if force else ()) as pipeline:
        if labels:
            from tpaudit.identity.labels import add
            from tpaudit.pipeline import INGEST

            pipeline.bring_up_to_date(INGEST)
            session.say(f"labels    {add(pipeline.store, labels)} decisions taken over from {labels.name}")
        result = pipeline.bring_up_to_date("dedupe")
        if pair:
            from tpaudit.identity.explain import explain

            result = explain(pipeline.store, *pair, show_pii=show_pii)
        elif review:
            from tpaudit.identity.review import review as found

            _emit_review(session, found(pipeline.store, review, show_pii=show_pii))
            return
    emit(session, result)


def _refuse_form(session: Session) -> None:
    """Raise UsageFault, before any work is done, for a form that a review cannot take."""
    output = session.given.output
    is_unknown = output is not None and output.suffix.lower() not in (".xlsx", ".csv", ".json", ".txt")
    if session.format in ("md", "parquet") or is_unknown:
        raise UsageFault("a review is written as xlsx, CSV or JSON", "name a file: `--review 20 -o review.xlsx`")


def _emit_review(session: Session, result: ReviewResult) -> None:
    from tpaudit.atomic import replacing
    from tpaudit.reports import review_sheet
    from tpaudit.reports.language import Messages

    messages, output = Messages(session.lang), session.given.output
    if output is not None and output.suffix.lower() == ".xlsx":
        with replacing(output) as unfinished:
            review_sheet.write_xlsx(result, unfinished, messages)
    elif session.format == "csv":
        # Spreadsheets take a CSV without this mark for the system's own encoding.
        mark = "\ufeff" if output is not None else ""
        write_text(session, mark + review_sheet.to_csv(result, messages))
    else:
        emit(session, result)
    if output is not None:
        session.say(messages.text("review.wrote", n=len(result.pairs), file=output))
