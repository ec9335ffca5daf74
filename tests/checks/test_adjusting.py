"""The audit's own word on its checks: adjustments, waivers and checks of its own, or a clear fault."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.checks.case import SETTINGS, store_of
from tpaudit import checks
from tpaudit.errors import ConfigFault
from tpaudit.results import FindingRow, ValidateResult
from tpaudit.store import Store

pytestmark = pytest.mark.xdist_group("great expectations")

ORDERS = [
    {"order_id": f"o{number}", "paid_amount": -1 if number < 4 else number, "currency": "CNY", "store_id": None,
     "source_file": "a.csv" if number < 3 else "b.csv"}
    for number in range(10)
]  # fmt: skip


def store_with(folder: Path, text: str, settings: str = SETTINGS) -> Store:
    (folder / "checks").mkdir()
    (folder / "checks" / "ours.yaml").write_text(text, encoding="utf-8")
    return store_of(folder, {"orders": ORDERS}, settings)


def paid(result: ValidateResult, code: str = "TPM01") -> FindingRow:
    return next(one for one in result.findings if (one.code, one.column) == (code, "paid_amount"))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("checks: {TPMO1: {enabled: false}}", "checks.TPMO1: there is no check 'TPMO1'; did you mean 'TPM01'?"),
        ("checks: {TPM01: {severty: info}}", "checks.TPM01: unknown key 'severty'; did you mean 'severity'?"),
        ("checks: {TPM01: {severity: inof}}", "severity: 'inof' is none of critical, warning, info; did you mean 'info'?"),
        ("checks: {TPM01: {threshold: 5}}", "checks.TPM01.threshold: 5 is not a share from 0 to below 1"),
        ("checks: {TPM01: {enabled: maybe}}", "checks.TPM01.enabled: 'maybe' is neither true nor false"),
        ("check: {}", "unknown key 'check'; did you mean 'checks'?"),
        ("checks: [", "checks/ours.yaml: while parsing"),
        ("waivers: [{code: TPM01}]", "waivers[1]: expires is missing"),
        ("waivers: [{code: TPM01, expires: soon, reason: x, max_failed: 1}]", "expires: 'soon' is no date"),
        ("waivers: [{code: TPM01, expires: 2027-01-01, reason: x, max_failed: 0}]", "max_failed: 0 is no number from 1"),
        ("waivers: [{code: TPM01, expires: 2027-01-01, reason: x, max_failed: 1, column: paid_amuont}]",
         "waivers[1].column: TPM01 does not look at 'paid_amuont'; did you mean 'paid_amount'?"),
        ("own: [{code: TPZ01, title: t, target: orders, fails_when: 'TRUE'}]", "not a code of tpaudit's own"),
        ("own: [{code: X1, title: t, target: order, fails_when: 'TRUE'}]", "unknown table 'order'; did you mean 'orders'?"),
        ("own: [{code: X1, title: t, target: orders}]", "exactly one of fails_when, expectation, query is needed, not 0"),
        ("own: [{code: X1, target: orders, fails_when: 'TRUE'}]", "own[1]: title is missing"),
    ],
)  # fmt: skip
def test_a_fault_is_told_with_file_key_and_the_nearest_name(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(ConfigFault) as raised:
        checks.load_for(store_with(tmp_path, text).audit.folder)

    assert raised.value.message.startswith("checks/ours.yaml")
    assert told in raised.value.message


def test_all_faults_are_told_at_once(tmp_path: Path) -> None:
    text = "checks: {TPM99: {}, TPM01: {threshold: 2}}\nwaivers: [{code: TPM01}]"

    with pytest.raises(ConfigFault) as raised:
        checks.load_for(store_with(tmp_path, text).audit.folder)

    assert len(raised.value.faults) == 5


def test_severity_threshold_and_enabling_are_the_audits(tmp_path: Path) -> None:
    store = store_with(tmp_path, "checks: {TPM01: {severity: info, threshold: 0.4}, TPM04: {enabled: false}}")

    finding = paid(checks.validate(store, select=["TPM01"]))

    assert (finding.severity, finding.threshold, finding.failed, finding.status) == ("info", 0.4, 4, "passed")
    assert "TPM04" not in {check.code for check in checks.load_for(store.audit.folder).definitions}


def waived(folder: Path, *waivers: str) -> FindingRow:
    store = store_with(
        folder, "waivers:\n" + "\n".join(f"  - {{code: TPM01, reason: known, {text}}}" for text in waivers)
    )
    return paid(checks.validate(store, select=["TPM01"]))


def test_a_waiver_covers_as_many_as_it_was_granted_for(tmp_path: Path) -> None:
    finding = waived(tmp_path, "expires: 2026-11-16, max_failed: 4, column: paid_amount")

    assert (finding.status, finding.failed, finding.waived, finding.falls_short) == ("failed", 4, 4, False)
    assert [use.state for use in finding.waivers] == ["used"]


def test_a_waiver_does_not_hide_what_comes_later(tmp_path: Path) -> None:
    finding = waived(tmp_path, "expires: 2026-12-31, max_failed: 3")

    assert (finding.waived, finding.falls_short, finding.waivers[0].state) == (3, True, "outgrown")


def test_an_expired_waiver_covers_nothing_and_says_so(tmp_path: Path) -> None:
    finding = waived(tmp_path, "expires: 2026-11-15, max_failed: 4")

    assert (finding.waived, finding.falls_short, finding.waivers[0].state) == (0, True, "expired")


def test_a_waiver_for_a_file_covers_only_its_rows(tmp_path: Path) -> None:
    finding = waived(tmp_path, "expires: 2026-12-31, max_failed: 9, file: a.csv")

    assert (finding.waived, finding.falls_short) == (3, True)


def test_waivers_add_up_to_no_more_than_failed(tmp_path: Path) -> None:
    finding = waived(tmp_path, "expires: 2026-12-31, max_failed: 4", "expires: 2026-12-31, max_failed: 4, file: b.csv")

    assert (finding.waived, finding.falls_short) == (4, False)


def test_a_waived_failure_passes_the_gate(tmp_path: Path) -> None:
    text = "waivers: [{code: TPM01, expires: 2026-12-31, max_failed: 4, reason: known}]"

    result = checks.validate(store_with(tmp_path, text), select=["TPM01"])

    assert (result.count("failed"), result.passed) == (1, True)


def test_own_checks_in_sql_and_by_name_of_an_expectation(tmp_path: Path) -> None:
    text = """
