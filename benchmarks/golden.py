"""The ranking against planted truth: worlds that work, and worlds in which no touchpoint does anything.

    python -m benchmarks.golden [--seeds 30] [--customers 50000] [--null-seeds 30] [--first-seed 101]

Each world is drawn by a seed of its own, given to the audit with ideal identity (`benchmarks.golden_data`), made into
journeys and ranked as `tpaudit rank` does. The generator is not logistic: helpful touches give independent, saturating
chances that may need company or an order of touches, harmful ones scale the result down, and motivation, half of it
recorded nowhere, drives touches and outcomes alike (see `sample_data/outcomes.py`).

Printed are: how often planted golden touchpoints are among the top three of their stage; how often worlds without
effects name one; how often the 95 % interval of an effect holds the true one; and how closely effects, and beside them
attribution, order touchpoints by their true effects.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, field
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from scipy.stats import spearmanr

from benchmarks.golden_data import Truth, simulate_world, truth_of, write_audit
from tpaudit import journeys, ranking
from tpaudit.engine import EngineSettings, connect
from tpaudit.results import RankResult
from tpaudit.store import Store

OUTCOMES = ("conversion", "retention", "satisfaction")
TOP = 3
# Draws of how ties fall for who knows all effects.
_LOTS = 20


@dataclass(frozen=True)
class Ranked:
    """One touchpoint in one stage for one outcome, as ranked and as it is; `planted` if it is meant to be golden."""

    outcome: str
    stage: str
    touchpoint: str
    truth: float
    planted: bool
    verdict: str
    rank: int | None
    effect: float | None
    low: float | None
    high: float | None
    reach: float | None


@dataclass(frozen=True)
class Run:
    """What one world showed."""

    seed: int
    seconds: float
    ranked: list[Ranked]
    shares: dict[str, dict[str, float]] = field(default_factory=dict)
    """Attribution of conversions per model and touchpoint."""


def run(seed: int, customers: int, null: bool) -> Run:
    """Draw one world and rank it."""
    world = simulate_world(customers, seed, null)
    began = time.process_time()
    with tempfile.TemporaryDirectory() as folder:
        audit = write_audit(Path(folder), world)
        engine = connect(EngineSettings(memory_limit="3GB", threads=1, temp_directory=Path(folder) / "spill"))
        store = Store(audit, engine)
        journeys.build(store)
        result = ranking.rank(store)
        engine.close()
        seconds = time.process_time() - began
        truth = truth_of(world, audit)
    shares: dict[str, dict[str, float]] = {}
    for row in result.attribution:
        shares.setdefault(row.model, {})[row.touchpoint] = row.share
    return Run(seed, seconds, list(_ranked(result, truth)), shares)


def _ranked(result: RankResult, truth: Truth) -> Iterator[Ranked]:
    for row in result.golden:
        yield Ranked(
            row.outcome, row.stage, row.touchpoint, truth.effect(row.outcome, row.touchpoint, row.stage),
            row.touchpoint in truth.golden[row.outcome] and (row.effect is None or row.effect >= 0),
            row.verdict, row.rank, row.effect, row.effect_low, row.effect_high, row.reach,
        )  # fmt: skip


def main() -> None:
    """Run the worlds and print what they show."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=30, help="worlds with effects")
    parser.add_argument("--null-seeds", type=int, default=30, help="worlds without")
    parser.add_argument("--first-seed", type=int, default=101)
    parser.add_argument("--customers", type=int, default=50_000)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--save", type=Path, help="write every ranked touchpoint to this JSON file")
    options = parser.parse_args()
    kinds = [False] * options.seeds + [True] * options.null_seeds
    seeds = [*range(options.first_seed, options.first_seed + options.seeds)]
    seeds += range(options.first_seed, options.first_seed + options.null_seeds)
    with ProcessPoolExecutor(options.workers, mp_context=get_context("spawn")) as pool:
        runs = list(pool.map(run, seeds, [options.customers] * len(seeds), kinds))
    works, null = runs[: options.seeds], runs[options.seeds :]
    if options.save:
        options.save.write_text(json.dumps([asdict(one) for one in runs]), encoding="utf-8")
    print(f"{options.seeds} worlds with effects, {options.null_seeds} without; {options.customers:,} customers each; "
          f"{np.mean([one.seconds for one in runs]):.1f} CPU s for journeys and ranking of one")  # fmt: skip
    if works:
        _print_recall(works)
        _print_coverage(works)
        _print_order(works)
        _print_touchpoints(works)
    if null:
        _print_null(null)


def _print_recall(runs: list[Run]) -> None:
    print(f"\nPlanted golden touchpoints in the top {TOP} of their stage")
    every = [[hits for one in runs for hits in _hits(one, outcome)] for outcome in OUTCOMES]
    for outcome, hits in [*zip(OUTCOMES, every, strict=True), ("all", [hit for part in every for hit in part])]:
        found, room, planted = (sum(column) for column in zip(*hits, strict=True))
        print(f"  {outcome:13s} {found / room:6.1%} of the places there are; {found / planted:6.1%} of all planted")
    called = [row for one in runs for row in one.ranked if row.verdict == "golden"]
    wrong = [row for row in called if row.truth <= 0]
    print(
        f"  called golden: {len(called) / len(runs):.1f} per world; {len(wrong)} of {len(called)} have no true effect"
    )


