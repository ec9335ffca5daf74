"""Every KPI against the hand-calculated figures of its case file."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.kpis.marts import write_mart_rows
from tests.lake import make_store, write_lake_rows
from tpaudit.kpis import describe, measure, registry
from tpaudit.model import LAKE_TABLES, MARTS
from tpaudit.results import KpiRow

CASES = Path(__file__).parent / "cases"
# Cases are small enough to be calculated by hand. A case that is about the minimum leaves this out.
SHOWING_SMALL_SAMPLES = "[kpi]\nmin_n = 1\n"
FIGURES = ("value", "n", "numerator", "denominator", "ci_low", "ci_high", "grade")


def load(case: Path) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(case.read_text(encoding="utf-8"))
    return found


def typed(row: dict[str, Any], schema: dict[str, str]) -> dict[str, Any]:
    """YAML knows no decimals, and writes days for instants."""

    def value(name: str, cell: Any) -> Any:
        if schema[name].startswith("decimal") and cell is not None:
            return Decimal(str(cell))
        if schema[name].startswith("timestamp") and isinstance(cell, date) and not isinstance(cell, datetime):
            return datetime(cell.year, cell.month, cell.day)
        return cell

    return {name: value(name, cell) for name, cell in row.items()}


@pytest.fixture
def only(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Measure nothing but one KPI, which keeps a case to a fraction of a second."""

    def choose(kpi: str) -> None:
        chosen = tuple(known for known in registry.load() if known.id == kpi)
        monkeypatch.setattr("tpaudit.kpis.measurement.load", lambda: chosen)

    return choose


@pytest.mark.parametrize("case", sorted(CASES.glob("*.yaml")), ids=lambda path: path.stem)
def test_kpi_gives_the_hand_calculated_figures(case: Path, tmp_path: Path, only: Callable[[str], None]) -> None:
    told = load(case)
    kpi = case.stem.partition("-")[0]
    only(kpi)
    settings = told.get("settings", "")
    # A case with [kpi] settings of its own says there which samples are shown: TOML has no section twice.
    store = make_store(tmp_path, settings if "[kpi]" in settings else settings + SHOWING_SMALL_SAMPLES)
    for name, rows in told.get("marts", {}).items():
        write_mart_rows(store, name, [typed(row, MARTS[name].schema) for row in rows])
    for name, rows in told.get("lake", {}).items():
        write_lake_rows(store, name, [typed(row, LAKE_TABLES[name].schema) for row in rows])
    result = measure(store, by=told.get("by", ["touchpoint"]), period=told.get("period"))
    found = [row for row in result.rows if row.kpi == kpi]
    assert [place(row, told) for row in found] == [
        {key: wanted.get(key) for key in slices(told)} for wanted in told["expected"]
    ]
    for row, wanted in zip(found, told["expected"], strict=True):
        for name in FIGURES:
            if name in wanted:
                assert getattr(row, name) == pytest.approx(wanted[name], abs=5e-4), (wanted, name)
    assert (kpi in result.skipped) == (not told["expected"])
    assert result.left_out.get(kpi, 0) == told.get("left_out", 0)


def slices(told: dict[str, Any]) -> list[str]:
    names = {"period": "period_start", "month": "period_start"}
    return [names.get(name, name) for name in told.get("by", ["touchpoint"])]


def place(row: KpiRow, told: dict[str, Any]) -> dict[str, Any]:
    return {key: getattr(row, key) for key in slices(told)}


def test_every_kpi_has_a_case() -> None:
    assert {path.stem.partition("-")[0] for path in CASES.glob("*.yaml")} == {kpi.id for kpi in describe()}
