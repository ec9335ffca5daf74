"""Lineage: the columns every lake row carries, so that any number can be walked back to its source row."""

from __future__ import annotations

from tpaudit.model.fields import INTEGER, STRING, TIMESTAMP, Column, Table

LINEAGE = (
    Column("source_system", STRING, "platform the row comes from, such as taobao or wecom"),
    Column("source_export", STRING, "catalogue id of the export format (the preset), or the mapping's id"),
    Column("source_file", STRING, "name of the exported file, relative to the exports folder"),
    Column("source_sha256", STRING, "SHA-256 of the exported file's bytes"),
    Column("source_row", INTEGER, "1-based physical line (text), sheet row (workbook) or record (Parquet)"),
    Column("source_record_id", STRING, "the record's own id in its source system, where it has one"),
    Column("source_timezone", STRING, "zone in which the source's naive times were read"),
    Column("ingested_at", TIMESTAMP, "when the file was read into the lake"),
    Column("row_hash", STRING, "MD5 of the row's raw cells: equal hashes are equal rows"),
    Column("extra", STRING, "JSON object of the source columns no mapping claimed"),
)
LINEAGE_NAMES = tuple(column.name for column in LINEAGE)


def lake_table(name: str, grain: str, key: tuple[str, ...], *columns: Column) -> Table:
    """Declare a canonical table of the lake: its own columns followed by lineage."""
    return Table(name, grain, key, (*columns, *LINEAGE))
