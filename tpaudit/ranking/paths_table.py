"""A file of paths as a checked table: every fault names the file, the row, the column and the remedy."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from tpaudit.errors import InputFault, did_you_mean

PATH, VALUE = "path", "total_conversion_value"
COUNTS = ("total_conversions", "total_null")
SEPARATOR = " > "

_MEANINGS = {
    PATH: f"the touchpoints of a journey in order, joined by {SEPARATOR!r}",
    COUNTS[0]: "journeys along the path that converted",
    COUNTS[1]: "journeys along the path that did not convert; 0 where there were none",
}
_NUMBER = r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$"
# Other marks between touchpoints, looked for where no path has the right one.
_OTHER_MARKS = r"→|»|\||;|/|,"
_DELIMITERS = (",", ";", "\t")
# UTF-8 first: what is not UTF-8 was saved by a Chinese spreadsheet.
_ENCODINGS = ("utf8", "gb18030")


def read_table(file: Path) -> pa.Table:
    """Columns path (text), total_conversions and total_null (whole numbers, as floats) and total_conversion_value
    (NULL where unknown) of a CSV or Parquet file, packed by gzip or not.

    Raises InputFault.
    """
    if not file.is_file():
        raise InputFault(f"no such file: {file}", "check the path given to --paths")
    table = _parquet(file) if ".parquet" in file.suffixes[-2:] else _csv(file)
    names = {name.strip().lower(): name for name in table.column_names}
    for column, meaning in _MEANINGS.items():
        if column not in names:
            raise InputFault(
                f"{file} has no column {column!r}, but {', '.join(map(repr, table.column_names))}"
                f"{did_you_mean(column, names)}",
                f"name the column {column}: {meaning}",
            )
    if not len(table):
        raise InputFault(f"{file} has a header and no rows", "export the paths again")
    columns = {PATH: _paths(file, table[names[PATH]])}
    columns |= {name: _counts(file, name, table[names[name]]) for name in COUNTS}
    given = table[names[VALUE]] if VALUE in names else pa.nulls(len(table), pa.float64())
    columns[VALUE] = _numbers(file, VALUE, given, "leave the cell empty where the value is unknown")
    return pa.table(columns)


# --- the file -------------------------------------------------------------------------------------------------------


def _parquet(file: Path) -> pa.Table:
    import pyarrow.parquet as pq

    try:
        if file.suffix == ".gz":
            return pq.read_table(pa.BufferReader(pa.input_stream(str(file)).read()))
        return pq.read_table(file)
    except (pa.ArrowInvalid, OSError) as fault:
        raise InputFault(f"{file} is no Parquet file: {_first_line(fault)}", "write it again") from fault


def _csv(file: Path) -> pa.Table:
    """The rows as texts: what is not a number must be shown as it stands in the file."""
    from pyarrow import csv

    for encoding in _ENCODINGS:
        try:
            with pa.input_stream(str(file)) as stream:
                header = stream.read(1 << 16).decode("gb18030", errors="ignore").splitlines()
            delimiter = max(_DELIMITERS, key=(header or [""])[0].count)
            columns = (header or [""])[0].removeprefix("\ufeff").split(delimiter)
            return csv.read_csv(
                str(file),
                csv.ReadOptions(encoding=encoding),
                csv.ParseOptions(delimiter=delimiter),
                csv.ConvertOptions(
                    column_types={name.strip('"\r '): pa.string() for name in columns}, strings_can_be_null=False
                ),
            )
        except UnicodeDecodeError:
            continue
        except (pa.ArrowInvalid, OSError, EOFError) as fault:
            if "UTF8" in str(fault) and encoding != _ENCODINGS[-1]:
                continue
            raise InputFault(
                f"{file} cannot be read as CSV: {_first_line(fault)}",
                "every row needs as many cells as the header; put cells that hold the delimiter in quotes",
            ) from fault
    raise InputFault(f"{file} is neither UTF-8 nor GB18030 text", "save it as CSV in UTF-8")


# --- its cells ------------------------------------------------------------------------------------------------------


def _paths(file: Path, cells: Any) -> Any:
    paths = pc.utf8_trim_whitespace(cells.cast(pa.string()))
    _refuse(
        file, PATH, paths, pc.fill_null(pc.equal(paths, ""), True), "is empty", "leave out journeys without touches"
    )
    if not pc.any(pc.match_substring(paths, SEPARATOR)).as_py():
        hint = f"join touchpoints by {SEPARATOR!r}"
        _refuse(file, PATH, paths, pc.match_substring_regex(paths, _OTHER_MARKS), "has another separator", hint)
    tight = pc.match_substring_regex(paths, r"[^ ]>|>[^ ]")
    open_end = pc.match_substring_regex(paths, r"^>|>$|> +>")
    hint = f"name a touchpoint on both sides of every {SEPARATOR!r}"
    _refuse(file, PATH, paths, open_end, "has a step without a touchpoint", hint)
    _refuse(file, PATH, paths, tight, "has a > without blanks around it", f"join touchpoints by {SEPARATOR!r}")
    return paths


def _counts(file: Path, column: str, cells: Any) -> Any:
    hint = "give a whole number of journeys; 0 where there were none"
    numbers = _numbers(file, column, cells, hint)
    _refuse(file, column, cells, pc.is_null(numbers), "is empty", hint)
    _refuse(file, column, cells, pc.less(numbers, 0), "is negative", hint)
    _refuse(file, column, cells, pc.not_equal(pc.floor(numbers), numbers), "is no whole number", hint)
    return numbers


def _numbers(file: Path, column: str, cells: Any, hint: str) -> Any:
    """The cells as floats; NULL where empty. NaN and infinity are no numbers."""
    if pa.types.is_string(cells.type) or pa.types.is_large_string(cells.type):
        trimmed = pc.utf8_trim_whitespace(cells)
        texts = pc.if_else(pc.equal(trimmed, ""), None, trimmed)
        bad = pc.invert(pc.match_substring_regex(texts, _NUMBER))
        _refuse(file, column, cells, bad, "is no number", f"{hint}; write 1234.5, without thousands separators")
        cells = texts
    numbers = cells.cast(pa.float64())
    _refuse(file, column, cells, pc.invert(pc.is_finite(numbers)), "is no number", hint)
    return numbers


def _refuse(file: Path, column: str, cells: Any, bad: Any, what: str, hint: str) -> None:
    """Raise InputFault for the first cell that is *bad*; rows are counted as in a spreadsheet, the header being 1."""
    place = pc.index(bad, True).as_py()
    if place >= 0:
        raise InputFault(f"{file}, row {place + 2}, column {column}: {_shown(cells[place].as_py())} {what}", hint)


def _shown(cell: Any) -> str:
    text = "the cell" if cell in (None, "") else repr(cell)
    return text if len(text) <= 80 else f"{text[:76]}…'"


def _first_line(fault: BaseException) -> str:
    return str(fault).splitlines()[0] if str(fault) else type(fault).__name__
