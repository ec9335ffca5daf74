"""Cost of journeys and KPIs: `python -m benchmarks.kpis [TOUCHES [MORE_TOUCHES]] [--only WORK,...] [--peers PYTHON]`.

Every line is a process of its own: CPU (user and system) and peak memory as the system tells them. `scan` decodes the
columns that journeys and KPIs use, once, in DuckDB, so that no statistics of the files can answer for them; it is what
the rest is compared with. `journeys` and `journeys+KPIs` have a memory limit of 1 GB, `limited` is the same work with
`memory_limit = "512MB"`, and tells how much it spilled. `bare` is what the engine alone takes for a part of it, in SQL
written by hand: most columns of `journey_touches`, and what `pm4py` answers; no KPI and no interval.

The smaller size, up to a million touches, is also measured beside others; these lines tell what their work took once
libraries were loaded, too. `pandas` computes four KPIs from the raw touches, as one would write them, without
intervals; `same` are these four by tpaudit, with intervals, effective sizes and the values over sure customers, and
the journeys they are read from. `pm4py` answers from the raw events: which touchpoint follows which, how often and
after what median time, where cases start and end, which variants there are, how long a case lasts. `flows` answers the
same by the code of the journey stage, intervals of the medians included, and the two lines must tell the same numbers.
`bgnbd` fits the model of repeat purchases to a million buyers drawn by such a model, by days, and predicts a year of
each. *PYTHON* is an interpreter with pm4py (extra `bench`); without it that line is left out.

    python -m benchmarks.kpis                1M and 10M touches
    python -m benchmarks.kpis 100000         a tenth of the smaller one
    python -m benchmarks.kpis 10000000 --only limited    the larger one under the smaller limit, beside the scan
"""

from __future__ import annotations

import argparse
import dataclasses
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks.kpis_data import BOUNDED, LIMITED, SETTINGS, write_audit
from benchmarks.validate import costs

SMALL, LARGE = 1_000_000, 10_000_000
ALWAYS, BESIDE = ("journeys", "journeys+KPIs", "limited", "bare"), ("bgnbd", "pandas", "same", "flows", "pm4py")
WORK = Path(__file__).with_name("kpis_work.py")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("touches", type=int, nargs="*", default=[SMALL, LARGE])
    parser.add_argument("--only", type=lambda told: told.split(","), default=ALWAYS + BESIDE, metavar="WORK,...")
    parser.add_argument("--peers", default=sys.executable, metavar="PYTHON")
    options = parser.parse_args()
    if unknown := set(options.only) - {*ALWAYS, *BESIDE}:
        parser.error(f"no such work: {', '.join(sorted(unknown))}; there are {', '.join(ALWAYS + BESIDE)}")
    for touches in options.touches:
        with tempfile.TemporaryDirectory() as folder:
            is_small = touches == min(options.touches) and touches <= SMALL
            wanted = [work for work in ALWAYS + (BESIDE if is_small else ()) if work in options.only]
            _size(Path(folder), touches, options.peers, wanted)


def _size(folder: Path, touches: int, python: str, wanted: Sequence[str]) -> None:
    write_audit(folder, touches, SETTINGS + BOUNDED)
    print(f"\n{touches:,} touches{'':<14}{'CPU s':>8}{'wall s':>8}{'peak MB':>9}{'x scan':>8}  counted")
    base = _line(folder, "scan", None)
    for work in wanted:
        limit = LIMITED if work == "limited" else BOUNDED
        (folder / "tpaudit.toml").write_text(SETTINGS + limit, encoding="utf-8")
        if work != "pm4py":
            _line(folder, work, base)
        elif subprocess.run([python, "-c", "import pm4py"], capture_output=True).returncode == 0:
            _line(folder, work, base, python)


def _line(folder: Path, work: str, base: float | None, python: str = sys.executable) -> float:
    told, cpu, wall, peak = dataclasses.astuple(costs([python, str(WORK), work, str(folder)]))
    ratio = f"{cpu / base:>8.1f}" if base else f"{'':>8}"
    print(f"  {work:<28}{cpu:>8.1f}{wall:>8.1f}{peak:>9.0f}{ratio}  {told}", flush=True)
    return float(cpu)


if __name__ == "__main__":
    main()
