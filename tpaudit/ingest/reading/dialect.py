"""The dialect of delimited text: delimiter, quote, escape and line end, told by how consistently they split it."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from tpaudit.ingest.reading.cell_kinds import EMPTY, TEXT, kind_of

LineEnd = Literal["\n", "\r"]
# Delimiters and how much each is to be expected: colons and blanks stand in times and names too.
_EXPECTED = {",": 1.0, "\t": 1.0, ";": 1.0, "|": 1.0, "\x01": 1.0, "\x1f": 1.0, "~": 0.9, "^": 0.9, ":": 0.5, " ": 0.5}
_STRONG = ",\t;|"
# Encodings that write ASCII as it is, though some of its bytes may be part of other signs as well.
_BY_BYTE = ("gb18030", "big5", "cp1252")
# Merchants' bills mark every cell with a back-tick and quote none.
MARKED = ",`"
# Stand for a delimiter of several characters, and for an escaped quote, while text is split: no text holds these.
UNIT_SEPARATOR = "\x1f"
_ESCAPED_QUOTE = "\x1d"
# Below this share of lines with the same number of cells a delimiter only happens to occur.
_LEAST_CONSISTENT = 0.55
_LINES = 100
_CELLS_TYPED = 400
_LONGEST_LINE = 20_000


@dataclass(frozen=True, slots=True)
class Dialect:
    """How text is split: `delimiter` '' for a single column, `quote` '' for none, `escape` '' where quotes double.

    `line_end` is `\\n` also where `\\r\\n` is written, and `\\r` where bare carriage returns end lines.
    """

    delimiter: str = ","
    quote: str = '"'
    escape: str = ""
    line_end: LineEnd = "\n"

    @property
    def single(self) -> str:
        """The one character that separates cells once a text is prepared."""
        return self.delimiter if len(self.delimiter) == 1 else UNIT_SEPARATOR

    @property
    def is_plain(self) -> bool:
        """Whether nothing must be prepared."""
        return self.line_end == "\n" and len(self.delimiter) <= 1 and not self.escape

    def splits(self, encoding: str) -> bool:
        """Whether its signs stand for nothing else in the bytes of *encoding*, so that these can be split as they are.

        In GB18030 and Big5 digits, and all from @ on, may be the second byte of a sign.
        """
        if encoding == "utf-8":
            return True
        signs = self.delimiter + self.quote
        return self.is_plain and encoding in _BY_BYTE and all(sign < "@" and not sign.isdigit() for sign in signs)

    def prepare(self, text: str) -> str:
        """*text* with `\\n` line ends and a delimiter of one character."""
        return text if self.is_plain else self.prepare_bytes(text.encode("utf-8")).decode("utf-8")

    def prepare_bytes(self, text: bytes) -> bytes:
        """The same of text in UTF-8."""
        if self.line_end == "\r" and b"\r" in text:
            text = text.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        if len(self.delimiter) > 1:
            if self.delimiter == MARKED:
                text = re.sub(rb"^`", b"", text, flags=re.MULTILINE)
            text = text.replace(self.delimiter.encode("utf-8"), UNIT_SEPARATOR.encode("utf-8"))
        if self.escape and self.escape.encode("utf-8") in text:
            escaped = rb"(?<!\\)\\" + self.quote.encode("utf-8")
            text = re.sub(escaped, _ESCAPED_QUOTE.encode("utf-8"), text)
        return text

    @property
    def stand_ins(self) -> tuple[tuple[str, str], ...]:
        """The signs that stand for others in a prepared text, each with what it stands for."""
        longer = ((UNIT_SEPARATOR, self.delimiter),) if len(self.delimiter) > 1 else ()
        return (*longer, (_ESCAPED_QUOTE, self.quote)) if self.escape else longer

    def restored(self, cells: Sequence[str]) -> tuple[str, ...]:
        """Cells of a prepared text as they are meant."""
        for sign, meant in self.stand_ins:
            cells = [cell.replace(sign, meant) for cell in cells]
        return tuple(cells)


def dialects_of(text: str) -> list[Dialect]:
    """Dialects that may be the one of *text*, the likeliest first; a single column comes last or alone."""
    line_end = _line_end(text)
    lines = _told(text, line_end)
    scored: dict[Dialect, float] = {}
    for delimiter in _candidates(lines):
        quote = _quote(lines, delimiter)
        dialect = Dialect(delimiter, quote, _escape(lines, quote, delimiter), line_end)
        if score := _score(lines, dialect):
            scored[dialect] = score
    ranked = sorted(scored, key=lambda dialect: -scored[dialect])
    column = Dialect("", _quote(lines, ""), "", line_end)
    if ranked and _is_one_column(lines, ranked[0]):
        return [column, *ranked]
    return [*ranked, column]


def split_plainly(line: str, dialect: Dialect) -> list[str]:
    """The cells of one prepared *line* without quoting faults."""
    if not dialect.delimiter and not (dialect.quote and line.startswith(dialect.quote)):
        return [line]
    if not dialect.quote or dialect.quote not in line:
        return line.split(dialect.single)
    sign = dialect.single if dialect.delimiter else UNIT_SEPARATOR
    try:
        return next(csv.reader([line], delimiter=sign, quotechar=dialect.quote), [])
    except csv.Error:  # a cell longer than that reader allows, or a carriage return within the line
        return line.split(sign)


def _line_end(text: str) -> LineEnd:
    """Bare carriage returns end lines only where they are in the majority: else they are part of a cell."""
    bare = text.count("\r") - text.count("\r\n")
    return "\r" if bare > text.count("\n") else "\n"


def _told(text: str, line_end: LineEnd) -> list[str]:
    """The first filled lines, cut where they are longer than a parser likes."""
    if line_end == "\r":
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    lines = (line.rstrip("\r") for line in text.split("\n"))
    return [line[:_LONGEST_LINE] for line in lines if line.strip()][:_LINES]


def _candidates(lines: Sequence[str]) -> list[str]:
    least = min(2, len(lines))
    found = [sign for sign in _EXPECTED if sum(sign in line for line in lines) >= max(least, 0.04 * len(lines))]
    if sum(line.startswith("`") and MARKED in line for line in lines) * 2 > len(lines):
        return [MARKED]
    for sign in tuple(found):
        if sign == " ":
            continue
        doubled, spaced = sign * 2, f"{sign} "
        found += [longer for longer in (doubled, spaced) if _replaces(lines, sign, longer)]
    return found


def _replaces(lines: Sequence[str], sign: str, longer: str) -> bool:
    """Whether *sign* stands between cells only as part of *longer*: every second cell is empty, or has a blank first.

    The first line, mostly the header, must have nothing but the longer one.
    """
    head = lines[0]
    signs_of_one = longer.count(sign) if longer.strip() else 1
    if longer not in head or head.count(longer) * signs_of_one < head.count(sign):
        return False
    return sum(longer in line for line in lines) >= 0.9 * len(lines)


def _quote(lines: Sequence[str], delimiter: str) -> str:
    """The sign that opens and closes cells; double quotes unless only apostrophes do."""
    if any('"' in line and _has_quoted(line, '"', delimiter) for line in lines):
        return '"'
    by_apostrophe = sum("'" in line and _has_quoted(line, "'", delimiter) for line in lines)
    return "'" if by_apostrophe * 3 > len(lines) else '"'


def _has_quoted(line: str, quote: str, delimiter: str) -> bool:
    edge = re.escape(delimiter) if delimiter else "$^"
    return re.search(rf"(?:^|{edge}){quote}(?:(?!{edge}).|{edge})*?{quote}(?:{edge}|$)", line) is not None


def _escape(lines: Sequence[str], quote: str, delimiter: str) -> str:
    """A backslash if it stands before quotes inside cells and doubled quotes do not occur."""
    edge = re.escape(delimiter) if delimiter else "$"
    escaped = re.compile(rf"\\{quote}(?!\s*(?:{edge}|$))")
    doubled = re.compile(rf"(?<!\\)(?<!^)(?<!{re.escape(delimiter) or '^'}){quote}{quote}")
    by_backslash = sum(len(escaped.findall(line)) for line in lines)
    if not by_backslash:
        return ""
    return "\\" if by_backslash > sum(len(doubled.findall(line)) for line in lines) else ""


def _score(lines: Sequence[str], dialect: Dialect) -> float:
    """Share of lines with the same number of cells, times how much that number and the cells' kinds say.

    Lines with an unpaired quote are left out: they are part of a cell of several lines, or faulty.
    """
    told = [line for line in lines if not dialect.quote or line.count(dialect.quote) % 2 == 0] or lines
    rows = [split_plainly(dialect.prepare(line), dialect) for line in told]
    widths = Counter(_weighted_widths(rows))
    width, share = widths.most_common(1)[0] if widths else (1, 0)
    if width < 2:
        return 0.0
    consistent = share / max(sum(widths.values()), 1)
    expected = _EXPECTED.get(dialect.delimiter, 1.0)
    longer = 1.02 if len(dialect.delimiter) > 1 else 1.0
    return expected * longer * consistent * (1 - 1 / (width + 1)) * (0.2 + 0.8 * _typed(rows, width))


def _weighted_widths(rows: Iterable[Sequence[str]]) -> dict[int, float]:
    """How much each number of cells is supported: by every filled cell, so that notes above the table count little."""
    weights: Counter[int] = Counter()
    for row in rows:
        filled = sum(bool(cell.strip()) for cell in row)
        is_comment = len(row) == 1 and row[0].startswith("#")
        weights[len(row)] += 0 if is_comment or (filled < 2 and len(row) > 1) else filled
    return dict(weights)


def _typed(rows: Sequence[Sequence[str]], width: int) -> float:
    """Share of the cells that look like something, and not like two cells that were not split."""
    cells = [cell for row in rows if len(row) == width for cell in row][:_CELLS_TYPED]
    return sum(map(_clarity, cells)) / max(len(cells), 1)


def _clarity(cell: str) -> float:
    kind = kind_of(cell)
    if kind == EMPTY:
        return 0.6
    if kind != TEXT:
        return 1.0
    return 0.3 if any(sign in cell for sign in _STRONG) or cell.count('"') % 2 else 0.9


def _is_one_column(lines: Sequence[str], best: Dialect) -> bool:
    """Whether the text is a single column in which *best* only happens to occur."""
    rows = [split_plainly(best.prepare(line), best) for line in lines]
    weights = _weighted_widths(rows)
    width = max(weights, key=lambda width: weights[width])
    consistent = weights[width] / max(sum(weights.values()), 1)
    whole = sum(kind_of(line) not in (EMPTY, TEXT) for line in lines) / len(lines)
    if best.delimiter in (" ", ":"):
        # Times and names are split by these: the header must be split the same way, and whole lines mean nothing.
        return consistent < 0.8 or len(rows[0]) != width or whole > 0.6
    return whole > 0.8 or (consistent < _LEAST_CONSISTENT and len(rows[0]) == 1)
