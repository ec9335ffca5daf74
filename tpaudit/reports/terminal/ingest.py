"""What became of each exported file, and what the lake now holds."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from rich.cells import cell_len
from rich.console import RenderableType
from rich.padding import Padding
from rich.table import Column, Table
from rich.text import Text

from tpaudit.reports.arrange import KindOfIssue, issues_by_kind
from tpaudit.reports.terminal.grid import Grid
from tpaudit.reports.terminal.view import View, indented, joined, stacked
from tpaudit.results import FileIngested, IngestResult

_STATUS_STYLES = {
    "loaded": "green", "unchanged": "dim", "kept": "dim", "removed": "bold yellow", "refused": "bold red",
}  # fmt: skip
_CONFIDENCE_STYLES: dict[str | None, str] = {"partial": "yellow"}
# Counted in a column of its own.
_ISSUES_TABLE = "ingest_issues"

_SEVERITY_STYLES = {"critical": "bold red", "warning": "yellow", "info": "dim"}
_MARGIN = 2


def render_ingest(result: IngestResult, view: View) -> RenderableType:
    """Refused files first, because they need an answer; then every file, the issues, the totals and the verdict."""
    return stacked(
        view.title(
            view.messages.text("ingest.title_dry" if result.dry_run else "ingest.title"),
            view.messages.count("files", len(result.files)),
            view.messages.count("rows", sum(file.rows_in for file in result.files if file.status != "removed")),
        ),
        _refused(result, view),
        _files(result, view),
        _issues(result, view),
        joined(_tables(result, view), _verdict(result, view)),
        None if result.dry_run else view.next("tpaudit validate", "tpaudit run"),
    )


def _refused(result: IngestResult, view: View) -> RenderableType | None:
    refused = [file for file in result.files if file.status == "refused"]
    if not refused:
        return None
    shown, more = view.cut(sorted(refused, key=lambda file: (file.hint or "", file.file)))
    lines: list[RenderableType] = [view.heading(view.messages.text("ingest.refused"))]
    # Files that need the same remedy stand together, and it is said once.
    for _, same in groupby(shown, key=lambda file: file.hint):
        files = list(same)
        for file in files:
            line = view.text(file.file, "bold red")
            reason = view.messages.either(file.reason, file.reason_zh)
            line.append_text(view.text(f"  {reason or view.figures.unknown}"))
            lines.append(indented(line))
        if hint := view.messages.either(files[0].hint, files[0].hint_zh):
            lines.append(indented(indented(view.say("ingest.remedy", "dim", hint=hint))))
    return joined(*lines, more)


def _files(result: IngestResult, view: View) -> RenderableType | None:
    """Two lines per file: its rows and days; below, what it was read as and where the rows went."""
    read = [file for file in result.files if file.status != "refused"]
    if not read:
        return None
    shown, more = view.cut(read)
    text = view.messages.text
    headings = [text(f"ingest.{name}") for name in ("file", "rows_in", "rows_kept", "rows_refused", "period")]
    rows = [[file.file, *_counts(file, view), _period(file, view)] for file in shown]
    gap = 2 if view.wide else 1
    widths = _widths([headings, *rows], view.width - _MARGIN, gap)
    lines: list[RenderableType] = [
        view.heading(text("ingest.files")),
        indented(_line([view.text(heading, "dim") for heading in headings], widths, gap)),
        indented(view.text(("-" if view.ascii else "─") * (sum(widths) + gap * (len(widths) - 1)))),
    ]
    for file, row in zip(shown, rows, strict=True):
        cells = [view.text(cell) for cell in row]
        if file.rows_refused:
            cells[3].stylize("yellow")
        lines.append(indented(_line(cells, widths, gap)))
        lines.append(Padding(_read_as(file, view), (0, 0, 0, _MARGIN + 2), expand=False))
    return joined(*lines, more)


def _counts(file: FileIngested, view: View) -> list[str]:
    return [view.figures.count(number) for number in (file.rows_in, file.rows_kept, file.rows_refused)]


def _period(file: FileIngested, view: View) -> str:
    """First and last day; the year is not said twice."""
    if file.first_day is None or file.last_day is None:
        return view.figures.unknown
    if file.first_day == file.last_day:
        return str(file.first_day)
    last = file.last_day
    return f"{file.first_day}..{last:%m-%d}" if last.year == file.first_day.year else f"{file.first_day}..{last}"


def _widths(rows: Sequence[Sequence[str]], available: int, gap: int) -> list[int]:
    """Numbers and days never wrap; the file's name takes what is left."""
    widths = [max(cell_len(row[place]) for row in rows) for place in range(len(rows[0]))]
    left = available - sum(widths[1:]) - gap * (len(widths) - 1)
    return [min(widths[0], left), *widths[1:]]


