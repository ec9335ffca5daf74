"""What the program asks of its process."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

FULL = Path("/dev/full")


def run(*lines: str, **options: object) -> subprocess.CompletedProcess[str]:
    program = "\n".join(("from tpaudit import process", *lines))
    return subprocess.run([sys.executable, "-c", program], text=True, stderr=subprocess.PIPE, **options)  # type: ignore[call-overload, no-any-return]


def test_leaving_keeps_the_code_writes_all_and_does_what_was_asked_for_at_the_end() -> None:
    done = run(
        "import atexit, sys",
        "atexit.register(print, 'tidied')",
        "sys.stdout.write('x' * 100_000 + '\\n')",
        "process.leave(3)",
        "print('not reached')",
        stdout=subprocess.PIPE,
    )
    assert (done.returncode, done.stderr) == (3, "")
    assert done.stdout == "x" * 100_000 + "\ntidied\n"


@pytest.mark.skipif(not FULL.exists(), reason="no device that is always full")
def test_what_cannot_be_written_is_not_passed_over() -> None:
    with FULL.open("w") as full:
        done = run("print('lost')", "process.leave(0)", stdout=full)
    assert done.returncode != 0
    assert "No space left" in done.stderr


def test_one_thread_for_algebra_unless_the_environment_says_otherwise() -> None:
    told = "import os; process.prepare(); print(os.environ['OPENBLAS_NUM_THREADS'])"
    assert run(told, stdout=subprocess.PIPE, env={}).stdout == "1\n"
    assert run(told, stdout=subprocess.PIPE, env={"OPENBLAS_NUM_THREADS": "2"}).stdout == "2\n"
