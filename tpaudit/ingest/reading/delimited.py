"""Delimited text: find the dialect, then stage the rows through pyarrow with their physical line numbers."""

from __future__ import annotations

import csv
import itertools
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv

from tpaudit.ingest.issues import Issue, redacted
from tpaudit.ingest.reading.decode import REPLACEMENT, TextSource, Utf8Stream
from tpaudit.ingest.reading.lines import Line
from tpaudit.ingest.reading.staged import Staged, StageWriter, source_columns
from tpaudit.ingest.refusal import Refusal

DELIMITERS = (",", "\t", ";", "|")
_SAMPLED_LINES = 200
_BLOCK = 1 << 23


def sampled_lines(source: TextSource) -> dict[str, list[Line]]:
    """The first records of *source*, read with each delimiter that splits any of them."""
    with source.open() as text:
        head = list(itertools.islice(text, _SAMPLED_LINES))
    readings = {delimiter: _records(head, delimiter) for delimiter in DELIMITERS}
    splitting = {
        delimiter: lines for delimiter, lines in readings.items() if any(len(line.cells) > 1 for line in lines)
    }
    return splitting or {",": readings[","]}


def _records(head: Sequence[str], delimiter: str) -> list[Line]:
    reader = csv.reader(head, delimiter=delimiter)
    lines: list[Line] = []
    try:
        for cells in reader:
            first = lines[-1].last + 1 if lines else 1
            lines.append(Line(tuple(cells), first, reader.line_num))
    except csv.Error:  # a cell longer than the reader allows: what was read so far decides
        pass
    return lines


@dataclass(slots=True)
class _RaggedRows:
    """Rows that pyarrow could not split into the header's number of cells, by record number."""

    columns: int
    found: list[tuple[int, str, int]] = field(default_factory=list)

    def note(self, row: pa_csv.InvalidRow) -> str:
        self.found.append((row.number, row.text, row.actual_columns))
        return "skip"


def stage_text(
    source: TextSource, delimiter: str, header: Line, lines: Sequence[Line], nulls: tuple[str, ...], file: Path
) -> Staged:
    """Stage the rows below *header*; a row with too many or too few cells becomes an issue."""
    names = _padded(header, lines)
    columns = source_columns(names)
    ragged = _RaggedRows(len(columns))
    undecodable: list[Issue] = []
    with source.open() as text, StageWriter(file, columns, nulls) as writer:
        for _ in range(header.last):
            text.readline()
        numbering = _LineNumbers(header.last + 1, ragged)
        try:
            for batch in _batches(Utf8Stream(text), [column.field for column in columns], delimiter, ragged):
                numbers = numbering.of(batch)
                if source.is_damaged:
                    undecodable += _undecodable(batch, numbers, [column.name for column in columns])
                writer.write(numbers, batch.columns)
        except pa.ArrowInvalid as fault:
            raise Refusal(f"breaks off as a table: {_in_short(fault)}", "look for an unclosed quote in it") from fault
    preamble = tuple(cell for line in lines if line.last < header.first for cell in line.cells if cell.strip())
    issues = (*(_ragged_issue(entry, numbering) for entry in ragged.found), *undecodable)
    return Staged(file, columns, writer.rows, issues, preamble)


def _padded(header: Line, lines: Sequence[Line]) -> list[str]:
    """Header names, with unnamed columns added where most rows end in more cells than the header."""
    below = Counter(len(line.cells) for line in lines if line.first > header.last and any(line.cells))
    common = below.most_common(1)[0][0] if below else 0
    return [*header.cells, *[""] * max(0, common - len(header.cells))]


