"""`tpaudit kpi --audience`: a list of customers to hand on, masked unless asked for."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from tests.e2e.conftest import document, run_tpaudit

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("people")]

ORDERS = """order_id,contact_id,status,paid_at,paid_amount
o1,shop:7,paid,2026-08-01 10:00:00,100
o2,shop:8,paid,2026-08-02 10:00:00,300
o3,shop:9,paid,2026-11-10 10:00:00,50
"""


def test_an_audience_is_written_masked_and_complete(audit: Path) -> None:
    (audit / "orders.csv").write_text(ORDERS, encoding="utf-8")
    assert run_tpaudit("-C", audit, "ingest", audit / "orders.csv", "--as", "orders").returncode == 0

    file = audit / "at_risk.csv"
    done = run_tpaudit("-C", audit, "kpi", "--audience", "at_risk", "-o", file, "--show-pii")
    assert done.returncode == 0, done.stderr
    assert "wrote 2 customers" in done.stderr and done.stdout == ""
    with file.open(encoding="utf-8", newline="") as opened:
        rows = list(csv.DictReader(opened))
    assert [(row["phone"], row["email"], row["net_amount"], row["last_order"]) for row in rows] == [
        ("+8613900085678", "p8@example.com", "300.0", "2026-08-02"),
        ("+8613900075678", "p7@example.com", "100.0", "2026-08-01"),
    ]

    masked = run_tpaudit("-C", audit, "kpi", "--audience", "new", "--format", "json")
    assert [row["email"] for row in document(masked)["rows"]] == ["p***@example.com"]
    assert document(masked)["is_masked"] is True

    unknown = run_tpaudit("-C", audit, "kpi", "--audience", "at_rsik")
    assert unknown.returncode == 2
    assert "did you mean 'at_risk'" in unknown.stderr and "silent" in unknown.stderr


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("-o", "list.xlsx"), "written as CSV, JSON or Parquet"),
        (("--by", "stage"), "leave --by, --only and --period out"),
    ],
)
def test_what_an_audience_cannot_be_is_refused_before_any_work(
    resolved_audit: Path, arguments: tuple[str, ...], told: str
) -> None:
    done = run_tpaudit("-C", resolved_audit, "kpi", "--audience", "new", *arguments)
    assert done.returncode == 2
    assert told in done.stderr
