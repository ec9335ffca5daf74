"""What a KPI definition declares."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Literal

from tpaudit.results import KpiInfo, Titles

if TYPE_CHECKING:
    from tpaudit.kpis.facts import Facts


class Kind(StrEnum):
    """How observations become a value and an interval.

    count: distinct subjects; a complete count, hence without interval.
    share: mean of 0/1 values; Wilson interval.
    mean: mean of values; Student's t interval.
    quantile: the definition's `quantile` of the values; interval of order statistics.
    nps: share of scores 9-10 less share of scores 0-6, in points; adjusted Wald interval.
    ratio: sum of `value` / sum of `base`; block bootstrap over customers.
    """

    COUNT = "count"
    SHARE = "share"
    MEAN = "mean"
    QUANTILE = "quantile"
    NPS = "nps"
    RATIO = "ratio"


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
    observe: Callable[[Facts], Any]
    quantile: float | None = None
    left_out: Callable[[Facts], Any] | None = None
    """Lists subjects that could not be judged, such as customers observed too briefly; their number is reported."""
    repeats_subjects: bool = True

    def __post_init__(self) -> None:
        if (self.kind is Kind.QUANTILE) != (self.quantile is not None):
            raise ValueError(f"{self.id}: a quantile is declared for kind 'quantile' and for no other")

    @property
    def info(self) -> KpiInfo:
        """The record that `list kpis`, `explain` and the reports show."""
        return KpiInfo(
            id=self.id,
            title=self.title,
            definition=self.definition,
            unit=self.unit,
            better=self.better,
            formula=self.formula,
            source=self.source,
            needs=self.needs,
        )
