"""Arrow's own splitting of a text into cells, and what it says of records it cannot place."""

from __future__ import annotations

from collections.abc import Callable

import pyarrow as pa
import pyarrow.csv as pa_csv

from tpaudit.ingest.reading.cell_bytes import decoded
from tpaudit.ingest.reading.dialect import UNIT_SEPARATOR, Dialect

UTF8 = "utf-8"


def split_by_arrow(
    data: bytes, encoding: str, dialect: Dialect, width: int
) -> tuple[list[pa.Array], list[tuple[int, str]]] | None:
    """Columns of *data* as Arrow splits it, and the records (place and text) with another number of cells.

    None if Arrow cannot split it; in other encodings than UTF-8 also if there is such a record.
    """
    invalid: list[tuple[int, str]] = []

    def note(row: pa_csv.InvalidRow) -> str:
        invalid.append((row.number - 1, row.text))
        return "skip"

    names = [f"c{place}" for place in range(width)]
    is_utf8 = encoding == UTF8
    try:
        table = pa_csv.read_csv(
            pa.BufferReader(data),
            read_options=pa_csv.ReadOptions(column_names=names, use_threads=False, block_size=len(data) + 1),
            parse_options=_parse_options(dialect, note if is_utf8 else None),
            convert_options=pa_csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string() if is_utf8 else pa.binary()),
                strings_can_be_null=False,
                check_utf8=False,
            ),
        )
    except pa.ArrowInvalid:  # an unclosed quote, or nothing but faulty rows
        return None
    columns = [_in_one_piece(column) for column in table.columns]
    return columns if is_utf8 else [decoded(column, encoding) for column in columns], invalid


def _in_one_piece(column: pa.ChunkedArray) -> pa.Array:
    # Arrow copies the cells even if there is nothing to combine.
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()


def _parse_options(dialect: Dialect, note: Callable[[pa_csv.InvalidRow], str] | None) -> pa_csv.ParseOptions:
    return pa_csv.ParseOptions(
        # A single column has no delimiter: one that no text holds stands in.
        delimiter=dialect.single if dialect.delimiter else UNIT_SEPARATOR,
        quote_char=dialect.quote or False,
        double_quote=True,
        newlines_in_values=bool(dialect.quote),
        ignore_empty_lines=False,
        invalid_row_handler=note,
    )