def _line(cells: Sequence[Text], widths: Sequence[int], gap: int) -> Table:
    columns = [
        Column(width=width, justify="right" if 0 < place < len(widths) - 1 else "left", overflow="fold")
        for place, width in enumerate(widths)
    ]
    table = Table(*columns, box=None, show_header=False, padding=(0, gap, 0, 0), pad_edge=False)
    table.add_row(*cells)
    return table


def _read_as(file: FileIngested, view: View) -> Text:
    """Status, format, confidence and encoding, and the tables the rows went to."""
    name = view.messages.name
    parts = [
        # Where there is little room, what is usual is not said.
        (name("file_status", file.status) if view.wide or file.status != "loaded" else "", _STATUS_STYLES[file.status]),
        (view.messages.title(file.preset_title) if file.preset_title else file.preset, "dim"),
        (file.encoding or file.container, "dim"),
        (
            name("confidence", file.confidence) if file.confidence else "",
            _CONFIDENCE_STYLES.get(file.confidence, "dim"),
        ),
    ]
    line = Text()
    for part, style in parts:
        if part:
            line.append_text(view.text(" · " if line else "", "dim")).append_text(view.text(part, style))
    tables = _by_table(file.rows_by_table, view) if view.wide else _named(file.rows_by_table)
    if tables:
        line.append_text(view.text(f" → {tables}", "dim"))
    return line


def _named(rows: dict[str, int]) -> str:
    return ", ".join(table for table in rows if table != _ISSUES_TABLE)


def _by_table(rows: dict[str, int], view: View) -> str:
    return ", ".join(f"{table} {view.figures.count(count)}" for table, count in rows.items() if table != _ISSUES_TABLE)


def _issues(result: IngestResult, view: View) -> RenderableType | None:
    """The issues by kind, the worst first: how often, what it means, where it was met first, and what to do."""
    kinds = issues_by_kind(result)
    if not kinds:
        return None
    shown, more = view.cut(kinds)
    heading = view.messages.text
    grid = Grid(
        view,
        (
            (heading("ingest.count"), "number"),
            (heading("ingest.code"), "text"),
            (heading("ingest.first"), "text"),
            (heading("ingest.meaning"), "text"),
        ),
    )
    for kind in shown:
        grid.add(
            view.text(view.figures.count(kind.count), _SEVERITY_STYLES[kind.severity]),
            kind.code,
            _place(kind, view),
            _meaning(kind, view),
        )
    return joined(view.heading(heading("ingest.issue_list")), grid.render(), more)


def _place(kind: KindOfIssue, view: View) -> str:
    first, text = kind.first, view.messages.text
    where = first.file if first.column is None else f"{first.file}, {first.column}"
    if first.first_row is not None:
        where += text("ingest.from_row", row=view.figures.count(first.first_row))
    if kind.places > 1:
        where += text("ingest.more_places", n=view.figures.count(kind.places - 1))
    return where


def _meaning(kind: KindOfIssue, view: View) -> Text:
    meaning = view.messages.either(kind.message, kind.message_zh) or view.figures.unknown
    told = view.text(meaning)
    if kind.remedy and kind.severity != "info":
        told.append("\n").append_text(view.say("ingest.remedy", "dim", hint=view.messages.title(kind.remedy)))
    return told


def _tables(result: IngestResult, view: View) -> RenderableType | None:
    tables = result.tables
    if result.dry_run:
        tables = {}
        for file in result.files:
            if file.status == "loaded":
                for table, rows in file.rows_by_table.items():
                    tables[table] = tables.get(table, 0) + rows
    if not tables:
        return None
    line = view.say("ingest.lake_dry" if result.dry_run else "ingest.lake", "bold")
    line.append_text(view.text(f"  {_by_table(tables, view)}"))
    return line


def _verdict(result: IngestResult, view: View) -> RenderableType:
    """Whether every row is accounted for, and whether a strict ingest would pass."""
    count = view.figures.count
    rows_in, kept, refused = (
        sum(getattr(file, name) for file in result.files if file.status != "removed")
        for name in ("rows_in", "rows_kept", "rows_refused")
    )
    balance = view.say("ingest.balance", rows_in=count(rows_in), kept=count(kept), refused=count(refused))
    if result.doubts:
        doubtful = count(sum(issue.count for issue in result.doubts))
        return joined(balance, view.say("ingest.doubtful", "yellow", n=doubtful))
    return joined(balance, view.say("ingest.flawless", "green"))
