"""Ingest again: unchanged files are not read, changed ones replace their rows, vanished ones keep them."""

from __future__ import annotations

from pathlib import Path

import pytest

import tpaudit.ingest.intake
from tests.lake import make_store
from tpaudit.ingest import ingest
from tpaudit.store import Store

HEADER = "touch_id,user_id,occurred_at,event\n"


@pytest.fixture
def store(tmp_path: Path) -> Store:
    store = make_store(tmp_path)
    store.audit.exports.mkdir()
    write(store, "a.csv", "t1", "t2")
    write(store, "b.csv", "t3")
    return store


def write(store: Store, name: str, *ids: str) -> None:
    rows = "".join(f"{touch},M1,2026-05-01 08:00:00,Visit\n" for touch in ids)
    (store.audit.exports / name).write_text(HEADER + rows)


def touches(store: Store) -> list[str]:
    return sorted(row["touch_id"] for row in store.engine.fetch_rows(store.lake("touches")))


def statuses(store: Store) -> dict[str, str]:
    return {file.file: file.status for file in ingest(store, [store.audit.exports]).files}


def test_unchanged_files_are_not_read_again(store: Store) -> None:
    assert statuses(store) == {"a.csv": "loaded", "b.csv": "loaded"}
    before = {file: file.stat().st_mtime_ns for file in store.audit.lake.rglob("*.parquet")}
    assert statuses(store) == {"a.csv": "unchanged", "b.csv": "unchanged"}
    assert {file: file.stat().st_mtime_ns for file in store.audit.lake.rglob("*.parquet")} == before
    assert ingest(store, [store.audit.exports]).tables["touches"] == 3


def test_changed_file_replaces_its_rows(store: Store) -> None:
    statuses(store)
    write(store, "a.csv", "t9")
    assert statuses(store) == {"a.csv": "loaded", "b.csv": "unchanged"}
    assert touches(store) == ["t3", "t9"]


def test_vanished_file_keeps_its_rows(store: Store) -> None:
    statuses(store)
    (store.audit.exports / "a.csv").unlink()
    assert statuses(store) == {"a.csv": "kept", "b.csv": "unchanged"}
    assert touches(store) == ["t1", "t2", "t3"]


def test_file_that_becomes_unreadable_keeps_its_earlier_rows(store: Store) -> None:
    statuses(store)
    (store.audit.exports / "a.csv").write_bytes(b"")
    assert statuses(store)["a.csv"] == "refused"
    assert touches(store) == ["t1", "t2", "t3"]


def test_new_time_zone_reads_files_again(store: Store, tmp_path: Path) -> None:
    statuses(store)
    elsewhere = make_store(tmp_path, '[audit]\ntimezone = "Europe/Berlin"\n')
    assert statuses(elsewhere) == {"a.csv": "loaded", "b.csv": "loaded"}
    hours = {row["occurred_at"].hour for row in elsewhere.engine.fetch_rows(elsewhere.lake("touches"))}
    assert hours == {6}


def test_copy_under_another_name_counts_once(store: Store) -> None:
    (store.audit.exports / "copy of a.csv").write_bytes((store.audit.exports / "a.csv").read_bytes())
    outcomes = statuses(store)
    assert sorted(outcomes.values()) == ["loaded", "loaded", "refused"]
    assert touches(store) == ["t1", "t2", "t3"]


def test_crash_between_tables_leaves_no_double_rows(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    written = tpaudit.ingest.intake.write_file

    def dies_after_writing(*arguments: object) -> None:
        written(*arguments)  # type: ignore[arg-type]
        raise KeyboardInterrupt

    monkeypatch.setattr(tpaudit.ingest.intake, "write_file", dies_after_writing)
    with pytest.raises(KeyboardInterrupt):
        ingest(store, [store.audit.exports])
    monkeypatch.undo()
    write(store, "a.csv", "t9")  # the interrupted content is gone
    statuses(store)
    assert touches(store) == ["t3", "t9"]
    assert not list(store.audit.scratch.glob("ingest-*"))


def test_dry_run_counts_and_writes_nothing(store: Store) -> None:
    result = ingest(store, [store.audit.exports], dry_run=True)
    assert {file.file: file.rows_by_table["touches"] for file in result.files} == {"a.csv": 2, "b.csv": 1}
    assert result.dry_run
    assert not store.audit.lake.exists()
    assert touches(store) == []


def test_two_files_of_one_survey_count_once_and_the_worded_one_is_loaded(store: Store) -> None:
    head = "序号,提交答卷时间,所用时间,1、满意度,2、渠道"
    worded = f"{head}\n1,2026/5/21 21:35:16,9秒,非常满意,门店┋网店\n2,2026/5/22 21:35:16,9秒,一般,门店\n"
    coded = f"{head}(门店),2、渠道(网店)\n1,2026/5/21 21:35:16,9秒,5,1,1\n2,2026/5/22 21:35:16,9秒,3,1,0\n"
    (store.audit.exports / "按序号.csv").write_text(coded, "gb18030")
    (store.audit.exports / "按文本.csv").write_text(worded, "gb18030")
    files = {file.file: file for file in ingest(store, [store.audit.exports]).files}
    assert files["按文本.csv"].status == "loaded"
    assert files["按序号.csv"].reason == "holds the same responses as 按文本.csv"
    scores = [row["score"] for row in store.engine.fetch_rows(store.lake("surveys")) if row["metric"] == "csat"]
    assert sorted(scores) == [3.0, 5.0]


def test_file_read_by_a_mapping_stays_read_so_in_later_runs(store: Store, tmp_path: Path) -> None:
    mapping = tmp_path / "map.toml"
    mapping.write_text('id = "m"\ntable = "touches"\n[columns]\n"when" = "touches.occurred_at"\n')
    (store.audit.exports / "own.csv").write_text("when,what\n2026-05-01 08:00:00,x\n")
    ingest(store, [store.audit.exports / "own.csv"], map_files=[mapping])
    assert statuses(store) == {"a.csv": "loaded", "b.csv": "loaded", "own.csv": "unchanged"}
