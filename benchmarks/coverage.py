"""How often the 95 % intervals of KPIs hold the truth: `python -m benchmarks.coverage [REPETITIONS] [--only WORD]`.

Every kind of interval a KPI can have, in settings like those of an audit: rare and common shares, several contacts or
answers of one customer, skewed order values, money spent that belongs to nobody, waits with a long tail, leads still
open. Each repetition draws customers anew, sums them up as `tpaudit.kpis.aggregate` does and asks `tpaudit.stats` for
the interval. Beside the coverage stands its Monte-Carlo error (one standard error), and the share of repetitions that
had no interval to give, which count neither way. 93 to 97 % are wanted; `!` marks what lies outside by more than two
Monte-Carlo errors. What is marked is what the intervals cannot do: see docs/kpis.md.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from tpaudit.stats.bootstrap import BLOCKS, block_weights, ratio_interval, ratio_to_fixed_interval
from tpaudit.stats.clusters import ClusterSums, effective_size
from tpaudit.stats.intervals import Interval, net_promoter_interval, quantile_ranks, wilson
from tpaudit.stats.survival import median_survival

Floats = NDArray[np.float64]
Rng = np.random.Generator
Ends = tuple[float, float]

REPETITIONS = 2000
WANTED = (0.93, 0.97)
# As many as an audit draws.
WEIGHTS = block_weights(1000, seed=7)


@dataclass(frozen=True, slots=True)
class Setting:
    """One kind of interval in one situation: the truth, and an interval from a fresh sample."""

    kind: str
    name: str
    truth: float
    draw: Callable[[Rng], Interval | None]


@dataclass(frozen=True, slots=True)
class Coverage:
    """How many of the intervals drawn held the truth, and how many samples gave none."""

    setting: Setting
    held: int
    drawn: int
    none: int

    @property
    def share(self) -> float:
        return self.held / self.drawn if self.drawn else float("nan")

    @property
    def error(self) -> float:
        return float(np.sqrt(self.share * (1 - self.share) / self.drawn)) if self.drawn else float("nan")

    @property
    def is_off(self) -> bool:
        """Whether chance does not explain that the coverage lies outside what is wanted."""
        return not WANTED[0] - 2 * self.error <= self.share <= WANTED[1] + 2 * self.error


def coverage(setting: Setting, repetitions: int, seed: int = 1) -> Coverage:
    """Draw *repetitions* samples and count the intervals that hold the truth."""
    rng = np.random.default_rng(seed)
    found = [setting.draw(rng) for _ in range(repetitions)]
    told = [interval for interval in found if interval is not None]
    held = sum(interval.low - 1e-9 <= setting.truth <= interval.high + 1e-9 for interval in told)
    return Coverage(setting, held, len(told), len(found) - len(told))


def settings() -> Iterator[Setting]:
    """All settings, kind by kind."""
    yield from _shares()
    yield from _scores()
    yield from _means()
    yield from _ratios()
    yield from _quantiles()
    yield from _survivals()


# Shares: one observation per customer, and several.


def _shares() -> Iterator[Setting]:
    for share, n in ((0.03, 200), (0.1, 60), (0.3, 30), (0.5, 400), (0.9, 100)):
        yield Setting("Wilson", f"{n} customers, {share:.0%}", share, partial(_share, share=share, n=n))
    for share, alike, customers in ((0.1, 0.3, 300), (0.4, 0.3, 40), (0.4, 0.6, 150), (0.8, 0.1, 1000)):
        name = f"contacts of {customers} customers, {share:.0%}, alike by {alike}"
        draw = partial(_clustered_share, share=share, alike=alike, customers=customers)
        yield Setting("Wilson, effective size", name, share, draw)
    # Who is contacted often is contacted too often, week after week.
    weeks = partial(_person_weeks_over, customers=120)
    yield Setting("Wilson, effective size", "weeks of 120 persons with too many contacts", _OVER_LIMIT, weeks)


def _share(rng: Rng, share: float, n: int) -> Interval | None:
    return wilson(int(rng.binomial(n, share)), n)


def _clustered_share(rng: Rng, share: float, alike: float, customers: int) -> Interval | None:
    cluster = _several_each(rng, customers)
    return _share_interval((rng.random(len(cluster)) < _tendency(rng, share, alike, customers)[cluster]), cluster)


def _share_interval(hits: NDArray[np.bool_], cluster: NDArray[np.int64]) -> Interval | None:
    size = effective_size(_sums(hits.astype(float), cluster))
    return wilson(hits.mean() * size, size)


def _tendency(rng: Rng, share: float, alike: float, customers: int) -> Floats:
    """A share per customer; *alike* is the correlation of two observations of one customer."""
    weight = (1 - alike) / alike
    return rng.beta(share * weight, (1 - share) * weight, customers)


def _several_each(rng: Rng, customers: int) -> NDArray[np.int64]:
    """Whose each observation is; most customers have one or two, few have ten."""
    return np.repeat(np.arange(customers), rng.geometric(0.4, customers))


def _sums(values: Floats, cluster: NDArray[np.int64]) -> ClusterSums:
    n, x = np.bincount(cluster), np.bincount(cluster, values)
    n, x = n[n > 0], x[n > 0]
    return ClusterSums(
        n=len(values), clusters=len(n), x=values.sum(), xx=(values**2).sum(), nn=(n**2).sum(), nx=n @ x, cx=x @ x
    )


# Net promoter scores.


def _scores() -> Iterator[Setting]:
    for up, down, n in ((0.5, 0.2, 30), (0.8, 0.05, 60), (0.2, 0.6, 200)):
        draw = partial(_nps, up=up, down=down, n=n)
        yield Setting("NPS", f"{n} answers, {up:.0%} up, {down:.0%} down", 100 * (up - down), draw)
    clustered = partial(_clustered_nps, up=0.45, down=0.25, customers=80)
    yield Setting("NPS, effective size", "repeated answers of 80 customers", 20.0, clustered)


def _nps(rng: Rng, up: float, down: float, n: int) -> Interval | None:
    promoters, _, detractors = rng.multinomial(n, (up, 1 - up - down, down))
    return net_promoter_interval(int(promoters), int(detractors), n)


def _clustered_nps(rng: Rng, up: float, down: float, customers: int) -> Interval | None:
    cluster = _several_each(rng, customers)
    # Half of the answers repeat what the customer always says.
    own = rng.choice((1.0, 0.0, -1.0), customers, p=(up, 1 - up - down, down))
    fresh = rng.choice((1.0, 0.0, -1.0), len(cluster), p=(up, 1 - up - down, down))
    said = np.where(rng.random(len(cluster)) < 0.5, own[cluster], fresh)
    size = effective_size(_sums(said, cluster))
    return net_promoter_interval((said > 0).mean() * size, (said < 0).mean() * size, size)


# Means of one value per customer, and of several.


def _means() -> Iterator[Setting]:
    for spread, n in ((0.7, 30), (0.7, 300), (1.0, 100), (1.0, 1000)):
        truth = float(np.exp(spread**2 / 2))
        draw = partial(_lognormal_mean, spread=spread, n=n)
        yield Setting("mean", f"money of {n} customers, log-sd {spread}", truth, draw)
    half = float(np.exp(0.8**2 / 2) / 2)
    yield Setting("mean", "money of 200 customers, half of whom spent nothing", half, partial(_half_zero, n=200))
    for n in (15, 100):
        yield Setting("mean", f"effort answers of {n} customers, 1 to 7", float(_EFFORT @ np.arange(1, 8)),
                      partial(_effort, n=n))  # fmt: skip
    yield Setting("mean", "touches of 60 customers", 1 / 0.3, partial(_touches, n=60))
    for persons in (25, 200, 2000):
        draw = partial(_contacts_per_week, customers=persons)
        yield Setting("mean, clustered", f"contacts per week of {persons} persons", _PER_WEEK, draw)


_EFFORT = np.array([0.05, 0.05, 0.1, 0.1, 0.2, 0.25, 0.25])
# Contacts in a week with any: 1 + Poisson(rate), rates of persons gamma distributed with mean 1; more weeks for those
# contacted more would make the mean one of contacts, not of persons, so weeks do not depend on the rate.
_RATE_SHAPE = 1.0
_PER_WEEK = 2.0
# P(1 + Poisson(rate) > 3) with the rate exponential of mean 1: Poisson mixed so is geometric, P(>= 3) = 1/8.
_OVER_LIMIT = 1 / 8


def _lognormal_mean(rng: Rng, spread: float, n: int) -> Interval | None:
    return _mean_interval(rng, np.exp(rng.normal(0, spread, n)))


def _half_zero(rng: Rng, n: int) -> Interval | None:
    return _mean_interval(rng, np.where(rng.random(n) < 0.5, 0.0, np.exp(rng.normal(0, 0.8, n))))


def _effort(rng: Rng, n: int) -> Interval | None:
    return _mean_interval(rng, rng.choice(np.arange(1.0, 8.0), n, p=_EFFORT))


def _touches(rng: Rng, n: int) -> Interval | None:
    return _mean_interval(rng, rng.geometric(0.3, n).astype(float))


def _weeks(rng: Rng, customers: int) -> tuple[Floats, NDArray[np.int64]]:
    """Contacts of each person's week, and whose week it is."""
    person = _several_each(rng, customers)
    rate = rng.gamma(_RATE_SHAPE, 1 / _RATE_SHAPE, customers)
    return 1.0 + rng.poisson(rate[person]), person


