"""Bad input: a clear message with place and remedy, the right exit code, no traceback, nothing half-written."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from filelock import FileLock

from tests.e2e.conftest import document, run_tpaudit

pytestmark = pytest.mark.e2e

CONTACTS = "contact_id,full_name,phone\n1,张伟,13912345678\n2,王芳,13812345679\n"
TOUCHES = "touch_id,user_id,event,touchpoint,stage,occurred_at\nt1,u1,Visit,website,awareness,2026-10-01 10:00:00\n"


def write(folder: Path, **files: str | bytes) -> Path:
    """An audit in *folder* whose exports are *files*; a double underscore in a name stands for the dot."""
    exports = folder / "exports"
    exports.mkdir()
    for name, content in files.items():
        file = exports / name.replace("__", ".")
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return folder


def told(done: subprocess.CompletedProcess[str], code: int, *words: str) -> None:
    """The command ended with *code*, said *words* on stderr, and showed no traceback."""
    assert done.returncode == code, done.stderr
    flat = " ".join(done.stderr.split())
    assert "Traceback" not in flat
    for word in words:
        assert word in flat, flat


def test_an_empty_folder(tmp_path: Path) -> None:
    told(
        run_tpaudit("-C", write(tmp_path), "run"),
        3,
        "no exports found in",
        "fix: put the client's files into",
    )
    assert [path.name for path in tmp_path.iterdir()] == ["exports"]


def test_a_path_that_does_not_exist(tmp_path: Path) -> None:
    told(
        run_tpaudit("run", tmp_path / "nowhere", cwd=tmp_path),
        3,
        "no such file or folder",
        "fix: check the path",
    )
    assert list(tmp_path.iterdir()) == []


def test_an_empty_file(tmp_path: Path) -> None:
    told(run_tpaudit("-C", write(tmp_path, orders__csv=""), "run"), 3, "orders.csv", "empty", "fix:")


def test_an_unreadable_file(tmp_path: Path) -> None:
    audit = write(tmp_path, contacts__csv=CONTACTS)
    (audit / "exports" / "contacts.csv").chmod(0)
    if os.access(audit / "exports" / "contacts.csv", os.R_OK):
        (audit / "exports" / "contacts.csv").unlink()
        (audit / "exports" / "contacts.csv").symlink_to(audit / "gone.csv")
    told(run_tpaudit("-C", audit, "run"), 3, "contacts.csv", "fix:")


def test_an_unknown_layout(tmp_path: Path) -> None:
    audit = write(tmp_path, strange__csv="alpha,beta\n1,2\n3,4\n")
    told(run_tpaudit("-C", audit, "run"), 3, "strange.csv", "--map", "--as")


def test_a_binary_named_csv(tmp_path: Path) -> None:
    audit = write(tmp_path, photo__csv=b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 8)
    told(run_tpaudit("-C", audit, "run"), 3, "photo.csv", "fix:")


def test_one_bad_file_does_not_stop_the_others(tmp_path: Path) -> None:
    audit = write(tmp_path, contacts__csv=CONTACTS, photo__csv=b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 8)
    done = run_tpaudit("-C", audit, "ingest", "--format", "json")
    assert done.returncode == 0, done.stderr
    status = {file["file"]: file["status"] for file in document(done)["files"]}
    assert status == {"contacts.csv": "loaded", "photo.csv": "refused"}
    issues = [row for f in audit.glob("lake/ingest_issues/*.parquet") for row in pq.read_table(f).to_pylist()]
    assert "photo.csv" in {row["source_file"] for row in issues}


def test_a_column_missing_from_a_mapping(tmp_path: Path) -> None:
    audit = write(tmp_path, log__csv="case,activity,when\n1,Call,2026-10-01\n")
    mapping = tmp_path / "log.toml"
    mapping.write_text(
        'id = "log"\nplatform = "log"\ntable = "touches"\ntitle = { en = "Log", zh = "日志" }\n'
        '[match]\nfiles = ["log.csv"]\n[person]\nid = ["user_id"]\n'
        '[columns]\n"case" = "touches.user_id"\n"activty" = "touches.event"\n"when" = "touches.occurred_at"\n',
        encoding="utf-8",
    )
    told(run_tpaudit("-C", audit, "ingest", "--map", mapping), 2, "log.toml", "activty", "did you mean 'activity'?")


def test_no_touches(tmp_path: Path) -> None:
    audit = write(tmp_path, contacts__csv=CONTACTS)
    told(run_tpaudit("-C", audit, "run", "--fail-on", "never"), 3, "touch", "fix:")
    assert (audit / "marts" / "customers.parquet").is_file()
    assert not (audit / "marts" / "journeys.parquet").exists()


def test_no_orders_and_one_customer_only(tmp_path: Path) -> None:
    audit = write(tmp_path, touches__csv=TOUCHES)
    done = run_tpaudit("-C", audit, "run", "--fail-on", "never", "--format", "json", "--as-of", "2026-10-02")
    assert done.returncode == 0, done.stderr
    found = document(done)
    assert (found["journey"]["customers"], found["journey"]["converted"]) == (1, 0)
    assert "aov" in found["kpi"]["skipped"]
    assert {row["verdict"] for row in found["rank"]["golden"]} <= {"insufficient"}


def test_all_phones_masked_merge_nobody(tmp_path: Path) -> None:
    rows = "".join(f"{number},客户{number},138****{number:04d}\n" for number in range(20))
    audit = write(tmp_path, contacts__csv="contact_id,full_name,phone\n" + rows)
    done = run_tpaudit("-C", audit, "dedupe", "--format", "json")
    assert done.returncode == 0, done.stderr
    assert (document(done)["records"], document(done)["customers"]) == (20, 20)


def test_dates_that_do_not_parse_are_named_with_row_and_column(tmp_path: Path) -> None:
    touches = TOUCHES + "t2,u2,Visit,website,awareness,yesterday\n"
    done = run_tpaudit("-C", write(tmp_path, touches__csv=touches), "ingest", "--format", "json")
    assert done.returncode == 0, done.stderr
    found = [(i["file"], i["column"], i["first_row"], i["count"]) for i in document(done)["issues"]]
    assert ("touches.csv", "occurred_at", 3, 1) in found


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_no_permission_to_write(tmp_path: Path) -> None:
    audit = write(tmp_path, contacts__csv=CONTACTS)
    audit.chmod(0o555)
    told(run_tpaudit("-C", audit, "run"), 3, "no permission to write", "fix:")


def test_no_folder_can_be_made_where_a_file_stands(tmp_path: Path) -> None:
    audit = write(tmp_path, contacts__csv=CONTACTS)
    (audit / "lake").write_text("in the way")
    told(run_tpaudit("-C", audit, "run"), 3, "could not write", "fix:")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
@pytest.mark.parametrize("wanted", ["table", "json", "csv"])
def test_output_that_cannot_be_written_is_no_verdict_on_the_data(wanted: str) -> None:
    command = f"exec '{sys.executable}' -m tpaudit list checks --format {wanted} > /dev/full"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True)
    told(done, 3, "could not read or write the output: No space left on device", "fix:")


def test_a_full_disk_leaves_no_partial_output(tmp_path: Path) -> None:
    """A file-size limit refuses writes as a full disk does, in the middle of a file."""
    rows = "".join(f"{number},{os.urandom(24).hex()},139{number:08d}\n" for number in range(20_000))
    audit = write(tmp_path, contacts__csv="contact_id,full_name,phone\n" + rows)
    command = f"ulimit -f 400; trap '' XFSZ; exec '{sys.executable}' -m tpaudit -C '{audit}' ingest"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True)
    assert done.returncode == 3, done.stderr
    assert "Traceback" not in done.stderr and "fix:" in done.stderr
    for file in audit.rglob("*.parquet"):
        if ".tpaudit" not in file.parts:
            pq.read_metadata(file)
    assert not list(audit.rglob("*.unfinished"))
    assert run_tpaudit("-C", audit, "ingest").returncode == 0


def test_two_runs_at_once(tmp_path: Path) -> None:
    audit = write(tmp_path, contacts__csv=CONTACTS)
    (audit / ".tpaudit").mkdir()
    with FileLock(audit / ".tpaudit" / "lock"):
        done = run_tpaudit("-C", audit, "run", "--format", "json")
    told(done, 4, "another run holds this audit", "--lock-timeout")
    assert document(done)["error"]["code"] == 4


def test_a_wrong_setting(tmp_path: Path) -> None:
    audit = write(tmp_path, contacts__csv=CONTACTS)
    (audit / "tpaudit.toml").write_text("[engine]\ntheads = 2\n")
    told(run_tpaudit("-C", audit, "run"), 2, "tpaudit.toml:2", "did you mean 'threads'?")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["run", "--as-of", "soon"], ["--as-of 'soon' is not a day", "YYYY-MM-DD"]),
        (["run", "--fail-on", "often"], ["--fail-on"]),
        (["kpi", "--by", "weather"], ["weather"]),
        (["kpi", "--period", "2026-99"], ["2026-99"]),
        (["explain", "npss"], ["did you mean 'nps'?"]),
        (["report", "--to", "pdf"], ["'pdf' is not a report format"]),
        (["frobnicate"], ["frobnicate"]),
    ],
    ids=lambda value: " ".join(value) if value[0] in ("run", "kpi", "explain", "report", "frobnicate") else None,
)
def test_a_wrong_option_is_a_usage_fault(audit_copy: Path, arguments: list[str], words: list[str]) -> None:
    told(run_tpaudit("-C", audit_copy, *arguments), 2, *words)


def test_a_demo_never_overwrites_another_folder(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("keep")
    told(run_tpaudit("demo", tmp_path), 2, "already holds something else")
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]
