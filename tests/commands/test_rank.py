"""`tpaudit rank --paths`: attribution without an audit, in every form, and what it refuses."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest

PATHS = "path,total_conversions,total_conversion_value,total_null\nsearch > chat,3,90.5,10\nsearch,1,,40\nads,2,20,8\n"


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tpaudit", *arguments], cwd=folder, capture_output=True, text=True, encoding="utf-8"
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("anywhere")
    (folder / "paths.csv").write_text(PATHS, encoding="utf-8")
    return folder


def test_json_declares_outcome_window_and_what_is_left_out(folder: Path) -> None:
    done = run(folder, "rank", "--paths", "paths.csv", "--format", "json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["basis"] == {
        "outcome": "conversion", "window_days": None, "excluded": {}, "absent": {"time_decay": "no_times"},
    }  # fmt: skip
    assert (told["source"], told["journeys"], told["conversions"]) == ("paths.csv", 64, 6)
    assert {row["model"] for row in told["attribution"]} == set(told["models"])
    assert not (folder / ".tpaudit").exists()


def test_models_are_chosen_and_sorted_by_the_first(folder: Path) -> None:
    done = run(folder, "rank", "--paths", "paths.csv", "--model", "last,markov_2", "--top", "2", "--format", "csv")
    assert done.returncode == 0, done.stderr
    rows = list(csv.DictReader(io.StringIO(done.stdout)))
    assert [row["model"] for row in rows] == ["last"] * 2 + ["markov_2"] * 2
    assert {row["outcome"] for row in rows} == {"conversion"}
    assert "time_decay is absent" in done.stderr


def test_table_names_what_is_absent(folder: Path) -> None:
    done = run(folder, "rank", "--paths", "paths.csv", "--lang", "en")
    assert "Time decay is absent" in done.stdout and "The window is that of whoever made the file" in done.stdout


def test_parquet_has_the_columns_of_the_mart(folder: Path) -> None:
    done = run(folder, "rank", "--paths", "paths.csv", "--output", "out.parquet")
    assert done.returncode == 0, done.stderr
    assert {"touchpoint", "model", "share", "roas", "window_days"} <= set(pq.read_schema(folder / "out.parquet").names)


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["--paths", "paths.csv", "--model", "markv"], 2, "did you mean 'markov'"),
        (["--paths", "paths.csv", "--model", "time_decay"], 2, "there is no time_decay here: no times"),
        (["--paths", "paths.csv", "--outcome", "retention"], 2, "conversions are attributed, not retention"),
        (["--paths", "nowhere.csv"], 3, "no such file"),
    ],
)  # fmt: skip
def test_what_cannot_be_done_is_said(folder: Path, arguments: list[str], code: int, message: str) -> None:
    done = run(folder, "rank", *arguments)
    assert done.returncode == code and message in done.stderr
