"""Cost of the checks: `python -m benchmarks.validate [TOUCHES] [--peers PYTHON]`.

Two tables are printed. First every check that applies to touches, contacts and contact points, by tpaudit, beside the
same SQL run by DuckDB alone, and what importing Great Expectations costs. Then forty rules that every tool can say,
in each of them. *PYTHON* is an interpreter with pandera, pointblank and soda-core-duckdb (which pins an old DuckDB and
cannot be installed beside tpaudit); tools it lacks are left out. CPU is user and system time, memory the peak of the
process; each line is a process of its own.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.validate_peers import RULES, TOOLS

PEERS = Path(__file__).with_name("validate_peers.py")
PER_CONTACT = 5  # touches per contact

# The rules of `validate_peers` as an audit's own checks.
CONDITIONS = {
    "known": "{column} IS NULL",
    "before": "{column} >= TIMESTAMPTZ '<arg>+00'",
    "from": "{column} < TIMESTAMPTZ '<arg>+00'",
    "in": "{column} NOT IN (<arg>)",
    "not in": "{column} IN (<arg>)",
    "matching": "NOT regexp_like({column}, '<arg>')",
    "without": "regexp_like({column}, '<arg>')",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("touches", type=int, nargs="?", default=1_000_000)
    parser.add_argument("--peers", default=sys.executable, metavar="PYTHON")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        run("write", folder, str(options.touches))
        print(f"{options.touches:,} touches, {options.touches // PER_CONTACT:,} contacts\n")
        print_table("every check that applies", {name: measured(name, folder) for name in ("import", "sql", "tpaudit")})
        lines = {
            "tpaudit": measured("own", folder),
            "great_expectations": peer(sys.executable, "great_expectations", folder),
        }
        lines |= {name: peer(options.peers, name, folder) for name in TOOLS if name not in lines}
        print_table(f"the same {len(RULES)} rules", lines)


def print_table(title: str, lines: dict[str, tuple[str, float, float, float] | None]) -> None:
    print(f"{title:<32}{'CPU s':>8}{'wall s':>8}{'peak MB':>9}  counted")
    for name, line in lines.items():
        if line is None:
            print(f"  {name:<30}{'not installed':>25}")
        else:
            told, cpu, wall, peak = line
            print(f"  {name:<30}{cpu:>8.1f}{wall:>8.1f}{peak:>9.0f}  {told}")
    print()


def measured(name: str, folder: str) -> tuple[str, float, float, float]:
    return costs([sys.executable, "-m", "benchmarks.validate_ours", name, folder])


def peer(python: str, tool: str, folder: str) -> tuple[str, float, float, float] | None:
    module = {"soda": "soda.scan"}.get(tool, tool)
    if subprocess.run([python, "-c", f"import {module}"], capture_output=True).returncode:
        return None
    told, *spent = costs([python, str(PEERS), tool, folder])
    failing = json.loads(told)
    return (f"{sum(count > 0 for count in failing.values())} rules failed, {sum(failing.values()):,} rows", *spent)


def costs(command: list[str]) -> tuple[str, float, float, float]:
    """Last line of the command's output, CPU seconds, wall seconds and peak MB of its process."""
    program = (
        "import resource, subprocess, sys;"
        "done = subprocess.run(sys.argv[1:], stdout=subprocess.PIPE, text=True, check=True);"
        "used = resource.getrusage(resource.RUSAGE_CHILDREN);"
        "print(done.stdout.splitlines()[-1]); print(used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)"
    )
    begun = time.perf_counter()
    done = subprocess.run([sys.executable, "-c", program, *command], stdout=subprocess.PIPE, text=True, check=True)
    told, spent = done.stdout.splitlines()[-2:]
    cpu, peak = map(float, spent.split())
    return told, cpu, time.perf_counter() - begun, peak


def run(name: str, *arguments: str) -> None:
    subprocess.run([sys.executable, "-m", "benchmarks.validate_ours", name, *arguments], check=True)


if __name__ == "__main__":
    main()
