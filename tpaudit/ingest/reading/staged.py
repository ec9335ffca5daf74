"""Staged rows: what a file says, as text or NULL and with physical row numbers, in a temporary Parquet file."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from tpaudit.ingest.issues import Issue
from tpaudit.ingest.names import unique_keys
from tpaudit.ingest.reading import arrays
from tpaudit.ingest.reading.cell_bytes import bytes_of, lengths_of, repeats, written_out

ROW = "_row"


@dataclass(frozen=True, slots=True)
class SourceColumn:
    """A column of a file: its name as found, the key it is matched by, and the staged field that holds it."""

    name: str
    key: str
    field: str


def source_columns(names: Sequence[str]) -> tuple[SourceColumn, ...]:
    """Columns for header *names*; fields are named by place, because header names may repeat or be empty."""
    keys = unique_keys(names)
    return tuple(
        SourceColumn(name.strip(), key, f"c{place}") for place, (name, key) in enumerate(zip(names, keys, strict=True))
    )


@dataclass(frozen=True, slots=True)
class Staged:
    """A staged file: the Parquet file, its columns, how many rows it holds, and what was met on the way.

    `preamble` are the texts above the header, `header_rows` the cells of its further rows, `blank` the fields of the
    columns in which no row has anything.
    """

    file: Path
    columns: tuple[SourceColumn, ...]
    rows: int
    issues: tuple[Issue, ...] = ()
    preamble: tuple[str, ...] = ()
    lines_are_json: bool = False
    is_nested: bool = False
    header_rows: tuple[tuple[str, ...], ...] = ()
    blank: frozenset[str] = frozenset()


# Written by platforms where there is nothing to write.
NULL_MARKERS = ("", "-", "--", "——", "/", "NULL", "null", "N/A", "n/a", "未取到值", "无", "None", "NaN", "nan")
_WORDS = pa.dictionary(pa.int32(), pa.string())
_NULL = pa.nulls(1, pa.string())[0]
# What the blanks beyond ASCII begin with in UTF-8.
_WIDE_BLANKS = (b"\xc2\x85", b"\xc2\xa0", b"\xe1\x9a", b"\xe2\x80", b"\xe2\x81", b"\xe3\x80")
# The least and the greatest printable sign of ASCII.
_BLANK, _TILDE = ord(" "), ord("~")


@dataclass(slots=True)
class StageWriter:
    """Writes batches of text columns and their row numbers.

    Cells lose blanks and spreadsheet wrappers around them, null markers become NULL; rows without any content are no
    data and are left out. `verbatim` keeps cells as they are (whole JSON lines).
    """

    file: Path
    columns: tuple[SourceColumn, ...]
    nulls: tuple[str, ...] = ()
    verbatim: bool = False
    rows: int = 0
    _blank: set[str] = field(init=False)
    _markers: pa.Array = field(init=False)
    _markers_written: tuple[bytes, ...] = field(init=False)
    _longest_marker: int = field(init=False)
    _writer: pq.ParquetWriter | None = field(init=False, default=None)
    _repeating: frozenset[str] = field(init=False, default=frozenset())

    def __post_init__(self) -> None:
        self._blank = {column.field for column in self.columns}
        markers = [""] if self.verbatim else [*NULL_MARKERS, *self.nulls]
        self._markers = arrays.texts(markers)
        self._markers_written = tuple(marker.encode() for marker in markers if marker)
        self._longest_marker = max(len(marker.encode()) for marker in markers)
        self.file.parent.mkdir(parents=True, exist_ok=True)

    def __enter__(self) -> StageWriter:
        return self

    def __exit__(self, *_: object) -> None:
        writer = self._writer or self._opened(())
        writer.close()

    @property
    def blank(self) -> frozenset[str]:
        """The fields of the columns in which no row has anything so far."""
        return frozenset(self._blank)

    def write(self, numbers: np.ndarray | pa.Array, cells: Iterable[pa.Array]) -> None:
        """Append one batch: physical row *numbers* and the *cells* of every column."""
        cells = list(cells)
        self._writer = self._writer or self._opened(cells)
        cleaned = [
            self._cleaned_words(column) if name in self._repeating else self._bare_or_null(written_out(column))
            for name, column in zip(self._schema.names[1:], cells, strict=True)
        ]
        rows = arrays.numbers(numbers) if isinstance(numbers, np.ndarray) else numbers
        batch = pa.record_batch([rows, *cleaned], schema=self._schema)
        batch = _without_blank_rows(batch)
        if batch.num_rows:
            self._writer.write_batch(batch)
            self.rows += batch.num_rows
            self._blank = {name for name in self._blank if batch.column(name).null_count == batch.num_rows}

    @property
    def _schema(self) -> pa.Schema:
        fields = ((column.field, _WORDS if column.field in self._repeating else pa.string()) for column in self.columns)
        return pa.schema([(ROW, pa.int64()), *fields])

    def _opened(self, first: Sequence[pa.Array]) -> pq.ParquetWriter:
        """The file, packed for being read again soon; the cells of the *first* batch tell which columns repeat."""
        repeating = [column.field for column, cells in zip(self.columns, first, strict=False) if repeats(cells)]
        self._repeating = frozenset(() if self.verbatim else repeating)
        return pq.ParquetWriter(
            self.file,
            self._schema,
            compression="lz4",
            use_dictionary=repeating,
            write_statistics=False,
            store_schema=False,
        )

    def _cleaned_words(self, cells: pa.Array) -> pa.Array:
        """Cells that repeat a few words, each of which is cleaned once."""
        encoded = cells
        if not pa.types.is_dictionary(cells.type):
            if not bytes_of(cells).size:
                return pa.nulls(len(cells), _WORDS)
            encoded = cells.dictionary_encode()
        words = self._bare_or_null(encoded.dictionary)
        if words.equals(encoded.dictionary):
            return encoded
        distinct = words.dictionary_encode()
        return pa.DictionaryArray.from_arrays(distinct.indices.take(encoded.indices), distinct.dictionary)

    def _bare_or_null(self, cells: pa.Array) -> pa.Array:
        signs = bytes_of(cells)
        if not signs.size:
            return pa.nulls(len(cells), pa.string())
        least, held = signs.min(), signs.tobytes()
        # For these there are functions that are nearly four times as fast.
        is_printable_ascii = bool(least >= _BLANK and signs.max() <= _TILDE)
        has_blanks = least <= _BLANK or (not is_printable_ascii and _hold(held, _WIDE_BLANKS))
        bare = _trimmed(cells, is_printable_ascii) if has_blanks else cells
        if not self.verbatim:
            bare = _unwrapped(bare, held, is_printable_ascii)
        return self._without_markers(bare, held)

    def _without_markers(self, cells: pa.Array, held: bytes) -> pa.Array:
        """*cells*, made of the bytes *held*, with NULL for those that say nothing."""
        lengths = lengths_of(cells)
        if not lengths.size or lengths.min() > self._longest_marker:
            return cells
        # Looking every cell up takes a hundred times as long as looking the markers up among the bytes.
        if _hold(held, self._markers_written):
            means_nothing = pc.is_in(cells, value_set=self._markers)
        elif lengths.all():
            return cells
        else:
            means_nothing = arrays.flags(lengths == 0)
        return pc.if_else(means_nothing, _NULL, cells)


def _hold(signs: bytes, parts: Iterable[bytes]) -> bool:
    """Whether any of the *parts* is among the *signs*; its first byte is looked for first, which takes no time."""
    return any(part[:1] in signs and part in signs for part in parts)


def _trimmed(cells: pa.Array, is_ascii: bool) -> pa.Array:
    return pc.ascii_trim_whitespace(cells) if is_ascii else pc.utf8_trim_whitespace(cells)


def _unwrapped(cells: pa.Array, held: bytes, is_ascii: bool) -> pa.Array:
    """Cells, made of the bytes *held*, without the marks that keep a spreadsheet from reading an id as a number: ="12",
    '12 and `12."""
    if b'="' in held:
        is_formula = pc.starts_with(cells, '="')
        inner = pc.ascii_rtrim(pc.utf8_slice_codeunits(cells, 2, None), characters='"')
        cells = pc.if_else(is_formula, _trimmed(inner, is_ascii), cells)
    if b"'" in held or b"`" in held:
        is_marked = pc.or_(pc.starts_with(cells, "'"), pc.starts_with(cells, "`"))
        if pc.any(is_marked).as_py():
            cells = pc.if_else(is_marked, _trimmed(pc.utf8_slice_codeunits(cells, 1, None), is_ascii), cells)
    return cells


def _without_blank_rows(batch: pa.RecordBatch) -> pa.RecordBatch:
    blank = None
    for cells in batch.columns[1:]:
        blank = pc.is_null(cells) if blank is None else pc.and_(blank, pc.is_null(cells))
        if not pc.any(blank).as_py():
            return batch
    return batch.filter(pc.invert(blank))
