"""Quarantine: every row that fell short of a check, with its file and row number, for those who have to mend it.

One file per check and table, and `manifest.json`, which is written last and says how many rows each file has to have.
No row is left out. Personal data is masked column by column, by the privacy class the model gives the column.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from tpaudit.atomic import replacing
from tpaudit.audit import Audit
from tpaudit.checks.evidence import evidence_of
from tpaudit.checks.lake import first_line
from tpaudit.errors import AuditError, EngineFault, UsageFault
from tpaudit.model import LAKE_TABLES, Privacy
from tpaudit.privacy import masked_as
from tpaudit.results import FindingRow, Quarantine, QuarantinedFile

if TYPE_CHECKING:
    from tpaudit.checks.evidence import Evidence

Form = Literal["parquet", "csv"]

MANIFEST = "manifest.json"
SCHEMA_VERSION = 1

# Lineage that may hold what the export held: columns no mapping claimed, and the record's own id.
_LINEAGE_CLASSES = {"extra": Privacy.TEXT, "source_record_id": Privacy.IDENTIFIER}

# What a spreadsheet would run as a formula.
_FORMULA = "^[=+\\-@\\t\\r]"


def write_quarantine(
    audit: Audit, findings: Sequence[FindingRow], folder: Path, form: Form = "parquet", *, show_pii: bool = False
) -> Quarantine:
    """Write the rows behind *findings* into *folder* and return what was written.

    Each file has `check_code` and `check_column` (the column judged, NULL for whole rows) before the row itself. Files
    of an earlier quarantine in *folder* are replaced or removed; nothing else there is touched. Findings whose units
    are no rows of an export (a channel, a day) are named in the manifest instead.

    Raises UsageFault if *folder* is a file, EngineFault if rows cannot be read or written.
    """
    if folder.exists() and not folder.is_dir():
        raise UsageFault(f"{folder} is no folder", "name a folder for the quarantine")
    failed = sorted((one for one in findings if one.failed), key=lambda one: (one.code, one.table, one.column or ""))
    files: list[QuarantinedFile] = []
    unnamed: list[str] = []
    if failed:
        with evidence_of(audit, tuple(failed)) as evidence:
            for (code, table), group in groupby(failed, key=lambda one: (one.code, one.table)):
                judged = list(group)
                if evidence.names_rows(judged[0]):
                    files.append(_write_file(evidence, judged, folder / f"{code}-{table}.{form}", show_pii))
                else:
                    unnamed += [f"{one.code} {one.table}{'.' + one.column if one.column else ''}" for one in judged]
    result = Quarantine(folder=str(folder), masked=not show_pii, files=tuple(files), unnamed=tuple(unnamed))
    earlier = _files_of(folder)
    _write_manifest(folder, result, audit)
    for name in earlier - {file.file for file in files}:
        with contextlib.suppress(OSError):
            (folder / name).unlink()
    return result


def _write_file(evidence: Evidence, findings: Sequence[FindingRow], file: Path, show_pii: bool) -> QuarantinedFile:
    """Write the rows of one check on one table, column after column, batch by batch."""
    first = findings[0]
    rows = 0
    try:
        with replacing(file) as unfinished, contextlib.ExitStack() as stack:
            writer = None
            for finding in findings:
                for batch in _batches(evidence, finding, show_pii):
                    shown = _as_csv(batch) if file.suffix == ".csv" else batch
                    if writer is None:
                        writer = stack.enter_context(_writer(unfinished, file.suffix, shown.schema))
                    writer.write_table(shown)
                    rows += shown.num_rows
            if writer is None:
                raise EngineFault(f"{first.code}: the rows that fell short are gone", "run `tpaudit validate --force`")
    except AuditError:
        raise
    except Exception as fault:
        raise EngineFault(f"the rows of {first.code} could not be written: {first_line(fault)}") from fault
    return QuarantinedFile(
        file=file.name, code=first.code, table=first.table, rows=rows, failed=sum(one.failed or 0 for one in findings)
    )


def _batches(evidence: Evidence, finding: FindingRow, show_pii: bool) -> Iterator[Any]:
    import pyarrow as pa

    with evidence.batches(finding) as reader:
        for batch in reader:
            if not batch.num_rows:
                continue
            rows = pa.table(batch)
            if not show_pii:
                rows = _masked(rows, finding.table)
            column = pa.array([finding.column] * rows.num_rows, pa.string())
            code = pa.array([finding.code] * rows.num_rows, pa.string())
            yield rows.add_column(0, "check_column", column).add_column(0, "check_code", code)


def _masked(rows: Any, table: str) -> Any:
    """*rows* with all personal columns of lake table *table* masked, and texts that are not of the table hidden."""
    import pyarrow as pa

    classes = {column.name: column.privacy for column in LAKE_TABLES[table]} | _LINEAGE_CLASSES | {"place": None}
    for position, field in enumerate(rows.schema):
        privacy = classes.get(field.name, Privacy.TEXT if pa.types.is_string(field.type) else None)
        if privacy is not None:
            rows = rows.set_column(position, field.name, _masked_column(rows.column(field.name), privacy))
    return rows


def _masked_column(values: Any, privacy: Privacy) -> Any:
    """Text column with each distinct value masked once."""
    import pyarrow as pa

    encoded = values.cast(pa.string()).combine_chunks().dictionary_encode()
    dictionary = pa.array([masked_as(value, privacy) for value in encoded.dictionary.to_pylist()], pa.string())
    return dictionary.take(encoded.indices)


def _as_csv(rows: Any) -> Any:
    """*rows* as CSV can hold them: lists as text, and no text that a spreadsheet would run as a formula."""
    import pyarrow as pa
    import pyarrow.compute as pc

    for position, field in enumerate(rows.schema):
        values = rows.column(position)
        if pa.types.is_list(field.type):
            values = pc.binary_join(values, "|")
        if pa.types.is_string(values.type):
            starts = pc.match_substring_regex(values, _FORMULA)
            values = pc.if_else(starts, pc.binary_join_element_wise("'", values, ""), values)
        rows = rows.set_column(position, field.name, values)
    return rows


def _writer(file: Path, suffix: str, schema: Any) -> Any:
    import pyarrow.csv
    import pyarrow.parquet

    if suffix == ".csv":
        return pyarrow.csv.CSVWriter(file, schema)
    return pyarrow.parquet.ParquetWriter(file, schema)


def _files_of(folder: Path) -> set[str]:
    """Names of the files an earlier quarantine left in *folder*."""
    try:
        listed = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))["files"]
        # A manifest may have been edited: only names within the folder count.
        return {name for entry in listed if (name := str(entry["file"])) == Path(name).name}
    except (OSError, ValueError, KeyError, TypeError):
        return set()


def _write_manifest(folder: Path, result: Quarantine, audit: Audit) -> None:
    document = {
        "schema_version": SCHEMA_VERSION,
        "as_of": audit.as_of.isoformat(),
        **result.model_dump(mode="json", exclude={"folder"}),
    }
    with replacing(folder / MANIFEST) as unfinished:
        unfinished.write_text(json.dumps(document, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
