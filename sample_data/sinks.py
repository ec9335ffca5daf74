"""Files that grow chunk by chunk: CSV in any encoding, gzipped JSON lines, Parquet, workbooks.

Everything is reproducible to the byte: no clock is read, gzip carries no time, workbooks a fixed date.
"""

from __future__ import annotations

import gzip
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

import pyarrow as pa
import pyarrow.parquet as pq
import xlsxwriter

from tpaudit.sample_data.text import Text, join

_WORKBOOK_CREATED = datetime(2026, 11, 16, 9, 0, 0)
_GZIP_LEVEL = 5


class Sink(Protocol):
    """An export file under construction."""

    def append(self, columns: Sequence[Text]) -> list[tuple[str, int, int]]:
        """Write rows; say where they went: (file name, physical number of the first row, number of rows)."""

    def close(self) -> dict[str, str]:
        """Finish the file(s); say which names changed in the end (old → new)."""


def _lines(columns: Sequence[Text], separator: str) -> Text:
    rows = next(len(column) for column in columns if not isinstance(column, str))
    return join(*columns, sep=separator) if len(columns) > 1 else columns[0].slice(0, rows)


class CsvSink:
    """A delimited text file. Cells arrive as they shall look: who needs quotes has put them there."""

    def __init__(
        self,
        path: Path,
        header: Sequence[str],
        encoding: str = "utf-8",
        preamble: Sequence[str] = (),
        newline: str = "\n",
        bom: bool = False,
    ) -> None:
        self.name, self._encoding, self._newline = path.name, encoding, newline
        self._file = path.open("wb")
        self._next_row = len(preamble) + 2
        if bom:
            self._file.write(b"\xef\xbb\xbf")
        self._write_text(newline.join([*preamble, ",".join(header)]))

    def append(self, columns: Sequence[Text]) -> list[tuple[str, int, int]]:
        """Write rows, one array (or constant) per column."""
        lines = _lines(columns, ",")
        if not len(lines):
            return []
        self._write_text(self._newline.join(lines.to_pylist()))
        place = (self.name, self._next_row, len(lines))
        self._next_row += len(lines)
        return [place]

    def close(self) -> dict[str, str]:
        """Close the file."""
        self._file.close()
        return {}

    def _write_text(self, text: str) -> None:
        self._file.write((text + self._newline).encode(self._encoding))


class JsonLinesSink:
    """Gzipped JSON lines; each row is one finished line."""

    def __init__(self, path: Path) -> None:
        self.name = path.name
        self._raw = path.open("wb")
        self._file = gzip.GzipFile(filename="", mode="wb", compresslevel=_GZIP_LEVEL, fileobj=self._raw, mtime=0)
        self._next_row = 1

    def append(self, columns: Sequence[Text]) -> list[tuple[str, int, int]]:
        """Write the lines in the single column."""
        (lines,) = columns
        self._file.write(("\n".join(lines.to_pylist()) + "\n").encode())
        place = (self.name, self._next_row, len(lines))
        self._next_row += len(lines)
        return [place]

    def close(self) -> dict[str, str]:
        """Close the file."""
        self._file.close()
        self._raw.close()
        return {}


class ParquetSink:
    """A Parquet file with a fixed schema (zstd)."""

    def __init__(self, path: Path, schema: Any) -> None:
        self.name, self._schema = path.name, schema
        self._writer = pq.ParquetWriter(path, schema, compression="zstd")
        self._next_row = 1

    def append(self, columns: Sequence[Any]) -> list[tuple[str, int, int]]:
        """Write rows, one array per field of the schema."""
        table = pa.Table.from_arrays([_chunkless(column) for column in columns], schema=self._schema)
        self._writer.write_table(table)
        place = (self.name, self._next_row, table.num_rows)
        self._next_row += table.num_rows
        return [place]

    def close(self) -> dict[str, str]:
        """Write the footer."""
        self._writer.close()
        return {}


class WorkbookSink:
    """Workbooks of at most `rows_per_file` rows: `name.xlsx`, or `name_1.xlsx`, `name_2.xlsx` … for more."""

    def __init__(
        self,
        path: Path,
        header: Sequence[str],
        sheet: str,
        notice: str | None = None,
        rows_per_file: int = 100_000,
    ) -> None:
        self._path, self._header, self._sheet, self._notice = path, header, sheet, notice
        self._rows_per_file = rows_per_file
        self._part = 0
        self._open_part()

    def append(self, columns: Sequence[Text]) -> list[tuple[str, int, int]]:
        """Write rows of text cells; NULL and empty text stay empty cells."""
        size = next(len(column) for column in columns if not isinstance(column, str))
        lists = [[column] * size if isinstance(column, str) else column.to_pylist() for column in columns]
        rows = list(zip(*lists, strict=True))
        places = []
        start = 0
        while start < size:
            if self._rows == self._rows_per_file:
                self._book.close()
                self._open_part()
            batch = rows[start : start + self._rows_per_file - self._rows]
            places.append((self._part_path.name, self._top + self._rows + 1, len(batch)))
            self._write(batch)
            start += len(batch)
        return places

    def close(self) -> dict[str, str]:
        """Close the last part; a single part carries no number."""
        self._book.close()
        if self._part > 1:
            return {}
        self._part_path.rename(self._path)
        return {self._part_path.name: self._path.name}

    def _open_part(self) -> None:
        self._part += 1
        self._part_path = self._path.with_stem(f"{self._path.stem}_{self._part}")
        self._book = xlsxwriter.Workbook(str(self._part_path), {"constant_memory": True})
        self._book.set_properties({"created": _WORKBOOK_CREATED})
        self._page = self._book.add_worksheet(self._sheet)
        self._top = 0 if self._notice is None else 1
        if self._notice is not None:
            self._page.write_string(0, 0, self._notice)
        for column, title in enumerate(self._header):
            self._page.write_string(self._top, column, title)
        self._top += 1
        self._rows = 0

    def _write(self, batch: Sequence[tuple[str | None, ...]]) -> None:
        write = self._page.write_string
        for row, cells in enumerate(batch, start=self._top + self._rows):
            for column, cell in enumerate(cells):
                if cell:
                    write(row, column, cell)
        self._rows += len(batch)


def _chunkless(column: Any) -> Any:
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
