"""What tests of several parts share: one finished audit of the sample exports, and no clock over property tests."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from filelock import FileLock
from hypothesis import settings

from tests.e2e.conftest import new_audit, run_tpaudit
from tpaudit import process

# As the program does it: the tests that call its parts in this process take the same time as there.
process.prepare()
# The hundreds of processes that tests start share compiled modules, whatever the environment says.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

# How long an example takes says more of the machine, and of what was imported before, than of the code.
settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")


# What takes longest begins first: a worker runs whole files, and a long one left to the end has the other wait.
LONGEST = (
    "tests/e2e/test_run.py", "tests/test_packaging.py", "tests/e2e/test_kill.py", "tests/ingest/test_presets.py",
    "tests/e2e/test_bad_input.py", "tests/journeys/test_marts.py", "tests/kpis/test_properties.py",
    "tests/e2e/test_real_data.py", "tests/journeys/test_plain_sql.py",
)  # fmt: skip


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    place = {file: number for number, file in enumerate(LONGEST)}
    items.sort(key=lambda item: place.get(item.nodeid.partition("::")[0], len(LONGEST)))


@pytest.fixture(scope="session")
def finished_audit(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An audit of the small sample set that has been run once; shared by all workers, for reading only."""
    folder = tmp_path_factory.getbasetemp()
    # Workers have folders of their own in that of the whole run; without workers there is only that one.
    shared = (folder.parent if "PYTEST_XDIST_WORKER" in os.environ else folder) / "finished-audit"
    with FileLock(f"{shared}.lock"):
        if not (shared / "done").is_file():
            done = run_tpaudit("-C", new_audit(shared), "run", "--format", "json")
            assert done.returncode == 0, done.stderr
            (shared / "first-run.json").write_text(done.stdout, encoding="utf-8")
            (shared / "first-run.err").write_text(done.stderr, encoding="utf-8")
            (shared / "done").touch()
    return shared
