"""The committed sample exports: every one is recognised, and every row of theirs is in the lake or told as an issue."""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from tpaudit.audit import Audit, load_config
from tpaudit.engine import EngineSettings
from tpaudit.ingest.issues import WHOLE_ROW_CODES
from tpaudit.results import IngestResult
from tpaudit.sample_data import SMALL
from tpaudit.store import Store

CODED_SURVEY = "问卷_按序号.csv"
TABLES = ("touches", "orders", "order_items", "tickets", "surveys", "leads", "contacts", "consents")


@pytest.fixture(scope="module")
def ingested(finished_audit: Path) -> tuple[Store, IngestResult]:
    audit = Audit(finished_audit, load_config(finished_audit, {}))
    result = IngestResult.model_validate_json(audit.result_file("ingest").read_text(encoding="utf-8"))
    return Store(audit, EngineSettings(threads=1)), result


def test_every_export_is_loaded_except_the_survey_twin(ingested: tuple[Store, IngestResult]) -> None:
    _, result = ingested
    assert {file.file for file in result.files if file.status != "loaded"} == {CODED_SURVEY}
    assert all("status" not in issue.code and "unparsed" not in issue.code for issue in result.issues)


def test_rows_in_are_rows_kept_and_refused(ingested: tuple[Store, IngestResult]) -> None:
    _, result = ingested
    for file in result.files:
        if file.status == "loaded":
            assert file.rows_in == file.rows_kept + file.rows_refused > 0
            assert file.first_day and file.last_day and file.first_day <= file.last_day <= date(2026, 11, 30)
            assert file.confidence in ("verified", "canonical")


def test_no_row_is_lost(ingested: tuple[Store, IngestResult]) -> None:
    store, _ = ingested
    known: dict[str, set[int]] = defaultdict(set)
    for table in TABLES:
        rows = store.lake(table).select("source_file", "source_row").distinct()
        for row in store.engine.fetch_rows(rows):
            known[row["source_file"]].add(row["source_row"])
    issues = store.lake("ingest_issues")
    for row in store.engine.fetch_rows(issues.filter(issues.code.isin(sorted(WHOLE_ROW_CODES)))):
        known[row["source_file"]].add(row["source_row"])
    written: dict[str, set[int]] = defaultdict(set)
    for row in pq.read_table(SMALL / "truth" / "links.parquet").to_pylist():
        written[row["file"]].add(row["row"])
    written.pop(CODED_SURVEY)
    assert {file: rows - known[Path(file).name] for file, rows in written.items()} == {file: set() for file in written}