def _contacts_per_week(rng: Rng, customers: int) -> Interval | None:
    contacts, person = _weeks(rng, customers)
    return _ratio_interval(rng, np.bincount(person, contacts), np.bincount(person).astype(float))


def _person_weeks_over(rng: Rng, customers: int) -> Interval | None:
    contacts, person = _weeks(rng, customers)
    return _share_interval(contacts > 3, person)


def _mean_interval(rng: Rng, values: Floats) -> Interval | None:
    return _ratio_interval(rng, values, np.ones(len(values)))


def _ratio_interval(rng: Rng, above: Floats, below: Floats) -> Interval | None:
    return ratio_interval(*_in_blocks(rng, above, below), WEIGHTS)


def _in_blocks(rng: Rng, *sums: Floats) -> list[Floats]:
    """Sums per customer, who fall into blocks by chance, as by the digest of their id."""
    block = rng.integers(0, BLOCKS, len(sums[0]))
    return [np.bincount(block, each, BLOCKS).astype(float) for each in sums]


# Ratios of sums.


def _ratios() -> Iterator[Setting]:
    for spread, n in ((0.5, 30), (0.7, 100), (1.0, 300), (1.0, 3000)):
        truth = float(np.exp(spread**2 / 2))
        name = f"order values of {n} customers, log-sd {spread}"
        yield Setting("ratio", name, truth, partial(_order_value, spread=spread, customers=n))
    for n in (30, 400, 20_000):
        # As many customers as chance brings for money that was fixed beforehand.
        yield Setting("ratio, fixed spend", f"acquisition cost of about {n} customers", 50.0, partial(_cost, n=n))
        yield Setting("ratio, fixed base", f"return on spend, about {n} customers", 2.0, partial(_return, n=n))


