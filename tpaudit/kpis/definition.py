"""What a KPI definition declares."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Literal

from tpaudit.results import KpiInfo, Titles

if TYPE_CHECKING:
    from tpaudit.kpis.facts import Facts

# Below ten observations a cell is withheld, the customary floor for published small cells; a share is then known to no
# better than 28 points either way.
MIN_OBSERVATIONS = 10


class Kind(StrEnum):
    """How observations become a value and an interval.

    count: distinct subjects; a complete count, hence without interval.
    share: share of subjects for whom any observation is 1; Wilson interval.
    repeated: share of subjects observed more than once; Wilson interval.
    portion: the slice's share of all subjects; Wilson interval.
    mean: mean of one value per subject; studentised block bootstrap over `cluster`.
    mean_total: mean of the subjects' sums of values; as for mean.
    quantile: the definition's `quantile` of the values; interval of order statistics.
    survival: median time to an event by Kaplan and Meier, where `value` is the time watched and `base` is 1 if the
        event came and 0 if watching ended before; interval by Brookmeyer and Crowley.
    nps: share of scores 9-10 less share of scores 0-6, in points; adjusted Wald interval.
    ratio: sum of `value` / sum of `base`; studentised block bootstrap over `cluster`.

    Where several subjects belong to one `cluster`, shares, scores and quantiles count by their effective size.
    """

    COUNT = "count"
    SHARE = "share"
    REPEATED = "repeated"
    PORTION = "portion"
    MEAN = "mean"
    MEAN_TOTAL = "mean_total"
    QUANTILE = "quantile"
    SURVIVAL = "survival"
    NPS = "nps"
    RATIO = "ratio"


INTERVALS: dict[Kind, Titles] = {
    Kind.COUNT: Titles(en="none: a complete count", zh="无：完整计数"),
    Kind.SHARE: Titles(en="Wilson", zh="Wilson 区间"),
    Kind.REPEATED: Titles(en="Wilson", zh="Wilson 区间"),
    Kind.PORTION: Titles(en="Wilson", zh="Wilson 区间"),
    Kind.MEAN: Titles(en="block bootstrap, studentised", zh="分块自助法（学生化）"),
    Kind.MEAN_TOTAL: Titles(en="block bootstrap, studentised", zh="分块自助法（学生化）"),
    Kind.QUANTILE: Titles(en="order statistics", zh="顺序统计量"),
    Kind.SURVIVAL: Titles(en="Brookmeyer and Crowley", zh="Brookmeyer–Crowley 区间"),
    Kind.NPS: Titles(en="adjusted Wald", zh="校正 Wald 区间"),
    Kind.RATIO: Titles(en="block bootstrap, studentised", zh="分块自助法（学生化）"),
}
"""How the 95 % interval of each kind is computed."""

_BY_EFFECTIVE_SIZE = (Kind.SHARE, Kind.NPS, Kind.QUANTILE)
_EFFECTIVE_SIZE = Titles(en="effective size by customer", zh="按客户计算有效样本量")

# What one customer has one of.
_ONE_PER_CUSTOMER = ("customer", "journey", "day")

RANGES: dict[str, tuple[float, float]] = {"share": (0.0, 1.0), "1-7": (1.0, 7.0)}
"""Lowest and highest value of a unit, where it has both."""


@dataclass(frozen=True, slots=True)
class Family:
    """A group of KPIs that are shown together: one package of `definitions`, declared in its `__init__`."""

    id: str
    title: Titles


@dataclass(frozen=True, slots=True)
class Kpi:
    """One KPI: its meaning in both languages, and the function that lists its observations.

    `observe` returns an Ibis table, one row per subject and slice, with the columns of `facts.OBSERVATION`. A subject
    met at several touchpoints has several rows and counts once in each slice and once overall, unless
    `repeats_subjects` is False, which promises one row per subject and saves the de-duplication.
    """

    id: str
    place: int
    """Where it stands in tables: lower comes first."""
    title: Titles
    definition: Titles
    unit: str
    better: Literal["higher", "lower", "neither"]
    formula: str
    source: str
    needs: Titles
    """What the data must hold; the reason given when nothing was observed."""
    kind: Kind
    inputs: tuple[str, ...]
    """Lake tables it is counted from: findings about them lower its grade."""
    grain: str
    """What one subject is: customer, touch, order, lead, ticket, answer, ..."""
    observe: Callable[[Facts], Any]
    windows: tuple[str, ...] = ()
    """Settings, as section.name, that say how far it looks, or at which hours: shown beside its values."""
    quantile: float | None = None
    min_n: int = MIN_OBSERVATIONS
    """Observations below which a value is not shown."""
    left_out: Callable[[Facts], Any] | None = None
    """Lists subjects that could not be judged, such as customers observed too briefly; their number is reported."""
    repeats_subjects: bool = True

    def __post_init__(self) -> None:
        if (self.kind is Kind.QUANTILE) != (self.quantile is not None):
            raise ValueError(f"{self.id}: a quantile is declared for kind 'quantile' and for no other")

    @property
    def is_clustered(self) -> bool:
        """Whether several subjects may belong to one customer, and so tell less than as many of different ones."""
        return self.grain not in _ONE_PER_CUSTOMER

    def info(self, family: Family) -> KpiInfo:
        """The record that `list kpis`, `explain` and the reports show."""
        return KpiInfo(
            id=self.id,
            family=family.id,
            family_title=family.title,
            title=self.title,
            definition=self.definition,
            unit=self.unit,
            better=self.better,
            formula=self.formula,
            source=self.source,
            needs=self.needs,
            interval=self._interval(),
            grain=self.grain,
            inputs=self.inputs,
            min_n=1 if self.kind is Kind.COUNT else self.min_n,
            windows=self.windows,
        )

    def _interval(self) -> Titles:
        method = INTERVALS[self.kind]
        if not self.is_clustered or self.kind not in _BY_EFFECTIVE_SIZE:
            return method
        return Titles(en=f"{method.en}, {_EFFECTIVE_SIZE.en}", zh=f"{method.zh}，{_EFFECTIVE_SIZE.zh}")
