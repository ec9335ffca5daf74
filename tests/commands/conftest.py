"""One resolved audit for all tests of commands about customers, and copies of it to change."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.commands.people import new_audit
from tests.e2e.conftest import run_tpaudit


@pytest.fixture(scope="session")
def resolved_audit(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two systems that know the same sixty people, resolved once; for reading only."""
    folder = new_audit(tmp_path_factory.mktemp("people"))
    for system in ("crm", "shop"):
        done = run_tpaudit("-C", folder, "ingest", folder / f"{system}.csv", "--as", "contacts")
        assert done.returncode == 0, done.stderr
    assert run_tpaudit("-C", folder, "dedupe").returncode == 0
    return folder


@pytest.fixture
def audit(resolved_audit: Path, tmp_path: Path) -> Path:
    """A resolved audit of one's own, to change."""
    folder = tmp_path / "audit"
    shutil.copytree(resolved_audit, folder)
    return folder
