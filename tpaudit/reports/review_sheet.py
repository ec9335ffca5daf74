"""The review sheet: pairs of records side by side with an empty decision column, for a person to fill in."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.cells import cell_len

from tpaudit.reports.language import Messages
from tpaudit.reports.terminal.evidence import evidence_line
from tpaudit.reports.terminal.view import View
from tpaudit.results import ReviewPair, ReviewResult

# Read back by `tpaudit dedupe --labels`: these names are never translated.
_ID_COLUMNS = ("contact_a", "contact_b", "decision")
_DECISIONS = {"en": ("same", "different"), "zh": ("相同", "不同")}
# A cell that a spreadsheet would run as a formula if it opened the CSV.
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
_WIDEST = 48

Rows = list[list[str | float]]


def to_csv(result: ReviewResult, messages: Messages) -> str:
    """The sheet as CSV. Texts a spreadsheet would run as a formula get a leading apostrophe."""
    header, rows = _table(result, messages)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows([_safe(cell) for cell in row] for row in rows)
    return text.getvalue()


def write_xlsx(result: ReviewResult, file: Path, messages: Messages) -> None:
    """The sheet as a workbook: ids as text, the header frozen, the decision chosen from a list."""
    import xlsxwriter

    header, rows = _table(result, messages)
    options = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(str(file), options) as book:
        sheet = book.add_worksheet(messages.text("review.sheet"))
        bold = book.add_format({"bold": True, "bottom": 1, "text_wrap": True, "valign": "top"})
        as_text = book.add_format({"num_format": "@", "text_wrap": True, "valign": "top"})
        as_share = book.add_format({"num_format": "0.0%", "valign": "top"})
        for place, name in enumerate(header):
            sheet.set_column(place, place, _width([name, *(row[place] for row in rows)]), as_text)
            sheet.write_string(0, place, name, bold)
        for line, row in enumerate(rows, start=1):
            for place, cell in enumerate(row):
                if isinstance(cell, str):
                    sheet.write_string(line, place, cell, as_text)
                else:
                    sheet.write_number(line, place, cell, as_share if cell < 1 else None)
        decision = header.index("decision")
        sheet.data_validation(
            1, decision, max(len(rows), 1), decision,
            {"validate": "list", "source": list(_DECISIONS[messages.lang]),
             "input_title": "decision", "input_message": messages.text("review.pick")},
        )  # fmt: skip
        sheet.freeze_panes(1, len(_ID_COLUMNS))
        sheet.autofilter(0, 0, max(len(rows), 1), len(header) - 1)


def _table(result: ReviewResult, messages: Messages) -> tuple[list[str], Rows]:
    """Header and rows: ids and decision, the numbers, then both values of every field that any pair knows."""
    text, view = messages.text, View(messages)
    fields = [each.field for each in result.pairs[0].evidence] if result.pairs else []
    known = [field for field in fields if any(_values(pair, field) != ("", "") for pair in result.pairs)]
    header = [*_ID_COLUMNS, *(text(f"review.{name}") for name in ("probability", "records", "state", "evidence"))]
    for field in known:
        name = messages.name("field", field)
        header += [text("review.side_a", field=name), text("review.side_b", field=name)]
    rows: Rows = []
    for pair in result.pairs:
        state = text("review.joined" if pair.same_customer else "review.apart")
        row: list[str | float] = [
            pair.contact_a, pair.contact_b, "", round(pair.probability, 4), pair.records, state,
            evidence_line(pair.evidence, view),
        ]  # fmt: skip
        for field in known:
            row += _values(pair, field)
        rows.append(row)
    return header, rows


def _values(pair: ReviewPair, field: str) -> tuple[str, str]:
    found = next((each for each in pair.evidence if each.field == field), None)
    return (found.left or "", found.right or "") if found else ("", "")


def _safe(cell: Any) -> Any:
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA_STARTS) else cell


def _width(cells: Sequence[str | float]) -> int:
    return min(max(cell_len(str(cell)) for cell in cells) + 2, _WIDEST)
