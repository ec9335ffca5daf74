"""A run killed in any stage leaves nothing broken: the next run ends with the same bytes as one never killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.e2e.conftest import new_audit, run_tpaudit
from tests.e2e.test_run import digests

pytestmark = pytest.mark.e2e

STAGES = ("ingest", "dedupe", "validate", "journey", "kpi", "rank")


def kill_when(audit: Path, sign: str) -> None:
    """Start a run and kill it when *sign* appears: a finished stage on stderr, or a first file in the lake."""
    run = subprocess.Popen(
        [sys.executable, "-m", "tpaudit", "-C", str(audit), "run"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        env={**os.environ, "CI": "1"},
    )
    assert run.stderr is not None
    if sign == "lake":
        deadline = time.monotonic() + 120
        while not list(audit.glob("lake/*/*.parquet")) and time.monotonic() < deadline:
            time.sleep(0.01)
    else:
        for line in run.stderr:
            if line.split()[:2] == [sign, "done"]:
                break
    time.sleep(0.3)
    run.send_signal(signal.SIGKILL)
    run.wait()


def test_a_run_killed_in_every_stage_ends_with_the_same_bytes(finished_audit: Path, tmp_path: Path) -> None:
    audit = new_audit(tmp_path / "killed")
    for sign in ("lake", *STAGES):
        kill_when(audit, sign)
    done = run_tpaudit("-C", audit, "run")
    assert done.returncode == 0, done.stderr
    assert digests(audit) == digests(finished_audit)
    assert not list(audit.rglob("*.unfinished"))
    assert not (audit / ".tpaudit" / "lock.json").exists()


def test_ctrl_c_ends_with_130_and_the_next_run_completes(tmp_path: Path) -> None:
    audit = new_audit(tmp_path / "interrupted")
    # Enough to be in the midst of it when the first file is done; what matters is the signal, not the data.
    for file in sorted((audit / "exports").iterdir())[6:]:
        file.unlink()
    run = subprocess.Popen(
        [sys.executable, "-m", "tpaudit", "-C", str(audit), "run"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        # A suite started in the background ignores the signal, and so would its children.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    deadline = time.monotonic() + 120
    while not list(audit.glob("lake/*/*.parquet")) and time.monotonic() < deadline:
        time.sleep(0.01)
    run.send_signal(signal.SIGINT)
    out, err = run.communicate(timeout=120)
    assert run.returncode == 130, err
    assert out == ""
    assert "interrupted" in err and "Traceback" not in err
    assert not list(audit.rglob("*.unfinished"))
    assert run_tpaudit("-C", audit, "dedupe").returncode == 0
