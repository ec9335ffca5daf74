"""Tables in delimited text: where each begins and ends, its header, the notes above it and the footer below.

The first table is found in the first lines. Further ones begin after a blank line, with a header of their own, or where
the header stands again; the bytes are searched for such places, and only the lines around them are read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np

from tpaudit.ingest.reading.cell_kinds import conflicts
from tpaudit.ingest.reading.decode import TextSource
from tpaudit.ingest.reading.dialect import MARKED, Dialect
from tpaudit.ingest.reading.lines import Line
from tpaudit.ingest.reading.records import records
from tpaudit.ingest.reading.shape import Shape, begins_table, shape_of, stands_again

_SAMPLED_LINES = 200
_BLOCK = 1 << 22
_WINDOW = 1 << 15
# More blank lines than this are spacing, not borders of tables.
_MOST_BREAKS = 200
_HEADER_START = 48
_FOOTER_LINES = 25
_TOTAL = re.compile(r"^\W*(?:grand\s)?(?:total|sum|subtotal|合计|总计|小计|汇总|共计|共\s?\d+)", re.IGNORECASE)
# A rule drawn across the page.
_RULE = re.compile(r"[-=*_#~]{3,}")


@dataclass(frozen=True)
class TextTable:
    """One table of a text: its first `lines` with those above the header, its `shape` (None if nothing was found), and
    the bytes `start` to `end` it takes, of which `start` is on line `first`. `footer` are the lines below the data."""

    dialect: Dialect
    lines: tuple[Line, ...]
    shape: Shape | None
    start: int
    first: int = 1
    end: int | None = None
    footer: tuple[tuple[int, str], ...] = ()

    @property
    def header(self) -> Line | None:
        """The header's first line; None if the table has none."""
        return self.lines[self.shape.place] if self.shape and self.shape.header_rows else None

    @property
    def width(self) -> int:
        """Number of cells of a row."""
        return self.shape.width if self.shape else 1

    @property
    def kinds(self) -> tuple[str, ...]:
        """Kinds of the columns."""
        return self.shape.kinds if self.shape else ()

    @property
    def lines_of_header(self) -> int:
        """How many physical lines of this table there are down to its header's last row, or to its first data row."""
        if self.shape is None:
            return 0
        last = self.shape.place + max(self.shape.header_rows, 1) - 1
        return self.lines[min(last, len(self.lines) - 1)].last - self.first + 1


def tables_of(source: TextSource, dialect: Dialect) -> list[TextTable]:
    """The tables of *source* read in *dialect*, at least one, in their order."""
    lines = sampled_lines(source.head, dialect)
    shape = shape_of(lines)
    first = TextTable(dialect, tuple(lines), shape, source.mark)
    if shape is None or shape.width < 2:
        return [first]
    with source.raw() as raw:
        tables = _split(source, raw, first)
        return [*tables[:-1], _without_footer(source, raw, tables[-1])]


def sampled_lines(text: str, dialect: Dialect, first: int = 1) -> list[Line]:
    """The first records of *text*, split for the number of cells that most of them have."""
    lines = _physical(text, dialect)
    found = _headed(list(records(lines, dialect, None, first)), lines, dialect, first)
    shape = shape_of(found)
    if shape is None or not dialect.quote or not any(dialect.quote in line for line in lines):
        return found
    return _headed(list(records(lines, dialect, shape.width, first)), lines, dialect, first)


def _physical(text: str, dialect: Dialect) -> list[str]:
    lines = dialect.prepare(text[: _SAMPLED_LINES * 4096]).split("\n", _SAMPLED_LINES)
    # The last one may be cut.
    return [line.removesuffix("\r") for line in (lines[:-1] if len(lines) > 1 else lines)]


def _headed(found: list[Line], lines: Sequence[str], dialect: Dialect, first: int) -> list[Line]:
    """The records with the lines above marked cells split at plain commas: only data cells carry the mark."""
    if dialect.delimiter != MARKED:
        return found
    return [
        Line(tuple(lines[line.first - first].split(",")), line.first, line.last) if len(line.cells) == 1 else line
        for line in found
    ]


# --- further tables -------------------------------------------------------------------------------------------------


def _split(source: TextSource, raw: BinaryIO, first: TextTable) -> list[TextTable]:
    tables = [first]
    for place in _breaks(source, raw, first):
        if place < _byte_of_data(source, raw, tables[-1]):
            continue
        found = _table_at(source, raw, place, tables[-1])
        if found:
            tables[-1] = _ended(tables[-1], found.start)
            tables.append(found)
    return _numbered(source, raw, tables)


