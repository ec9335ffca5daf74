"""Quarantine: all rows that fell short, where they came from, and nobody's data."""

from __future__ import annotations

import csv
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from tests.checks.case import store_of
from tpaudit import checks
from tpaudit.checks.judging import Probe
from tpaudit.checks.lake import Lake
from tpaudit.checks.quarantine import write_quarantine
from tpaudit.checks.validation import lake_session
from tpaudit.errors import EngineFault, UsageFault
from tpaudit.model import LAKE_TABLES
from tpaudit.results import FindingRow
from tpaudit.store import Store

pytestmark = pytest.mark.xdist_group("great expectations")

PHONE = "+8612345678901"
LATER = datetime(2031, 1, 1, tzinfo=UTC)
ROWS: dict[str, list[dict[str, Any]]] = {
    "orders": [
        {"order_id": f"o{n}", "paid_amount": -1, "currency": "RMB" if n < 3 else "CNY", "extra": '{"phone": "13912345678"}'}
        for n in range(5)
    ],
    "touches": [
        {"touch_id": "t1", "source_sha256": "f"},
        {"touch_id": "t1", "source_sha256": "f", "event": "=1+1", "occurred_at": LATER},
        {"touch_id": "t2", "text": "call me: 13912345678", "tags": ["a", "b"], "from_number": PHONE, "occurred_at": LATER},
    ],
}  # fmt: skip


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return store_of(tmp_path, ROWS)


def failed(store: Store, *codes: str) -> tuple[FindingRow, ...]:
    return checks.validate(store, select=codes).findings