def _order_value(rng: Rng, spread: float, customers: int) -> Interval | None:
    """Several orders each; half of the variance of their logarithm is the customer's own."""
    customer = _several_each(rng, customers)
    part = spread / np.sqrt(2)
    amounts = np.exp(rng.normal(0, part, customers)[customer] + rng.normal(0, part, len(customer)))
    return _ratio_interval(rng, np.bincount(customer, amounts), np.bincount(customer).astype(float))


def _cost(rng: Rng, n: int) -> Interval | None:
    (won,) = _in_blocks(rng, np.ones(rng.poisson(n)))
    return ratio_to_fixed_interval(np.zeros(BLOCKS), won, won, WEIGHTS, fixed_numerator=50.0 * n)


def _return(rng: Rng, n: int) -> Interval | None:
    amounts = np.exp(rng.normal(-(0.7**2) / 2, 0.7, rng.poisson(n)))
    earned, buyers = _in_blocks(rng, amounts, np.ones(len(amounts)))
    return ratio_to_fixed_interval(earned, np.zeros(BLOCKS), buyers, WEIGHTS, fixed_denominator=n / 2.0)


# Quantiles, and medians of waits that some are still in.


def _quantiles() -> Iterator[Setting]:
    for quantile, n in ((0.5, 20), (0.5, 300), (0.9, 60), (0.9, 500)):
        truth = float(-np.log(1 - quantile))
        draw = partial(_wait, quantile=quantile, n=n)
        yield Setting("order statistics", f"{quantile:.0%} quantile of {n} waits", truth, draw)
    yield Setting("order statistics", "median of 90 whole numbers", 7.0, partial(_whole_median, n=90))
    for quantile, customers in ((0.5, 60), (0.9, 400)):
        # Waits are e to the sum of two standard normals, one of which is the customer's own.
        truth = float(np.exp(np.sqrt(2) * {0.5: 0.0, 0.9: 1.2815515655}[quantile]))
        draw = partial(_clustered_wait, quantile=quantile, customers=customers)
        name = f"{quantile:.0%} quantile of waits of {customers} customers"
        yield Setting("order statistics, effective size", name, truth, draw)


