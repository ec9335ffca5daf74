"""Baselines: what is known passes, what is new or has grown fails, and nothing else is hidden."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.reports.samples import FINDINGS, finding
from tpaudit.checks.baseline import judged_against, key_of, read_baseline, updated, write_baseline
from tpaudit.errors import ConfigFault, UsageFault
from tpaudit.results import FindingRow, ValidateResult, WaiverUse

FILE = Path("baseline.json")


def failing(failed: int, code: str = "TPT02", **values: object) -> FindingRow:
    return finding(code, "a", "甲", status="failed", checked=1000, failed=failed, share=failed / 1000, **values)


def result_of(*findings: FindingRow) -> ValidateResult:
    return ValidateResult(findings=findings, fail_on="critical")


@given(before=st.integers(1, 1000), now=st.integers(1, 1000))
def test_a_finding_passes_if_and_only_if_there_is_no_more_of_it(before: int, now: int) -> None:
    counts = updated({}, result_of(failing(before)))

    judged = judged_against(result_of(failing(now)), counts, FILE)

    assert judged.passed == (now <= before)
    assert judged.findings[0].has_grown == (now > before)
    use = judged.baseline
    assert use is not None
    assert (use.known, use.grown, use.mended) == (int(now <= before), int(now > before), int(now < before))


def test_growth_fails_however_generous_the_threshold() -> None:
    counts = updated({}, result_of(failing(100, threshold=0.05)))

    assert not judged_against(result_of(failing(101, threshold=0.05)), counts, FILE).passed


def test_a_new_finding_fails_beside_known_ones() -> None:
    counts = updated({}, result_of(failing(5)))

    judged = judged_against(result_of(failing(5), failing(1, "TPT03")), counts, FILE)

    assert [one.code for one in judged.gate_failures] == ["TPT03"]


def test_an_expired_waiver_counts_as_growth() -> None:
    def waived(state: str, count: int) -> FindingRow:
        use = WaiverUse.model_validate(
            {
                "reason": "old import",
                "expires": date(2026, 11, 1),
                "max_failed": 10,
                "file": None,
                "state": state,
                "waived": count,
            }
        )
        return failing(12, waived=count, waivers=(use,))

    counts = updated({}, result_of(waived("used", 10)))

    assert list(counts.values()) == [2]
    assert judged_against(result_of(waived("used", 10)), counts, FILE).passed
    assert not judged_against(result_of(waived("expired", 0)), counts, FILE).passed


def test_entries_of_checks_that_did_not_run_are_kept_and_mended_ones_go() -> None:
    skipped = finding("TPT04", "c", "丙", status="skipped", checked=None, failed=None, share=None)
    mended = finding("TPT05", "d", "丁")
    counts = {key_of(skipped): 7, key_of(mended): 3, ("TPM01", "orders", "paid_amount"): 2}

    assert updated(counts, result_of(skipped, mended, failing(4))) == {
        key_of(skipped): 7,
        ("TPM01", "orders", "paid_amount"): 2,
        ("TPT02", "touches", None): 4,
    }


def test_a_baseline_is_the_same_after_it_was_written_and_one_entry_per_line(tmp_path: Path) -> None:
    counts = updated({}, ValidateResult(findings=FINDINGS, fail_on="critical"))
    write_baseline(tmp_path / "b.json", counts)

    assert read_baseline(tmp_path / "b.json") == counts
    lines = (tmp_path / "b.json").read_text(encoding="utf-8").splitlines()
    assert [line.count('"code"') for line in lines if "code" in line] == [1] * len(counts)
    write_baseline(tmp_path / "empty.json", {})
    assert read_baseline(tmp_path / "empty.json") == {}


@pytest.mark.parametrize(
    "text",
    [
        "", "[]", "{}", '{"schema_version": 2, "findings": []}', '{"schema_version": 1, "findings": [{}]}',
        '{"schema_version": 1, "findings": [{"code": "A", "table": "t", "column": null, "failed": true}]}',
        '{"schema_version": 1, "findings": [{"code": "A", "table": "t", "column": 3, "failed": 1}]}',
    ],
)  # fmt: skip
def test_what_is_no_baseline_is_refused_with_a_remedy(tmp_path: Path, text: str) -> None:
    (tmp_path / "b.json").write_text(text, encoding="utf-8")

    with pytest.raises(ConfigFault) as refused:
        read_baseline(tmp_path / "b.json")

    assert "--update-baseline" in str(refused.value.hint)


def test_a_missing_baseline_is_a_usage_fault(tmp_path: Path) -> None:
    with pytest.raises(UsageFault, match="no baseline"):
        read_baseline(tmp_path / "b.json")


def test_the_file_holds_no_more_than_it_needs(tmp_path: Path) -> None:
    write_baseline(tmp_path / "b.json", {("TPT02", "touches", None): 4})

    assert json.loads((tmp_path / "b.json").read_text(encoding="utf-8")) == {
        "schema_version": 1,
        "findings": [{"code": "TPT02", "table": "touches", "column": None, "failed": 4}],
    }
