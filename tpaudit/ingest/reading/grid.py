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
        return Staged(
            file, columns, writer.rows, (), preamble, header_rows=further, blank=writer.blank, full=writer.full
        )

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
    return np.asarray(pc.greater(pc.binary_length(column), 0))


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
    """Some cells of a column: each a text or a number, and NULL among the others; None where there are none."""

    texts: pa.Array | None
    numbers: pa.Array | None


def _part(cells: Sequence[Any]) -> _Part:
    try:
        # Most columns are texts: asking for the type of every cell would take as long as this.
        texts = pa.array(cells, pa.string())
        return _Part(texts.fill_null("") if texts.null_count else texts, None)
    except pa.ArrowTypeError:
        kinds = set(map(type, cells))
    if kinds <= {int, float, str} and not _has_long_integer(cells, kinds):
        numbers = cells if kinds == {float} else [None if type(cell) is str else float(cell) for cell in cells]
        texts = [cell if type(cell) is str else None for cell in cells] if str in kinds else None
        return _Part(None if texts is None else pa.array(texts, pa.string()), pa.array(numbers, pa.float64()))
    if kinds == {datetime}:
        return _Part(pa.array([cell.isoformat(" ") for cell in cells], pa.string()), None)
    return _Part(pa.array([cell if type(cell) is str else _text_of(cell) for cell in cells], pa.string()), None)


def _has_long_integer(cells: Sequence[Any], kinds: set[type]) -> bool:
    return int in kinds and any(type(cell) is int and abs(cell) >= _DIGITS_KEPT for cell in cells)


def _text_of_parts(parts: Sequence[_Part]) -> pa.Array:
    """The cells of all *parts* as text: numbers are written for many parts at once."""
    if all(part.numbers is None for part in parts):
        return pa.concat_arrays([part.texts for part in parts])
    written = _written(pa.concat_arrays([_or_nulls(part.numbers, part.texts, pa.float64()) for part in parts]))
    if all(part.texts is None for part in parts):
        return written
    return pc.coalesce(pa.concat_arrays([_or_nulls(part.texts, part.numbers, pa.string()) for part in parts]), written)


def _or_nulls(cells: pa.Array | None, others: pa.Array | None, kind: pa.DataType) -> pa.Array:
    return pa.nulls(len(others or ()), kind) if cells is None else cells


def _written(numbers: pa.Array) -> pa.Array:
    """*numbers* as text, by Arrow where it writes them as a spreadsheet shows them."""
    size = pc.abs(numbers)
    is_whole = pc.equal(pc.floor(numbers), numbers)
    is_short = pc.and_(pc.greater_equal(size, _LEAST_PLAIN), pc.less(size, _MOST_PLAIN))
    is_plain = pc.or_(pc.and_(is_whole, pc.less(size, _DIGITS_KEPT)), is_short)
    if not pc.all(is_plain, min_count=0).as_py():
        return pa.array([None if cell is None else _text_of(cell) for cell in numbers.to_pylist()], pa.string())
    whole = pc.if_else(is_whole, numbers, 0.0).cast(pa.int64()).cast(pa.string())
    return pc.if_else(is_whole, whole, numbers.cast(pa.string()))


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