def _ended(table: TextTable, end: int) -> TextTable:
    return TextTable(table.dialect, table.lines, table.shape, table.start, table.first, end, table.footer)


def _breaks(source: TextSource, raw: BinaryIO, table: TextTable) -> list[int]:
    """Places of lines that may begin a table: after a blank line, and where the header's first signs stand again."""
    line_end = source.encoded(table.dialect.line_end)
    blanks = ["\n\n", "\n\r\n"] if table.dialect.line_end == "\n" else ["\r\r"]
    if len(table.dialect.delimiter) == 1:
        blanks.append(table.dialect.line_end + table.dialect.delimiter * (table.width - 1))
    needles = [source.encoded(blank) for blank in blanks]
    if table.header and (again := _header_start(source, table, table.header)):
        needles.append(line_end + again)
    places = sorted(set(_found(raw, tuple(needles), len(line_end), source.mark)))
    return places if len(places) <= _MOST_BREAKS else []


def _header_start(source: TextSource, table: TextTable, header: Line) -> bytes:
    """The first bytes of the header as it is written, up to a place where no sign is cut."""
    line = _line_of(source.head, table.dialect, header.first)
    return source.encoded(line[:_HEADER_START]) if len(line) >= 4 else b""


def _line_of(text: str, dialect: Dialect, number: int) -> str:
    lines = text.split(dialect.line_end, number)
    return lines[number - 1].removesuffix("\r") if len(lines) >= number else ""


def _found(raw: BinaryIO, needles: tuple[bytes, ...], skipped: int, mark: int) -> Iterator[int]:
    """Places after the line end with which any of the *needles* begins."""
    raw.seek(mark)
    base, kept = mark, b""
    overlap = max(map(len, needles)) - 1
    number = 0
    while block := raw.read(_BLOCK):
        text = kept + block
        for place in _likely(text, needles):
            if text.startswith(needles, place):
                yield base + place + skipped
                number += 1
                if number > 20 * _MOST_BREAKS:
                    return
        kept = text[-overlap:] if overlap else b""
        base += len(text) - len(kept)


def _likely(text: bytes, needles: Sequence[bytes]) -> list[int]:
    """Places of *text* whose first two bytes are those of a needle: one search for all of them."""
    signs = np.frombuffer(text, np.uint8)
    places = np.concatenate([np.flatnonzero(signs[:-1] == first) for first in {needle[0] for needle in needles}])
    seconds = np.array([needle[1] for needle in needles], np.uint8)
    likely: list[int] = np.sort(places[np.isin(signs[places + 1], seconds)]).tolist()
    return likely


def _table_at(source: TextSource, raw: BinaryIO, place: int, before: TextTable) -> TextTable | None:
    """The table that begins at or below the line at *place*, if one does."""
    text = _window(source, raw, place)
    blank = _blank_start(text, before.dialect)
    start = place + len(source.encoded(text[:blank]))
    lines = sampled_lines(text[blank:], before.dialect)
    shape = shape_of(lines)
    if shape is None:
        return None
    header = before.header.cells if before.header else ()
    is_apart = shape.width != before.width
    if stands_again(header, lines[0].cells) or (blank and begins_table(lines, header, before.kinds, is_apart)):
        return TextTable(before.dialect, tuple(lines), shape, start)
    return None


def _window(source: TextSource, raw: BinaryIO, place: int) -> str:
    raw.seek(place)
    return source.decoded(raw.read(_WINDOW))


def _blank_start(text: str, dialect: Dialect) -> int:
    """Length of the blank lines, also those of empty cells, at the start of *text*."""
    length = 0
    for line in text.split(dialect.line_end):
        if line.strip(dialect.delimiter + " \t\r\"'"):
            return length
        length += len(line) + len(dialect.line_end)
    return len(text)


def _numbered(source: TextSource, raw: BinaryIO, tables: Sequence[TextTable]) -> list[TextTable]:
    """The tables with their own lines only, by their physical numbers; the notes above the first stand above all."""
    if len(tables) == 1:
        return list(tables)
    numbers = _line_numbers(source, raw, [table.start for table in tables], tables[0].dialect)
    top: tuple[Line, ...] = ()
    numbered = []
    for table, number, below in zip(tables, numbers, [*numbers[1:], None], strict=True):
        shift = number - 1
        own = [Line(line.cells, line.first + shift, line.last + shift) for line in table.lines]
        own = [line for line in own if below is None or line.last < below]
        shape = shape_of(own)
        if shape:
            shape = Shape(shape.width, shape.place + len(top), shape.header_rows, shape.kinds)
        numbered.append(TextTable(table.dialect, (*top, *own), shape, table.start, number, table.end))
        if not top and shape:
            top = tuple(own[: shape.place])
    return numbered


