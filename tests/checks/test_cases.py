"""Every check against rows that fall short of it and rows that only look as if they did."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from tests.checks.case import SETTINGS, add_rows, store_of
from tpaudit import checks
from tpaudit.checks import validation

CASES = sorted((Path(__file__).parent / "cases").glob("*.yaml"))


@pytest.mark.parametrize("case", CASES, ids=lambda path: path.stem)
@pytest.mark.xdist_group("great expectations")
def test_counts_and_status_are_those_of_the_case(case: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told = yaml.safe_load(case.read_text(encoding="utf-8"))
    store = store_of(tmp_path, told.get("earlier", {}), told.get("settings", SETTINGS))
    if "earlier" in told:
        # Only a whole run is remembered; one check makes a run that is whole and quick.
        only = checks.AuditChecks(tuple(check for check in checks.load() if check.code in (case.stem, "TPV01")))
        monkeypatch.setattr(validation, "load_for", lambda folder: only)
        checks.validate(store)
    add_rows(store, told["rows"])

    findings = checks.validate(store, select=[case.stem]).findings

    for expected in told["expected"]:
        where = {name: expected[name] for name in ("table", "column") if name in expected}
        found = [one for one in findings if where.items() <= {"table": one.table, "column": one.column}.items()]
        assert len(found) == 1, f"{where} names {len(found)} findings"
        assert {name: getattr(found[0], name) for name in expected} == expected, found[0].detail


def test_every_check_has_a_case() -> None:
    assert {case.stem for case in CASES} == {definition.code for definition in checks.load()}