def _batches(stream: Utf8Stream, fields: list[str], delimiter: str, ragged: _RaggedRows) -> Iterator[pa.RecordBatch]:
    try:
        reader = pa_csv.open_csv(
            pa.PythonFile(stream, mode="r"),
            read_options=pa_csv.ReadOptions(column_names=fields, use_threads=False, block_size=_BLOCK),
            parse_options=pa_csv.ParseOptions(
                delimiter=delimiter, newlines_in_values=True, ignore_empty_lines=False, invalid_row_handler=ragged.note
            ),
            convert_options=pa_csv.ConvertOptions(
                column_types=dict.fromkeys(fields, pa.string()), strings_can_be_null=False, check_utf8=False
            ),
        )
    except pa.ArrowInvalid as fault:
        if "Empty CSV file" in str(fault):  # a header and nothing below it
            return
        raise
    yield from reader


class _LineNumbers:
    """Physical line of every record: records that were skipped and line ends inside quotes both count."""

    def __init__(self, first_line: int, ragged: _RaggedRows) -> None:
        self._next_record = 1
        self._lines_before = first_line - 1
        self.columns = ragged.columns
        self._ragged = ragged
        self._ragged_taken = 0
        self.ragged_lines: dict[int, int] = {}

    def of(self, batch: pa.RecordBatch) -> np.ndarray:
        if not batch.num_rows:
            return np.empty(0, dtype=np.int64)
        skipped = self._ragged.found[self._ragged_taken :]
        records = np.arange(self._next_record, self._next_record + batch.num_rows + len(skipped))
        gaps = np.array([number for number, _, _ in skipped], dtype=np.int64)
        is_good = ~np.isin(records, gaps)
        good = records[is_good][: batch.num_rows]
        last = int(good[-1])
        # Skipped rows after the last good one belong to the next batch.
        records, is_good = records[records <= last], is_good[records <= last]
        heights = np.ones(len(records), dtype=np.int64)
        heights[is_good] += _line_ends_inside(batch)
        for number, text, _ in skipped:
            if number <= last:
                heights[number - self._next_record] += text.count("\n")
                self._ragged_taken += 1
        first_lines = self._lines_before + 1 + np.concatenate(([0], np.cumsum(heights[:-1])))
        self.ragged_lines |= dict(zip(records[~is_good].tolist(), first_lines[~is_good].tolist(), strict=True))
        self._lines_before += int(heights.sum())
        self._next_record = last + 1
        return first_lines[is_good]

    def line_of(self, record: int) -> int:
        """Line of a skipped record; those after the last good row were not laid out yet."""
        if record not in self.ragged_lines:
            line = self._lines_before + 1
            for number, text, _ in self._ragged.found[self._ragged_taken :]:
                line += number - self._next_record
                self.ragged_lines[number] = line
                line += 1 + text.count("\n")
                self._next_record = number + 1
        return self.ragged_lines[record]


def _line_ends_inside(batch: pa.RecordBatch) -> np.ndarray:
    inside = np.zeros(batch.num_rows, dtype=np.int64)
    for cells in batch.columns:
        inside += pc.count_substring(cells, "\n").to_numpy(zero_copy_only=False)
    return inside


def _ragged_issue(entry: tuple[int, str, int], numbering: _LineNumbers) -> Issue:
    number, text, cells = entry
    return Issue(
        "ragged_row",
        numbering.line_of(number),
        message=f"the row has {cells} cells, the header {numbering.columns}",
        sample=redacted(text),
    )


def _undecodable(batch: pa.RecordBatch, numbers: np.ndarray, names: Sequence[str]) -> list[Issue]:
    issues = []
    for name, cells in zip(names, batch.columns, strict=True):
        hit = pc.match_substring(cells, REPLACEMENT).to_numpy(zero_copy_only=False).astype(bool)
        samples = cells.filter(pa.array(hit)).to_pylist()
        issues += [
            Issue("undecodable_byte", int(row), name, sample=redacted(sample))
            for row, sample in zip(numbers[hit], samples, strict=True)
        ]
    return issues


def _in_short(fault: Exception) -> str:
    return str(fault).splitlines()[0][:120]
