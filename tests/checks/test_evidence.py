"""The rows behind a finding, and the SQL that finds them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.checks.case import store_of
from tpaudit import checks
from tpaudit.model import LAKE_TABLES

pytestmark = pytest.mark.xdist_group("great expectations")


def test_there_are_as_many_rows_as_failed_and_they_are_the_right_ones(tmp_path: Path) -> None:
    store = store_of(
        tmp_path,
        {
            "orders": [
                {"order_id": "o1", "paid_amount": -1, "currency": "CNY", "refunded_amount": 3},
                {"order_id": "o2", "paid_amount": 5, "currency": "RMB", "refunded_amount": 9},
                {"order_id": "o2", "paid_amount": 5, "currency": "RMB", "refunded_amount": 9},
            ],
            "touches": [{"touch_id": "t1", "source_sha256": "f"}, {"touch_id": "t1", "source_sha256": "f"}],
        },
    )
    findings = checks.validate(store, select=["TPM01", "TPM02", "TPM04", "TPV03", "TPT01"]).findings

    with checks.evidence_of(store.audit, findings) as evidence:
        failed = {
            (one.code, one.table): evidence.rows(one) for one in findings if one.failed and one.column != "created_at"
        }
        sql = evidence.sql(next(one for one in findings if one.code == "TPM02"))
        assert evidence.rows(next(one for one in findings if one.code == "TPT01" and one.failed), limit=1).num_rows == 1

    assert failed["TPM01", "orders"].column("order_id").to_pylist() == ["o1"]
    assert failed["TPM02", "orders"].column("order_id").to_pylist() == ["o2"]
    assert failed["TPM04", "orders"].column("source_row").to_pylist() == [4]
    repeated = failed["TPV03", "touches"].to_pylist()
    assert [(row["touch_id"], row["source_file"], row["source_row"]) for row in repeated] == [("t1", "test.csv", 3)]
    assert {*repeated[0]} == {*LAKE_TABLES["touches"].column_names}
    assert sql == (
        "SELECT * FROM orders WHERE refunded_amount IS NOT NULL AND (paid_amount >= 0) AND (refunded_amount > paid_amount)"
    )


def test_the_sql_of_every_check_can_be_read_without_an_engine(tmp_path: Path) -> None:
    audit = store_of(tmp_path, {}).audit

    texts = {
        str(target): checks.compiled_sql(check, target, audit) for check in checks.load() for target in check.targets
    }

    assert all("SELECT" in text and "{table}" not in text and "{column}" not in text for text in texts.values())
    code = next(check for check in checks.load() if check.code == "TPW01")
    assert "expect_column_values_to_match_regex(regex='^o[0-9A-Za-z_-]{27}$')" in checks.compiled_sql(
        code, code.targets[0], audit
    )
