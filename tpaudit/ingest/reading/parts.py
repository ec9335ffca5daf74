"""The parts of a file: what is staged as one table. A text has its tables, a workbook its sheets, the rest one part."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Protocol

from tpaudit.ingest.issues import Issue
from tpaudit.ingest.reading.blocks import tables_in_sheet
from tpaudit.ingest.reading.container import Container, container_of
from tpaudit.ingest.reading.decode import Progress, TextSource, Undecodable, text_source
from tpaudit.ingest.reading.delimited import TextRows, staged_text
from tpaudit.ingest.reading.dialect import Dialect, dialects_of
from tpaudit.ingest.reading.grid import Grid
from tpaudit.ingest.reading.json_lines import (
    documents_in,
    envelope_of,
    json_element_fields,
    json_fields,
    stage_json_elements,
    stage_json_lines,
    values_of,
)
from tpaudit.ingest.reading.lines import Line
from tpaudit.ingest.reading.markup import tables_in
from tpaudit.ingest.reading.parquet import parquet_fields, parquet_rows, stage_parquet
from tpaudit.ingest.reading.shape import Shape
from tpaudit.ingest.reading.staged import Staged
from tpaudit.ingest.reading.tables import TextTable, tables_of
from tpaudit.ingest.reading.workbook import sheets_of
from tpaudit.ingest.refusal import Refusal

# Dialects beyond the likeliest that a preset may know better.
_MOST_READINGS = 4
_MOST_NAMED = 8
_LOOKS_LIKE_DATA = re.compile(r"\d{5}|@")


@dataclass(frozen=True, slots=True)
class Layout:
    """How a part is to be staged: its header's first line, the rows the header takes, what else means "nothing", and
    fields of documents that are wanted whether or not they stand in the first ones."""

    header: Line
    header_rows: int = 1
    nulls: tuple[str, ...] = ()
    wanted: tuple[str, ...] = ()


class Part(Protocol):
    """A part of a file, which may be all of it."""

    @property
    def name(self) -> str:
        """Its name within the file; '' if it is the whole file."""

    @property
    def path(self) -> Path:
        """The file."""

    @property
    def container(self) -> Container:
        """What kind of file it is."""

    @property
    def lines(self) -> Sequence[Line]:
        """The first rows, among them the header."""

    @property
    def shape(self) -> Shape | None:
        """The shape of the table as its cells tell it; None for documents, whose fields have names."""

    @property
    def encoding(self) -> str | None:
        """Encoding of the text, if it is one."""

    @property
    def dialect(self) -> Dialect | None:
        """Dialect of delimited text."""

    def stage(self, layout: Layout, file: Path, progress: Progress | None = None) -> Staged:
        """Write the rows to *file*; *progress* is told the bytes consumed so far."""

    def found(self) -> Iterator[Sequence[str]]:
        """The header, if there is one, and every row as found."""


@dataclass(frozen=True)
class TextPart:
    """A table of delimited text."""

    name: str
    path: Path
    container: Container
    source: TextSource
    table: TextTable

    @property
    def lines(self) -> Sequence[Line]:
        """The first rows."""
        return self.table.lines

    @property
    def shape(self) -> Shape | None:
        """The shape of the table."""
        return self.table.shape

    @property
    def encoding(self) -> str | None:
        """Encoding of the text."""
        return self.source.name

    @property
    def dialect(self) -> Dialect | None:
        """Dialect of the text."""
        return self.table.dialect

    def stage(self, layout: Layout, file: Path, progress: Progress | None = None) -> Staged:
        """Write the rows to *file*."""
        return staged_text(self.source, self.table, layout.header, layout.header_rows, layout.nulls, file, progress)

    def found(self) -> Iterator[Sequence[str]]:
        """The header and every row as found."""
        if self.table.shape is None:
            return
        yield from self._found(self.source)

    def _found(self, source: TextSource) -> Iterator[Sequence[str]]:
        header_rows = max(self.table.shape.header_rows, 1) if self.table.shape else 1
        rows = TextRows(source, self.table, self.table.header, header_rows)
        given = 0
        try:
            if self.table.header:
                given = 1
                yield _joined([rows.names, *rows.header_rows])
            for row in rows.found():
                given += 1
                yield row
        except Undecodable:
            yield from itertools.islice(self._found(source.settled()), given, None)


@dataclass(frozen=True)
class GridPart:
    """A sheet of a workbook, or a table of a page."""

    name: str
    path: Path
    container: Container
    grid: Grid
    encoding: str | None = None
    dialect: Dialect | None = None

    @property
    def lines(self) -> Sequence[Line]:
        """The first rows."""
        return self.grid.lines

    @cached_property
    def shape(self) -> Shape | None:
        """The shape of the table."""
        return self.grid.shape

    def stage(self, layout: Layout, file: Path, progress: Progress | None = None) -> Staged:
        """Write the rows to *file*."""
        share = self.path.stat().st_size / max(self.grid.height, 1) if progress else 0

        def tell(rows: int) -> None:
            if progress:
                progress(round(rows * share))

        return self.grid.stage(layout.header, layout.header_rows, layout.nulls, file, tell)

    def found(self) -> Iterator[Sequence[str]]:
        """The header and every row as found."""
        if self.shape is None:
            return
        first = self.lines[self.shape.place].first
        if self.shape.header_rows:
            yield _joined([line.cells for line in self.lines[self.shape.place :][: self.shape.header_rows]])
        yield from self.grid.found(first + self.shape.header_rows)


@dataclass(frozen=True)
class JsonPart:
    """JSON documents: one on each line if `by_line`, else elements that follow each other.

    `within` is the dotted name of the list they are elements of, if one document holds them, and `beside` names what
    else stands in it.
    """

    name: str
    path: Path
    container: Container
    source: TextSource
    lines: Sequence[Line]
    by_line: bool = False
    within: str = ""
    beside: tuple[str, ...] = ()
    dialect: Dialect | None = None
    shape: Shape | None = None

    @property
    def encoding(self) -> str | None:
        """Encoding of the text."""
        return self.source.name

    def stage(self, layout: Layout, file: Path, progress: Progress | None = None) -> Staged:
        """Write the documents to *file*. A field may first appear far below: those `wanted` are looked for."""
        names = [*layout.header.cells, *(name for name in layout.wanted if name not in layout.header.cells)]
        if self.by_line:
            return stage_json_lines(self.source, names, file, progress)
        staged = stage_json_elements(self.source, names, file, progress, self.within)
        return replace(staged, issues=(*staged.issues, *self._told_beside()))

    def _told_beside(self) -> Iterator[Issue]:
        # A key may be data itself, such as a phone number.
        names = [name for name in self.beside if not _LOOKS_LIKE_DATA.search(name)][:_MOST_NAMED]
        more = len(self.beside) - len(names)
        if self.beside:
            told = ", ".join([*names, *([f"{more} more"] if more else [])])
            yield Issue("beside_list", message=f"beside its list of rows the file has {told}; this was not read")

    def found(self) -> Iterator[Sequence[str]]:
        """The names of the fields in the first documents, and these fields of every document."""
        names = self.lines[0].cells
        yield names
        for document in documents_in(self.source, self.by_line, self.within):
            yield values_of(document, names)


@dataclass(frozen=True)
class ParquetPart:
    """A Parquet file."""

    name: str
    path: Path
    container: Container
    lines: Sequence[Line]
    encoding: str | None = None
    dialect: Dialect | None = None
    shape: Shape | None = None

    def stage(self, layout: Layout, file: Path, progress: Progress | None = None) -> Staged:
        """Copy the records to *file*."""
        return stage_parquet(self.path, file, progress)

    def found(self) -> Iterator[Sequence[str]]:
        """The names of the fields, and these fields of every record."""
        names = self.lines[0].cells
        yield names
        yield from parquet_rows(self.path, names)


@dataclass(frozen=True, slots=True)
class Reading:
    """One way to read a file: its parts. A bold one counts if presets know all of them, or no part of any other."""

    parts: list[Part]
    is_bold: bool = False


def readings_of(path: Path, container: Container, scratch: Path | None) -> Iterator[Reading]:
    """Every way the file *path* may be read, the likeliest first: text and sheets may be split in several parts.

    What is large and must be read as a whole is laid down in *scratch*. Raises Refusal for what cannot be read.
    """
    if container is Container.PARQUET:
        yield Reading([ParquetPart("", path, container, _named(parquet_fields(path)))])
    elif container.is_workbook:
        sheets = sheets_of(path, scratch)
        only = len(sheets) == 1
        yield from _grid_readings(path, container, {"" if only else name: grid for name, grid in sheets.items()})
    elif container.is_json:
        yield from _json_readings(path, container, text_source(path, container.zipped))
    else:
        source = text_source(path, container.zipped)
        if container in (Container.HTML, Container.SHEET_XML):
            yield from _grid_readings(path, container, tables_in(source, scratch), source.name)
            return
        if not source.head.strip():
            # Such as half a sign after a byte-order mark.
            raise Refusal("is empty", "it holds nothing but blanks; export it again")
        for dialect in dialects_of(source.head)[:_MOST_READINGS]:
            yield _tables(path, container, source, dialect)


def _grid_readings(
    path: Path, container: Container, grids: Mapping[str, Grid], encoding: str | None = None
) -> Iterator[Reading]:
    """The tables that the sheets surely hold; before that, those they hold if every blank column parts two."""
    sure, bold = (
        [(title, table) for name, grid in grids.items() for title, table in _titled(name, tables_in_sheet(grid, bold))]
        for bold in (False, True)
    )
    for tables, is_bold in ((bold, True), (sure, False)):
        if not is_bold or len(bold) > len(sure):
            parts: list[Part] = [GridPart(title, path, container, table, encoding) for title, table in tables]
            yield Reading(parts, is_bold)


def _titled(sheet: str, tables: Sequence[Grid]) -> list[tuple[str, Grid]]:
    if len(tables) == 1:
        return [(sheet, tables[0])]
    return [(f"{sheet} table {place}".lstrip(), table) for place, table in enumerate(tables, start=1)]


def _json_readings(path: Path, container: Container, source: TextSource) -> Iterator[Reading]:
    """The lists within one document, if the file is such a one; then the documents as they are."""
    envelope = envelope_of(source)
    if envelope:
        is_one = len(envelope.lists) == 1
        parts = [
            JsonPart("" if is_one else name, path, container, source, _named(fields), within=name)
            for name in envelope.lists
            if (fields := json_element_fields(source, name))
        ]
        if parts:
            # What stands beside the lists is told once.
            yield Reading([replace(parts[0], beside=envelope.beside), *parts[1:]])
    by_line = not envelope and container in (Container.JSON_LINES, Container.JSON_LINES_GZIP)
    fields = json_fields(source) if by_line else json_element_fields(source)
    yield Reading([JsonPart("", path, container, source, _named(fields), by_line)])


def _tables(path: Path, container: Container, source: TextSource, dialect: Dialect) -> Reading:
    tables = tables_of(source, dialect)
    names = [f"table {place}" for place in range(1, len(tables) + 1)] if len(tables) > 1 else [""]
    return Reading([TextPart(name, path, container, source, table) for name, table in zip(names, tables, strict=True)])


def _named(fields: Sequence[str]) -> tuple[Line, ...]:
    return (Line(tuple(fields), 0, 0),)


def _joined(rows: Sequence[Sequence[str]]) -> list[str]:
    """The rows of one header, cell by cell."""
    return [" ".join(cell for cell in cells if cell) for cells in itertools.zip_longest(*rows, fillvalue="")]


__all__ = ["Container", "Layout", "Part", "Reading", "container_of", "readings_of"]
