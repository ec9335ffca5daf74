"""Every preset against a small export of its own layout: what lands in the lake, and that no row is lost."""

from __future__ import annotations

import io
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import xlsxwriter
import yaml

from tests.lake import make_store
from tpaudit.ingest import ingest
from tpaudit.ingest.issues import WHOLE_ROW_CODES
from tpaudit.ingest.layouts.preset_file import shipped_presets
from tpaudit.store import Store

CASES = sorted((Path(__file__).parent / "cases").glob("*.yaml"))


def test_every_shipped_preset_has_a_case() -> None:
    assert {preset.id for preset in shipped_presets()} <= {case.stem for case in CASES}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.stem)
def test_export_lands_in_the_lake_and_no_row_is_lost(case: Path, tmp_path: Path) -> None:
    wanted = yaml.safe_load(case.read_text(encoding="utf-8"))
    store = make_store(tmp_path)
    result = ingest(store, [write_export(tmp_path / "exports", wanted)])

    assert result.files[0].preset == case.stem
    for table, rows in wanted["lake"].items():
        assert_rows(rows_of(store, table), rows, table)
    assert_points(rows_of(store, "contact_points"), wanted["points"])
    issues = rows_of(store, "ingest_issues")
    assert sorted(map(str, ([row["source_row"], row["column"], row["code"]] for row in issues))) == sorted(
        map(str, wanted["issues"])
    )
    assert_no_row_lost(store, wanted, issues)
    if "absent" in wanted:
        assert all(
            wanted["absent"] not in path.read_bytes().decode("latin-1") for path in store.audit.lake.rglob("*.parquet")
        )


def assert_no_row_lost(store: Store, wanted: dict[str, Any], issues: list[dict[str, Any]]) -> None:
    tables = [wanted["primary"], *([wanted["profiles"]] if "profiles" in wanted else [])]
    loaded = {row["source_row"] for table in tables for row in rows_of(store, table)}
    told = {row["source_row"] for row in issues if row["code"] in WHOLE_ROW_CODES}
    if wanted.get("folds"):
        assert loaded | told <= set(wanted["rows"])
    else:
        assert loaded | told == set(wanted["rows"])
    assert not loaded & told


def write_export(folder: Path, case: dict[str, Any]) -> Path:
    folder.mkdir()
    file = folder / case["file"]
    if "text" in case:
        text = case["text"].replace(",", "\t") if case.get("tabs") else case["text"]
        file.write_bytes(text.encode(case.get("encoding", "utf-8")))
    elif "records" in case:
        pq.write_table(pa.Table.from_pylist(case["records"]), file)
    else:
        file.write_bytes(workbook(case["sheet"]))
    return file


def workbook(cells: list[list[Any]]) -> bytes:
    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer, {"in_memory": True})
    sheet = book.add_worksheet()
    for number, row in enumerate(cells):
        sheet.write_row(number, 0, row)
    book.close()
    return buffer.getvalue()


def rows_of(store: Store, table: str) -> list[dict[str, Any]]:
    rows = store.lake(table)
    order = [name for name in ("source_row", "question_id") if name in rows.columns]
    return store.engine.fetch_rows(rows.order_by(order))


def assert_rows(found: list[dict[str, Any]], wanted: list[dict[str, Any]], table: str) -> None:
    assert len(found) == len(wanted), table
    for row, expected in zip(found, wanted, strict=True):
        assert {name: plain(row[name]) for name in expected} == {name: plain(value) for name, value in expected.items()}


def assert_points(found: list[dict[str, Any]], wanted: list[list[Any]]) -> None:
    points = [[row["type"], row["value"], row["value_norm"], row["is_masked"]] for row in found]
    assert [point for point in wanted if point not in points] == []
    if not wanted:
        assert points == []


def plain(value: Any) -> Any:
    """Times as ISO text in UTC and decimals as numbers, as the cases write them."""
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, date):
        return value.isoformat()
    return float(value) if isinstance(value, Decimal) else value
