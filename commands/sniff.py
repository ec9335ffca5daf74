"""`tpaudit sniff`: what a file is, before anything is loaded; needs no audit."""

from __future__ import annotations

import csv
import io
import sys
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import IO, Annotated

import typer

from tpaudit.commands.payload import emit
from tpaudit.commands.session import Session
from tpaudit.commands.shared import with_shared_options
from tpaudit.errors import InputFault, UsageFault

app = typer.Typer(add_completion=False)
_FORMATS = ("table", "json", "csv")


@app.command()
@with_shared_options
def sniff(
    session: Session,
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Files to look into.")],
    map_files: Annotated[
        list[Path] | None,
        typer.Option("--map", metavar="FILE", help="Mapping file for a layout of your own."),
    ] = None,
    part: Annotated[
        str | None,
        typer.Option("--part", metavar="NAME", help="With --format csv: the sheet, member or table to print."),
    ] = None,
) -> None:
    """Tell what a file is: container, encoding, dialect, header, and the presets that fit.

    With `--format csv` the table itself is printed as it was found, as plain CSV.
    """
    from tpaudit.ingest.inspection import known_presets, look_into, main_part

    if session.format not in _FORMATS:
        raise UsageFault(f"sniff does not write {session.format}", f"choose one of {', '.join(_FORMATS)}")
    presets = known_presets(session.audit.presets, map_files or ())
    with tempfile.TemporaryDirectory(prefix="tpaudit-") as scratch:
        if session.format == "csv":
            _print_rows(session, main_part(_only(files), presets, Path(scratch), part).found())
            return
        result = look_into(files, presets, Path(scratch))
        if all(file.reason for file in result.files):
            refused = result.files[0]
            raise InputFault(f"{refused.file} {refused.reason}", refused.hint)
        emit(session, result)


def _only(files: Sequence[Path]) -> Path:
    if len(files) > 1:
        raise UsageFault("rows of one file only can be printed as CSV", "name one file")
    return files[0]


def _print_rows(session: Session, rows: Iterable[Sequence[str]]) -> None:
    """Write *rows* as CSV by RFC 4180 but with plain line ends, row by row: the file may be large."""
    from tpaudit.atomic import replacing

    if session.given.output is None:
        _write(sys.stdout, rows)
        sys.stdout.flush()
        return
    with replacing(session.given.output) as unfinished, unfinished.open("w", encoding="utf-8", newline="") as stream:
        _write(stream, rows)


def _write(stream: IO[str], rows: Iterable[Sequence[str]]) -> None:
    block = io.StringIO()
    writer = csv.writer(block, lineterminator="\n")
    for number, row in enumerate(rows, start=1):
        writer.writerow(row)
        if number % 10_000 == 0:
            stream.write(block.getvalue())
            block.seek(0)
            block.truncate()
    stream.write(block.getvalue())
