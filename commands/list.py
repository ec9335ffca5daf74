"""`tpaudit list`: what there is."""

from __future__ import annotations

from typing import Annotated

import typer

from tpaudit.commands.choices import Kind
from tpaudit.commands.listing import Listing, emit_listing
from tpaudit.commands.payload import write_json
from tpaudit.commands.session import Session
from tpaudit.commands.shared import with_shared_options
from tpaudit.errors import UsageFault

app = typer.Typer(add_completion=False)


@app.command(name="list")
@with_shared_options
def list_definitions(
    session: Session,
    kind: Annotated[Kind, typer.Argument(help="What to list.", show_default=False)],
) -> None:
    """List checks, KPIs, presets or touchpoints, with those this audit adds."""
    from tpaudit.definitions import definitions

    if session.format == "gx":
        _write_suites(session, kind)
        return
    found = definitions(kind.value, session.audit.folder)
    if session.format == "json":
        rows = [{"id": item.id, "title": item.title.model_dump(), **item.columns, **_facts(item)} for item in found]
    else:
        rows = [{"id": item.id, "title": getattr(item.title, session.lang), **item.columns} for item in found]
    emit_listing(session, Listing(kind.value, tuple(rows)))


def _write_suites(session: Session, kind: Kind) -> None:
    """The checks as suites that Great Expectations loads by itself."""
    from tpaudit import checks

    if kind is not Kind.checks:
        raise UsageFault("only checks can be written for Great Expectations", "`tpaudit list checks --format gx`")
    write_json(session, {"suites": checks.expectation_suites(session.audit)})


def _facts(item: object) -> dict[str, object]:
    """What explains *item*, keyed by the English label, in both languages."""
    facts = getattr(item, "facts", ())
    return {fact.label.en.lower().replace(" ", "_"): fact.text.model_dump() for fact in facts}
