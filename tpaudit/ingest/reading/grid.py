"""Grids: tables that come as rows of cells and not as text, from workbooks and from markup.

A grid is read once. What is small stays in memory; a large one is laid down as text in a temporary file, because all
files of an ingest are recognised before the first is loaded.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tpaudit.ingest.reading.decode import Progress
from tpaudit.ingest.reading.lines import HEADER_SEARCH, Line
from tpaudit.ingest.reading.shape import Shape, shape_of
from tpaudit.ingest.reading.staged import Staged, StageWriter, source_columns

_BATCH = 20_000
_MOST_IN_MEMORY = 400_000
# Lines looked at for the kinds of columns.
_SAMPLED = 200
# A spreadsheet keeps 15 digits of a number: a longer one has lost its last places.
_DIGITS_KEPT = 10**15
# Arrow writes fractions beyond these with an exponent.
_LEAST_PLAIN, _MOST_PLAIN = 0.0001, 10**9

Rows = Iterable[Sequence[Any]]


class Grid:
    """Rows of cells, all of one width, numbered from 1."""

    def __init__(self, rows: Callable[[], Rows], width: int, height: int, spill: Path | None) -> None:
        self.width = width
        self.height = height
        self._rows = rows
        self._spilled: Path | None = None
        if spill and width * height > _MOST_IN_MEMORY:
            self._spill(spill)
        self.lines = self._first_lines()

    @property
    def shape(self) -> Shape | None:
        """The shape of the table as its first rows tell it."""
        return shape_of(self.lines)

    def stage(
        self, header: Line, header_rows: int, nulls: tuple[str, ...], file: Path, tell: Progress | None
    ) -> Staged:
        """Write the rows below *header* to *file*; *tell* is told how many rows have been written."""
        columns = source_columns(header.cells)
        first = header.last + header_rows
        with StageWriter(file, columns, nulls) as writer:
            for number, cells in self._batches():
                skipped = max(first - number, 0)
                if skipped < len(cells[0]):
                    kept = [column.slice(skipped) for column in cells[: len(columns)]]
                    writer.write(np.arange(number + skipped, number + len(cells[0])), kept)
                if tell:
                    tell(number + len(cells[0]) - 1)
        above = [line for line in self.lines if line.last < header.first]
        further = tuple(line.cells for line in self.lines[header.last : header.last + header_rows - 1])
        preamble = tuple(cell for line in above for cell in line.cells if cell.strip())
        return Staged(file, columns, writer.rows, (), preamble, header_rows=further)

    def found(self, first: int) -> Iterator[Sequence[str]]:
        """Every row from number *first* on as it was found."""
        for number, cells in self._batches():
            rows = zip(*(column.to_pylist() for column in cells), strict=True)
            yield from itertools.islice(rows, max(first - number, 0), None)

    def _first_lines(self) -> list[Line]:
        number, cells = next(self._batches(), (1, []))
        rows = zip(*(column.slice(0, _SAMPLED).to_pylist() for column in cells), strict=True)
        return [Line(tuple(row), place, place) for place, row in enumerate(rows, start=number)]

    def _spill(self, file: Path) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        schema = pa.schema([(f"c{place}", pa.string()) for place in range(self.width)])
        packing = pa.ipc.IpcWriteOptions(compression="lz4")
        with pa.ipc.new_file(file, schema, options=packing) as writer:
            for _, cells in self._batches():
                writer.write_batch(pa.record_batch(cells, schema=schema))
        self._rows = tuple
        self._spilled = file

    def _batches(self) -> Iterator[tuple[int, list[pa.Array]]]:
        """The rows as columns of text, with the number of the first row of each batch."""
        number = 1
        if self._spilled:
            with pa.ipc.open_file(self._spilled) as spilled:
                for place in range(spilled.num_record_batches):
                    batch = spilled.get_batch(place)
                    yield number, batch.columns
                    number += batch.num_rows
            return
        rows = iter(self._rows())
        while batch := list(itertools.islice(rows, _BATCH)):
            yield number, [as_text(column) for column in zip(*batch, strict=True)]
            number += len(batch)


def as_text(cells: Sequence[Any]) -> pa.Array:
    """A column of cells as a platform would have written them into CSV.

    >>> as_text(["a", 12.0, 0.5, 1.23e18, True, ""]).to_pylist()
    ['a', '12', '0.5', '1.23E+18', 'true', '']
    """
    kinds = set(map(type, cells))
    if kinds <= {str}:
        return pa.array(cells, pa.string())
    if kinds == {datetime}:
        return pa.array([cell.isoformat(" ") for cell in cells], pa.string())
    if kinds <= {int, float, str} and (numbers := _plain_numbers(cells)) is not None:
        return numbers
    return pa.array([cell if type(cell) is str else _text_of(cell) for cell in cells], pa.string())


def _plain_numbers(cells: Sequence[Any]) -> pa.Array | None:
    """A column of numbers and empty cells as text, made by Arrow; None if some cell is written otherwise."""
    if any(type(cell) is str and cell for cell in cells):
        return None
    values = pa.array([None if cell == "" else float(cell) for cell in cells], pa.float64())
    size = pc.abs(values)
    is_whole = pc.equal(pc.floor(values), values)
    is_short = pc.and_(pc.greater_equal(size, _LEAST_PLAIN), pc.less(size, _MOST_PLAIN))
    is_plain = pc.or_(pc.and_(is_whole, pc.less(size, _DIGITS_KEPT)), is_short)
    if not pc.all(is_plain, min_count=0).as_py():
        return None
    whole = pc.if_else(is_whole, values, 0.0).cast(pa.int64()).cast(pa.string())
    return pc.if_else(is_whole, whole, values.cast(pa.string())).fill_null("")


def _text_of(cell: Any) -> str:
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
    return "" if cell is None else str(cell)


__all__ = ["HEADER_SEARCH", "Grid", "as_text"]
