"""Workbooks (xlsx, xls) through calamine: every cell as text, with the row numbers a spreadsheet program shows."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook, SheetTypeEnum

from tpaudit.ingest.issues import Issue
from tpaudit.ingest.reading.lines import HEADER_SEARCH, Line
from tpaudit.ingest.reading.staged import Staged, StageWriter, source_columns
from tpaudit.ingest.refusal import Refusal

_BATCH = 50_000
# A spreadsheet keeps 15 digits of a number: a longer one has lost its last places.
_DIGITS_KEPT = 10**15


class Workbook:
    """An open workbook and its sheets that hold rows."""

    def __init__(self, path: Path) -> None:
        try:
            self._book = CalamineWorkbook.from_path(path)
        except (CalamineError, OSError, ValueError) as fault:
            raise Refusal(
                f"is a damaged workbook: {fault}", "open it in a spreadsheet program and save it again"
            ) from fault
        grids = [sheet.name for sheet in self._book.sheets_metadata if sheet.typ == SheetTypeEnum.WorkSheet]
        self.sheets = [name for name in grids if self._sheet(name).height]
        if not self.sheets:
            raise Refusal("is empty", "its sheets hold no cell")

    def lines(self, sheet: str) -> list[Line]:
        """The first rows of *sheet* as candidate headers."""
        rows = itertools.islice(self._sheet(sheet).iter_rows(), HEADER_SEARCH)
        return [Line(tuple(map(_as_text, cells)), number, number) for number, cells in enumerate(rows, start=1)]

    def stage(self, sheet: str, header: Line, nulls: tuple[str, ...], file: Path) -> Staged:
        """Stage the rows of *sheet* below *header*; other sheets with rows are told as issues."""
        columns = source_columns(header.cells)
        with StageWriter(file, columns, nulls) as writer:
            rows = itertools.islice(self._sheet(sheet).iter_rows(), header.last, None)
            for first, batch in _batches(rows, header.last + 1):
                cells = [
                    pa.array([_as_text(row[place]) for row in batch], pa.string()) for place in range(len(columns))
                ]
                writer.write(np.arange(first, first + len(batch)), cells)
        others = tuple(
            Issue("other_sheet", message=f"sheet {name!r} was not read; save it as a file of its own to load it")
            for name in self.sheets
            if name != sheet
        )
        notices = [line for line in self.lines(sheet) if line.last < header.first]
        return Staged(
            file, columns, writer.rows, others, tuple(cell for line in notices for cell in line.cells if cell)
        )

    def _sheet(self, name: str) -> CalamineSheet:
        return self._book.get_sheet_by_name(name)


def _batches(rows: Iterator[list[Any]], first: int) -> Iterator[tuple[int, list[list[Any]]]]:
    while batch := list(itertools.islice(rows, _BATCH)):
        yield first, batch
        first += len(batch)


def _as_text(cell: Any) -> str:
    """A cell as its platform would have written it into CSV.

    >>> _as_text(12.0), _as_text(0.5), _as_text(1.23e18), _as_text(True)
    ('12', '0.5', '1.23E+18', 'true')
    """
    if isinstance(cell, str):
        return cell
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float):
        if abs(cell) >= _DIGITS_KEPT:
            return f"{cell:.15G}"
        return str(int(cell)) if cell.is_integer() else repr(cell)
    if isinstance(cell, datetime):
        return cell.isoformat(sep=" ")
    if isinstance(cell, (date, time)):
        return cell.isoformat()
    if isinstance(cell, timedelta):
        return str(cell.total_seconds())
    return str(cell)