def _wait(rng: Rng, quantile: float, n: int) -> Interval | None:
    return _at_ranks(rng.exponential(1.0, n), quantile_ranks(n, quantile))


def _whole_median(rng: Rng, n: int) -> Interval | None:
    """Touches of journeys: whole numbers with many ties, which can only widen."""
    return _at_ranks(1.0 + rng.binomial(12, 0.5, n), quantile_ranks(n, 0.5))


def _clustered_wait(rng: Rng, quantile: float, customers: int) -> Interval | None:
    cluster = _several_each(rng, customers)
    waits = np.exp(rng.normal(0, 1, customers)[cluster] + rng.normal(0, 1, len(cluster)))
    below = (waits <= np.quantile(waits, quantile)).astype(float)
    return _at_ranks(waits, quantile_ranks(len(waits), quantile, effective=effective_size(_sums(below, cluster))))


def _at_ranks(values: Floats, ranks: tuple[int, int] | None) -> Interval | None:
    ordered = np.sort(values)
    return ranks and Interval(float(ordered[ranks[0] - 1]), float(ordered[ranks[1] - 1]))


def _survivals() -> Iterator[Setting]:
    for shape, n, watched in ((1.0, 60, 3.0), (0.6, 300, 4.0), (1.5, 1000, 2.0)):
        truth = float(np.log(2) ** (1 / shape))
        draw = partial(_median_wait, shape=shape, n=n, watched=watched)
        yield Setting("Brookmeyer and Crowley", f"median of {n} waits, Weibull {shape}, some open", truth, draw)


def _median_wait(rng: Rng, shape: float, n: int, watched: float) -> Interval | None:
    """Leads that came in at any time before the last day; those not answered by then are open."""
    wait, until = rng.weibull(shape, n), rng.uniform(0, watched, n)
    came = wait <= until
    times = np.minimum(wait, until).round(2)
    return median_survival(times, came.astype(float), (~came).astype(float))[1]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("repetitions", type=int, nargs="?", default=REPETITIONS)
    parser.add_argument("--only", default="", metavar="WORD", help="settings whose kind or name holds it")
    options = parser.parse_args()
    print(f"{'kind':<34}{'setting':<56}{'held':>7}{'error':>7}{'none':>7}")
    for setting in settings():
        if options.only in setting.kind + setting.name:
            found = coverage(setting, options.repetitions)
            none = found.none / options.repetitions
            mark = " !" if found.is_off else ""
            print(f"{setting.kind:<34}{setting.name:<56}{found.share:>7.1%}{found.error:>7.1%}{none:>7.1%}{mark}",
                  flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
