"""Grids: tables that come as rows of cells and not as text, from workbooks and from markup.

A grid is read once. What is small stays in memory; a large one is laid down as text in a temporary file, because all
files of an ingest are recognised before the first is loaded.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tpaudit.ingest.reading import arrays
from tpaudit.ingest.reading.cell_bytes import lengths_of
from tpaudit.ingest.reading.decode import Progress
from tpaudit.ingest.reading.lines import HEADER_SEARCH, Line
from tpaudit.ingest.reading.shape import Shape, shape_of
from tpaudit.ingest.reading.staged import Staged, StageWriter, source_columns

# Rows turned into columns at once, as more than fit into the processor's cache take twice the time; and how many times
# as many make a batch.
_AT_ONCE, _PARTS = 500, 40
_MOST_IN_MEMORY = 400_000
# Lines looked at for the kinds of columns.
_SAMPLED = 200
# A spreadsheet keeps 15 digits of a number: a longer one has lost its last places.
_DIGITS_KEPT = 10**15
# Arrow writes fractions beyond these with an exponent.
_LEAST_PLAIN, _MOST_PLAIN = 0.0001, 10**9
# What no cell holds, or hardly any.
_END = "\0"

Rows = Iterable[Sequence[Any]]


@dataclass(frozen=True, slots=True)
class Area:
    """A rectangle of a sheet: its rows from `top` to `bottom`, numbered from 1, and its columns from `left` up to but
    not `right`, numbered from 0."""

    top: int
    bottom: int
    left: int
    right: int


class Cells:
    """The cells of a sheet as columns of text, in batches of rows; `filled` tells which hold something."""

    def __init__(self, rows: Rows, width: int, height: int, spill: Path | None) -> None:
        self._spilled = spill if spill and width * height > _MOST_IN_MEMORY else None
        self._batches: list[pa.RecordBatch] = []
        filled = [np.zeros((0, width), dtype=bool)]

        def batches() -> Iterator[pa.RecordBatch]:
            for batch in _as_columns(rows, width):
                filled.append(np.column_stack([_holds_something(column) for column in batch.columns]))
                yield batch

        if self._spilled:
            _spill(self._spilled, batches(), width)
        else:
            self._batches = list(batches())
        self.filled = np.concatenate(filled)

    def batches(self) -> Iterator[pa.RecordBatch]:
        """The rows in their order."""
        if self._spilled is None:
            yield from self._batches
            return
        with pa.ipc.open_file(self._spilled) as spilled:
            for place in range(spilled.num_record_batches):
                yield spilled.get_batch(place)


class Grid:
    """Rows of cells, all of one width: a sheet, or the `area` of it that one table takes."""

    def __init__(self, cells: Cells, area: Area | None = None) -> None:
        height, width = cells.filled.shape
        self.area = area or Area(1, height, 0, width)
        self._cells = cells

    @property
    def height(self) -> int:
        """Number of rows of the whole sheet."""
        return len(self._cells.filled)

    @property
    def filled(self) -> np.ndarray:
        """Which cells of the area hold something."""
        area = self.area
        return self._cells.filled[area.top - 1 : area.bottom, area.left : area.right]

    @property
    def filled_rows(self) -> np.ndarray:
        """Which rows of the area hold something."""
        return np.asarray(self.filled.any(axis=1))

    @property
    def filled_columns(self) -> np.ndarray:
        """Which columns of the area hold something."""
        return np.asarray(self.filled.any(axis=0))

    @cached_property
    def lines(self) -> list[Line]:
        """The first rows."""
        number, columns = next(self._batches(), (self.area.top, []))
        rows = zip(*(column.slice(0, _SAMPLED).to_pylist() for column in columns), strict=True)
        return [Line(tuple(row), place, place) for place, row in enumerate(rows, start=number)]

    @cached_property
    def shape(self) -> Shape | None:
        """The shape of the table as its first rows tell it."""
        return shape_of(self.lines)

    def within(self, area: Area) -> Grid:
        """The table in *area* of the same sheet."""
        return Grid(self._cells, area)

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
        further = tuple(line.cells for line in self.lines if 0 < line.first - header.last < header_rows)
        preamble = tuple(cell for line in above for cell in line.cells if cell.strip())
        return Staged(file, columns, writer.rows, (), preamble, header_rows=further, blank=writer.blank)

    def found(self, first: int) -> Iterator[Sequence[str]]:
        """Every row from number *first* on as it was found."""
        for number, cells in self._batches():
            rows = zip(*(column.to_pylist() for column in cells), strict=True)
            yield from itertools.islice(rows, max(first - number, 0), None)

    def _batches(self) -> Iterator[tuple[int, list[pa.Array]]]:
        """The rows of the area as columns of text, with the number of the first row of each batch."""
        area = self.area
        number = 1
        for batch in self._cells.batches():
            start, stop = max(area.top - number, 0), min(area.bottom - number + 1, batch.num_rows)
            if start < stop:
                kept = batch.columns[area.left : area.right]
                yield number + start, [column.slice(start, stop - start) for column in kept]
            number += batch.num_rows


def _as_columns(rows: Rows, width: int) -> Iterator[pa.RecordBatch]:
    names = [f"c{place}" for place in range(width)]
    every = iter(rows)

    def parts() -> Iterator[list[_Part]]:
        while few := list(itertools.islice(every, _AT_ONCE)):
            yield [_part(column) for column in zip(*few, strict=True)]

    made = parts()
    while batch := list(itertools.islice(made, _PARTS)):
        yield pa.record_batch([_text_of_parts(column) for column in zip(*batch, strict=True)], names)


def _holds_something(column: pa.Array) -> np.ndarray:
    return np.asarray(lengths_of(column) > 0)


def _spill(file: Path, batches: Iterator[pa.RecordBatch], width: int) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    schema = pa.schema([(f"c{place}", pa.string()) for place in range(width)])
    packing = pa.ipc.IpcWriteOptions(compression="lz4")
    with pa.ipc.new_file(file, schema, options=packing) as writer:
        for batch in batches:
            writer.write_batch(batch)


def as_text(cells: Sequence[Any]) -> pa.Array:
    """A column of cells as a platform would have written them into CSV.

    >>> as_text(["a", 12.0, 0.5, 1.23e18, True, ""]).to_pylist()
    ['a', '12', '0.5', '1.23E+18', 'true', '']
    """
    return _text_of_parts([_part(cells)])


class _Part(NamedTuple):
    """So many cells of a column: their `texts`, and, where some are numbers, these and which they are.

    Texts are written one after the other, each with an end: Arrow takes twice as long over a list of texts as over
    their bytes. They are a column of their own where one of them holds the end.
    """

    size: int
    texts: str | pa.Array
    numbers: np.ndarray | None = None
    is_number: np.ndarray | None = None


def _part(cells: Sequence[Any]) -> _Part:
    size = len(cells)
    try:
        # Most columns are texts: asking for the type of every cell would take as long as this.
        return _Part(size, _ended(cells))
    except TypeError:
        kinds = set(map(type, cells))
    if kinds == {float}:
        return _Part(size, _END * size, np.array(cells), np.ones(size, bool))
    if kinds <= {int, float, str} and not _has_long_integer(cells, kinds):
        is_number = np.array([type(cell) is not str for cell in cells])
        numbers = np.array([0 if type(cell) is str else cell for cell in cells], float)
        return _Part(size, _ended([cell if type(cell) is str else "" for cell in cells]), numbers, is_number)
    if kinds == {datetime}:
        return _Part(size, _ended([cell.isoformat(" ") for cell in cells]))
    return _Part(size, _ended([cell if type(cell) is str else _text_of(cell) for cell in cells]))


def _ended(texts: Sequence[str]) -> str | pa.Array:
    """*texts* with their ends, or as a column; raises TypeError for anything else."""
    written = _END.join(texts) + _END
    return written if written.count(_END) == len(texts) else arrays.texts(texts)


def _has_long_integer(cells: Sequence[Any], kinds: set[type]) -> bool:
    return int in kinds and any(type(cell) is int and abs(cell) >= _DIGITS_KEPT for cell in cells)


def _text_of_parts(parts: Sequence[_Part]) -> pa.Array:
    """The cells of all *parts* as text: what is of one kind is made text for many parts at once."""
    written = [part.texts for part in parts if isinstance(part.texts, str)]
    if len(written) == len(parts):
        texts = arrays.texts_ended_by(ord(_END), "".join(written))
    else:
        texts = pa.concat_arrays([_column(part.texts) for part in parts])
    if all(part.numbers is None for part in parts):
        return texts
    numbers = np.concatenate([np.zeros(part.size) if part.numbers is None else part.numbers for part in parts])
    is_number = np.concatenate(
        [np.zeros(part.size, bool) if part.is_number is None else part.is_number for part in parts]
    )
    return pc.if_else(arrays.flags(is_number), _written(numbers), texts)


def _column(texts: str | pa.Array) -> pa.Array:
    return arrays.texts_ended_by(ord(_END), texts) if isinstance(texts, str) else texts


def _written(numbers: np.ndarray) -> pa.Array:
    """*numbers* as text, by Arrow where it writes them as a spreadsheet shows them."""
    size = np.abs(numbers)
    is_whole = np.floor(numbers) == numbers
    is_short = (size >= _LEAST_PLAIN) & (size < _MOST_PLAIN)
    if not ((is_whole & (size < _DIGITS_KEPT)) | is_short).all():
        return arrays.texts([_text_of(number) for number in numbers.tolist()])
    whole = arrays.numbers(np.where(is_whole, numbers, 0).astype(np.int64)).cast(pa.string())
    return pc.if_else(arrays.flags(is_whole), whole, arrays.numbers(numbers).cast(pa.string()))


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


__all__ = ["HEADER_SEARCH", "Area", "Cells", "Grid", "as_text"]
