"""How touchpoints are rated, how much those ratings matter, and in which of four quadrants that puts them.

*Performance* is the mean of a touchpoint's own ratings. *Importance* is derived: the share of the variance of the
overall judgement that goes with the rating of the touchpoint, by Johnson's relative weights, so that ratings which rise
and fall together share what they have in common. The lines between the quadrants are the means over the touchpoints
compared, or for performance the goal set:

keep_up            important and rated well       fix_first           important and rated poorly
possible_overkill  unimportant and rated well     low_priority        unimportant and rated poorly

Source: Martilla and James (1977), Importance-performance analysis, Journal of Marketing 41.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from tpaudit.audit.settings import ExperienceSection
from tpaudit.model.marts import QUADRANTS
from tpaudit.ranking.ratings import Means, PairSums, Ratings
from tpaudit.results import ExperienceFit
from tpaudit.stats.bootstrap import percentile_interval
from tpaudit.stats.relative_weights import consistent, pairwise_correlations, relative_weights

Floats = NDArray[np.float64]

# The most touchpoints whose ratings are weighed against each other, the most rated first.
_MOST_WEIGHED = 60
# Resamples worked on at once, which bounds the memory of their correlation tables.
_AT_ONCE = 100
# Resamples that must agree before a quadrant is named at all.
_MOSTLY = 0.5
# Importances closer than this differ by the rounding of the arithmetic.
_SAME = 1e-12


@dataclass(frozen=True, slots=True)
class Rated:
    """What is known of a touchpoint's ratings. `others` is the mean of all other ratings (or the goal), `gap` how far
    below it the touchpoint is rated, `poor` the p-value of that; None where there is nothing to compare with."""

    n: int
    performance: float
    interval: tuple[float, float]
    others: float | None = None
    gap: float | None = None
    poor: float | None = None
    n_importance: int = 0
    importance: float | None = None
    importance_interval: tuple[float, float] | None = None
    quadrant: str | None = None
    p_quadrant: float | None = None


@dataclass(frozen=True, slots=True)
class Stated:
    """How important customers say a touchpoint is, on a scale of 1 to 5."""

    n: int
    importance: float
    interval: tuple[float, float]


@dataclass(frozen=True, slots=True)
class Experience:
    """Ratings by touchpoint, and what their importance was derived from."""

    rated: dict[str, Rated] = field(default_factory=dict)
    stated: dict[str, Stated] = field(default_factory=dict)
    fit: ExperienceFit = field(default_factory=ExperienceFit)


@dataclass(frozen=True, slots=True)
class _Weighed:
    """Importance of the touchpoints weighed, with its resamples (replicates x touchpoints)."""

    touchpoints: tuple[str, ...]
    n: Floats
    importance: Floats
    resampled: Floats
    fit: ExperienceFit


def measure_experience(ratings: Ratings, weights: Floats, rules: ExperienceSection) -> Experience:
    """Performance, importance and quadrant of every touchpoint anybody rated.

    *weights* (replicates x blocks) resample customers. Touchpoints with fewer than *rules*.min_ratings ratings keep
    their mean, its interval and n, and are neither weighed nor compared.
    """
    means = ratings.performance()
    n = means.n.sum(axis=0)
    if not means.touchpoints:
        return Experience(stated=_stated(ratings.stated_importance(), weights))
    weighed = _weigh(ratings, means, weights, rules)
    rated = _performance(means, weights, rules)
    comparable = [place for place, name in enumerate(means.touchpoints) if n[place] >= rules.min_ratings]
    fit = weighed.fit
    if weighed.touchpoints:
        rated = _with_importance(rated, weighed)
        rated, fit = _with_quadrants(rated, weighed, means, weights, rules)
    elif comparable:
        fit = fit.model_copy(update={"cut_performance": _performance_cut(means, comparable, rules)})
    return Experience(rated, _stated(ratings.stated_importance(), weights), fit)


def _performance(means: Means, weights: Floats, rules: ExperienceSection) -> dict[str, Rated]:
    """Mean rating of each touchpoint, and how it compares with all ratings of the others, or with the goal."""
    n, total = means.n.sum(axis=0), means.total.sum(axis=0)
    resampled = _ratio(weights @ means.total, weights @ means.n)
    low, high = percentile_interval(resampled)
    enough = n >= rules.min_ratings
    # What is compared with must be rated enough itself.
    all_n, all_total = means.n[:, enough].sum(axis=1), means.total[:, enough].sum(axis=1)
    found = {}
    for place, name in enumerate(means.touchpoints):
        mean = float(total[place] / n[place])
        others = poor = None
        if enough[place]:
            others, poor = _compared(means, place, mean, resampled[:, place], all_n, all_total, weights, rules)
        gap = None if others is None else others - mean
        found[name] = Rated(round(n[place]), mean, (float(low[place]), float(high[place])), others, gap, poor)
    return found


def _compared(means: Means, place: int, mean: float, resampled: Floats, all_n: Floats, all_total: Floats,
              weights: Floats, rules: ExperienceSection) -> tuple[float | None, float | None]:  # fmt: skip
    """What a mean rating is compared with (all others, or the goal), and the one-sided p-value of being below it."""
    if rules.performance_goal is not None:
        goal = rules.performance_goal
        return goal, above_zero(goal - mean, goal - resampled)
    others_n, others_total = all_n - means.n[:, place], all_total - means.total[:, place]
    if others_n.sum() < rules.min_ratings:
        return None, None
    others = float(others_total.sum() / others_n.sum())
    return others, above_zero(others - mean, _ratio(weights @ others_total, weights @ others_n) - resampled)


def above_zero(estimate: float, resampled: Floats) -> float | None:
    """One-sided p-value of *estimate* being above zero, by its resampled spread; None if it has none.

    >>> round(above_zero(2.0, np.array([0.9, 2.0, 3.1])), 3)
    0.035
    """
    known = resampled[~np.isnan(resampled)]
    spread = float(np.std(known, ddof=1)) if len(known) > 1 else 0.0
    return float(stats.norm.sf(estimate / spread)) if spread > 0 else None


def _stated(means: Means, weights: Floats) -> dict[str, Stated]:
    if not means.touchpoints:
        return {}
    low, high = percentile_interval(_ratio(weights @ means.total, weights @ means.n))
    n, total = means.n.sum(axis=0), means.total.sum(axis=0)
    return {
        name: Stated(round(n[place]), float(total[place] / n[place]), (float(low[place]), float(high[place])))
        for place, name in enumerate(means.touchpoints)
    }


# --- importance -----------------------------------------------------------------------------------------------------


def _weigh(ratings: Ratings, means: Means, weights: Floats, rules: ExperienceSection) -> _Weighed:
    overall, metric = ratings.overall()
    left_out = dict.fromkeys(means.touchpoints, "no_overall")
    if overall is None:
        return _unweighed(ExperienceFit(left_out=left_out))
    most_rated = np.argsort(-means.n.sum(axis=0), kind="stable")[:_MOST_WEIGHED]
    names = [means.touchpoints[place] for place in sorted(most_rated)]
    left_out = {name: "too_many" for name in means.touchpoints if name not in names}
    sums = ratings.pair_sums(overall, names)
    pairs = sums.n.sum(axis=0)
    table = _correlations(sums, np.ones((1, len(sums.n))))[0]
    customers = round(pairs[-1, -1])
    chosen = []
    for place, name in enumerate(names):
        if pairs[place, -1] < rules.min_ratings:
            left_out[name] = "few_answers"
        elif np.isnan(table[place, -1]):
            left_out[name] = "constant"
        else:
            chosen.append(place)
    fit = ExperienceFit(metric=metric, customers=customers, touchpoints=len(chosen), left_out=left_out)
    if not chosen:
        return _unweighed(fit)
    return _weighed(sums, chosen, pairs, weights, rules, fit)


def _unweighed(fit: ExperienceFit) -> _Weighed:
    return _Weighed((), np.zeros(0), np.zeros(0), np.zeros((0, 0)), fit)


def _weighed(sums: PairSums, chosen: list[int], pairs: Floats, weights: Floats, rules: ExperienceSection,
             fit: ExperienceFit) -> _Weighed:  # fmt: skip
    kept = np.array([*chosen, len(sums.touchpoints)])
    # Two touchpoints that hardly anybody rated both: nothing says that their ratings move together.
    together = pairs[kept][:, kept] >= rules.min_ratings

    def importance_under(part: Floats) -> Floats:
        return _importance(_correlations(sums, part)[:, kept][:, :, kept], together)

    importance = importance_under(np.ones((1, len(sums.n))))[0]
    parts = [importance_under(part) for part in np.array_split(weights, max(1, -(-len(weights) // _AT_ONCE)))]
    size = len(chosen)
    rated_together = int(np.triu(together[:size, :size], 1).sum())
    fit = fit.model_copy(
        update={"pairs": size * (size - 1) // 2, "pairs_rated": rated_together, "r_squared": float(importance.sum())}
    )
    names = tuple(sums.touchpoints[place] for place in chosen)
    return _Weighed(names, pairs[chosen, -1], importance, np.concatenate(parts), fit)


def _correlations(sums: PairSums, weights: Floats) -> Floats:
    """Correlation tables under *weights* (replicates x blocks): replicates x V x V."""

    def summed(values: Floats) -> Floats:
        flat: Floats = weights @ values.reshape(len(values), -1)
        return flat.reshape(len(weights), *values.shape[1:])

    return pairwise_correlations(*map(summed, (sums.n, sums.first, sums.first_squared, sums.product)))


def _importance(tables: Floats, together: NDArray[np.bool_]) -> Floats:
    """Relative weights of correlation tables whose last variable is the outcome; correlations unknown count as none."""
    tables = np.where(together & ~np.isnan(tables), tables, 0.0)
    place = np.arange(tables.shape[-1])
    tables[..., place, place] = 1.0
    tables = consistent(tables)
    return relative_weights(tables[..., :-1, :-1], tables[..., :-1, -1])


# --- quadrants ------------------------------------------------------------------------------------------------------


def _with_importance(rated: dict[str, Rated], weighed: _Weighed) -> dict[str, Rated]:
    low, high = percentile_interval(weighed.resampled)
    # Resampling lifts squares: where little is explained, all resamples may lie above the estimate.
    low, high = np.minimum(low, weighed.importance), np.maximum(high, weighed.importance)
    found = dict(rated)
    for place, name in enumerate(weighed.touchpoints):
        found[name] = replace(
            rated[name],
            n_importance=round(weighed.n[place]),
            importance=float(weighed.importance[place]),
            importance_interval=(float(low[place]), float(high[place])),
        )
    return found


def _with_quadrants(rated: dict[str, Rated], weighed: _Weighed, means: Means, weights: Floats,
                    rules: ExperienceSection) -> tuple[dict[str, Rated], ExperienceFit]:  # fmt: skip
    """Quadrants of the touchpoints weighed, and how often resampling finds the same; a single one has none, nor has one
    that resampling mostly finds elsewhere."""
    places = [means.touchpoints.index(name) for name in weighed.touchpoints]
    performance = means.total.sum(axis=0)[places] / means.n.sum(axis=0)[places]
    resampled = _ratio(weights @ means.total[:, places], weights @ means.n[:, places])
    cut = _performance_cut(means, places, rules)
    fit = weighed.fit.model_copy(update={"cut_importance": float(weighed.importance.mean()), "cut_performance": cut})
    if len(places) < 2:
        return rated, fit
    cuts = np.full(len(weights), cut) if rules.performance_goal is not None else _mean(resampled)
    quadrants = _quadrants(weighed.importance[None], performance[None], np.array([cut]))[0]
    again = _quadrants(weighed.resampled, resampled, cuts)
    found = dict(rated)
    for place, name in enumerate(weighed.touchpoints):
        same = float((again[:, place] == quadrants[place]).mean())
        quadrant = QUADRANTS[quadrants[place]] if same >= _MOSTLY else None
        found[name] = replace(found[name], quadrant=quadrant, p_quadrant=same)
    return found, fit


def _performance_cut(means: Means, places: Iterable[int], rules: ExperienceSection) -> float:
    chosen = list(places)
    if rules.performance_goal is not None:
        return rules.performance_goal
    return float((means.total.sum(axis=0)[chosen] / means.n.sum(axis=0)[chosen]).mean())


def _quadrants(importance: Floats, performance: Floats, cut: Floats) -> NDArray[np.int64]:
    """Place in QUADRANTS of each touchpoint (rows are resamples); on the line counts as above it."""
    important = importance >= importance.mean(axis=1, keepdims=True) - _SAME
    good = performance >= cut[:, None]
    chosen: NDArray[np.int64] = np.where(important, np.where(good, 0, 1), np.where(good, 3, 2))
    return chosen


def _ratio(above: Floats, below: Floats) -> Floats:
    ratio: Floats = np.divide(above, below, out=np.full(np.broadcast(above, below).shape, np.nan), where=below > 0)
    return ratio


def _mean(resampled: Floats) -> Floats:
    """Row means over what is known; a resample without any rating is NaN."""
    known = ~np.isnan(resampled)
    return _ratio(np.where(known, resampled, 0.0).sum(axis=1), known.sum(axis=1).astype(np.float64))
