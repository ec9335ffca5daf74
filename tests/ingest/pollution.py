"""Polluted variants of a small clean table, each with what a reader should make of it.

The pollutions are those that real files suffer from: other delimiters, quotes and line ends, a delimiter too many or too
few in one row, a stray quote, notes above and below, several headers, several tables, no header, hardly any row.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

Table = list[list[str]]

SAMPLE = Path(__file__).parents[2] / "sample_data" / "small" / "exports" / "zendesk_tickets.csv"
COLUMNS = ("Id", "Requester", "Requester email", "Subject", "Status", "Via", "Created at", "Due date")
# Subjects as people write them: with delimiters, quotes and apostrophes.
SUBJECTS = (
    "Refund, please", 'The 9" cup is broken', "It's late", "Where is it? Paid, not sent, no answer", "看茶，请退款",
    'He said "soon", then nothing',
)  # fmt: skip


@dataclass(frozen=True)
class Variant:
    """A polluted file: its family, its name, its bytes, and the rows wanted."""

    family: str
    name: str
    content: bytes
    wanted: Table


def clean_table(rows: int = 9) -> Table:
    """A header and the first *rows* of a sample export, with subjects as people write them."""
    with SAMPLE.open(encoding="utf-8", newline="") as file:
        records = list(csv.DictReader(file))[:rows]
    for record, place in zip(records, range(rows), strict=True):
        record["Subject"] = SUBJECTS[place % len(SUBJECTS)]
        # A column that is always empty tells nothing about where a cell belongs.
        record["Due date"] = ""
    return [list(COLUMNS), *([record[name] for name in COLUMNS] for record in records)]


def variants(table: Table) -> Iterator[Variant]:
    """Every variant of *table*."""
    yield from _whole_files(table)
    yield from _several_tables(table)
    for row in range(len(table)):
        for cell in range(len(table[0])):
            yield from _one_cell(table, row, cell)


def _whole_files(table: Table) -> Iterator[Variant]:
    header, rows = table[0], table[1:]
    text = written(table)
    for delimiter in (";", "\t", "|", ", ", "||", "~"):
        yield _variant("delimiter", repr(delimiter), written(table, delimiter), table)
    for name, end in (("lf", "\n"), ("cr", "\r"), ("crlf", "\r\n")):
        yield _variant("line end", name, written(table, end=end), table)
    yield _variant("quote", "apostrophe", written(_without(table, '"'), quote="'"), _without(table, '"'))
    yield _variant("escape", "backslash", written(table, escape="\\"), table)
    yield _variant("escape", "none", written(table, escape=""), table)
    yield _variant("end", "no line end", text.removesuffix("\r\n"), table)
    yield _variant("end", "blank line", text + "\r\n", table)
    yield _variant("end", "notes", text + '\r\n"Exported by Sam"\r\n"All rights reserved."\r\n', table)
    yield _variant("header", "none", written(rows), rows)
    yield _variant("header", "alone", written([header]), [header])
    yield _variant("header", "one row", written(table[:2]), table[:2])
    for times in (2, 3):
        joined = [" ".join([name] * times) for name in header]
        yield _variant("header", f"{times} rows", written([header] * (times - 1) + table), [joined, *rows])
    padded = "," * (len(header) - 1)
    yield _variant("preamble", "padded", f"Tickets{padded}\r\n{padded}\r\n{text}", table)
    yield _variant("preamble", "plain", f"Tickets of Qinghe\r\nfrom 2026-05-01 on\r\n\r\n{text}", table)
    yield _variant("preamble", "comments", "".join(f"# note {n}\r\n" for n in range(30)) + text, table)
    for encoding in ("utf-8-sig", "utf-16", "utf-16-le", "utf-32", "gb18030"):
        yield Variant("encoding", encoding, text.encode(encoding), table)
    long = [header, *([*row[:3], "x" * 200_000, *row[4:]] for row in rows)]
    yield _variant("cell", "huge", written(long), long)
    several = [header, *([*row[:3], f"{row[3]}\n\nsent from my phone", *row[4:]] for row in rows)]
    yield _variant("cell", "several lines", written(several), several)
    column = [[row[3]] for row in table]
    yield _variant("column", "one", written(column), column)


def _several_tables(table: Table) -> Iterator[Variant]:
    text = written(table)
    yield _variant("tables", "same", text + text, table)
    yield _variant("tables", "less", text + written([row[:-1] for row in table]), table)
    yield _variant("tables", "more", text + written([[*row, "note"] for row in table]), table)
    other = [["Day", "Tickets"], ["2026-05-01", "7"], ["2026-05-02", "9"]]
    yield _variant("tables", "other below a blank line", f"{text}\r\n{written(other)}", table)


def _one_cell(table: Table, row: int, cell: int) -> Iterator[Variant]:
    name = f"row {row} cell {cell}"
    yield _variant("delimiter too many", name, written(table, more=(row, cell)), table)
    if cell:
        yield _variant("delimiter too few", name, written(table, less=(row, cell)), table)
    quoted = [list(cells) for cells in table]
    quoted[row][cell] = f'"{quoted[row][cell]}'
    yield _variant("stray quote", name, written(table, stray=(row, cell)), quoted)


def written(
    table: Sequence[Sequence[str]],
    delimiter: str = ",",
    quote: str = '"',
    escape: str | None = None,
    end: str = "\r\n",
    more: tuple[int, int] | None = None,
    less: tuple[int, int] | None = None,
    stray: tuple[int, int] | None = None,
) -> str:
    """*table* as text; a cell is quoted if it must be. *more*, *less* and *stray* are the one place with a fault."""
    escape = quote if escape is None else escape
    lines = []
    for row, cells in enumerate(table):
        line = ""
        for place, cell in enumerate(cells):
            between = delimiter if place and less != (row, place) else ""
            line += between + (delimiter if more == (row, place) else "")
            fault = quote if stray == (row, place) else ""
            must = any(sign in cell for sign in (delimiter[0], quote, "\n", ";", "\t"))
            line += f"{quote}{fault}{cell.replace(quote, escape + quote)}{quote}" if must else fault + cell
        lines.append(line + end)
    return "".join(lines)


def cell_f1(wanted: Sequence[Sequence[str]], found: Sequence[Sequence[str]]) -> float:
    """Harmonic mean of the shares of cells wanted that were found, and of cells found that were wanted."""
    cells = [Counter(cell for row in rows for cell in row) for rows in (wanted, found)]
    return _f1(*cells)


def record_f1(wanted: Sequence[Sequence[str]], found: Sequence[Sequence[str]]) -> float:
    """The same of whole records, whatever empty cells they have."""
    return _f1(*(Counter("".join(row) for row in rows) for rows in (wanted, found)))


def _f1(wanted: Counter[str], found: Counter[str]) -> float:
    both = sum((wanted & found).values())
    return 2 * both / max(sum(wanted.values()) + sum(found.values()), 1)


def _variant(family: str, name: str, text: str, wanted: Table) -> Variant:
    return Variant(family, name, text.encode(), wanted)


def _without(table: Table, sign: str) -> Table:
    return [[cell.replace(sign, "") for cell in row] for row in table]
