"""Grades, withheld cells, and what remains when only high-confidence identities count."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from tests.kpis.marts import write_mart_rows
from tests.lake import make_store
from tpaudit.kpis import measure
from tpaudit.results import KpiRow
from tpaudit.store import Store

JOURNEYS = ("conversion_rate",)


def with_journeys(folder: Path, customers: int, settings: str = "", unknown_touches: int = 0) -> Store:
    """As many customers with one touch each, a quarter of whom converted; every fifth identity is doubtful."""
    store = make_store(folder, settings)
    touch: dict[str, Any] = {"touchpoint": "chat", "occurred_at": datetime(2026, 10, 1)}
    known = [{"touch_id": f"t{n}", "customer_id": f"c{n}", "position": 1} for n in range(customers)]
    unknown = [{"touch_id": f"u{n}"} for n in range(unknown_touches)]
    write_mart_rows(store, "journey_touches", [touch | row for row in (*known, *unknown)])
    ended = datetime(2026, 10, 2)
    write_mart_rows(
        store,
        "journeys",
        [{"customer_id": f"c{n}", "converted": n % 4 == 0, "ended_at": ended} for n in range(customers)],
    )
    write_mart_rows(
        store,
        "customers",
        [{"customer_id": f"c{n}", "confidence": 0.6 if n % 5 == 0 else 0.95} for n in range(customers)],
    )
    return store


def overall(store: Store) -> KpiRow:
    return measure(store, by=[], only=JOURNEYS).rows[0]


@pytest.mark.parametrize(("n", "grade"), [(9, "insufficient"), (10, "D"), (30, "C"), (96, "B"), (385, "A")])
def test_grade_follows_from_the_observations(tmp_path: Path, n: int, grade: str) -> None:
    assert overall(with_journeys(tmp_path, n)).grade == grade


def test_cells_below_the_minimum_are_withheld_with_their_n(tmp_path: Path) -> None:
    row = overall(with_journeys(tmp_path, 9))
    assert (row.n, row.value, row.numerator, row.ci_low, row.value_high_confidence) == (9, None, None, None, None)


def test_the_audit_may_set_another_minimum(tmp_path: Path) -> None:
    assert overall(with_journeys(tmp_path, 20, "[kpi]\nmin_n = 21\n")).value is None


def test_critical_findings_about_its_inputs_lower_the_grade_by_one(tmp_path: Path) -> None:
    store = with_journeys(tmp_path, 400)
    finding = {"code": "TPO01", "table": "orders", "severity": "critical", "status": "failed", "share": 0.02}
    unrelated = [
        finding | {"code": "TPO02", "status": "passed"},
        finding | {"code": "TPO03", "severity": "warning"},
        finding | {"code": "TPS01", "table": "surveys"},
        finding | {"code": "TPO04", "share": 0.001},
        finding | {"code": "TPL01"},
    ]
    write_mart_rows(store, "findings", unrelated)
    assert overall(store).grade == "A"
    write_mart_rows(store, "findings", [*unrelated, finding, finding | {"code": "TPO09"}])
    result = measure(store, by=[], only=JOURNEYS)
    assert result.rows[0].grade == "B"
    assert result.lowered["conversion_rate"] == ("TPO01", "TPO09")


def test_few_touches_with_a_known_customer_lower_what_is_said_of_customers(tmp_path: Path) -> None:
    store = with_journeys(tmp_path, 400, unknown_touches=401)
    result = measure(store, by=[], only=["conversion_rate", "touches"])
    assert {row.kpi: row.grade for row in result.rows} == {"conversion_rate": "B", "touches": "A"}
    assert result.lowered == {"conversion_rate": ("identified_share",)}


def test_doubtful_identities_can_be_left_out(tmp_path: Path) -> None:
    row = overall(with_journeys(tmp_path, 40))
    # Every fifth is doubtful, two of the eight of them converted: 8 of 32 remain.
    assert (row.n, row.value, row.n_high_confidence, row.value_high_confidence) == (40, 0.25, 32, 0.25)


def test_the_share_without_doubtful_identities_is_another_one(tmp_path: Path) -> None:
    store = with_journeys(tmp_path, 12)
    # 0, 4, 8 of twelve converted; 0, 5, 10 are doubtful, so 4 and 8 of nine remain.
    row = overall(store)
    assert (row.value, row.value_high_confidence) == (0.25, pytest.approx(2 / 9))
