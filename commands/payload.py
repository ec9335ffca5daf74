"""The payload: a result on stdout or in a file, in the form that was asked for, and nothing else."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from tpaudit.atomic import replacing
from tpaudit.errors import UsageFault

if TYPE_CHECKING:
    from tpaudit.commands.session import Session
    from tpaudit.results import Result

FILE_WIDTH = 120


def emit(session: Session, result: Result) -> None:
    """Write *result* as the session wants it.

    Raises UsageFault for Parquet without a file to write it to.
    """
    match session.format:
        case "json":
            write_json(session, result.model_dump(mode="json"))
        case "table":
            _write_drawing(session, result)
        case "csv" | "md" as form:
            from tpaudit.reports import plain

            write_text(session, plain.to_csv(result) if form == "csv" else plain.to_markdown(result))
        case _:
            _write_parquet(session, result)


def write_json(session: Session, body: Mapping[str, Any]) -> None:
    """Write *body* as the one JSON document of this invocation."""
    from tpaudit.results import SCHEMA_VERSION

    document = {"schema_version": SCHEMA_VERSION, "command": session.command, **body}
    write_text(session, json.dumps(document, ensure_ascii=False, indent=2) + "\n")


def _write_drawing(session: Session, result: Result) -> None:
    from rich.console import Console

    from tpaudit.reports.language import Messages
    from tpaudit.reports.terminal import View, render

    to_file = session.given.output is not None
    view = View(
        Messages(session.lang),
        width=FILE_WIDTH if to_file else session.out.width,
        ascii=session.given.ascii if to_file else session.is_ascii,
        limit=None if session.given.all else View.limit,
        currency=session.audit.config.settings.audit.currency,
        audit=session.audit_to_name,
    )
    if not to_file:
        session.out.print(render(result, view))
        return
    text = io.StringIO()
    Console(file=text, width=FILE_WIDTH, color_system=None, highlight=False).print(render(result, view))
    write_text(session, text.getvalue())


def write_text(session: Session, text: str) -> None:
    """Write *text* to the output file in one step, or to stdout."""
    if session.given.output is None:
        sys.stdout.write(text)
        sys.stdout.flush()
        return
    with replacing(session.given.output) as unfinished:
        unfinished.write_text(text, encoding="utf-8")


def _write_parquet(session: Session, result: Result) -> None:
    if session.given.output is None:
        raise UsageFault("Parquet is binary and cannot go to stdout", "add --output FILE.parquet")
    from tpaudit.reports import plain

    with replacing(session.given.output) as unfinished:
        plain.write_parquet(result, unfinished)
