"""What became of each exported file, and what the lake now holds."""

from __future__ import annotations

from itertools import groupby

from rich.console import RenderableType

from tpaudit.reports.terminal.grid import Grid
from tpaudit.reports.terminal.view import View, indented, joined, stacked
from tpaudit.results import FileIngested, IngestResult

_STATUS_STYLES = {"loaded": "green", "unchanged": "dim", "kept": "dim", "refused": "bold red"}
# Counted in a column of its own.
_ISSUES_TABLE = "ingest_issues"

_SEVERITY_STYLES = {"critical": "bold red", "warning": "yellow", "info": "dim"}


def render_ingest(result: IngestResult, view: View) -> RenderableType:
    """Refused files first, because they need an answer; then every file, the issues, and the totals."""
    return stacked(
        view.title(
            view.messages.text("ingest.title_dry" if result.dry_run else "ingest.title"),
            view.messages.count("files", len(result.files)),
            view.messages.count("rows", sum(file.rows for file in result.files)),
        ),
        _refused(result, view),
        _files(result, view),
        _issues(result, view),
        _tables(result, view),
        None if result.dry_run else view.next("tpaudit validate", "tpaudit run"),
    )


def _refused(result: IngestResult, view: View) -> RenderableType | None:
    refused = [file for file in result.files if file.status == "refused"]
    if not refused:
        return None
    shown, more = view.cut(sorted(refused, key=lambda file: (file.hint or "", file.file)))
    lines: list[RenderableType] = [view.heading(view.messages.text("ingest.refused"))]
    # Files that need the same remedy stand together, and it is said once.
    for hint, files in groupby(shown, key=lambda file: file.hint):
        for file in files:
            line = view.text(file.file, "bold red")
            line.append_text(view.text(f"  {file.reason or view.figures.unknown}"))
            lines.append(indented(line))
        if hint:
            lines.append(indented(indented(view.say("ingest.remedy", "dim", hint=hint))))
    return joined(*lines, more)


def _files(result: IngestResult, view: View) -> RenderableType | None:
    read = [file for file in result.files if file.status != "refused"]
    if not read:
        return None
    shown, more = view.cut(read)
    heading = view.messages.text
    grid = Grid(
        view,
        (
            (heading("ingest.status"), "label"),
            (heading("ingest.file"), "text"),
            (heading("ingest.format"), "text"),
            (heading("ingest.rows"), "number"),
            (heading("ingest.into"), "text"),
            (heading("ingest.issues"), "number"),
        ),
    )
    for file in shown:
        grid.add(
            view.text(view.messages.name("file_status", file.status), _STATUS_STYLES[file.status]),
            file.file,
            _format(file, view),
            view.figures.count(file.rows),
            _by_table(file.rows_by_table, view),
            view.text(view.figures.count(file.issues), "yellow" if file.issues else "dim"),
        )
    return joined(view.heading(heading("ingest.files")), grid.render(), more)


def _format(file: FileIngested, view: View) -> str:
    known = view.messages.title(file.preset_title) if file.preset_title else file.preset
    technical = ", ".join(part for part in (file.container, file.encoding) if part)
    if not known:
        return technical or view.figures.unknown
    return f"{known} ({technical})" if technical and view.wide else known


def _by_table(rows: dict[str, int], view: View) -> str:
    counts = [f"{table} {view.figures.count(count)}" for table, count in rows.items() if table != _ISSUES_TABLE]
    return ", ".join(counts) or view.figures.unknown


def _issues(result: IngestResult, view: View) -> RenderableType | None:
    refused = {file.file for file in result.files if file.status == "refused"}
    issues = [issue for issue in result.issues if issue.file not in refused]
    if not issues:
        return None
    shown, more = view.cut(sorted(issues, key=lambda issue: -issue.count))
    heading = view.messages.text
    grid = Grid(
        view,
        (
            (heading("ingest.count"), "number"),
            (heading("ingest.code"), "text"),
            (heading("ingest.where"), "text"),
            (heading("ingest.meaning"), "text"),
        ),
    )
    for issue in shown:
        where = issue.file if issue.column is None else f"{issue.file}, {issue.column}"
        if issue.first_row is not None:
            where += heading("ingest.from_row", row=view.figures.count(issue.first_row))
        grid.add(
            view.text(view.figures.count(issue.count), _SEVERITY_STYLES[issue.severity]),
            issue.code,
            where,
            issue.message,
        )
    return joined(view.heading(heading("ingest.issue_list")), grid.render(), more)


def _tables(result: IngestResult, view: View) -> RenderableType | None:
    if not result.tables:
        return None
    line = view.say("ingest.lake_dry" if result.dry_run else "ingest.lake", "bold")
    line.append_text(view.text(f"  {_by_table(result.tables, view)}"))
    return line