def test_every_row_that_fell_short_is_there_with_its_file_and_row(store: Store, tmp_path: Path) -> None:
    findings = failed(store, "TPM01", "TPM04", "TPV03")

    written = write_quarantine(store.audit, findings, tmp_path / "q")

    assert {file.file: (file.rows, file.failed) for file in written.files} == {
        "TPM01-orders.parquet": (5, 5),
        "TPM04-orders.parquet": (3, 3),
        "TPV03-touches.parquet": (1, 1),
    }
    rows = pq.read_table(tmp_path / "q" / "TPM04-orders.parquet").to_pylist()
    assert [(row["check_code"], row["check_column"], row["source_file"], row["source_row"]) for row in rows] == [
        ("TPM04", "currency", "test.csv", row) for row in (2, 3, 4)
    ]
    manifest = json.loads((tmp_path / "q" / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["masked"] is True
    assert [file["rows"] for file in manifest["files"]] == [5, 3, 1]


@pytest.mark.parametrize("form", ["parquet", "csv"])
def test_personal_data_is_masked_unless_asked_for(store: Store, tmp_path: Path, form: Any) -> None:
    findings = failed(store, "TPT02", "TPM01")

    def contents(folder: str, show_pii: bool) -> str:
        write_quarantine(store.audit, findings, tmp_path / folder, form, show_pii=show_pii)
        if form == "csv":
            return "".join(file.read_text(encoding="utf-8") for file in sorted((tmp_path / folder).glob("*.csv")))
        return str([pq.read_table(file).to_pylist() for file in sorted((tmp_path / folder).glob("*.parquet"))])

    masked, plain = contents("masked", False), contents("plain", True)

    assert [told for told in ("13912345678", "call me", PHONE) if told in masked] == []
    assert all(told in plain for told in ("13912345678", "call me", PHONE))


def test_csv_holds_lists_and_no_formulas(store: Store, tmp_path: Path) -> None:
    write_quarantine(store.audit, failed(store, "TPT02"), tmp_path / "q", "csv")

    with (tmp_path / "q" / "TPT02-touches.csv").open(encoding="utf-8", newline="") as lines:
        rows = sorted(csv.DictReader(lines), key=lambda row: row["source_row"])
    assert [(row["source_row"], row["tags"], row["event"]) for row in rows] == [("3", "", "'=1+1"), ("4", "a|b", "")]


def test_a_second_quarantine_replaces_the_first_and_touches_nothing_else(store: Store, tmp_path: Path) -> None:
    folder = tmp_path / "q"
    write_quarantine(store.audit, failed(store, "TPM01", "TPM04"), folder)
    (folder / "notes.txt").write_text("mine", encoding="utf-8")

    write_quarantine(store.audit, failed(store, "TPM04"), folder)

    assert sorted(file.name for file in folder.iterdir()) == ["TPM04-orders.parquet", "manifest.json", "notes.txt"]


def test_nothing_failed_is_an_empty_manifest(tmp_path: Path) -> None:
    store = store_of(tmp_path, {"orders": [{"order_id": "o1", "paid_amount": 1, "currency": "CNY"}]})

    written = write_quarantine(store.audit, failed(store, "TPM01"), tmp_path / "q")

    assert written.files == ()
    assert [file.name for file in (tmp_path / "q").iterdir()] == ["manifest.json"]


def test_a_check_that_compares_rows_leaves_whole_rows_too(store: Store, tmp_path: Path) -> None:
    write_quarantine(store.audit, failed(store, "TPV03"), tmp_path / "q")

    (row,) = pq.read_table(tmp_path / "q" / "TPV03-touches.parquet").to_pylist()
    assert {*row} == {"check_code", "check_column", *LAKE_TABLES["touches"].column_names}
    assert (row["touch_id"], row["event"], row["source_row"], row["occurred_at"]) == ("t1", "=1+1", 3, LATER)


def test_every_check_that_compares_rows_tells_all_columns_of_its_table(tmp_path: Path) -> None:
    store = store_of(tmp_path, {"touches": ROWS["touches"]})
    comparing = [check for check in checks.load() if check.query and check.unit == "row"]
    probes = [Probe(check, target) for check in comparing for target in check.targets]

    with lake_session(store.audit) as session:
        lake = Lake(store.audit, session.execute)
        lake.prepare(probes, also={*LAKE_TABLES, "recognised", "marketing_sent"})
        told = {
            probe.column: {row[0] for row in session.execute(f"DESCRIBE {probe.sql('query', lake.parameters)}")}
            for probe in probes
        }

    assert len(told) >= 10
    assert [
        probe.column for probe in probes if not {*LAKE_TABLES[probe.target.table].column_names} <= told[probe.column]
    ] == []


def test_texts_that_a_query_of_ones_own_adds_are_hidden(store: Store, tmp_path: Path) -> None:
    (store.audit.folder / "checks").mkdir()
    query = "SELECT source_file AS place, '13912345678' AS caller, TRUE AS failed FROM orders"
    own = f'own: [{{code: PAIR, title: pairs, target: orders, query: "{query}"}}]'
    (store.audit.folder / "checks" / "own.yaml").write_text(own, encoding="utf-8")

    write_quarantine(store.audit, failed(store, "PAIR"), tmp_path / "q")

    rows = pq.read_table(tmp_path / "q" / "PAIR-orders.parquet").select(["place", "caller"]).to_pylist()
    assert rows == [{"place": "test.csv", "caller": "****"}] * 5


def test_findings_without_rows_are_named_not_dropped(store: Store, tmp_path: Path) -> None:
    quiet = next(one for one in failed(store, "TPM01") if one.failed).model_copy(
        update={"code": "TPT08", "table": "touches", "column": "occurred_at", "unit": "source"}
    )

    assert write_quarantine(store.audit, [quiet], tmp_path / "q").unnamed == ("TPT08 touches.occurred_at",)


def test_a_folder_that_is_a_file_is_refused(store: Store, tmp_path: Path) -> None:
    (tmp_path / "q").write_text("", encoding="utf-8")

    with pytest.raises(UsageFault):
        write_quarantine(store.audit, [], tmp_path / "q")


def test_rows_that_are_gone_leave_no_half_file(store: Store, tmp_path: Path) -> None:
    findings = failed(store, "TPM01")
    for file in store.audit.lake_files("orders"):
        file.unlink()

    with pytest.raises(EngineFault):
        write_quarantine(store.audit, findings, tmp_path / "q")

    assert not list((tmp_path / "q").iterdir())
