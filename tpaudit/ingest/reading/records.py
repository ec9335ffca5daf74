"""Records out of lines: quoted cells over several lines are joined, and faulty quotes swallow no more than their line.

A cell is quoted if its quote closes right before a delimiter or the line's end. Where that does not give the number of
cells the table has, a stray quote is read as part of the text, as long as that gives the right number.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

from tpaudit.ingest.reading.dialect import Dialect, split_plainly
from tpaudit.ingest.reading.lines import Line

# A cell that runs over more lines than this is no cell: its quote was never closed.
_LINES_OF_A_CELL = 400
# Unpaired quotes may come in several cells of one record; so many joints are tried.
_JOINTS = 12
# Ways of reading a faulty line that are tried before it is given up.
_TRIES = 4_000


def records(lines: Sequence[str], dialect: Dialect, width: int | None = None, first: int = 1) -> Iterator[Line]:
    """Records of prepared *lines* (without line ends), numbered from *first*; *width* is the number of cells expected.

    Without it a record ends where its quotes are paired.
    """
    place = 0
    while place < len(lines):
        cells, height = record_at(lines, place, dialect, width)
        yield Line(dialect.restored(cells), first + place, first + place + height - 1)
        place += height


def record_at(lines: Sequence[str], place: int, dialect: Dialect, width: int | None) -> tuple[list[str], int]:
    """The cells of the record that starts at line *place*, and how many lines it takes."""
    line = lines[place]
    quote = dialect.quote
    if not quote or quote not in line:
        return _plain(line, dialect), 1
    if _is_paired(line, dialect):
        cells = strict(line, dialect)
        # A line without a fault has the cells it has, right in number or not.
        if cells is not None and (width in (None, len(cells)) or not any(quote in cell for cell in cells)):
            return cells, 1
    else:
        joined = _joined(lines, place, dialect, width)
        if joined:
            return joined
        cells = None
    if width is not None and (repaired := lenient(line, dialect, width)):
        return repaired, 1
    return cells if cells is not None else _forgiving(line, dialect), 1


def strict(text: str, dialect: Dialect) -> list[str] | None:
    """The cells of *text*, or None if a quote does not close where a cell ends."""
    quoted, plain = _cells(dialect)
    doubled, single = dialect.quote * 2, dialect.quote
    cells = []
    place = 0
    while True:
        found = quoted.match(text, place)
        if found:
            cells.append(found[1].replace(doubled, single))
        else:
            if dialect.quote and text.startswith(dialect.quote, place):
                return None
            found = plain.match(text, place)
            if found is None:
                return None
            cells.append(found[1])
        place = found.end()
        if found[found.lastindex or 0] == "" or place > len(text):
            return cells
        if place == len(text):
            # The line ends in a delimiter: its last cell is empty.
            return [*cells, ""]


def lenient(line: str, dialect: Dialect, width: int) -> list[str] | None:
    """The cells of a faulty *line*, read so that there are *width* of them, or None if no reading does that.

    >>> lenient('"2026-05-01,"Boots, brown",7', Dialect(), 3)
    ['"2026-05-01', 'Boots, brown', '7']
    >>> lenient('1,"Table 48"",9', Dialect(), 3)
    ['1', 'Table 48"', '9']
    """
    if not dialect.delimiter:
        return [line] if width == 1 else None
    return _Reading(line, dialect, width).cells()


class _Reading:
    """The search for a way to read one faulty line."""

    def __init__(self, line: str, dialect: Dialect, width: int) -> None:
        self._line = line
        self._delimiter = dialect.single
        self._quote = dialect.quote
        self._width = width
        self._tries = _TRIES
        self._ends = [*_places(line, self._delimiter), len(line)]
        self._dead: set[tuple[int, int]] = set()
        self._doubled = dialect.quote * 2

    def cells(self) -> list[str] | None:
        found = self._from(0, self._width)
        return found[::-1] if found is not None else None

    def _from(self, place: int, wanted: int) -> list[str] | None:
        """The cells from *place* on in reverse order, exactly *wanted* of them."""
        if (place, wanted) in self._dead or wanted < 1 or self._tries <= 0:
            return None
        self._tries -= 1
        for cell, end in self._choices(place):
            if end == len(self._line):
                if wanted == 1:
                    return [cell]
                continue
            rest = self._from(end + 1, wanted - 1)
            if rest is not None:
                rest.append(cell)
                return rest
        self._dead.add((place, wanted))
        return None

    def _choices(self, place: int) -> Iterator[tuple[str, int]]:
        """The cells that may stand at *place*, the likeliest first, each with the place where it ends."""
        if self._line.startswith(self._quote, place):
            yield from self._quoted(place)
        end = next(at for at in self._ends if at >= place)
        text = self._line[place:end]
        if not self._closes_nothing(text):
            yield text, end

    def _closes_nothing(self, text: str) -> bool:
        """Whether a cell that opens with no quote ends in one; behind a figure it stands for inches or seconds."""
        if len(text) < 2 or not text.endswith(self._quote) or text.startswith(self._quote):
            return False
        return text.count(self._quote) > 1 or not text[-2].isdigit()

    def _quoted(self, place: int) -> Iterator[tuple[str, int]]:
        faulty: list[tuple[str, int]] = []
        for end in self._ends:
            if end <= place + 1 or not self._line.startswith(self._quote, end - 1):
                continue
            inside = self._line[place + 1 : end - 1]
            bare = inside.replace(self._doubled, "")
            if self._quote in bare:
                faulty.append((inside.replace(self._doubled, self._quote), end))
            else:
                yield inside.replace(self._doubled, self._quote), end
        yield from faulty


def _joined(lines: Sequence[str], place: int, dialect: Dialect, width: int | None) -> tuple[list[str], int] | None:
    """The record that starts with an unpaired quote at *place* and ends some lines below, if there is one."""
    joints = 0
    for height in range(2, min(_LINES_OF_A_CELL, len(lines) - place) + 1):
        if _is_paired(lines[place + height - 1], dialect):
            continue
        joints += 1
        # Every second unpaired line closes what the one before opened.
        if joints % 2:
            cells = strict("\n".join(lines[place : place + height]), dialect)
            if cells is not None and (width is None or len(cells) == width):
                return cells, height
        if joints >= _JOINTS:
            return None
    return None


def _is_paired(line: str, dialect: Dialect) -> bool:
    return line.count(dialect.quote) % 2 == 0


def _plain(line: str, dialect: Dialect) -> list[str]:
    return line.split(dialect.single) if dialect.delimiter else [line]


def _forgiving(line: str, dialect: Dialect) -> list[str]:
    """The cells of a line with faulty quotes, where the number of cells is not known: quotes close where they can."""
    best = strict(line, dialect)
    return best if best is not None else split_plainly(line, dialect)


def _places(text: str, sign: str) -> Iterator[int]:
    place = text.find(sign)
    while place >= 0:
        yield place
        place = text.find(sign, place + 1)


@lru_cache(maxsize=64)
def _cells(dialect: Dialect) -> tuple[re.Pattern[str], re.Pattern[str]]:
    """Patterns of a quoted and of a plain cell with the delimiter or end that follows it."""
    edge = rf"({re.escape(dialect.single)}|\Z)" if dialect.delimiter else r"(\Z)"
    stop = re.escape(dialect.single) if dialect.delimiter else r"\n"
    if not dialect.quote:
        return re.compile(r"(?!)()"), re.compile(rf"([^{stop}]*){edge}", re.DOTALL)
    quote = re.escape(dialect.quote)
    quoted = re.compile(rf"{quote}((?:[^{quote}]|{quote}{quote})*+){quote}{edge}", re.DOTALL)
    return quoted, re.compile(rf"([^{stop}\n]*){edge}", re.DOTALL)
