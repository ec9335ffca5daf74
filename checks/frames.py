"""One pandas frame, checked without an audit: the fallback where there is no lake.

The conditions are the same SQL, evaluated by DuckDB on the frame; the expectations are judged by the pandas engine of
Great Expectations. NULL means the same on both: a NULL is not judged unless the check says so, and in keys of several
columns NULL equals NULL.
"""

# ruff: noqa: S608 - names in SQL come from the model and from definitions, never from data

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tpaudit.audit import Audit, load_config
from tpaudit.checks.findings import error_row, judged_row, skipped_row
from tpaudit.checks.judging import Probe, judged_column
from tpaudit.checks.lake import Lake, first_line
from tpaudit.checks.parameters import filled
from tpaudit.checks.registry import choose, load
from tpaudit.errors import InputFault, UsageFault, did_you_mean
from tpaudit.model import LAKE_TABLES
from tpaudit.results import FindingRow, ValidateResult

if TYPE_CHECKING:
    import duckdb
    import pandas as pd

_FRAME = "frame"


def validate_frame(frame: pd.DataFrame, table: str, select: Sequence[str] = ()) -> ValidateResult:
    """Check *frame*, whose columns are those of lake table *table*; columns it lacks are unknown.

    *select* holds codes or tags. Checks that need other tables or earlier runs are skipped. Raises UsageFault for an
    unknown table and InputFault if no column of the frame is one of the table's.
    """
    if table not in LAKE_TABLES:
        raise UsageFault(f"there is no table {table!r}{did_you_mean(table, LAKE_TABLES)}")
    chosen = choose(load(), [table], [])
    if select:
        wanted = {check.code for check in choose(load(), select, [])}
        chosen = [check for check in chosen if check.code in wanted]
    probes = [Probe(check, target) for check in chosen for target in check.targets]
    with tempfile.TemporaryDirectory() as folder:
        audit = _audit_of(frame, table, Path(folder))
        findings = _findings(audit, probes)
    ordered = sorted(findings, key=lambda finding: (finding.code, finding.table, finding.column or ""))
    return ValidateResult(findings=tuple(ordered), fail_on="critical")


def _audit_of(frame: pd.DataFrame, table: str, folder: Path) -> Audit:
    """An audit in *folder* whose lake holds the frame and nothing else."""
    import ibis
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema = ibis.schema(LAKE_TABLES[table].schema).to_pyarrow()
    known = [name for name in schema.names if name in frame.columns]
    if not known:
        raise InputFault(f"the frame has none of the columns of {table}", "rename its columns to those of the table")
    found = pa.Table.from_pandas(frame[known], preserve_index=False)
    # A column without any value tells no type; the views read the others as the types declared.
    given = pa.table({name: column.cast(schema.field(name).type) if pa.types.is_null(column.type) else column
                      for name, column in zip(known, found.columns, strict=True)})  # fmt: skip
    lineage = {
        "source_file": pa.array([_FRAME] * len(frame), pa.string()),
        "source_row": pa.array(range(1, len(frame) + 1), pa.int64()),
        "source_sha256": pa.array([_FRAME] * len(frame), pa.string()),
    }
    for name, values in lineage.items():
        if name not in known:
            given = given.append_column(name, values)
    audit = Audit(folder, load_config(folder, {}))
    (audit.lake / table).mkdir(parents=True)
    pq.write_table(given, audit.lake / table / f"{_FRAME}.parquet")
    return audit


def _findings(audit: Audit, probes: Sequence[Probe]) -> list[FindingRow]:
    import duckdb

    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        lake = Lake(audit, lambda sql: connection.execute(sql).fetchall())
        lake.prepare(probes)
        return [_finding(probe, lake, connection) for probe in probes]


def _finding(probe: Probe, lake: Lake, connection: duckdb.DuckDBPyConnection) -> FindingRow:
    if reason := lake.reason_to_skip(probe):
        return skipped_row(probe, reason)
    try:
        return judged_row(probe, _judged_on_pandas(probe, lake, connection))
    # Whatever the engine or Great Expectations raises belongs to this check, and the others still have to report.
    except Exception as fault:
        return error_row(probe, lake.fault_behind(probe) or first_line(fault))


def _judged_on_pandas(probe: Probe, lake: Lake, connection: duckdb.DuckDBPyConnection) -> Any:
    """Counts of a check whose values or verdicts are judged by the pandas engine of Great Expectations."""
    from tpaudit.checks.session import judge_frame

    if probe.check.query:
        sql = f"SELECT NOT failed AS judged FROM ({probe.sql('query', lake.parameters)}) AS units"
    else:
        sql = f"SELECT {judged_column(probe, lake.parameters)} AS judged FROM {probe.target.table}"
    declared = probe.check.expectation
    if declared is None:
        return judge_frame(connection.execute(sql).df(), "expect_column_values_to_be_in_set", {"value_set": [True]})
    kwargs = {
        name: filled(value, lake.parameters) if isinstance(value, str) else value
        for name, value in declared.kwargs.items()
    }
    return judge_frame(connection.execute(sql).df(), declared.type, kwargs)
