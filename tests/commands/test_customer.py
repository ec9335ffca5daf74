"""`tpaudit customer`: one customer from all sides, masked unless asked for, found by anything that means the person."""

from __future__ import annotations

from pathlib import Path

import pytest
from rich.cells import cell_len

from tests.e2e.conftest import document, run_tpaudit

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("people")]


def test_a_phone_in_any_spelling_finds_the_masked_record(audit: Path) -> None:
    done = run_tpaudit("-C", audit, "customer", "+86 139-0007 5678", "--format", "json")
    found = document(done)
    assert {record["contact_id"] for record in found["records"]} == {"crm:7", "shop:7"}
    assert {value["field"]: value["value"] for value in found["values"]}["phone"] == "+86139****5678"
    assert "13900075678" not in done.stdout and "p7@example.com" not in done.stdout


@pytest.mark.parametrize("width", ["80", "120"])
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_record_is_drawn_in_both_languages_and_widths(audit: Path, lang: str, width: str) -> None:
    arguments = ("customer", "p7@example.com", "--lang", lang, "--show-pii")
    done = run_tpaudit("-C", audit, *arguments, COLUMNS=width)
    assert done.returncode == 0, done.stderr
    assert "p7@example.com" in done.stdout and "赵磊" in done.stdout
    assert {"en": "Golden record", "zh": "黄金记录"}[lang] in done.stdout
    assert max(map(cell_len, done.stdout.splitlines())) <= int(width)


def test_a_household_phone_lists_the_candidates_and_nobody_is_told(audit: Path) -> None:
    household = run_tpaudit("-C", audit, "customer", "13900005678")
    assert household.returncode == 2
    assert "2 customers share" in household.stderr and "tpaudit customer c" in household.stderr
    nobody = run_tpaudit("-C", audit, "customer", "13911112222")
    assert nobody.returncode == 2
    assert "nobody is known by 1391****2222" in nobody.stderr
