"""`tpaudit ingest`: the verdict of --strict, a dry run that leaves no trace, progress, both languages."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from tpaudit.commands.app import app
from tpaudit.commands.progress import progress_line
from tpaudit.ingest.intake import Reading
from tpaudit.pipeline import StageEvent

GOOD = "touch_id,user_id,occurred_at,event\nt1,M1,2026-05-01 08:00:00,Visit\n"
DOUBTFUL = "touch_id,user_id,occurred_at,event\nt2,M1,yesterday,Visit\n"
BAD = "colour,shape\nred,round\n"


@pytest.fixture
def audit(tmp_path: Path) -> Path:
    (tmp_path / "exports").mkdir()
    (tmp_path / "exports" / "good.csv").write_text(GOOD)
    return tmp_path


def call(audit: Path, *arguments: str) -> Result:
    return CliRunner().invoke(app, ["-C", str(audit), "ingest", *arguments])


@pytest.mark.parametrize(("content", "code"), [(GOOD.replace("t1", "t3"), 0), (DOUBTFUL, 1), (BAD, 1)])
def test_strict_fails_when_anything_is_in_doubt_and_still_loads_the_rest(audit: Path, content: str, code: int) -> None:
    (audit / "exports" / "more.csv").write_text(content)
    assert call(audit, "--strict", "--format", "json").exit_code == code
    assert list(audit.glob("lake/touches/*.parquet"))
    # Nothing has changed since: the verdict stands.
    assert call(audit, "--strict").exit_code == code
    assert call(audit).exit_code == 0


def test_dry_run_shows_the_same_table_and_leaves_no_trace(audit: Path) -> None:
    before = sorted(audit.rglob("*"))
    dry = call(audit, "--dry-run")
    assert dry.exit_code == 0
    assert sorted(audit.rglob("*")) == before
    real = call(audit)
    lines = [line for line in real.stdout.splitlines() if "good.csv" in line or "rows in =" in line]
    assert len(lines) == 2
    assert set(lines) <= set(dry.stdout.splitlines())


def test_dry_run_of_an_ingested_audit_changes_nothing(audit: Path) -> None:
    assert call(audit).exit_code == 0
    (audit / "exports" / "more.csv").write_text(DOUBTFUL)
    before = {file: file.read_bytes() for file in audit.rglob("*") if file.is_file()}
    assert call(audit, "--dry-run").exit_code == 0
    assert {file: file.read_bytes() for file in audit.rglob("*") if file.is_file()} == before


def test_reasons_and_remedies_are_told_in_both_languages(audit: Path) -> None:
    (audit / "exports" / "more.csv").write_text(BAD)
    assert "has a layout no preset knows" in call(audit).stdout
    chinese = call(audit, "--lang", "zh").stdout
    assert "没有预设能识别" in chinese
    assert "读入 1 行 = 保留 1 行 + 拒收 0 行" in chinese
    (refused,) = (
        file for file in json.loads(call(audit, "--format", "json").stdout)["files"] if file["status"] == "refused"
    )
    assert (refused["code"], refused["reason"][:8]) == ("unknown_layout", "has a la")
    assert refused["reason_zh"].startswith("的格式")


def test_progress_names_file_bytes_and_share_of_long_files_only() -> None:
    def shown(size: int) -> str:
        return progress_line(StageEvent("ingest", "reads", reading=Reading("[b]x.csv", size // 2, size)))

    assert shown(100) == "ingest"
    assert shown(80_000_000) == "ingest  \\[b]x.csv  40 of 80 MB  50%"
    assert progress_line(StageEvent("rank", "begins")) == "rank"
