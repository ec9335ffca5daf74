"""Cost of a whole audit: `python -m benchmarks.audit [CUSTOMERS=100000] [--memory-limit SIZE]`.

Writes the sample exports of so many customers, runs `tpaudit run` on them in a process of its own, and prints what
each stage took and how many rows it wrote, and CPU (user and system) and peak memory of the whole. Other benchmarks
measure a stage alone; here each must do with what the ones before it leave.

    python -m benchmarks.audit              100,000 customers: 0.6M contact records, 1.2M touches
    python -m benchmarks.audit 800000       5M contact records, 9.6M touches; 20 minutes, 10 GB of temporary files
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.installed import installed

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
    sample, audit = folder / "sample", folder / "audit"
    written = [sys.executable, "-m", "tpaudit.sample_data", str(sample), "--customers", str(customers)]
    subprocess.run(written, check=True, stdout=subprocess.DEVNULL)
    audit.mkdir()
    (audit / "tpaudit.toml").write_text(settings, encoding="utf-8")
    size = sum(file.stat().st_size for file in (sample / "exports").iterdir())
    # What the sample has wrong on purpose must not stop the run.
    wanted = ("run", str(sample / "exports"), "--fail-on", "never", "--format", "json", "--quiet")
    begun = time.perf_counter()
    with (folder / "run.json").open("w+", encoding="utf-8") as told:
        process = subprocess.Popen(
            [sys.executable, "-m", "tpaudit", "-C", str(audit), *wanted], stdout=told, env=installed()
        )
        _process, status, used = os.wait4(process.pid, 0)
        if status:
            raise SystemExit(f"tpaudit run ended with {os.waitstatus_to_exitcode(status)}")
        told.seek(0)
        stages = json.load(told)["stages"]
    print(f"{customers:,} customers, exports of {size / 1e6:,.0f} MB")
    for stage in stages:
        rows = ", ".join(f"{table} {number:,}" for table, number in stage["rows"].items())
        print(f"  {stage['stage']:<10}{stage['seconds']:>8.1f} s  {rows}")
    cpu, peak = used.ru_utime + used.ru_stime, used.ru_maxrss / 1024
    print(f"  {'all':<10}{time.perf_counter() - begun:>8.1f} s  {cpu:,.1f} CPU s, {peak:,.0f} MB at most")


if __name__ == "__main__":
    main()
