"""`tpaudit sniff`: what a file is, without an audit; the raw table as plain CSV; no personal data on the screen."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from pathlib import Path

import pytest

from tpaudit.results import SniffResult

HEADER = "touch_id,phone,occurred_at,event"
ROWS = 't1,13900000001,2026-05-01 08:00:00,"看茶, 再说"\nt2,13900000002,2026-05-02 08:00:00,\n'


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run([sys.executable, "-m", "tpaudit", *arguments], cwd=folder, capture_output=True)


@pytest.fixture
def export(tmp_path: Path) -> Path:
    file = tmp_path / "export.dat"
    file.write_bytes(f"导出说明\r\n\r\n{HEADER.replace(',', ';')}\r\n{ROWS.replace(',', ';')}".encode("gb18030"))
    return file


def test_csv_is_the_table_as_found(export: Path) -> None:
    done = run(export.parent, "sniff", export.name, "--format", "csv")
    assert done.returncode == 0
    rows = list(csv.reader(io.StringIO(done.stdout.decode("utf-8"))))
    assert rows == [
        HEADER.split(","),
        ["t1", "13900000001", "2026-05-01 08:00:00", "看茶; 再说"],
        ["t2", "13900000002", "2026-05-02 08:00:00", ""],
    ]
    assert b"\r" not in done.stdout


def test_json_is_the_result_and_hides_who_somebody_is(export: Path) -> None:
    done = run(export.parent, "sniff", export.name, "--format", "json")
    document = json.loads(done.stdout)
    result = SniffResult.model_validate({"files": document["files"]})
    (part,) = result.files[0].parts
    assert (part.encoding, part.delimiter, part.header_row, part.preset) == ("gb18030", ";", 3, "canonical_touches")
    assert "13900000001" not in done.stdout.decode("utf-8")
    assert part.preview[0][1] == "99999999999"


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_screen_names_the_preset_and_hides_who_somebody_is(export: Path, lang: str) -> None:
    done = run(export.parent, "--lang", lang, "sniff", export.name)
    shown = done.stdout.decode("utf-8")
    assert done.returncode == 0
    assert "canonical_touches" in shown and "gb18030" in shown
    assert "1390000" not in shown
    # No audit was needed, and none was begun.
    assert [path.name for path in export.parent.iterdir()] == [export.name]


def test_a_layout_no_preset_fits_is_told_what_to_do(tmp_path: Path, export: Path) -> None:
    (tmp_path / "unknown.csv").write_text("colour,shape\nred,round\nblue,square\n", "utf-8")
    shown = run(tmp_path, "--lang", "en", "sniff", "unknown.csv").stdout.decode("utf-8")
    assert "tpaudit ingest --map FILE" in shown and "mapping file" in shown
    shown = run(tmp_path, "--lang", "en", "sniff", "unknown.csv", export.name).stdout.decode("utf-8")
    assert shown.rstrip().endswith("tpaudit ingest")


def test_what_cannot_be_read_ends_with_exit_code_3(tmp_path: Path) -> None:
    (tmp_path / "empty.csv").touch()
    for form in ("table", "csv", "json"):
        done = run(tmp_path, "sniff", "empty.csv", "--format", form)
        assert done.returncode == 3
        assert "is empty" in done.stderr.decode("utf-8")


def test_rows_of_one_named_part(tmp_path: Path) -> None:
    (tmp_path / "two.csv").write_text("a,b\n1,2\n\nday,users,new\n20260801,5,1\n20260802,6,2\n", "utf-8")
    done = run(tmp_path, "sniff", "two.csv", "--format", "csv", "--part", "table 2")
    assert done.stdout.decode("utf-8").splitlines()[0] == "day,users,new"
    assert run(tmp_path, "sniff", "two.csv", "--format", "csv", "--part", "table 9").returncode == 2
    assert run(tmp_path, "sniff", "two.csv", "two.csv", "--format", "csv").returncode == 2
