"""Tables of the terminal: numbers never wrap, texts share the rest of the width, every row is equally wide."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from rich.cells import cell_len
from rich.console import RenderableType
from rich.padding import Padding
from rich.table import Column, Table
from rich.text import Text

from tpaudit.reports.terminal.view import View, indented

Columns: TypeAlias = tuple[tuple[str, Literal["number", "label", "text"]], ...]

# A Chinese heading has no blanks to break at: up to this width it stays whole.
_UNBROKEN_HEADING = 8


@dataclass(frozen=True, slots=True)
class _Row:
    cells: tuple[Text, ...]
    style: str = ""
    nested: bool = False


@dataclass(slots=True)
class Grid:
    """Collects rows, then measures them and gives a rich table.

    Columns are ``(heading, kind)``: a ``number`` is right-aligned and as wide as its widest value, a ``label`` is
    left-aligned and as wide as its widest value, a ``text`` wraps within what is left.
    """

    view: View
    columns: Columns
    _rows: list[_Row] = field(default_factory=list)

    def add(self, *cells: str | Text, style: str = "", nested: bool = False) -> None:
        """Add a row; texts are shown as they are. The first cell of a nested row is set in under its group."""
        if len(cells) != len(self.columns):
            raise ValueError(f"{len(cells)} cells for {len(self.columns)} columns")
        self._rows.append(_Row(tuple(self._cell(cell) for cell in cells), style, nested))

    def add_group(self, title: str, column: int = 0) -> None:
        """Add a row that names the group of the rows below it."""
        cells = [Text() for _ in self.columns]
        cells[column] = self.view.text(title, "bold cyan")
        self._rows.append(_Row(tuple(cells)))

    def render(self) -> RenderableType:
        """The table, indented like all tables of the terminal."""
        table = Table(
            *(self._column(index) for index in range(len(self.columns))),
            box=self.view.symbols.box,
            show_edge=False,
            padding=(0, 1, 0, 0),
            pad_edge=False,
            header_style="dim",
        )
        for row in self._rows:
            first: RenderableType = Padding(row.cells[0], (0, 0, 0, 2)) if row.nested else row.cells[0]
            table.add_row(first, *row.cells[1:], style=row.style)
        return indented(table)

    def _cell(self, cell: str | Text) -> Text:
        return cell if isinstance(cell, Text) else self.view.text(cell)

    def _column(self, index: int) -> Column:
        heading, kind = self.columns[index]
        shown = self.view.text(heading)
        cells = (row.cells[index] for row in self._rows)
        width = None if kind == "text" else fixed_width(shown, cells)
        return Column(
            shown, justify="right" if kind == "number" else "left", width=width, overflow="fold", vertical="top"
        )


def fixed_width(heading: Text, cells: Iterable[Text]) -> int:
    """Cells a column takes if no value may wrap and its heading breaks between words only."""
    lines = (line for cell in cells for line in cell.plain.split("\n"))
    widest = max((cell_len(line) for line in lines), default=1)
    return max(widest, _narrowest(heading.plain))


def _narrowest(heading: str) -> int:
    words = heading.split()
    return max(
        (cell_len(word) if word.isascii() else min(cell_len(word), _UNBROKEN_HEADING) for word in words), default=1
    )
