"""`tpaudit report`: the report of a finished run, again, as files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tpaudit.commands.choices import ReportFormat, comma_separated
from tpaudit.commands.payload import emit, write_json
from tpaudit.commands.session import Session
from tpaudit.commands.shared import with_shared_options
from tpaudit.errors import UsageFault

if TYPE_CHECKING:
    from tpaudit.results import RunResult

app = typer.Typer(add_completion=False)


@app.command()
@with_shared_options
def report(
    session: Session,
    to: Annotated[
        str | None,
        typer.Option("--to", metavar="LIST", help="Files to write: html, json, md (comma-separated)."),
    ] = None,
    run: Annotated[str, typer.Option("--run", metavar="ID", help="Which run.")] = "latest",
) -> None:
    """Show the report of a finished run, or write it as files beside the run."""
    from tpaudit.audit.runs import find_run
    from tpaudit.results import RunResult

    folder = find_run(session.audit, run)
    result = RunResult.model_validate_json((folder / "result.json").read_bytes())
    if to is None:
        emit(session, result)
        return
    written = [_write(session, result, form, folder) for form in _forms(to)]
    if session.format == "json":
        write_json(session, {"run_id": folder.name, "files": [str(file) for file in written]})
        return
    for file in written:
        session.out.print(str(file), soft_wrap=True, markup=False)


def _forms(to: str) -> list[ReportFormat]:
    wanted = comma_separated(to)
    known = [form.value for form in ReportFormat]
    for item in wanted:
        if item not in known:
            raise UsageFault(f"--to {item!r} is not a report format", f"choose among {', '.join(known)}")
    return [ReportFormat(item) for item in wanted]


def _write(session: Session, result: RunResult, form: ReportFormat, folder: Path) -> Path:
    from tpaudit.atomic import replacing
    from tpaudit.reports import html, plain

    file = folder / f"report.{form.value}"
    match form:
        case ReportFormat.html:
            text = html.render(result, session.lang)
        case ReportFormat.md:
            text = plain.to_markdown(result)
        case ReportFormat.json:
            text = result.model_dump_json(indent=1)
    with replacing(file) as unfinished:
        unfinished.write_text(text, encoding="utf-8")
    return file
