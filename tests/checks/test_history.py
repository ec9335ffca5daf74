"""What the lake looked like is remembered: once per state of the data, compared only with what was there before."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.checks.case import add_rows, store_of
from tpaudit import checks
from tpaudit.checks import validation
from tpaudit.checks.profile import History, Profile
from tpaudit.results import FindingRow
from tpaudit.store import Store

pytestmark = pytest.mark.xdist_group("great expectations")

FIRST = {"touches": [{"touch_id": "t1", "channel": "web"}]}
SECOND = {"touches": [{"touch_id": "t2", "channel": "chat"}]}
CHANGES = ("TPV01", "TPV07", "TPX02")


@pytest.fixture(autouse=True)
def _few_checks(monkeypatch: pytest.MonkeyPatch) -> None:
    """A whole run of the checks that are about changes: the others have nothing to say here."""
    few = checks.AuditChecks(tuple(check for check in checks.load() if check.code in CHANGES))
    monkeypatch.setattr(validation, "load_for", lambda folder: few)


def kept(store: Store) -> list[Path]:
    return sorted((store.audit.private / "profiles").glob("*.json"))


def channel(store: Store) -> FindingRow:
    findings = checks.validate(store, select=CHANGES).findings
    return next(one for one in findings if (one.code, one.table, one.column) == ("TPV07", "touches", "channel"))


def test_the_first_run_has_nothing_to_compare_with(tmp_path: Path) -> None:
    finding = channel(store_of(tmp_path, FIRST))

    assert finding.status == "skipped"
    assert finding.reason is not None
    assert (finding.reason.en, finding.reason.zh) == ("no earlier run to compare with", "没有可比较的历史运行")


def test_a_state_of_the_data_is_kept_once_and_never_compared_with_itself(tmp_path: Path) -> None:
    store = store_of(tmp_path, FIRST)
    first, again = checks.validate(store), checks.validate(store)

    assert first.model_copy(update={"seconds": 0}) == again.model_copy(update={"seconds": 0})
    assert len(kept(store)) == 1
    assert channel(store).status == "skipped"

    add_rows(store, SECOND)
    second, again = checks.validate(store), checks.validate(store)

    assert second.findings == again.findings
    assert len(kept(store)) == 2
    assert (channel(store).checked, channel(store).failed) == (2, 1)


def test_no_more_runs_are_kept_than_the_audit_wants(tmp_path: Path) -> None:
    store = store_of(tmp_path, FIRST, "[audit]\nas_of = 2026-11-16\n[runs]\nkeep = 2\n")
    history = History(store.audit)

    for number in range(4):
        history.add(Profile(files=(f"touches/{number}.parquet",)))

    assert [file.stem.split("-")[0] for file in kept(store)] == ["000003", "000004"]
    assert [profile.files for profile in history.before(Profile())] == [("touches/2.parquet",), ("touches/3.parquet",)]


def test_a_profile_of_another_version_is_no_earlier_run(tmp_path: Path) -> None:
    store = store_of(tmp_path, FIRST)
    checks.validate(store)
    kept(store)[0].write_text('{"version": 0}', encoding="utf-8")
    add_rows(store, SECOND)

    assert channel(store).status == "skipped"


def test_the_day_of_the_audit_does_not_make_old_data_new(tmp_path: Path) -> None:
    profile: dict[str, Any] = {"files": ("touches/a.parquet",), "nulls": {"touches/ga4": {"": 1}}}

    monday = Profile(**profile, days={"touches/web": {"2026-11-09": 3}})
    tuesday = Profile(**profile, days={})

    assert monday.key == tuesday.key != Profile(files=("touches/b.parquet",)).key


def test_a_table_that_held_rows_may_not_be_empty_afterwards(tmp_path: Path) -> None:
    store = store_of(tmp_path, {**FIRST, "orders": [{"order_id": "o1"}]})
    checks.validate(store)
    for file in store.audit.lake_files("orders"):
        file.unlink()

    found = {one.table: one.status for one in checks.validate(store, select=["TPV01"]).findings}

    assert (found["orders"], found["touches"], found["leads"]) == ("failed", "passed", "skipped")


def test_numbers_of_rows_are_kept_per_day_and_channel(tmp_path: Path) -> None:
    times = [datetime(2026, 11, day, 17, tzinfo=UTC) for day in (8, 8, 9)]
    touches = [{"touch_id": f"t{n}", "channel": "web", "occurred_at": time} for n, time in enumerate(times)]
    store = store_of(tmp_path, {"touches": touches})
    checks.validate(store)

    profile = Profile.read(kept(store)[0])
    assert profile is not None
    # 17:00 in UTC is one o'clock of the next day in Shanghai.
    assert profile.days == {"touches/test web": {"2026-11-09": 2, "2026-11-10": 1}}
    assert profile.values["touches.channel"] == ["web"]
    assert profile.nulls["touches/test"]["contact_id"] == profile.nulls["touches/test"][""] == 3
