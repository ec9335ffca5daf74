"""Delimited text to columns, block by block: Arrow splits what is well formed, and only faulty lines are looked at one
by one, so that an unclosed quote swallows nothing but its own line.

Blocks are split as the bytes they are, and cells decoded afterwards; one with a faulty line is decoded as a whole.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import overload

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tpaudit.ingest.reading import arrays
from tpaudit.ingest.reading.arrow_split import UTF8, split_by_arrow
from tpaudit.ingest.reading.cell_bytes import written_out
from tpaudit.ingest.reading.decode import Undecodable
from tpaudit.ingest.reading.dialect import Dialect
from tpaudit.ingest.reading.records import record_at, strict

# Bytes of one block; a longer record makes a longer block.
_BLOCK = 1 << 22
_LINES_LOOKED_BACK = 300
_LONE_RETURN = re.compile(b"\r(?!\n)")
# Stands for a bare carriage return within a line while Arrow, which would end the line there, splits it.
_RETURN = "\x1e"
_COMMA, _LF, _CR, _EQUALS = b",\n\r="


@dataclass(frozen=True, slots=True)
class Record:
    """A record that has not as many cells as the table: the line it starts on, its cells, and its text."""

    number: int
    cells: tuple[str, ...]
    text: str


@dataclass(slots=True)
class Rows:
    """The rows of one block: physical line `numbers`, `columns` of text, and the `odd` records, in order.

    A column that repeats itself may be a dictionary.
    """

    numbers: np.ndarray
    columns: list[pa.Array]
    odd: list[Record] = field(default_factory=list)


def rows_of(
    pieces: Iterator[bytes], encoding: str, dialect: Dialect, width: int, first: int, skipped: int = 0
) -> Iterator[Rows]:
    """The rows of a text given in *pieces*, after *skipped* lines; *first* is the number of the line it starts on.

    The *dialect* must split the *encoding*. Raises Undecodable for a byte that this does not allow.
    """
    number = first
    try:
        for block in _blocks(pieces, encoding, dialect, width):
            data = block
            for _ in range(skipped):
                above, end, data = data.partition(b"\n")
                above.decode(encoding)
                number += bool(end)
                skipped -= 1
            if data:
                block_of_rows = _Block(data, encoding, dialect, width, number)
                yield block_of_rows.rows()
                number += block_of_rows.lines
    except UnicodeDecodeError as fault:
        raise Undecodable from fault


def _blocks(pieces: Iterator[bytes], encoding: str, dialect: Dialect, width: int) -> Iterator[bytes]:
    """Prepared text cut where a record begins."""
    pending: list[bytes] = []
    size = 0
    for piece in pieces:
        # A line end of two characters may be cut in the middle.
        if pending and pending[-1].endswith(b"\r"):
            piece = pending.pop() + piece
        pending.append(piece)
        size += len(piece)
        if size < _BLOCK or piece.endswith(b"\r"):
            continue
        text = dialect.prepare_bytes(b"".join(pending))
        cut = _cut(text, encoding, dialect, width)
        pending, size = ([text[cut:]], len(text) - cut) if cut else ([text], 0)
        if cut:
            yield text[:cut]
    rest = dialect.prepare_bytes(b"".join(pending))
    if rest:
        yield rest


def _cut(text: bytes, encoding: str, dialect: Dialect, width: int) -> int:
    """The place after the last line end of *text* below which a record begins; 0 if none is found."""
    end = text.rfind(b"\n")
    quote = dialect.quote.encode(encoding)
    if end < 0 or not quote or quote not in text:
        return end + 1
    for _ in range(_LINES_LOOKED_BACK):
        start = text.rfind(b"\n", 0, end)
        if start < 0:
            return 0
        if width == 1:
            if text.count(quote, 0, start) % 2 == 0:
                return start + 1
        else:
            line = text[start + 1 : end].decode(encoding).removesuffix("\r")
            if line.count(dialect.single) >= width - 1 and len(strict(line, dialect) or ()) == width:
                return start + 1
        end = start
    # Nothing here looks like a record: such lines are taken one by one anyway.
    return text.rfind(b"\n") + 1


class _Block:
    """Some whole records, or what is left of them, in an encoding that the dialect splits."""

    def __init__(self, data: bytes, encoding: str, dialect: Dialect, width: int, first: int) -> None:
        self._data = self._written = data
        self._ends = self._line_ends()
        has_returns = self._has_lone_returns()
        if has_returns:
            self._data = _LONE_RETURN.sub(_RETURN.encode(), data)
        self._stand_ins = (*dialect.stand_ins, *([(_RETURN, "\r")] if has_returns else []))
        self._encoding = encoding
        self._dialect = dialect
        self._has_quotes = bool(dialect.quote) and dialect.quote.encode() in data
        self._width = width
        self._first = first
        self.lines = len(self._ends) + (not self._data.endswith(b"\n"))

    def _line_ends(self) -> np.ndarray:
        return np.flatnonzero(np.frombuffer(self._data, dtype=np.uint8) == _LF)

    def _has_lone_returns(self) -> bool:
        """Whether a carriage return stands elsewhere than in front of a line end."""
        signs = np.frombuffer(self._data, dtype=np.uint8)
        returns = np.count_nonzero(signs == _CR)
        before = signs[self._ends[self._ends > 0] - 1] if returns else signs[:0]
        return bool(returns != np.count_nonzero(before == _CR))

    def rows(self) -> Rows:
        if self._encoding == UTF8:
            _insist_on_utf8(self._data)
        rows = self._as_arrow_splits()
        if rows is None and self._encoding != UTF8:
            return self._rows_in_utf8()
        rows = rows or self._line_by_line()
        if self._stand_ins:
            rows.columns = [self._restored(column) for column in rows.columns]
        return rows

    def _rows_in_utf8(self) -> Rows:
        """The rows of the block decoded as a whole: Arrow tells of faulty lines in UTF-8 only."""
        data = self._written.decode(self._encoding).encode(UTF8)
        return _Block(data, UTF8, self._dialect, self._width, self._first).rows()

    def _restored(self, column: pa.Array) -> pa.Array:
        for sign, meant in self._stand_ins:
            column = pc.replace_substring(written_out(column), sign, meant)
        return column

    # --- as a whole -------------------------------------------------------------------------------------------------

    def _as_arrow_splits(self) -> Rows | None:
        """The rows as Arrow reads them at one go; None where a quote may have misled it."""
        found = self._faulty_lines()
        if found is None:
            return None
        odd_lines, dialect = found
        parsed = split_by_arrow(self._data, self._encoding, dialect, self._width)
        if parsed is None:
            return None
        table, invalid = parsed
        if len(table[0]) + len(invalid) == self.lines:
            if len(odd_lines):
                return None
            numbers = np.arange(self._first, self._first + self.lines)
            return self._with_odd(numbers, table, invalid)
        return None if invalid else self._of_several_lines(table, odd_lines)

    def _of_several_lines(self, columns: list[pa.Array], odd_lines: np.ndarray) -> Rows | None:
        """Rows of which some take several lines; None unless these hold exactly the lines with unpaired quotes."""
        inside = np.zeros(len(columns[0]), dtype=np.int64)
        for column in columns:
            inside += arrays.values_of(pc.count_substring(written_out(column), "\n"))
        starts = np.concatenate(([0], np.cumsum(inside + 1)))
        if starts[-1] != self.lines:
            return None
        ends = starts[1:] - 1
        tall = inside > 0
        row_of_line = np.searchsorted(ends, odd_lines)
        if not tall[row_of_line].all() or not self._are_records(starts[:-1][tall], inside[tall] + 1):
            return None
        return Rows(self._first + starts[:-1], columns)

    def _are_records(self, starts: np.ndarray, heights: np.ndarray) -> bool:
        """Whether the lines from each of *starts* on make a record whose quotes close where cells end."""
        lines = _Lines(self._data, self._encoding, *self._line_places())
        for start, height in zip(starts.tolist(), heights.tolist(), strict=True):
            cells = strict("\n".join(lines[start : start + height]), self._dialect)
            if cells is None or len(cells) != self._width:
                return False
        return True

    def _line_places(self) -> tuple[np.ndarray, np.ndarray]:
        """Where every line starts and stops."""
        starts = np.concatenate(([0], self._ends + 1))[: self.lines]
        return starts, np.concatenate((self._ends, [len(self._data)]))[: self.lines]

    def _faulty_lines(self) -> tuple[np.ndarray, Dialect] | None:
        """Lines with an unpaired quote, and the dialect to split all of them in: one without quotes where none opens a
        cell. None if a quote stands within a cell, where Arrow reads on too far."""
        unquoted = replace(self._dialect, quote="")
        if not self._has_quotes:
            return np.empty(0, dtype=np.int64), unquoted
        places, is_bad, is_first = self._quotes()
        if is_bad.any():
            return None
        counts = np.bincount(np.searchsorted(self._ends, places), minlength=self.lines)
        odd_lines = np.flatnonzero(counts % 2)
        return odd_lines, self._dialect if len(odd_lines) or is_first.any() else unquoted

    def _quotes(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Places of the unescaped quotes, which of them neither open nor close a cell nor are doubled, and which are
        the first sign of a cell."""
        signs = np.frombuffer(self._data, dtype=np.uint8)
        quote = ord(self._dialect.quote)
        places = np.flatnonzero(signs == quote)
        before, after = signs[places - 1], signs[np.minimum(places + 1, len(signs) - 1)]
        # The text begins and ends like a line.
        before[places == 0] = _LF
        after[places == len(signs) - 1] = _LF
        edge = ord(self._dialect.single) if self._dialect.delimiter else _LF
        is_first = (before == edge) | (before == _LF)
        opens = is_first | (before == quote) | (before == _EQUALS)
        closes = (after == edge) | (after == _LF) | (after == _CR) | (after == quote)
        return places, ~(opens | closes), is_first

    # --- line by line -----------------------------------------------------------------------------------------------

    def _line_by_line(self) -> Rows:
        """The rows with every faulty line taken on its own, and the rest by Arrow."""
        starts, stops = self._line_places()
        faulty = self._suspects()
        taken = np.zeros(self.lines, dtype=bool)
        odd: list[Record] = []
        # The faulty lines and the lines below them, as text, only where they are needed.
        lines = _Lines(self._data, self._encoding, starts, stops)
        for line in faulty.tolist():
            if taken[line]:
                continue
            cells, height = record_at(lines, line, self._dialect, self._width)
            taken[line : line + height] = True
            odd.append(Record(self._first + line, tuple(cells), "\n".join(lines[line : line + height])))
        left = np.flatnonzero(~taken)
        rest = self._well_formed(left, starts, stops)
        if rest is None:
            more = [Record(self._first + line, self._cells(lines[line]), lines[line]) for line in left.tolist()]
            return self._with_records(np.empty(0, dtype=np.int64), _no_rows(self._width), [*odd, *more])
        columns, invalid = rest
        is_valid = np.ones(len(left), dtype=bool)
        is_valid[[number for number, _ in invalid]] = False
        again = [Record(self._first + int(left[number]), self._cells(text), text) for number, text in invalid]
        return self._with_records(self._first + left[is_valid], columns, [*odd, *again])

    def _suspects(self) -> np.ndarray:
        if not self._has_quotes:
            return np.empty(0, dtype=np.int64)
        places, is_bad, _ = self._quotes()
        line_of = np.searchsorted(self._ends, places)
        counts = np.bincount(line_of, minlength=self.lines)
        bad = np.bincount(line_of[is_bad], minlength=self.lines)
        return np.flatnonzero((counts % 2 == 1) | (bad > 0))

    def _well_formed(
        self, left: np.ndarray, starts: np.ndarray, stops: np.ndarray
    ) -> tuple[list[pa.Array], list[tuple[int, str]]] | None:
        """The lines *left*, each a record of its own; None if Arrow finds some of them to be more or less than that."""
        if not len(left):
            return _no_rows(self._width), []
        breaks = np.flatnonzero(np.diff(left) > 1)
        firsts = left[np.concatenate(([0], breaks + 1))]
        lasts = left[np.concatenate((breaks, [len(left) - 1]))]
        data = b"\n".join(self._data[starts[a] : stops[b]] for a, b in zip(firsts, lasts, strict=True)) + b"\n"
        parsed = split_by_arrow(data, self._encoding, self._dialect, self._width)
        return parsed if parsed and len(parsed[0][0]) + len(parsed[1]) == len(left) else None

    # --- records that need a second look ----------------------------------------------------------------------------

    def _with_odd(self, numbers: np.ndarray, columns: list[pa.Array], invalid: list[tuple[int, str]]) -> Rows:
        if not invalid:
            return Rows(numbers, columns)
        is_valid = np.ones(len(numbers), dtype=bool)
        is_valid[[number for number, _ in invalid]] = False
        odd = [Record(int(numbers[number]), self._cells(text), text) for number, text in invalid]
        return self._with_records(numbers[is_valid], columns, odd)

    def _cells(self, text: str) -> tuple[str, ...]:
        return tuple(record_at(text.removesuffix("\r").split("\n"), 0, self._dialect, self._width)[0])

    def _with_records(self, numbers: np.ndarray, columns: list[pa.Array], records: Sequence[Record]) -> Rows:
        """The rows in order, with those *records* among them that turned out to have the right number of cells."""
        right = [record for record in records if len(record.cells) == self._width]
        odd = [record for record in records if len(record.cells) != self._width]
        odd.sort(key=lambda record: record.number)
        if right:
            numbers = np.concatenate((numbers, [record.number for record in right]))
            order = np.argsort(numbers, kind="stable")
            more = zip(*(record.cells for record in right), strict=True)
            joined = [pa.concat_arrays([written_out(column), arrays.texts(cells)])
                      for column, cells in zip(columns, more, strict=True)]  # fmt: skip
            numbers, columns = numbers[order], [column.take(arrays.numbers(order)) for column in joined]
        return Rows(numbers, columns, [self._as_written(record) for record in odd])

    def _as_written(self, record: Record) -> Record:
        cells, text = list(record.cells), record.text
        for sign, meant in self._stand_ins:
            cells = [cell.replace(sign, meant) for cell in cells]
            text = text.replace(sign, meant)
        return Record(record.number, tuple(cells), text)


class _Lines(Sequence[str]):
    """The lines of a block as text, decoded when they are asked for."""

    def __init__(self, data: bytes, encoding: str, starts: np.ndarray, stops: np.ndarray) -> None:
        self._data = data
        self._encoding = encoding
        self._starts = starts
        self._stops = stops

    def __len__(self) -> int:
        return len(self._starts)

    @overload
    def __getitem__(self, place: int) -> str: ...

    @overload
    def __getitem__(self, place: slice) -> list[str]: ...

    def __getitem__(self, place: int | slice) -> str | list[str]:
        if isinstance(place, slice):
            return [self[at] for at in range(*place.indices(len(self)))]
        return self._data[self._starts[place] : self._stops[place]].decode(self._encoding).removesuffix("\r")


def _no_rows(width: int) -> list[pa.Array]:
    return [pa.nulls(0, pa.string()) for _ in range(width)]


def _insist_on_utf8(data: bytes) -> None:
    try:
        arrays.text_of(data).validate(full=True)
    except pa.ArrowInvalid as fault:
        raise Undecodable from fault
