"""One table of delimited text: its rows staged with their physical line numbers, or given out as they were found."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tpaudit.ingest.issues import Issue, redacted
from tpaudit.ingest.reading import arrays
from tpaudit.ingest.reading.cell_bytes import written_out
from tpaudit.ingest.reading.cell_kinds import EMPTY, TEXT, column_kinds, conflicts
from tpaudit.ingest.reading.decode import REPLACEMENT, Progress, TextSource, Undecodable
from tpaudit.ingest.reading.lines import Line
from tpaudit.ingest.reading.splitting import Record, Rows, rows_of
from tpaudit.ingest.reading.staged import Staged, StageWriter, source_columns
from tpaudit.ingest.reading.tables import TextTable

_MOST_CHOICES = 40
# Share of the rows that must be of one width, less than the header's, to be split for that width.
_MOST = 0.8
# Short rows beyond this number are told together.
_TOLD_SINGLY = 200


class TextRows:
    """The rows of *table* in *source* below *header*, of which the header takes `header_rows` lines."""

    def __init__(self, source: TextSource, table: TextTable, header: Line | None, header_rows: int = 1) -> None:
        self._source = source
        self._table = table
        self._header = header
        below = [line for line in table.lines if header is None or line.first > header.last]
        if header is None and table.shape:
            below = list(table.lines[table.shape.place :])
        self.header_rows = tuple(line.cells for line in below[: header_rows - 1]) if header else ()
        data = below[header_rows - 1 :] if header else below
        self.names = _names(header, data) if header else [""] * (table.shape.width if table.shape else 1)
        self._first = self._first_line(header, below[: header_rows - 1] if header else [], data)
        self._width = len(self.names)
        self._split_width = _common_width(data, self._width)
        self._kinds = column_kinds((line.cells for line in data if len(line.cells) == self._width), self._width)
        self.issues: list[Issue] = []
        self._short = 0

    def batches(self, progress: Progress | None = None) -> Iterator[Rows]:
        """The rows in blocks; raises Undecodable where the encoding that the sample told was wrong."""
        dialect, span = self._table.dialect, (self._table.start, self._table.end, progress)
        pieces, encoding = self._source.pieces(*span), self._source.encoding
        if self._source.is_damaged or not dialect.splits(encoding):
            pieces, encoding = (text.encode("utf-8") for text in self._source.blocks(*span)), "utf-8"
        skipped = self._first - self._table.first
        for rows in rows_of(pieces, encoding, dialect, self._split_width, self._table.first, skipped):
            missing = self._width - self._split_width
            rows.columns += [arrays.texts([""] * len(rows.numbers))] * missing if missing else []
            yield rows

    def stage(self, file: Path, nulls: tuple[str, ...], progress: Progress | None) -> Staged:
        """Write the rows to *file*. Rows that cannot be one row of the table become issues."""
        columns = source_columns(self.names)
        with StageWriter(file, columns, nulls) as writer:
            for rows in self.batches(progress):
                if self._source.is_damaged:
                    self.issues += _undecodable(rows, [column.name for column in columns])
                numbers, cells = self._with_settled(rows)
                writer.write(numbers, cells)
        if self._short > _TOLD_SINGLY:
            said = f"{self._short - _TOLD_SINGLY} more rows end early; the missing cells are empty"
            self.issues.append(Issue("short_row", message=said))
        self.issues += [
            Issue("footer_row", number, sample=redacted(text.strip())) for number, text in self._table.footer
        ]
        above = [line for line in self._table.lines if self._header and line.last < self._header.first]
        preamble = tuple(cell for line in above for cell in line.cells if cell.strip())
        return Staged(
            file,
            columns,
            writer.rows,
            tuple(self.issues),
            preamble,
            header_rows=self.header_rows,
            blank=writer.blank,
        )

    def found(self) -> Iterator[Sequence[str]]:
        """Every row that holds something, as found: short ones padded, empty cells too many taken out, longer ones as
        they are."""
        for rows in self.batches():
            yield from (cells for cells in self._in_order(rows) if any(cells))

    # --- records of another width than the table ---------------------------------------------------------------------

    def _with_settled(self, rows: Rows) -> tuple[np.ndarray, list[pa.Array]]:
        """The rows with those odd records that still say what belongs where; the others are told as issues."""
        settled: list[tuple[int, Sequence[str]]] = []
        for record in rows.odd:
            if not any(cell.strip() for cell in record.cells):
                continue
            if cells := self._settled(record):
                settled.append((record.number, cells))
            else:
                self.issues.append(self._ragged(record))
        if not settled:
            return rows.numbers, rows.columns
        numbers = np.concatenate((rows.numbers, [number for number, _ in settled]))
        order = np.argsort(numbers, kind="stable")
        added = zip(*(cells for _, cells in settled), strict=True)
        columns = [pa.concat_arrays([written_out(column), arrays.texts(cells)]).take(arrays.numbers(order))
                   for column, cells in zip(rows.columns, added, strict=True)]  # fmt: skip
        return numbers[order], columns

    def _settled(self, record: Record) -> Sequence[str] | None:
        """A row whose cells beyond the last column are empty, or whose last cells were left out."""
        cells, missing = record.cells, self._width - len(record.cells)
        if missing < 0:
            return None if any(cell.strip() for cell in cells[self._width :]) else cells[: self._width]
        if len(cells) < max(2, self._width / 2) or conflicts(cells, self._kinds):
            return None
        if missing:
            self._short += 1
            if self._short <= _TOLD_SINGLY:
                said = f"the row has {len(cells)} cells, the header {self._width}"
                self.issues.append(Issue("short_row", record.number, message=said))
        return (*cells, *[""] * missing)

    def _ragged(self, record: Record) -> Issue:
        said = f"the row has {len(record.cells)} cells, the header {self._width}"
        return Issue("ragged_row", record.number, message=said, sample=redacted(record.text))

    def _in_order(self, rows: Rows) -> Iterator[Sequence[str]]:
        odd = {record.number: aligned(record.cells, self._width, self._kinds) for record in rows.odd}
        even = zip(*(column.to_pylist() for column in rows.columns), strict=True)
        for number in sorted(odd) if not len(rows.numbers) else ():
            yield odd[number]
        waiting = sorted(odd, reverse=True) if len(rows.numbers) else []
        for number, cells in zip(rows.numbers.tolist(), even, strict=True):
            while waiting and waiting[-1] < number:
                yield odd[waiting.pop()]
            yield cells
        while waiting:
            yield odd[waiting.pop()]

    def _first_line(self, header: Line | None, further: Sequence[Line], data: Sequence[Line]) -> int:
        if header:
            return (further[-1] if further else header).last + 1
        return data[0].first if data else self._table.first


def staged_text(
    source: TextSource, table: TextTable, header: Line, header_rows: int, nulls: tuple[str, ...], file: Path,
    progress: Progress | None = None,
) -> Staged:  # fmt: skip
    """Stage *table* below *header*; a second time if the encoding that the sample told proves wrong on the way."""
    try:
        return TextRows(source, table, header, header_rows).stage(file, nulls, progress)
    except Undecodable:
        settled = dataclasses.replace(source.settled(), is_damaged=True)
        return TextRows(settled, table, header, header_rows).stage(file, nulls, progress)


def aligned(cells: Sequence[str], width: int, kinds: Sequence[str]) -> Sequence[str]:
    """*cells* brought to *width*: padded, or without the empty cells whose removal fits the columns' kinds best.

    >>> aligned(["1", "", "a@b.cn", "7"], 3, ["number", "email", "number"])
    ['1', 'a@b.cn', '7']
    """
    found = list(cells)
    if len(found) < width:
        return [*found, *[""] * (width - len(found))]
    while len(found) > width:
        empty = [place for place, cell in enumerate(found) if not cell][-_MOST_CHOICES:]
        if not empty:
            return found
        choices = [found[:place] + found[place + 1 :] for place in empty]
        found = min(choices, key=lambda choice: conflicts(choice, kinds))
    return found


def _common_width(below: Sequence[Line], width: int) -> int:
    """The number of cells most rows have, if they leave out the last ones of *width*; else *width*."""
    widths = Counter(len(line.cells) for line in below if line.filled)
    common, rows = widths.most_common(1)[0] if widths else (width, 0)
    return common if common < width and rows >= _MOST * widths.total() and common > 1 else width


def _names(header: Line, below: Sequence[Line]) -> list[str]:
    """Header names, with unnamed columns added where most rows end in more cells than the header, and without the
    empty name that one delimiter too many made."""
    widths = Counter(len(line.cells) for line in below if line.filled)
    common = widths.most_common(1)[0][0] if widths else 0
    names = list(header.cells)
    if len(names) == common + 1 and widths[common] >= _MOST * widths.total():
        rows = [line.cells for line in below if len(line.cells) == common]
        return list(_realigned(names, rows, common))
    return [*names, *[""] * max(0, common - len(names))]


def _realigned(names: list[str], rows: Sequence[Sequence[str]], width: int) -> Sequence[str]:
    """*names* without one that is empty, the last such if texts and figures do not tell which."""
    empty = [place for place, name in enumerate(names) if not name.strip()]
    if not empty:
        return names
    kinds = column_kinds(rows, width)
    choices = [names[:place] + names[place + 1 :] for place in reversed(empty)]
    return min(choices, key=lambda choice: sum(
        not name.strip() and kind not in (EMPTY, TEXT) for name, kind in zip(choice, kinds, strict=True)
    ))  # fmt: skip


def _undecodable(rows: Rows, names: Sequence[str]) -> list[Issue]:
    issues = []
    for name, cells in zip(names, rows.columns, strict=True):
        hit = pc.match_substring(cells, REPLACEMENT).to_numpy(zero_copy_only=False).astype(bool)
        if hit.any():
            samples = cells.filter(arrays.flags(hit)).to_pylist()
            issues += [
                Issue("undecodable_byte", int(row), name, sample=redacted(sample))
                for row, sample in zip(rows.numbers[hit], samples, strict=True)
            ]
    return issues
