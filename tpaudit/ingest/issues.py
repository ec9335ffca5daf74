"""Ingest issues: what could not be taken as it was, which kinds there are, and how they become lake rows."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

_SAMPLE_LENGTH = 60

Severity = Literal["critical", "warning", "info"]


@dataclass(frozen=True, slots=True)
class IssueKind:
    """A kind of issue: its severity, what it says, what to do about it, and whether the whole row stays out of the
    canonical tables. `wording` holds both texts in Chinese."""

    code: str
    severity: Severity
    message: str
    remedy: str = "nothing to do"
    whole_row: bool = False


_FORMAT = "give the column a `format` in a mapping file, or correct the export"
_CORRECT = "correct the export, or map the column elsewhere"

_KINDS = (
    # the whole file or a part of it
    IssueKind("refused_file", "critical", "the file could not be read", "see the reason given for the file"),
    IssueKind(
        "unknown_layout", "critical", "no preset knows this layout",
        "name its table with `--as TABLE`, or describe it in a mapping file with `--map FILE`",
    ),
    IssueKind(
        "refused_layout", "warning", "the layout is known, and its rows are not meant for an audit",
        "take it out of the folder",
    ),
    IssueKind("duplicate_file", "info", "the same rows are already loaded from another file"),
    IssueKind(
        "removed_file", "warning", "the file is gone from the folder; its rows were removed",
        "put the file back if its rows are wanted",
    ),
    IssueKind(
        "low_confidence_preset", "warning", "the preset was written from a partial description of the export",
        "compare a few rows of the lake with the file before relying on them",
    ),
    IssueKind(
        "other_part", "info", "another part of the file has rows that no preset knows; it was not read",
        "save the part as a file of its own if its rows are wanted",
    ),
    IssueKind(
        "scores_by_code", "info", "answers of the same survey in another file got their numbers from the codes here",
        "check that a higher code is a better answer",
    ),
    IssueKind("beside_list", "info", "the file holds more than its list of rows; the rest was not read"),
    # rows that stay out of the canonical tables
    IssueKind(
        "ragged_row", "warning", "the row has more or fewer cells than the header",
        "look for a stray separator or line break in the row, or export it again", whole_row=True,
    ),
    IssueKind("invalid_json", "warning", "the line is not a JSON object", "export it again", whole_row=True),
    IssueKind("total_row", "info", "the row is a total, not data", whole_row=True),
    IssueKind("footer_row", "info", "the row is a note below the data", whole_row=True),
    IssueKind("test_row", "info", "the platform marks the row as a test", whole_row=True),
    IssueKind(
        "row_not_mapped", "info", "rows of this kind feed no table",
        "name the kind in a mapping file if its rows are wanted", whole_row=True,
    ),
    # rows and cells that were taken, with a reservation
    IssueKind("short_row", "info", "the row ends early; the missing cells are empty"),
    IssueKind(
        "range_row_without_day", "warning", "the row covers several days; it is no daily figure",
        "export it again with a breakdown by day",
    ),
    IssueKind(
        "undecodable_byte", "warning", "some bytes do not decode; they were replaced",
        "export it again as UTF-8 if the text matters",
    ),
    IssueKind(
        "sci_notation_id", "warning", "a spreadsheet turned the id into a rounded number; it is lost",
        "take the export as the platform wrote it, not one saved by a spreadsheet program",
    ),
    IssueKind(
        "ambiguous_date", "warning",
        "day and month cannot be told apart; read as the audit's region writes them", _FORMAT,
    ),
    IssueKind("unparsed_timestamp", "warning", "not a date and time in a known form", _FORMAT),
    IssueKind("unparsed_date", "warning", "not a date in a known form", _FORMAT),
    IssueKind("unparsed_amount", "warning", "not an amount of money", _CORRECT),
    IssueKind("unparsed_number", "warning", "not a number", _CORRECT),
    IssueKind("unparsed_boolean", "warning", "not a yes or no", "name the words in a mapping file"),
    IssueKind("invalid_phone", "info", "not a phone number of the audit's region or with a country code"),
    IssueKind("invalid_email", "warning", "not an e-mail address"),
    IssueKind(
        "unknown_status", "warning", "the preset does not know this state; it is kept in its own words",
        "name the words in a mapping file",
    ),
    IssueKind(
        "unknown_value", "warning", "not one of the values this column may hold", "name the words in a mapping file"
    ),
    IssueKind("masked_value", "info", "the source hid part of the value; it identifies nobody"),
    IssueKind("ciphertext_value", "info", "the source encrypted the value; it is treated as absent"),
)  # fmt: skip
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
