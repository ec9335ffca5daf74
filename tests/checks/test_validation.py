"""The run as a whole: faults stay alone, nothing is silent, the gate judges, the mart is written."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.checks.case import SETTINGS, store_of
from tests.lake import write_lake_rows
from tpaudit import checks
from tpaudit.checks import derived, validation
from tpaudit.checks.definition import CheckDefinition, Expectation
from tpaudit.errors import EngineFault, InputFault, UsageFault

pytestmark = pytest.mark.xdist_group("great expectations")

ORDERS = [{"order_id": f"o{number}", "paid_amount": number, "currency": "CNY"} for number in range(10)]


def checks_are(monkeypatch: pytest.MonkeyPatch, **changes: Callable[[CheckDefinition], CheckDefinition]) -> None:
    """Let the shipped checks named by *changes*, changed, be all there are."""
    shipped = tuple(changes[check.code](check) for check in checks.load() if check.code in changes)
    monkeypatch.setattr(validation, "load_for", lambda folder: checks.AuditChecks(shipped))


def one(check: CheckDefinition, **fields: Any) -> CheckDefinition:
    """*check* on orders.paid_amount, with *fields* changed."""
    target = next(target for target in check.targets if str(target) == "orders.paid_amount")
    return replace(check, targets=(target,), **{"expectation": None, **fields})


def test_a_check_the_engine_refuses_is_an_error_and_the_others_still_report(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    checks_are(
        monkeypatch,
        TPM01=lambda check: one(check, fails_when="no_such_function({column})"),
        TPM04=lambda check: replace(check, targets=check.targets[:1]),
    )

    found = {one.code: one for one in checks.validate(store_of(tmp_path, {"orders": ORDERS})).findings}

    assert found["TPM01"].status == "error"
    assert found["TPM01"].checked is None
    assert found["TPM01"].reason is not None
    assert "no_such_function" in found["TPM01"].reason.en
    assert (found["TPM04"].status, found["TPM04"].checked) == ("passed", 10)


def test_a_check_that_breaks_on_the_data_is_an_error_and_the_others_still_report(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    checks_are(
        monkeypatch,
        TPM01=lambda check: one(check, fails_when="CAST(currency AS INTEGER) < 0"),
        TPM04=lambda check: replace(check, targets=check.targets[:1]),
    )

    found = {one.code: one for one in checks.validate(store_of(tmp_path, {"orders": ORDERS})).findings}

    assert (found["TPM01"].status, found["TPM04"].status) == ("error", "passed")


def test_a_run_in_which_every_check_breaks_is_a_fault_of_the_engine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    checks_are(
        monkeypatch, TPM01=lambda check: one(check, fails_when=None, expectation=Expectation("expect_miracles", {}))
    )

    with pytest.raises(EngineFault, match="expect_miracles"):
        checks.validate(store_of(tmp_path, {"orders": ORDERS}))


@pytest.mark.parametrize(("threshold", "status"), [(0.1, "passed"), (0.3, "passed"), (0.29, "failed"), (0.0, "failed")])
def test_a_share_at_the_threshold_passes_and_one_above_it_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, threshold: float, status: str
) -> None:
    failing = 1 if threshold == 0.1 else 3
    checks_are(monkeypatch, TPM01=lambda check: one(check, threshold=threshold, fails_when=f"{{column}} < {failing}"))

    finding = checks.validate(store_of(tmp_path, {"orders": ORDERS})).findings[0]

    assert (finding.checked, finding.failed, finding.share, finding.status) == (10, failing, failing / 10, status)


def test_an_unknown_condition_does_not_fail_but_counts_as_checked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    checks_are(monkeypatch, TPM01=lambda check: one(check, fails_when="{column} < total_amount"))

    finding = checks.validate(store_of(tmp_path, {"orders": ORDERS})).findings[0]

    assert (finding.checked, finding.failed) == (10, 0)


def test_empty_tables_and_columns_are_skipped_with_the_mapping_that_would_help(tmp_path: Path) -> None:
    store = store_of(tmp_path, {"orders": ORDERS, "contacts": [{"contact_id": "a"}]})

    found = {(one.code, one.table, one.column): one for one in checks.validate(store).findings}

    empty_table, empty_column = found["TPS01", "surveys", "score"], found["TPM02", "orders", "refunded_amount"]
    assert empty_table.status == empty_column.status == "skipped"
    assert empty_table.reason is not None
    assert empty_column.reason is not None
    assert "no rows in surveys" in empty_table.reason.en
    assert "map a source column to orders.refunded_amount" in empty_column.reason.en
    assert "orders.refunded_amount" in empty_column.reason.zh


def test_the_newest_word_about_a_row_is_judged(tmp_path: Path) -> None:
    store = store_of(tmp_path, {"orders": [{"order_id": "o1", "paid_amount": -1}]})
    later = {"order_id": "o1", "paid_amount": 1, "ingested_at": datetime(2026, 11, 17, tzinfo=UTC)}
    write_lake_rows(store, "orders", [later], export="later")

    finding = next(one for one in checks.validate(store, select=["TPM01"]).findings if one.column == "paid_amount")

    assert (finding.checked, finding.failed) == (1, 0)


def test_the_gate_counts_failures_from_its_severity_up(tmp_path: Path) -> None:
    store = store_of(tmp_path, {"orders": [{"order_id": "o1", "paid_amount": -1, "currency": "¥"}]})

    critical = checks.validate(store)
    never = checks.validate(store, fail_on="never")
    only_warnings = checks.validate(store, select=["TPM04"])

    assert critical.fail_on == "critical"
    assert not critical.passed
    assert never.passed
    assert only_warnings.count("failed") == 1
    assert only_warnings.passed


def test_the_gate_follows_the_audits_settings(tmp_path: Path) -> None:
    settings = SETTINGS + '[validate]\nfail_on = "warning"\n'
    store = store_of(tmp_path, {"orders": [{"order_id": "o1", "currency": "¥"}]}, settings)

    assert not checks.validate(store, select=["TPM04"]).passed


def test_an_unknown_gate_is_a_usage_fault(tmp_path: Path) -> None:
    with pytest.raises(UsageFault, match=r"'critcal' is none of .* did you mean 'critical'"):
        checks.validate(store_of(tmp_path, {}), fail_on="critcal")


def test_no_check_that_could_run_is_no_pass(tmp_path: Path) -> None:
    with pytest.raises(InputFault, match="no check ran"):
        checks.validate(store_of(tmp_path, {}))
    with pytest.raises(InputFault, match="no check ran"):
        checks.validate(store_of(tmp_path, {}), select=["TPM01"], ignore=["orders", "order_items"])


@pytest.mark.parametrize(
    ("lang", "title"), [("en", "Negative amount"), ("zh", "金额为负"), ("auto", "Negative amount")]
)
def test_findings_are_written_in_the_audits_language(tmp_path: Path, lang: str, title: str) -> None:
    settings = SETTINGS.replace("[audit]", f'[audit]\nlang = "{lang}"')
    store = store_of(tmp_path, {"orders": [{"order_id": "o1", "paid_amount": -1}]}, settings)

    result = checks.validate(store)

    rows = store.engine.fetch_rows(store.mart("findings"))
    assert [(row["code"], row["table"], row["column"]) for row in rows] == [
        (one.code, one.table, one.column) for one in result.findings
    ]
    failed = next(row for row in rows if (row["code"], row["column"]) == ("TPM01", "paid_amount"))
    assert (failed["title"], failed["checked"], failed["failed"], failed["share"]) == (title, 1, 1, 1.0)
    assert failed["detail"] == "test.csv: 1"


def test_a_part_of_the_checks_is_not_kept(tmp_path: Path) -> None:
    store = store_of(tmp_path, {"orders": ORDERS})

    checks.validate(store, select=["TPM01"])

    assert not store.audit.mart_file("findings").exists()
    assert not (store.audit.private / "profiles").exists()


def test_a_table_that_cannot_be_prepared_takes_only_its_readers_along(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = {**derived.DERIVED, "reachable": derived.Derived("broken", "SELECT no_such_column FROM contacts")}
    monkeypatch.setattr(derived, "DERIVED", broken)
    store = store_of(tmp_path, {"contacts": [{"contact_id": "a", "full_name": "张伟"}]})

    found = {one.code: one for one in checks.validate(store, select=["TPC03", "TPC05"]).findings}

    assert (found["TPC03"].status, found["TPC05"].status) == ("error", "passed")
    assert found["TPC03"].reason is not None
    assert "no_such_column" in found["TPC03"].reason.en


def test_every_file_with_failures_is_told_the_largest_first(tmp_path: Path) -> None:
    rows = [
        {"order_id": f"o{n}", "paid_amount": -1, "source_file": f"f{n % 5 if n % 5 < 4 else 0}.csv"} for n in range(10)
    ]

    finding = next(
        f for f in checks.validate(store_of(tmp_path, {"orders": rows}), select=["TPM01"]).findings if f.failed
    )

    assert [(place.place, place.failed) for place in finding.places] == [
        ("f0.csv", 4), ("f1.csv", 2), ("f2.csv", 2), ("f3.csv", 2),
    ]  # fmt: skip
    assert finding.detail == "f0.csv: 4, f1.csv: 2, f2.csv: 2, +1"


def test_a_run_prints_nothing_and_leaves_nothing_behind_at_exit(tmp_path: Path) -> None:
    program = f"""
from pathlib import Path
from tests.checks.case import store_of
from tpaudit import checks
store = store_of(Path({str(tmp_path)!r}), {{"orders": [{{"order_id": "o1", "paid_amount": -1}}]}})
checks.validate(store)
store.engine.close()
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=Path(__file__).parents[2]
    )

    assert (done.stdout, done.stderr) == ("", "")
