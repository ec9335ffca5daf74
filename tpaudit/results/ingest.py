"""What ingest makes of files: what became of each, what was met on the way, and what sniffing sees in one."""

from __future__ import annotations

from datetime import date
from typing import Literal

from pydantic import Field

from tpaudit.results.base import Result, Severity, Titles

Confidence = Literal["verified", "partial", "yours", "canonical"]


class FileIngested(Result):
    """What became of one exported file, or of one part (sheet, archive member, table) of it.

    Every data row of the file (`rows_in`) is kept or refused as a whole; rows that make up one record together are
    all kept. `first_day` and `last_day` bound the main time column in the audit's zone. `confidence` says where the
    names of the layout come from: a real file, a partial description, the user's own mapping, or canonical names.
    """

    file: str
    sha256: str
    status: Literal["loaded", "unchanged", "kept", "removed", "refused"]
    part: str | None = None
    container: str | None = None
    encoding: str | None = None
    preset: str | None = None
    preset_title: Titles | None = None
    confidence: Confidence | None = None
    score: float | None = None
    rows_in: int = 0
    rows_kept: int = 0
    rows_refused: int = 0
    first_day: date | None = None
    last_day: date | None = None
    rows_by_table: dict[str, int] = Field(default_factory=dict)
    issues: int = 0
    code: str | None = None
    reason: str | None = None
    reason_zh: str | None = None
    hint: str | None = None
    hint_zh: str | None = None


class IssueCount(Result):
    """How often one kind of issue was met in one column of one file, with its first place.

    *title* says what the kind means, *message* what was met there, *remedy* what to do about it.
    """

    file: str
    column: str | None
    code: str
    severity: Severity
    count: int
    first_row: int | None
    message: str
    message_zh: str | None = None
    title: Titles | None = None
    remedy: Titles | None = None


class IngestResult(Result):
    """All files of an ingest and the rows the lake now holds."""

    files: tuple[FileIngested, ...]
    tables: dict[str, int]
    issues: tuple[IssueCount, ...] = ()
    dry_run: bool = False

    @property
    def doubts(self) -> tuple[IssueCount, ...]:
        """Issues worse than a note, of the files that this ingest was about: what `--strict` does not let pass."""
        kept = {file.file for file in self.files if file.status == "kept"}
        return tuple(issue for issue in self.issues if issue.severity != "info" and issue.file not in kept)


class PresetFit(Result):
    """How well one preset fits a header: `score` is the share of it the preset knows, `missing` what it would need."""

    preset: str
    title: Titles
    score: float
    confidence: Confidence
    missing: tuple[str, ...] = ()
    header_row: int | None = None


class PartSniffed(Result):
    """One table of a file: how its text is written, where its header stands, and the presets that fit or nearly do.

    `preset` is the one it would be read by; `is_close_call` says that another fits nearly as well. The cells of
    `preview` are redacted to their shape.
    """

    name: str = ""
    container: str | None = None
    encoding: str | None = None
    delimiter: str | None = None
    quote: str | None = None
    escape: str | None = None
    line_end: str | None = None
    header_row: int | None = None
    header_rows: int = 0
    columns: tuple[str, ...] = ()
    width: int = 0
    rows_sampled: int = 0
    preset: str | None = None
    is_close_call: bool = False
    fits: tuple[PresetFit, ...] = ()
    preview: tuple[tuple[str, ...], ...] = ()
    reason: str | None = None
    reason_zh: str | None = None
    hint: str | None = None
    hint_zh: str | None = None


class FileSniffed(Result):
    """What one file is: its parts, or the reason why it cannot be read."""

    file: str
    container: str | None = None
    parts: tuple[PartSniffed, ...] = ()
    reason: str | None = None
    reason_zh: str | None = None
    hint: str | None = None
    hint_zh: str | None = None


class SniffResult(Result):
    """Files that were looked into without loading them."""

    files: tuple[FileSniffed, ...]