def _hits(one: Run, outcome: str) -> Iterator[tuple[int, int, int]]:
    """Per stage: planted touchpoints in the top, how many of them the top has room for, and how many there are."""
    rows = [row for row in one.ranked if row.outcome == outcome]
    for stage in dict.fromkeys(row.stage for row in rows):
        planted = [row for row in rows if row.stage == stage and row.planted]
        if planted:
            found = sum(row.rank is not None and row.rank <= TOP for row in planted)
            yield found, min(TOP, len(planted)), len(planted)


def _print_coverage(runs: list[Run]) -> None:
    print("\n95 % intervals of effects that hold the true effect (standard error over worlds)")
    for outcome in (*OUTCOMES, "all"):
        shares, count = [], 0
        for one in runs:
            held = [
                row.low <= row.truth <= row.high
                for row in one.ranked
                if outcome in (row.outcome, "all") and row.low is not None and row.high is not None
            ]
            shares.append(np.mean(held))
            count += len(held)
        error = np.std(shares, ddof=1) / np.sqrt(len(shares)) if len(shares) > 1 else float("nan")
        print(f"  {outcome:13s} {np.mean(shares):6.1%} (± {error:.1%}) of {count}")


def _print_order(runs: list[Run]) -> None:
    """Most true effects are exactly zero, and the order of zeros is noise: nobody can do better than who knows all
    effects and breaks ties by lot. Hence `at best`, and the columns without zeros' noise."""
    print(
        "\nSpearman correlation with the true effect, mean over worlds; at best; unclear ones as zero; of non-zero ones"
    )
    for outcome in (*OUTCOMES, "all"):
        values = [_correlations([row for row in one.ranked if outcome in (row.outcome, "all")]) for one in runs]
        plain, best, cleared, nonzero = np.nanmean(values, axis=0)
        print(f"  {outcome:13s} adjusted effect            {plain:5.2f} {best:7.2f} {cleared:7.2f} {nonzero:7.2f}")
    for model in ("markov", "markov_2", "shapley", "linear", "first", "last"):
        values = [_share_correlation(one, model) for one in runs if model in one.shares]
        if values:
            print(f"  conversion    attribution by {model:12s}{np.mean(values):5.2f}")


def _correlations(rows: Iterable[Ranked]) -> tuple[float, float, float, float]:
    known = [row for row in rows if row.effect is not None and row.low is not None and row.high is not None]
    truth = np.array([row.truth for row in known])
    effect = [row.effect or 0.0 for row in known]
    clear = [row.effect if (row.low or 0) > 0 or (row.high or 0) < 0 else 0.0 for row in known]
    pairs = [(row.effect, row.truth) for row in known if row.truth]
    lots = np.random.default_rng(1).permuted(np.tile(np.arange(len(truth)), (_LOTS, 1)), axis=1)
    informed = [np.lexsort((lot, truth)).argsort() for lot in lots]
    return (
        float(spearmanr(effect, truth).statistic),
        float(np.mean([spearmanr(order, truth).statistic for order in informed])),
        float(spearmanr(clear, truth).statistic),
        float(spearmanr(*zip(*pairs, strict=True)).statistic) if len(pairs) > 2 else float("nan"),
    )


def _share_correlation(one: Run, model: str) -> float:
    rows = [row for row in one.ranked if row.outcome == "conversion" and row.touchpoint in one.shares[model]]
    return float(spearmanr([one.shares[model][row.touchpoint] for row in rows], [row.truth for row in rows]).statistic)


def _print_touchpoints(runs: list[Run]) -> None:
    print("\nTouchpoint by touchpoint    stage          truth    bias   error   held   median rank   called")
    grouped: dict[tuple[str, str, str], list[Ranked]] = {}
    for one in runs:
        for row in one.ranked:
            if row.effect is not None:
                grouped.setdefault((row.outcome, row.stage, row.touchpoint), []).append(row)
    for (outcome, stage, touchpoint), rows in sorted(grouped.items()):
        effect = np.array([row.effect for row in rows], dtype=float)
        truth = np.array([row.truth for row in rows])
        error = np.mean([((row.high or 0) - (row.low or 0)) / 3.92 for row in rows])
        held = np.mean([(row.low or 0) <= row.truth <= (row.high or 0) for row in rows])
        called = sum(row.verdict in ("golden", "golden_risk") for row in rows)
        print(
            f"  {outcome[:4]} {touchpoint:20s} {stage:13s} {truth.mean():+.3f}  {(effect - truth).mean():+.3f}   "
            f"{error:.3f}  {held:5.0%}   {np.median([row.rank or 99 for row in rows]):7.0f}   {called:5d}/{len(rows)}"
        )


def _print_null(runs: list[Run]) -> None:
    for verdict in ("golden", "golden_risk"):
        named = [[row for row in one.ranked if row.verdict == verdict] for one in runs]
        some = sum(bool(rows) for rows in named)
        print(f"\nWithout effects: {some} of {len(runs)} worlds ({some / len(runs):.1%}) name a {verdict} touchpoint")
        for one, rows in zip(runs, named, strict=True):
            for row in rows:
                print(f"  seed {one.seed}: {row.outcome} {row.stage} {row.touchpoint} {row.effect:+.3f}")
    held = [row.low <= 0 <= row.high for one in runs for row in one.ranked
            if row.low is not None and row.high is not None]  # fmt: skip
    print(f"95 % intervals that hold zero there: {np.mean(held):.1%} of {len(held)}")


if __name__ == "__main__":
    main()
