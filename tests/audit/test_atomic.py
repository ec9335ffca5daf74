"""Atomic writing: whole or not at all, and clear words when the disk refuses."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from tpaudit.atomic import clear_unfinished, explained, replacing, replacing_folder
from tpaudit.errors import EngineFault, ExitCode


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    target = tmp_path / "mart.parquet"
    target.write_text("old")
    with pytest.raises(RuntimeError), replacing(target) as unfinished:
        unfinished.write_text("half")
        raise RuntimeError
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]


def test_a_finished_write_takes_the_place_of_the_old_file(tmp_path: Path) -> None:
    target = tmp_path / "new" / "mart.parquet"
    with replacing(target) as unfinished:
        unfinished.write_text("whole")
        assert not target.exists()
    assert target.read_text() == "whole"
    assert list(target.parent.iterdir()) == [target]


def test_a_folder_appears_whole_or_not_at_all(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError), replacing_folder(tmp_path / "run") as unfinished:
        (unfinished / "manifest.json").write_text("{}")
        raise RuntimeError
    assert list(tmp_path.iterdir()) == []
    with replacing_folder(tmp_path / "run") as unfinished:
        (unfinished / "manifest.json").write_text("{}")
    assert (tmp_path / "run" / "manifest.json").read_text() == "{}"


def test_a_full_disk_is_told_with_a_remedy(tmp_path: Path) -> None:
    with pytest.raises(EngineFault) as caught, explained(tmp_path / "x"):
        raise OSError(errno.ENOSPC, "No space left on device")
    assert "No space left" in caught.value.message
    assert caught.value.hint == "free some disk space, or use another folder"
    assert caught.value.exit_code == ExitCode.CANNOT_EVALUATE


def test_what_a_killed_run_left_is_cleared(tmp_path: Path) -> None:
    (tmp_path / "marts").mkdir()
    (tmp_path / "marts" / ".kpis.parquet.unfinished").write_text("half")
    (tmp_path / ".run.unfinished").mkdir()
    (tmp_path / "marts" / "kpis.parquet").write_text("whole")
    clear_unfinished(tmp_path)
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["kpis.parquet"]
    assert not (tmp_path / ".run.unfinished").exists()
