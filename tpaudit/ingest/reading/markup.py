"""Tables written as markup under the name of a workbook: HTML pages, and the XML of old spreadsheet programs."""

from __future__ import annotations

from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

from tpaudit.ingest.reading.decode import TextSource, Undecodable
from tpaudit.ingest.reading.grid import Cells, Grid
from tpaudit.ingest.refusal import Refusal

_ROWS = {"tr", "row", "ss:row"}
_CELLS = {"td", "th", "cell", "ss:cell"}
_TABLES = {"table", "worksheet", "ss:worksheet"}
# Their text is no content of the cell they stand in.
_SILENT = {"script", "style"}
_MOST_ROWS_SPANNED = 1000
_WIDEST = 20_000


def tables_in(source: TextSource, scratch: Path | None) -> dict[str, Grid]:
    """The tables of a page, by name: their sheet's, or `table 1`, `table 2` …; a page of one table has the name ''.

    Layout tables around others do not count. Raises Refusal if no table holds a cell.
    """
    reader = _Tables()
    try:
        for piece in source.blocks():
            reader.feed(piece)
    except Undecodable:
        return tables_in(source.settled(), scratch)
    reader.close()
    filled = [(name, rows) for name, rows in reader.tables if any(any(row) for row in rows)]
    # A table of a single column beside others is there for the layout.
    filled = [(name, rows) for name, rows in filled if max(map(len, rows)) > 1] or filled
    if not filled:
        raise Refusal("is a web page (HTML or XML) without a filled table", "export it as xlsx or CSV")
    grids = {}
    for place, (name, rows) in enumerate(filled, start=1):
        spill = scratch / f"{source.path.name}-{place}.arrow" if scratch else None
        title = name or (f"table {place}" if len(filled) > 1 else "")
        grids[title if title not in grids else f"{title} ({place})"] = _grid(rows, spill)
    return grids


def _grid(rows: list[list[str]], spill: Path | None) -> Grid:
    width = min(max(map(len, rows)), _WIDEST)
    even = [[*row[:width], *[""] * (width - len(row))] for row in rows]
    return Grid(Cells(even, width, len(even), spill))


class _Tables(HTMLParser):
    """Collects the innermost tables as rows of text. A cell that spans several columns or rows fills its first place;
    the others stay empty. A cell of a spreadsheet may name its place."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.tables: list[tuple[str, list[list[str]]]] = []
        self._open: list[list[list[str]]] = []
        self._cell: list[str] | None = None
        self._silent = 0
        self._sheet = ""
        self._below: dict[int, int] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag in ("worksheet", "ss:worksheet"):
            self._sheet = given.get("ss:name", "")
        if tag in _TABLES:
            self._close_cell()
            self._open.append([])
            self._below = {}
        elif tag in _ROWS and self._open:
            self._start_row(given)
        elif tag in _CELLS and self._open and self._open[-1]:
            self._start_cell(given)
        elif tag == "br" and self._cell is not None:
            self._cell.append("\n")
        elif tag in _SILENT:
            self._silent += 1

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag != "br":
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in _CELLS or tag in _ROWS:
            self._close_cell()
        elif tag in _TABLES and self._open:
            self._close_cell()
            self._end_table()
        elif tag in _SILENT:
            self._silent = max(self._silent - 1, 0)

    def handle_data(self, data: str) -> None:
        if self._cell is not None and not self._silent:
            self._cell.append(data)

    def close(self) -> None:
        super().close()
        self._close_cell()
        while self._open:  # the page breaks off
            self._end_table()

    def _end_table(self) -> None:
        rows = self._open.pop()
        # A table around tables is there for the layout; only rows of its own would say something.
        if (rows and max(map(len, rows)) > 1) or not self.tables:
            self.tables.append((self._sheet, rows))
        self._below = {}

    def _start_row(self, given: dict[str, str]) -> None:
        self._close_cell()
        rows = self._open[-1]
        for _ in range(min(_number(given.get("ss:index")) - len(rows) - 1, _MOST_ROWS_SPANNED)):
            rows.append([])
        rows.append([])
        self._below = {place: left - 1 for place, left in self._below.items() if left > 1}

    def _start_cell(self, given: dict[str, str]) -> None:
        self._close_cell()
        row = self._open[-1][-1]
        while len(row) < min(_number(given.get("ss:index")) - 1, _WIDEST) or len(row) in self._below:
            row.append("")
        place = len(row)
        self._cell = []
        row.append("")
        spanned = max(_number(given.get("colspan")), _number(given.get("ss:mergeacross")) + 1, 1)
        row.extend([""] * min(spanned - 1, _WIDEST))
        tall = max(_number(given.get("rowspan")), _number(given.get("ss:mergedown")) + 1)
        if tall > 1:
            self._below |= dict.fromkeys(range(place, place + spanned), min(tall, _MOST_ROWS_SPANNED))
        self._place = place

    def _close_cell(self) -> None:
        if self._cell is not None and self._open and self._open[-1]:
            self._open[-1][-1][self._place] = "".join(_lines("".join(self._cell)))
        self._cell = None


def _lines(text: str) -> Iterator[str]:
    """The text of a cell as a browser shows it: runs of blanks count as one, and only <br> breaks lines."""
    yield "\n".join(" ".join(line.split()) for line in text.strip().split("\n")).strip()


def _number(text: str | None) -> int:
    return int(text) if text and text.isdecimal() and len(text) < 7 else 0
