"""`tpaudit dedupe` as a consultant uses it: summary, explanation, review, decisions, threshold."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from python_calamine import CalamineWorkbook

from tests.commands.people import PEOPLE
from tests.e2e.conftest import document, run_tpaudit

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("people")]


def test_the_summary_tells_what_changed_and_who_knows_whom(resolved_audit: Path) -> None:
    found = document(run_tpaudit("-C", resolved_audit, "dedupe", "--format", "json"))
    assert found["customers"] == PEOPLE
    assert found["changes"] == {"generation": 1, "new": PEOPLE, "gone": 0, "merged": 0, "split": 0}
    assert found["source_pairs"] == [{"one": "canonical", "other": "canonical", "customers": PEOPLE}]


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_an_explanation_is_masked_and_ends_with_its_reason(audit: Path, lang: str) -> None:
    done = run_tpaudit("-C", audit, "dedupe", "--explain", "crm:7", "139 0007 5678", "--lang", lang)
    assert done.returncode == 0, done.stderr
    assert {"en": "ONE CUSTOMER: probability", "zh": "同一客户：概率"}[lang] in done.stdout
    assert "13900075678" not in done.stdout


def test_review_and_labels_are_a_round_trip(audit: Path, tmp_path: Path) -> None:
    sheet = tmp_path / "review.xlsx"
    done = run_tpaudit("-C", audit, "dedupe", "--review", "3", "-o", sheet)
    assert done.returncode == 0, done.stderr
    header, *rows = CalamineWorkbook.from_path(str(sheet)).get_sheet_by_index(0).to_python()
    assert header[:3] == ["contact_a", "contact_b", "decision"]
    assert len(rows) <= 3 and all(row[2] == "" for row in rows)

    decided = tmp_path / "decided.csv"
    decided.write_text("contact_a,contact_b,decision\ncrm:7,shop:7,不同\ncrm:8,crm:9,same\n", encoding="utf-8")
    found = document(run_tpaudit("-C", audit, "dedupe", "--labels", decided, "--format", "json"))
    assert found["decisions"] == 2
    assert found["changes"]["generation"] == 2
    assert found["changes"]["split"] >= 1 and found["changes"]["merged"] >= 1
    again = document(run_tpaudit("-C", audit, "dedupe", "--force", "--format", "json"))
    assert {**again, "command": ""} == {**found, "command": ""}
    told = document(run_tpaudit("-C", audit, "dedupe", "--explain", "crm:7", "shop:7", "--format", "json"))
    assert (told["decision"], told["same_customer"]) == ("different", False)


def test_a_csv_review_can_be_opened_in_a_spreadsheet(audit: Path, tmp_path: Path) -> None:
    sheet = tmp_path / "review.csv"
    done = run_tpaudit("-C", audit, "dedupe", "--review", "5", "-o", sheet, "--lang", "zh")
    assert done.returncode == 0, done.stderr
    raw = sheet.read_bytes()
    assert raw.startswith(b"\xef\xbb\xbf")
    rows = list(csv.reader(io.StringIO(raw.decode("utf-8-sig"))))
    assert rows[0][:3] == ["contact_a", "contact_b", "decision"]
    assert not any(cell.startswith(("=", "+", "-", "@")) for row in rows for cell in row)


def test_a_contradiction_names_file_and_row_and_changes_nothing(audit: Path, tmp_path: Path) -> None:
    file = tmp_path / "wrong.csv"
    file.write_text("contact_a,contact_b,decision\ncrm:1,crm:2,same\ncrm:2,crm:1,maybe\n", encoding="utf-8")
    done = run_tpaudit("-C", audit, "dedupe", "--labels", file)
    assert done.returncode == 3
    assert "wrong.csv row 3" in done.stderr
    assert not (audit / "labels.csv").exists()


@pytest.mark.parametrize(
    "arguments",
    [
        ("--threshold", "1.5"),
        ("--explain", "crm:7", "nobody"),
        ("--explain", "crm:7", "crm:7"),
        ("--explain", "crm:7", "crm:8", "--review", "3"),
        ("--review", "3", "-o", "review.parquet"),
    ],
)
def test_wrong_usage_is_exit_2(audit: Path, arguments: tuple[str, ...]) -> None:
    done = run_tpaudit("-C", audit, "dedupe", *arguments)
    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr
