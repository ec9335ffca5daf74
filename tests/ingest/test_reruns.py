"""Ingest again: unchanged files are not read, changed ones replace their rows, those of vanished ones go."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

import tpaudit.ingest.intake
from tests.lake import make_store
from tpaudit.errors import EngineFault, InputFault
from tpaudit.ingest import ingest
from tpaudit.ingest.intake import Reading
from tpaudit.ingest.load import Mapped
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


def issue_codes(store: Store) -> list[tuple[str, str]]:
    return sorted((row["source_file"], row["code"]) for row in store.engine.fetch_rows(store.lake("ingest_issues")))


def test_rows_of_a_file_that_is_gone_go_with_a_finding(store: Store) -> None:
    statuses(store)
    (store.audit.exports / "a.csv").unlink()
    result = ingest(store, [store.audit.exports])
    assert {file.file: file.status for file in result.files} == {"a.csv": "removed", "b.csv": "unchanged"}
    assert touches(store) == ["t3"]
    (issue,) = result.issues
    assert (issue.file, issue.code, issue.severity) == ("a.csv", "removed_file", "warning")
    assert "touches 2" in issue.message
    assert result.doubts == (issue,)
    assert issue_codes(store) == [("a.csv", "removed_file")]


def test_a_loss_is_told_once(store: Store) -> None:
    statuses(store)
    (store.audit.exports / "a.csv").unlink()
    statuses(store)
    assert statuses(store) == {"b.csv": "unchanged"}
    assert issue_codes(store) == []


def test_file_that_comes_back_is_loaded_again(store: Store) -> None:
    statuses(store)
    content = (store.audit.exports / "a.csv").read_bytes()
    (store.audit.exports / "a.csv").unlink()
    statuses(store)
    (store.audit.exports / "a.csv").write_bytes(content)
    assert statuses(store) == {"a.csv": "loaded", "b.csv": "unchanged"}
    assert touches(store) == ["t1", "t2", "t3"]
    assert issue_codes(store) == []


def test_renamed_file_keeps_its_rows_once(store: Store) -> None:
    statuses(store)
    (store.audit.exports / "a.csv").rename(store.audit.exports / "z.csv")
    assert statuses(store) == {"a.csv": "removed", "b.csv": "unchanged", "z.csv": "loaded"}
    assert touches(store) == ["t1", "t2", "t3"]


def test_file_named_by_its_path_stays_when_it_is_not_named_again(store: Store, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere" / "c.csv"
    elsewhere.parent.mkdir()
    elsewhere.write_text(HEADER + "t4,M1,2026-05-01 08:00:00,Visit\n")
    assert {file.file: file.status for file in ingest(store, [elsewhere]).files} == {"c.csv": "loaded"}
    elsewhere.unlink()
    assert statuses(store) == {"a.csv": "loaded", "b.csv": "loaded", "c.csv": "kept"}
    ingest(store, [store.audit.exports / "b.csv"])
    assert touches(store) == ["t1", "t2", "t3", "t4"]


def test_folder_that_shows_no_file_takes_no_row_away(store: Store, tmp_path: Path) -> None:
    statuses(store)
    other = tmp_path / "other"
    other.mkdir()
    (other / "d.csv").write_text(HEADER + "t5,M1,2026-05-01 08:00:00,Visit\n")
    for file in store.audit.exports.iterdir():
        file.unlink()
    with pytest.raises(InputFault, match="no file to read"):
        ingest(store, [store.audit.exports])
    ingest(store, [store.audit.exports, other])
    assert touches(store) == ["t1", "t2", "t3", "t5"]


def test_copy_is_loaded_when_its_original_is_gone_or_changed(store: Store) -> None:
    (store.audit.exports / "copy of a.csv").write_bytes((store.audit.exports / "a.csv").read_bytes())
    assert statuses(store) == {"a.csv": "loaded", "b.csv": "loaded", "copy of a.csv": "refused"}
    assert statuses(store)["copy of a.csv"] == "refused"
    write(store, "a.csv", "t9")
    assert statuses(store) == {"a.csv": "loaded", "b.csv": "unchanged", "copy of a.csv": "loaded"}
    assert touches(store) == ["t1", "t2", "t3", "t9"]


def test_old_content_under_a_new_name_is_no_copy(store: Store) -> None:
    statuses(store)
    (store.audit.exports / "0.csv").write_bytes((store.audit.exports / "a.csv").read_bytes())
    write(store, "a.csv", "t9")
    assert statuses(store) == {"0.csv": "loaded", "a.csv": "loaded", "b.csv": "unchanged"}
    assert touches(store) == ["t1", "t2", "t3", "t9"]


def test_refused_files_of_equal_content_are_each_told(store: Store) -> None:
    (store.audit.exports / "x.csv").write_bytes(b"")
    (store.audit.exports / "y.csv").write_bytes(b"")
    statuses(store)
    assert issue_codes(store) == [("x.csv", "refused_file"), ("y.csv", "refused_file")]
    (store.audit.exports / "x.csv").unlink()
    assert "x.csv" not in statuses(store)
    assert issue_codes(store) == [("y.csv", "refused_file")]


def test_every_row_is_counted_as_kept_or_refused(store: Store) -> None:
    rows = [
        "t1,M1,2026-05-03 08:00:00,Visit",
        "t2,M1,2026-05-01 08:00:00,Visit,too,many,cells",
        "t3,M1,1899-12-31,Visit",
    ]
    (store.audit.exports / "a.csv").write_text(HEADER + "\n".join(rows) + "\n")
    (file, _) = ingest(store, [store.audit.exports]).files
    assert (file.rows_in, file.rows_kept, file.rows_refused) == (3, 2, 1)
    assert (file.first_day, file.last_day) == (date(2026, 5, 3), date(2026, 5, 3))
    assert (file.confidence, file.part) == ("canonical", None)


def test_a_row_lost_on_the_way_is_a_fault(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    map_file = tpaudit.ingest.intake.map_file

    def loses_a_row(*arguments: Any) -> Mapped:
        mapped = map_file(*arguments)
        return replace(mapped, staged=replace(mapped.staged, rows=mapped.staged.rows + 1))

    monkeypatch.setattr(tpaudit.ingest.intake, "map_file", loses_a_row)
    with pytest.raises(EngineFault, match=r"a.csv: 3 rows were read, but 2 kept and 0 refused"):
        ingest(store, [store.audit.exports])
    assert touches(store) == []


def test_progress_of_reading_is_told_by_bytes(store: Store) -> None:
    heard: list[Reading] = []
    ingest(store, [store.audit.exports], tell=heard.append)
    ends = {reading.file: reading.done for reading in heard}
    assert ends == {name: (store.audit.exports / name).stat().st_size for name in ("a.csv", "b.csv")}
    assert all(0 < reading.done <= reading.size for reading in heard)


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
    before = sorted(store.audit.folder.rglob("*"))
    result = ingest(store, [store.audit.exports], dry_run=True)
    assert [path for path in sorted(store.audit.folder.rglob("*")) if path not in before and path.is_file()] == []
    assert {file.file: file.rows_by_table["touches"] for file in result.files} == {"a.csv": 2, "b.csv": 1}
    assert result.dry_run
    assert not store.audit.lake.exists()
    assert touches(store) == []


def test_dry_run_tells_of_vanished_files_and_leaves_their_rows(store: Store) -> None:
    statuses(store)
    (store.audit.exports / "a.csv").unlink()
    before = {file: file.read_bytes() for file in store.audit.folder.rglob("*") if file.is_file()}
    result = ingest(store, [store.audit.exports], dry_run=True)
    assert {file.file: file.status for file in result.files} == {"a.csv": "removed", "b.csv": "unchanged"}
    assert {file: file.read_bytes() for file in store.audit.folder.rglob("*") if file.is_file()} == before


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


def test_damaged_lake_file_is_told_and_made_anew_once_deleted(store: Store) -> None:
    statuses(store)
    damaged = next(store.audit.lake.glob("touches/*.parquet"))
    damaged.write_bytes(damaged.read_bytes()[:-9])
    with pytest.raises(EngineFault, match=r"touches/.*cannot be read as Parquet"):
        statuses(store)
    damaged.unlink()
    statuses(store)
    assert touches(store) == ["t1", "t2", "t3"]


def test_equal_rows_have_equal_hashes_whether_or_not_other_rows_leave_cells_empty(store: Store) -> None:
    for name, more in (("full.csv", "t8,M2,2026-05-01,Visit,b,c\n"), ("gaps.csv", "t9,M2,2026-05-01,Visit,,c\n")):
        rows = f"touch_id,user_id,occurred_at,event,x,y\nt7,M1,2026-05-01,Visit,a,c\n{more}"
        (store.audit.exports / name).write_text(rows)
    statuses(store)
    found = store.engine.fetch_rows(store.lake("touches"))
    hashes = {row["row_hash"] for row in found if row["touch_id"] == "t7"}
    assert len(hashes) == 1
    assert len({row["row_hash"] for row in found}) == len(found) - 1
