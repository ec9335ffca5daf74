"""Cost of a whole audit: `python -m benchmarks.audit [CUSTOMERS=100000] [--memory-limit SIZE]`.

Writes the sample exports of so many customers, runs `tpaudit run` on them in a process of its own, and prints what
each stage took and how many rows it wrote, and CPU (user and system) and peak memory of the whole. Other benchmarks
measure a stage alone; here each must do with what the ones before it leave.

    python -m benchmarks.audit              100,000 customers: 0.6M contact records, 1.2M touches
    python -m benchmarks.audit 800000       5M contact records, 9.6M touches; 20 minutes, some GB of disk
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.ingest import cost_of

SETTINGS = '[audit]\nclient = "Benchmark"\nas_of = 2026-11-16\ntimezone = "Asia/Shanghai"\n'


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("customers", type=int, nargs="?", default=100_000)
    parser.add_argument("--memory-limit", metavar="SIZE", help="as [engine] memory_limit: 4GB")
    options = parser.parse_args()
    limit = f"[engine]\nmemory_limit = {json.dumps(options.memory_limit)}\n" if options.memory_limit else ""
    with tempfile.TemporaryDirectory() as folder:
        _measure(Path(folder), options.customers, SETTINGS + limit)


def _measure(folder: Path, customers: int, settings: str) -> None:
    sample, audit, told = folder / "sample", folder / "audit", folder / "run.json"
    written = [sys.executable, "-m", "tpaudit.sample_data", str(sample), "--customers", str(customers)]
    subprocess.run(written, check=True, stdout=subprocess.DEVNULL)
    audit.mkdir()
    (audit / "tpaudit.toml").write_text(settings, encoding="utf-8")
    size = sum(file.stat().st_size for file in (sample / "exports").iterdir())
    # What the sample has wrong on purpose must not stop the run.
    cost = cost_of(
        [sys.executable, "-m", "tpaudit", "-C", str(audit), "run", str(sample / "exports"), "--fail-on", "never",
         "--format", "json", "--output", str(told), "--quiet"]
    )  # fmt: skip
    print(f"{customers:,} customers, exports of {size / 1e6:,.0f} MB")
    for stage in json.loads(told.read_text(encoding="utf-8"))["stages"]:
        rows = ", ".join(f"{table} {number:,}" for table, number in stage["rows"].items())
        print(f"  {stage['stage']:<10}{stage['seconds']:>8.1f} s  {rows}")
    print(f"  {'all':<10}{cost.wall:>8.1f} s  {cost.cpu:,.1f} CPU s, {cost.peak:,.0f} MB at most")


if __name__ == "__main__":
    main()
