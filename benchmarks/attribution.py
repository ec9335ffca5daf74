"""Cost and exactness of attribution: `python -m benchmarks.attribution [PATHS …] [--converting SHARE] [--exact FILE]`.

Every line is a process of its own, from starting Python to the last figure: wall time, CPU (user and system) and peak
memory as the system tells them. `ours` reads raw touches, in any order, and journeys of an audit, and gives all models
(Markov of both orders, Shapley, heuristics) with intervals and ranks over 1,000 resamples. A peer gives one model, the
Markov chain of order 1, called as its documentation does with its own settings, and is measured on what its user may
have:

/touches     the same touches and journeys as ours, put together to paths by pandas
/journeys    ready paths, one row for each journey
/settled     the same, told to repeat until its repetitions differ by less than 1 %, not 5 %
/paths       ready paths, one row for each distinct path with its journeys counted; the counting is not in the figures

`error` is the largest relative difference of a touchpoint's share from the exact one, `ranks` how many touchpoints have
their exact rank, `x ours` how many times our CPU and our peak memory a line takes. For a further size the same is told
of ours and the first size.

    python -m benchmarks.attribution                        1M and 10M paths, 4 % of which convert
    python -m benchmarks.attribution 1000000 --converting 0.3
    python -m benchmarks.attribution --exact paths.csv.gz   no costs: agreement with the peers that are exact

Peers (extra `bench`): ChannelAttribution, marketing-attribution-models, do-attribution; a missing one is left out.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.attribution_data import write_audit
from benchmarks.validate import Line, costs

SIZES = (1_000_000, 10_000_000)
WORK = Path(__file__).with_name("attribution_work.py")
PEERS = {
    "ChannelAttribution/touches": "ChannelAttribution",
    "ChannelAttribution/journeys": "ChannelAttribution",
    "ChannelAttribution/settled": "ChannelAttribution",
    "ChannelAttribution/paths": "ChannelAttribution",
    "marketing-attribution-models/paths": "mam",
    "do-attribution/paths": "do_attribution",
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
    ours: Line | None = None
    for paths in options.paths:
        with tempfile.TemporaryDirectory() as folder:
            line = _size(Path(folder), paths, options.converting, ours)
            ours = ours or line


def _size(folder: Path, paths: int, converting: float, first: Line | None) -> Line:
    """Ours at a size, and the peers beside it unless there was a *first* size with them."""
    touches = write_audit(folder, paths, converting, with_paths=first is None)
    beside = "x first size" if first else "x ours"
    print(f"\n{paths:,} paths, {touches:,} touches")
    print(f"{'':<38}{'wall s':>8}{'CPU s':>8}{'peak MB':>9}{beside:>14}{'error':>9}{'ranks':>7}")
    ours = _line("ours", folder, first)
    for peer, module in PEERS.items() if first is None else ():
        if subprocess.run([sys.executable, "-c", f"import {module}"], capture_output=True).returncode == 0:
            _line(peer, folder, ours, ours.counted["shares"])
    return ours


def _line(tool: str, folder: Path, beside: Line | None, exact: dict[str, float] | None = None) -> Line:
    line = costs([sys.executable, str(WORK), tool, str(folder)])
    shares: dict[str, float] = line.counted["shares"]
    times = f"{line.cpu / beside.cpu:>7.2f}{line.peak / beside.peak:>7.2f}" if beside else f"{'':>14}"
    print(
        f"  {tool:<36}{line.wall:>8.1f}{line.cpu:>8.1f}{line.peak:>9.0f}{times}"
        f"{_agreeing(shares, exact) if exact else ''}  {line.counted['told']}",
        flush=True,
    )
    return line


def _agreeing(shares: dict[str, float], exact: dict[str, float]) -> str:
    """The largest relative difference of *shares* from the *exact* ones, and how many ranks are theirs."""
    error = max(abs(shares[name] / share - 1) for name, share in exact.items())
    ranked = zip(_by_rank(shares), _by_rank(exact), strict=True)
    return f"{error:>9.2%}{sum(found == right for found, right in ranked):>7}"


def _by_rank(shares: dict[str, float]) -> list[str]:
    return sorted(shares, key=lambda name: (-shares[name], name))


def _agreement(file: Path) -> None:
    """The largest difference of a share from ours, by peer and model."""
    done = subprocess.run(
        [sys.executable, str(WORK), "agreement", str(file)], text=True, stdout=subprocess.PIPE, check=True
    )
    print(done.stdout, end="")


if __name__ == "__main__":
    main()
