"""Cost of the checks: `python -m benchmarks.validate [TOUCHES] [--peers PYTHON]`.

Two tables are printed. First every check that applies to touches, contacts and contact points: by tpaudit, beside the
same checks written by hand in SQL (`validate_sql`) and in Great Expectations on pandas (`validate_pandas`), and what
importing Great Expectations costs. Both were written without the shipped definitions; the column "counted" says for how
many checks they come to the same numbers. Then forty rules that every tool can say, in each of them. *PYTHON* is an
interpreter with pandera, pointblank and soda-core-duckdb (which pins an old DuckDB and cannot be installed beside
tpaudit); tools it lacks are left out. CPU is user and system time, memory the peak of the process; each line is a
process of its own. Compare lines of one run: the numbers of a busy machine are larger altogether.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.installed import installed
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


# What is measured on all checks, and how it is called in the table.
WHOLE = {
    "import": "import great_expectations",
    "sql": "SQL by hand, totals only",
    "tpaudit": "tpaudit, totals by file",
    "quarantined": "tpaudit, and rows",
    "pandas": "GX on pandas, totals only",
    "pandas_rows": "GX on pandas, and rows",
}


@dataclass(frozen=True)
class Line:
    """What one process counted and used: CPU and wall seconds, peak MB."""

    counted: dict[str, Any]
    cpu: float
    wall: float
    peak: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("touches", type=int, nargs="?", default=1_000_000)
    parser.add_argument("--peers", default=sys.executable, metavar="PYTHON")
    parser.add_argument("--only", help="names of lines of the first table, comma-separated")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        run("write", folder, str(options.touches))
        print(f"{options.touches:,} touches, {options.touches // PER_CONTACT:,} contacts\n")
        chosen = options.only.split(",") if options.only else list(WHOLE)
        lines = {name: measured(name, folder) for name in chosen}
        print_table("every check that applies", {WHOLE[name]: line for name, line in lines.items()})
        print_ratios(lines)
        if not options.only:
            print_table(f"the same {len(RULES)} rules", compared(options.peers, folder))


def compared(python: str, folder: str) -> dict[str, Line | None]:
    lines: dict[str, Line | None] = {"tpaudit": measured("own", folder)}
    lines["great_expectations"] = peer(sys.executable, "great_expectations", folder)
    return lines | {name: peer(python, name, folder) for name in TOOLS if name not in lines}


def print_table(title: str, lines: Mapping[str, Line | None]) -> None:
    print(f"{title:<32}{'CPU s':>8}{'wall s':>8}{'peak MB':>9}  counted")
    # What most lines could agree with: those of tpaudit.
    ours = next((line.counted for name, line in lines.items() if line and name.startswith("tpaudit")), {})
    for name, line in lines.items():
        if line is None:
            print(f"  {name:<30}{'not installed':>25}")
            continue
        same = sum(ours.get(check) == counted for check, counted in line.counted.items())
        told = f"{same} of {len(line.counted)} as tpaudit" if "version" not in line.counted else ""
        print(f"  {name:<30}{line.cpu:>8.1f}{line.wall:>8.1f}{line.peak:>9.0f}  {told}")
    print()


def print_ratios(lines: Mapping[str, Line]) -> None:
    """tpaudit beside its least possible cost, and beside what it replaces."""
    if {"tpaudit", "sql", "import"} <= lines.keys():
        floor = lines["sql"].cpu + lines["import"].cpu
        print(f"tpaudit costs {lines['tpaudit'].cpu / floor:.2f} times the SQL by hand and the import")
    for ours, theirs in (("tpaudit", "pandas"), ("quarantined", "pandas_rows")):
        if {ours, theirs} <= lines.keys():
            print(f"{WHOLE[theirs]}: {lines[theirs].cpu / lines[ours].cpu:.1f} times {WHOLE[ours]}")
    print()


def measured(name: str, folder: str) -> Line:
    return costs([sys.executable, "-m", "benchmarks.validate_ours", name, folder])


def peer(python: str, tool: str, folder: str) -> Line | None:
    module = {"soda": "soda.scan"}.get(tool, tool)
    if subprocess.run([python, "-c", f"import {module}"], capture_output=True).returncode:
        return None
    return costs([python, str(PEERS), tool, folder])


def costs(command: list[str]) -> Line:
    """What the command prints, as JSON, in its last line, and what its process used; modules are compiled before."""
    program = (
        "import resource, subprocess, sys;"
        "done = subprocess.run(sys.argv[1:], stdout=subprocess.PIPE, text=True, check=True);"
        "used = resource.getrusage(resource.RUSAGE_CHILDREN);"
        "print(done.stdout.splitlines()[-1]); print(used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)"
    )
    begun = time.perf_counter()
    measured = [sys.executable, "-c", program, *command]
    done = subprocess.run(measured, stdout=subprocess.PIPE, text=True, check=True, env=installed())
    told, spent = done.stdout.splitlines()[-2:]
    cpu, peak = map(float, spent.split())
    return Line(json.loads(told), cpu, time.perf_counter() - begun, peak)


def run(name: str, *arguments: str) -> None:
    subprocess.run([sys.executable, "-m", "benchmarks.validate_ours", name, *arguments], check=True)


if __name__ == "__main__":
    main()
