"""Ingest issues: what could not be taken as it was, which kinds there are, and how they become lake rows."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

_SAMPLE_LENGTH = 60

Severity = Literal["critical", "warning", "info"]


@dataclass(frozen=True, slots=True)
class IssueKind:
    """A kind of issue: its severity, what it says, and whether the whole row stays out of the canonical tables."""

    code: str
    severity: Severity
    message: str
    whole_row: bool = False


_KINDS = (
    IssueKind("refused_file", "critical", "the file could not be read"),
    IssueKind("unknown_layout", "critical", "no preset knows this layout"),
    IssueKind("duplicate_file", "info", "the same responses are already loaded from another file"),
    IssueKind("ragged_row", "warning", "the row has more or fewer cells than the header", whole_row=True),
    IssueKind("invalid_json", "warning", "the line is not a JSON object", whole_row=True),
    IssueKind("total_row", "info", "the row is a total, not data", whole_row=True),
    IssueKind("row_not_mapped", "info", "rows of this kind feed no table", whole_row=True),
    IssueKind("other_sheet", "info", "the workbook has another sheet with rows, which was not read"),
    IssueKind("undecodable_byte", "warning", "some bytes do not decode; they were replaced"),
    IssueKind("sci_notation_id", "warning", "a spreadsheet turned the id into a rounded number; it is lost"),
    IssueKind("unparsed_timestamp", "warning", "not a date and time in a known form"),
    IssueKind("unparsed_date", "warning", "not a date in a known form"),
    IssueKind("unparsed_amount", "warning", "not an amount of money"),
    IssueKind("unparsed_number", "warning", "not a number"),
    IssueKind("unparsed_boolean", "warning", "not a yes or no"),
    IssueKind("unknown_status", "warning", "the preset does not know this state; it is kept in its own words"),
    IssueKind("unknown_value", "warning", "not one of the values this column may hold"),
    IssueKind("masked_value", "info", "the source hid part of the value; it identifies nobody"),
    IssueKind("ciphertext_value", "info", "the source encrypted the value; it is treated as absent"),
)
ISSUE_KINDS = {kind.code: kind for kind in _KINDS}
WHOLE_ROW_CODES = frozenset(kind.code for kind in _KINDS if kind.whole_row)


@dataclass(frozen=True, slots=True)
class Issue:
    """One issue met while reading: its code, physical row, column, and the text that made it, redacted."""

    code: str
    row: int | None = None
    column: str | None = None
    message: str | None = None
    sample: str | None = None

    @property
    def kind(self) -> IssueKind:
        """The kind it is of."""
        return ISSUE_KINDS[self.code]


# The engine's regular expressions and Python's both read these.
REDACTIONS = ((r"[0-9]", "9"), (r"[A-Za-z]", "x"), ("[\u4e00-\u9fff]", "字"))


def redacted(text: str) -> str:
    """The shape of *text* without its content, cut to a sample.

    >>> redacted("张伟,13912345678")
    '字字,99999999999'
    """
    for pattern, sign in REDACTIONS:
        text = re.sub(pattern, sign, text)
    return text[:_SAMPLE_LENGTH]
