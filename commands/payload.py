"""The payload: a result on stdout or in a file, in the form that was asked for, and nothing else."""

from __future__ import annotations

import contextlib
import io
import json
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from tpaudit.atomic import replacing
from tpaudit.errors import AuditError, ExitCode, UsageFault

if TYPE_CHECKING:
    from tpaudit.commands.session import Session
    from tpaudit.reports.ci.view import CiView
    from tpaudit.results import Result, ValidateResult

FILE_WIDTH = 120


class CiRenderer(Protocol):
    """A form that pipelines read: of a verdict, and of the fault that kept it from being reached."""

    def render(self, result: ValidateResult, view: CiView) -> str:
        """The text for a finished validation."""

    def render_fault(self, message: str, hint: str | None, view: CiView) -> str:
        """The text for one that could not be done."""


def emit(session: Session, result: Result, table: str | None = None) -> None:
    """Write *result* as the session wants it; as CSV, Markdown or Parquet only the *table* named.

    Raises UsageFault for Parquet without a file to write it to.
    """
    match session.format:
        case "json":
            write_json(session, result.model_dump(mode="json"))
        case "table":
            _write_drawing(session, result)
        case "csv" | "md" as form:
            write_text(session, _plain_text(session, result, form, table))
        case "junit" | "sarif" | "github" as form:
            from tpaudit.results import ValidateResult

            if not isinstance(result, ValidateResult):
                raise UsageFault(f"--format {form} is for `tpaudit validate` only", "use --format json")
            write_text(session, _ci_renderer(form).render(result, _ci_view(session, session.exit_code)))
        case _:
            _write_parquet(session, result, table)


def write_ci_fault(session: Session, message: str, hint: str | None, code: ExitCode) -> None:
    """Tell the pipeline, in the form it reads, why nothing could be judged."""
    # An output that cannot be written is no second fault to report: stderr has the first one already.
    with contextlib.suppress(AuditError):
        write_text(session, _ci_renderer(session.format).render_fault(message, hint, _fault_view(session, code)))


def _ci_renderer(form: str) -> CiRenderer:
    from tpaudit.reports.ci import github, junit, sarif

    renderers: dict[str, CiRenderer] = {"junit": junit, "sarif": sarif, "github": github}
    return renderers[form]


def _ci_view(session: Session, code: ExitCode) -> CiView:
    from tpaudit.audit.config import SETTINGS_FILE
    from tpaudit.reports.ci.view import CiView
    from tpaudit.reports.language import Messages

    return CiView(
        Messages(session.lang),
        exports=_from_here(session.audit.exports),
        settings_file=_from_here(session.audit.folder / SETTINGS_FILE),
        made_at=datetime.now(UTC),
        exit_code=int(code),
    )


def _fault_view(session: Session, code: ExitCode) -> CiView:
    """The view of a fault, which may be that there is no audit, or none whose settings can be read."""
    try:
        return _ci_view(session, code)
    except AuditError:
        from tpaudit.reports.ci.view import CiView
        from tpaudit.reports.language import Messages

        return CiView(Messages("en"), ".", ".", datetime.now(UTC), int(code))


def _from_here(path: Path) -> str:
    """*path* as seen from the current folder, where a pipeline has its checkout; as it is if it lies elsewhere."""
    with contextlib.suppress(ValueError):
        path = path.resolve().relative_to(Path.cwd().resolve())
    return path.as_posix()


def _plain_text(session: Session, result: Result, form: str, table: str | None) -> str:
    from tpaudit.reports import plain
    from tpaudit.results import ValidateResult

    if form == "csv":
        return plain.to_csv(result, table)
    if isinstance(result, ValidateResult):
        from tpaudit.reports.ci import summary

        return summary.render(result, _ci_view(session, session.exit_code))
    return plain.to_markdown(result, table)


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


def _write_parquet(session: Session, result: Result, table: str | None) -> None:
    if session.given.output is None:
        raise UsageFault("Parquet is binary and cannot go to stdout", "add --output FILE.parquet")
    from tpaudit.reports import plain

    with replacing(session.given.output) as unfinished:
        plain.write_parquet(result, unfinished, table)
