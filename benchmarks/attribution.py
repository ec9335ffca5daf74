"""Cost and exactness of attribution: `python -m benchmarks.attribution [PATHS …] [--converting SHARE] [--exact FILE]`.

Every line is a process of its own, from starting Python to the last figure: wall time, CPU (user and system) and peak
memory as the system tells them. `ours` reads raw touches, in any order, and journeys of an audit, and gives all models
(Markov of both orders, Shapley, heuristics) with intervals and ranks over 1,000 resamples. The peers read ready paths,
each with its journeys counted, and give one model: the Markov chain of order 1. `error` is the largest relative
difference of a touchpoint's share from the exact one.

    python -m benchmarks.attribution                        1M and 10M paths, 4 % of which convert
    python -m benchmarks.attribution 1000000 --converting 0.3
    python -m benchmarks.attribution --exact paths.csv.gz   no costs: agreement with the peers that are exact

Peers (extra `bench`): ChannelAttribution, marketing-attribution-models, do-attribution; a missing one is left out.
"""

from __future__ import annotations

import argparse
import dataclasses
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.attribution_data import write_audit
from benchmarks.validate import costs

SIZES = (1_000_000, 10_000_000)
WORK = Path(__file__).with_name("attribution_work.py")
PEERS = {
    "ChannelAttribution": "ChannelAttribution",
    "marketing-attribution-models": "mam",
    "do-attribution": "do_attribution",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("paths", type=int, nargs="*", default=SIZES)
    parser.add_argument("--converting", type=float, default=0.04, metavar="SHARE")
    parser.add_argument("--exact", type=Path, metavar="FILE")
    options = parser.parse_args()
    if options.exact:
        _agreement(options.exact)
        return
    for number, paths in enumerate(options.paths):
        with tempfile.TemporaryDirectory() as folder:
            _size(Path(folder), paths, options.converting, with_peers=number == 0)


def _size(folder: Path, paths: int, converting: float, with_peers: bool) -> None:
    touches = write_audit(folder, paths, converting, with_paths=with_peers)
    print(f"\n{paths:,} paths, {touches:,} touches{'':<12}{'wall s':>8}{'CPU s':>8}{'peak MB':>9}{'error':>9}")
    exact = _line("ours", folder, None)
    for peer, module in PEERS.items() if with_peers else ():
        if subprocess.run([sys.executable, "-c", f"import {module}"], capture_output=True).returncode == 0:
            _line(peer, folder, exact)


def _line(tool: str, folder: Path, exact: dict[str, float] | None) -> dict[str, float]:
    told, cpu, wall, peak = dataclasses.astuple(costs([sys.executable, str(WORK), tool, str(folder)]))
    shares: dict[str, float] = told["shares"]
    error = f"{max(abs(shares[name] / share - 1) for name, share in exact.items()):>9.2%}" if exact else f"{'':>9}"
    print(f"  {tool:<36}{wall:>8.1f}{cpu:>8.1f}{peak:>9.0f}{error}  {told['told']}", flush=True)
    return shares


def _agreement(file: Path) -> None:
    """The largest difference of a share from ours, by peer and model."""
    done = subprocess.run(
        [sys.executable, str(WORK), "agreement", str(file)], text=True, stdout=subprocess.PIPE, check=True
    )
    print(done.stdout, end="")


if __name__ == "__main__":
    main()