own:
  - {code: SHOP01, title: No store, target: orders.store_id, checks_null: true, threshold: 0.5, fails_when: "{column} IS NULL"}
  - {code: SHOP02, title: {en: Odd ids, zh: 编号异常}, target: orders.order_id, severity: info,
     expectation: {type: expect_column_values_to_match_regex, kwargs: {regex: "^o[0-8]$"}}}
  - {code: SHOP03, title: Mean, target: orders, expectation: {type: expect_column_mean_to_be_between,
     kwargs: {column: paid_amount, min_value: 100}}}
  - {code: SHOP04, title: Twins, target: orders, applies_when: "paid_amount < 5",
     expectation: {type: expect_compound_columns_to_be_unique, kwargs: {column_list: [paid_amount, currency]}}}
  - {code: SHOP05, title: Days, target: orders, unit: day, query: "SELECT 'x' AS place, TRUE AS failed FROM range(3)"}
  - {code: SHOP06, title: Broken, target: orders, fails_when: "CAST(currency AS INTEGER) < 0"}
"""
    result = checks.validate(store_with(tmp_path, text), select=["own"])

    assert {one.code: (one.status, one.checked, one.failed) for one in result.findings} == {
        "SHOP01": ("failed", 10, 10),
        "SHOP02": ("failed", 10, 1),
        "SHOP03": ("failed", 1, 1),
        "SHOP04": ("failed", 5, 4),
        "SHOP05": ("failed", 3, 3),
        "SHOP06": ("error", None, None),
    }
    assert result.findings[0].title.zh == "No store"
    assert result.findings[1].title.zh == "编号异常"
    assert result.findings[1].places[0].place == "b.csv"
