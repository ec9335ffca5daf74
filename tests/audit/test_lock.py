"""The lock names its holder and dies with it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tpaudit.audit import hold_lock
from tpaudit.errors import ExitCode, LockHeld

HOLDER = """
import sys, time
from pathlib import Path
from tpaudit.audit import hold_lock
with hold_lock(Path(sys.argv[1]), "tpaudit run", 0):
    print("held", flush=True)
    time.sleep(60)
"""


def test_a_second_run_is_told_who_holds_the_lock_and_a_killed_holder_frees_it(tmp_path: Path) -> None:
    holder = subprocess.Popen([sys.executable, "-c", HOLDER, str(tmp_path)], stdout=subprocess.PIPE)
    try:
        assert holder.stdout is not None
        holder.stdout.readline()
        with pytest.raises(LockHeld) as caught, hold_lock(tmp_path, "tpaudit kpi", 0.1):
            pass
        assert caught.value.exit_code == ExitCode.LOCKED
        assert f"`tpaudit run` (process {holder.pid} of " in caught.value.message
        assert "--lock-timeout" in str(caught.value.hint)
    finally:
        holder.kill()
        holder.wait()
    with hold_lock(tmp_path, "tpaudit kpi", 5):
        pass
    assert not (tmp_path / "lock.json").exists()
