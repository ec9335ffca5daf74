"""Start-up stays light: help and version load nothing heavy."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tpaudit.commands.app import COMMANDS

HEAVY = ("pandas", "duckdb", "ibis", "pyarrow", "great_expectations", "numpy", "scipy", "statsmodels")


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["run", "--help"], ["kpi", "--help"]])
def test_help_and_version_import_nothing_heavy(arguments: list[str]) -> None:
    program = (
        "import sys\n"
        f"sys.argv = ['tpaudit', *{arguments!r}]\n"
        "from tpaudit.commands.app import main\n"
        "try:\n    main()\nexcept SystemExit as end:\n    assert not end.code, end.code\n"
        f"loaded = [name for name in {HEAVY!r} if name in sys.modules]\n"
        "assert not loaded, loaded\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_ingest_loads_neither_pandas_nor_dialects_it_does_not_write(finished_audit: Path, tmp_path: Path) -> None:
    """Each takes a tenth of the time of a small file; pyarrow loads pandas for next to nothing (`reading.arrays`)."""
    (tmp_path / "tpaudit.toml").touch()
    kinds = ("ExportOrderList*.csv", "53KF*.xlsx", "*.jsonl.gz", "*.parquet")
    files = [str(next((finished_audit / "exports").glob(kind))) for kind in kinds]
    program = (
        "import sys\n"
        f"sys.argv = ['tpaudit', 'ingest', *{files!r}, '-C', {str(tmp_path)!r}, '-q']\n"
        "from tpaudit.commands.app import main\n"
        "try:\n    main()\nexcept SystemExit as end:\n    assert not end.code, end.code\n"
        "assert 'duckdb' in sys.modules and 'pandas' not in sys.modules\n"
        "assert 'sqlglot.dialects.duckdb' in sys.modules and 'sqlglot.dialects.snowflake' not in sys.modules\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_every_listed_command_can_be_loaded() -> None:
    done = subprocess.run([sys.executable, "-m", "tpaudit", "--help"], capture_output=True, text=True)
    assert done.returncode == 0
    for name in COMMANDS:
        assert f" {name} " in done.stdout
    assert "Exit codes: 0 done" in done.stdout