def _line_numbers(source: TextSource, raw: BinaryIO, places: Sequence[int], dialect: Dialect) -> list[int]:
    """The physical line on which each of the ascending byte *places* is."""
    if len(places) == 1 and places[0] == source.mark:
        return [1]
    line_end = source.encoded(dialect.line_end)
    numbers = []
    raw.seek(source.mark)
    at, number = source.mark, 1
    for place in places:
        while at < place and (block := raw.read(min(_BLOCK, place - at))):
            number += block.count(line_end)
            at += len(block)
        numbers.append(number)
    return numbers


# --- the footer -----------------------------------------------------------------------------------------------------


def _without_footer(source: TextSource, raw: BinaryIO, table: TextTable) -> TextTable:
    """The last table without the notes and totals below its data."""
    size = _size(source, raw, table)
    begin = max(size - _WINDOW, _byte_of_data(source, raw, table))
    if begin >= size:
        return table
    raw.seek(begin)
    lines = source.decoded(raw.read(size - begin)).split(table.dialect.line_end)
    first = _footer_start(lines, table, cut=begin > table.start)
    if first is None:
        return table
    start = begin + len(source.encoded(table.dialect.line_end.join([*lines[:first], ""])))
    (number,) = _line_numbers(source, raw, [start], table.dialect)
    notes = tuple((number + at, line.strip("\r")) for at, line in enumerate(lines[first:]) if line.strip())
    return TextTable(table.dialect, table.lines, table.shape, table.start, table.first, start, notes)


def _size(source: TextSource, raw: BinaryIO, table: TextTable) -> int:
    if not source.zipped:
        return source.path.stat().st_size
    raw.seek(table.start)
    at = table.start
    while block := raw.read(_BLOCK):
        at += len(block)
    return at


def _byte_of_data(source: TextSource, raw: BinaryIO, table: TextTable) -> int:
    """Byte of the first data row."""
    text = source.head if table.start == source.mark else _window(source, raw, table.start)
    above = text.split(table.dialect.line_end, table.lines_of_header)[: table.lines_of_header]
    return table.start + len(source.encoded(table.dialect.line_end.join([*above, ""])))


def _footer_start(lines: Sequence[str], table: TextTable, cut: bool) -> int | None:
    """Place of the first line of the footer among the last *lines*, of which the first may be *cut*; None if none is.

    Notes end the text; below a blank line, lines much shorter than a row are notes too.
    """
    first = short = None
    for place in range(len(lines) - 1, max(len(lines) - _FOOTER_LINES - 2, 0 if cut else -1), -1):
        line = lines[place].strip("\r")
        if not line.strip(table.dialect.delimiter + ' \t"'):
            first, short = short or first, None
            continue
        cells = _cells(line, table)
        ends_text = first is None or first == place + 1 + _blanks(lines, place + 1, table)
        if ends_text and _is_note(line, cells, table):
            first = place
            continue
        if not _is_short(cells, table):
            return first
        short = place
    return first


def _blanks(lines: Sequence[str], place: int, table: TextTable) -> int:
    """How many blank lines stand from *place* on."""
    signs = table.dialect.delimiter + ' \t\r"'
    return next((at for at, line in enumerate(lines[place:]) if line.strip(signs)), 0)


def _cells(line: str, table: TextTable) -> Sequence[str]:
    return next(iter(records([table.dialect.prepare(line)], table.dialect))).cells


def _is_short(cells: Sequence[str], table: TextTable) -> bool:
    return table.width >= 3 and len(cells) <= table.width / 3


def _is_note(line: str, cells: Sequence[str], table: TextTable) -> bool:
    """Whether a *line* at the end with fewer cells than a row is a comment, a rule, a total, or of other kinds than the
    columns. A last line that simply breaks off is a row that was lost."""
    width, kinds, quote = table.width, table.kinds, table.dialect.quote
    if quote and line.count(quote) % 2:
        # The end of a cell of several lines, or a stray quote: rows have these.
        return False
    if _RULE.match(line) or (line.startswith("#") and len(cells) < max(width, 2)):
        return True
    if width < 3 or len(cells) >= width or sum(bool(cell.strip()) for cell in cells) > width / 2:
        return False
    if _TOTAL.match(cells[0]):
        return True
    odd = conflicts(cells, kinds)
    return odd > 0
