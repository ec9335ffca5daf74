"""What journeys and KPIs return."""

from __future__ import annotations

from datetime import date
from typing import Literal

from pydantic import Field

from tpaudit.results.base import Result, Titles


class JourneyMapRow(Result):
    """A row of mart `journey_map`."""

    stage: str | None
    touchpoint: str
    kind: str | None
    owner: str | None
    customers: int
    reach: float | None
    drop_off: float | None
    median_hours_to_next: float | None
    csat: float | None
    nps: float | None
    ces: float | None
    pain: str | None


class TransitionRow(Result):
    """A row of mart `transitions`."""

    from_touchpoint: str
    to_touchpoint: str
    customers: int
    transitions: int
    median_hours: float | None


class PathRow(Result):
    """A row of mart `paths`."""

    path: str
    customers: int
    conversions: int
    value: float | None
    share: float


class UnclassifiedTouches(Result):
    """Touches no rule of the catalogue catches, with the rule that would catch them."""

    event: str | None
    channel: str | None
    touches: int
    suggested_rule: str


class JourneyResult(Result):
    """The journeys of the audit: the map, the commonest steps and paths, and what is missing."""

    touches: int
    touches_with_customer: int
    touches_classified: int
    customers: int
    converted: int
    first_touch: date | None
    last_touch: date | None
    map: tuple[JourneyMapRow, ...]
    transitions: tuple[TransitionRow, ...]
    transitions_total: int
    paths: tuple[PathRow, ...]
    paths_total: int
    unclassified: tuple[UnclassifiedTouches, ...]
    unseen_touchpoints: tuple[str, ...]
    touchpoint_titles: dict[str, Titles]
    median_touches_to_purchase: float | None = None
    median_days_to_purchase: float | None = None


class KpiRow(Result):
    """A row of mart `kpis`."""

    kpi: str
    touchpoint: str | None = None
    stage: str | None = None
    channel: str | None = None
    segment: str | None = None
    period_start: date | None = None
    period_end: date | None = None
    value: float | None
    unit: str
    numerator: float | None
    denominator: float | None
    n: int
    ci_low: float | None
    ci_high: float | None
    grade: str


class KpiInfo(Result):
    """What a KPI means: the same record `list kpis` and `explain` show."""

    id: str
    title: Titles
    definition: Titles
    unit: str
    better: Literal["higher", "lower", "neither"]
    formula: str
    source: str
    needs: Titles | None = None


class KpiResult(Result):
    """KPI values and what they mean."""

    rows: tuple[KpiRow, ...]
    kpis: tuple[KpiInfo, ...]
    currency: str
    touchpoint_titles: dict[str, Titles]
    skipped: dict[str, str] = Field(default_factory=dict)
    left_out: dict[str, int] = Field(default_factory=dict)
