"""The real command line on real files: run in a process of its own, or in this one where start-up is not the point."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tpaudit.sample_data import SMALL

Run = Callable[..., subprocess.CompletedProcess[str]]

SETTINGS = '[audit]\nclient = "Qinghe"\nas_of = 2026-11-16\n[validate]\nfail_on = "never"\n[rank]\nreplicates = 200\n'


def run_tpaudit(*arguments: object, cwd: Path | None = None, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run `tpaudit` as a user would, in a plain English terminal of 100 columns."""
    plain = {name: value for name, value in os.environ.items() if not name.startswith(("TPAUDIT_", "LC_", "LANG"))}
    return subprocess.run(
        [sys.executable, "-m", "tpaudit", *map(str, arguments)],
        cwd=cwd,
        capture_output=True,
        text=True,
        encoding="utf-8",
        env={**plain, "COLUMNS": "100", "PYTHONIOENCODING": "utf-8", "LANG": "C.UTF-8", **environment},
        timeout=300,
    )


def document(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    """The one JSON document on stdout."""
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def new_audit(folder: Path, settings: str = SETTINGS) -> Path:
    """An audit of the small sample set in *folder*."""
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copytree(SMALL / "exports", folder / "exports")
    (folder / "tpaudit.toml").write_text(settings, encoding="utf-8")
    return folder


@pytest.fixture
def audit_copy(finished_audit: Path, tmp_path: Path) -> Path:
    """A finished audit of one's own, to change."""
    folder = tmp_path / "audit"
    shutil.copytree(finished_audit, folder, symlinks=True)
    return folder
