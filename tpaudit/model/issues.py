"""Ingest issues: what happened to rows and cells that could not be taken as they were."""

from __future__ import annotations

from tpaudit.model.fields import INTEGER, STRING, Column, Table

INGEST_ISSUES = Table(
    "ingest_issues",
    "row or cell that could not be taken as it was",
    ("source_file", "source_row", "column", "code"),
    (
        Column("source_export", STRING, "catalogue id of the export format, where recognised"),
        Column("source_file", STRING, "name of the exported file, relative to the exports folder"),
        Column("source_sha256", STRING, "SHA-256 of the exported file's bytes"),
        Column("source_row", INTEGER, "1-based physical line, sheet row or record; NULL for the whole file"),
        Column("column", STRING, "column concerned; NULL for the whole row"),
        Column("code", STRING, "what happened, such as ragged_row or unparsed_timestamp"),
        Column("severity", STRING, "how bad it is", values=("critical", "warning", "info")),
        Column("message", STRING, "what happened, in words"),
        Column("sample", STRING, "the offending text, redacted"),
    ),
)
