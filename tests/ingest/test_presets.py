"""Every preset against a small export of its own layout: what lands in the lake, and that no row is lost."""

from __future__ import annotations

import gzip
import io
import json
import re
import zipfile
from collections.abc import Iterator
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
from tpaudit.errors import InputFault
from tpaudit.ingest import ingest
from tpaudit.ingest.issues import WHOLE_ROW_CODES
from tpaudit.ingest.layouts.preset_file import shipped_presets
from tpaudit.store import Store

CASES = sorted((Path(__file__).parent / "cases").glob("*.yaml"))


def cases() -> Iterator[Any]:
    """Every case and its variants: the same export with another header, which is mapped alike.

    A variant inherits what it does not say, but not what it must show.
    """
    for file in CASES:
        case = yaml.safe_load(file.read_text(encoding="utf-8"))
        variants = case.pop("variants", [])
        yield pytest.param(file.stem, case, id=file.stem)
        shared = {name: case[name] for name in ("primary", "profiles", "folds") if name in case}
        for number, variant in enumerate(variants, start=1):
            yield pytest.param(file.stem, {**shared, **variant}, id=f"{file.stem}-{number}")


def test_every_shipped_preset_has_a_case() -> None:
    assert {preset.id for preset in shipped_presets()} <= {case.stem for case in CASES}


@pytest.mark.parametrize(("preset", "case"), list(cases()))
def test_export_lands_in_the_lake_and_no_row_is_lost(preset: str, case: dict[str, Any], tmp_path: Path) -> None:
    store = make_store(tmp_path, case.get("settings", ""))
    file = write_export(tmp_path / "exports", case)
    if "refused" in case:
        with pytest.raises(InputFault):
            ingest(store, [file])
        assert {row["code"] for row in rows_of(store, "ingest_issues")} == {case["refused"]}
        assert not store.audit.lake_files(next(one for one in shipped_presets() if one.id == preset).table)
        return
    result = ingest(store, [file])
    assert {outcome.preset for outcome in result.files} == set(case.get("presets", [preset]))
    for table, rows in case.get("lake", {}).items():
        assert_rows(rows_of(store, table), rows, table)
    if "points" in case:
        assert_points(rows_of(store, "contact_points"), case["points"])
    issues = rows_of(store, "ingest_issues")
    if "issues" in case:
        told = [[row["source_row"], row["column"], row["code"]] for row in issues]
        assert sorted(map(str, told)) == sorted(map(str, case["issues"]))
    assert_no_row_lost(store, case, issues)
    if "absent" in case:
        assert all(
            case["absent"] not in path.read_bytes().decode("latin-1") for path in store.audit.lake.rglob("*.parquet")
        )


def assert_no_row_lost(store: Store, case: dict[str, Any], issues: list[dict[str, Any]]) -> None:
    """Every data row is in the primary table or told as refused; in a file of several parts, row by row of each."""
    primary = case["primary"] if isinstance(case["primary"], list) else [case["primary"]]
    tables = [*primary, *([case["profiles"]] if "profiles" in case else [])]
    loaded = {place_of(row) for table in tables for row in rows_of(store, table)}
    told = {place_of(row) for row in issues if row["code"] in WHOLE_ROW_CODES}
    wanted = case["rows"]
    if isinstance(wanted, dict):
        expected = {(part, row) for part, rows in wanted.items() for row in rows}
    else:
        expected = {("", row) for row in wanted}
        loaded, told = {("", row) for _, row in loaded}, {("", row) for _, row in told}
    if case.get("folds"):
        assert loaded | told <= expected
    else:
        assert loaded | told == expected
    assert not loaded & told


def place_of(row: dict[str, Any]) -> tuple[str, int]:
    """The sheet or archive member a row comes from, and its number."""
    return re.split(r"[#/]", row["source_file"])[-1], row["source_row"]


def write_export(folder: Path, case: dict[str, Any]) -> Path:
    folder.mkdir()
    file = folder / case["file"]
    content = content_of(case)
    file.write_bytes(gzip.compress(content) if case.get("gz") else content)
    return file


def content_of(case: dict[str, Any]) -> bytes:
    """The bytes of a file written as text, JSON documents, records (Parquet), one sheet, sheets, or an archive."""
    if "text" in case:
        text = case["text"].replace(",", "\t") if case.get("tabs") else case["text"]
        return text.encode(case.get("encoding", "utf-8"))
    if "json" in case:
        documents = [json.dumps(document, ensure_ascii=False) for document in case["json"]]
        is_lines = case["file"].removesuffix(".gz").endswith(("jsonl", "ndjson"))
        return ("\n".join(documents) if is_lines else f"[{', '.join(documents)}]").encode()
    if "zip" in case:
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive:
            for name, member in case["zip"].items():
                inner = {"text": member} if isinstance(member, str) else member
                archive.writestr(name, content_of({"file": name, **inner}))
        return buffer.getvalue()
    if "records" in case:
        buffer = io.BytesIO()
        pq.write_table(pa.Table.from_pylist(case["records"]), buffer)
        return buffer.getvalue()
    return workbook(case["sheets"] if "sheets" in case else {"Sheet1": case["sheet"]})


def workbook(sheets: dict[str, list[list[Any]]]) -> bytes:
    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer, {"in_memory": True})
    for name, cells in sheets.items():
        sheet = book.add_worksheet(name)
        for number, row in enumerate(cells):
            sheet.write_row(number, 0, row)
    book.close()
    return buffer.getvalue()


def rows_of(store: Store, table: str) -> list[dict[str, Any]]:
    """The lake rows of *table* as they lie in its files: another reader than the one that wrote them."""
    rows = [row for file in store.audit.lake_files(table) for row in pq.read_table(file).to_pylist()]
    order = ("source_row", "question_id")
    return sorted(rows, key=lambda row: [(row.get(name) is not None, row.get(name)) for name in order])


def assert_rows(found: list[dict[str, Any]], wanted: list[dict[str, Any]], table: str) -> None:
    """Each wanted row is one of the found rows, which are as many; the most telling ones choose first."""
    assert len(found) == len(wanted), f"{table}: {len(found)} rows"
    left = [{name: plain(value) for name, value in row.items()} for row in found]
    for expected in sorted(wanted, key=len, reverse=True):
        expected = {name: plain(value) for name, value in expected.items()}
        likeliest = max(left, key=lambda row: sum(row[name] == value for name, value in expected.items()))
        assert {name: likeliest[name] for name in expected} == expected
        left.remove(likeliest)


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
