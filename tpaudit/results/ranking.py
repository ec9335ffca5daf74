"""What ranking touchpoints returns."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from tpaudit.results.base import Result, Titles


class GoldenRow(Result):
    """A row of mart `golden_touchpoints`."""

    stage: str
    outcome: str
    touchpoint: str
    rank: int | None
    rank_low: int | None
    rank_high: int | None
    band: int | None
    verdict: Literal["golden", "golden_risk", "supporting", "insufficient"]
    priority: float | None
    reach: float | None
    effect: float | None
    effect_low: float | None
    effect_high: float | None
    importance: float | None = None
    performance: float | None = None
    quadrant: str | None = None
    attribution_markov: float | None = None
    attribution_shapley: float | None = None
    drop_off: float | None = None
    n_customers: int
    n_outcomes: int
    p_top: float | None = None


class AttributionRow(Result):
    """A row of mart `attribution`."""

    touchpoint: str
    model: str
    credit: float
    share: float
    value: float | None
    ci_low: float | None
    ci_high: float | None
    rank: int | None = None
    rank_low: int | None = None
    rank_high: int | None = None
    cost: float | None = None
    roas: float | None = None
    cost_per_conversion: float | None = None
    outcome: str | None = None
    window_days: int | None = None
    excluded: str | None = None


class AttributionBasis(Result):
    """What is attributed, over which journeys, and what takes no part in it.

    `window_days` is None where only whoever made the paths knows it. `excluded` gives the reason per touchpoint,
    `absent` per model that could not be worked out.
    """

    outcome: str
    window_days: int | None
    excluded: dict[str, str] = Field(default_factory=dict)
    absent: dict[str, str] = Field(default_factory=dict)


class AttributionResult(Result):
    """Attribution by itself: of an audit's journeys, or of the paths in a file.

    `attributed` are the conversions whose journeys have a touchpoint that may take credit. `models` are those shown,
    the one sorted by first.
    """

    attribution: tuple[AttributionRow, ...]
    basis: AttributionBasis
    source: str | None
    models: tuple[str, ...]
    journeys: int
    conversions: int
    attributed: float
    value: float | None
    replicates: int
    currency: str | None
    touchpoint_titles: dict[str, Titles] = Field(default_factory=dict)


class ModelFit(Result):
    """How well the model behind the adjusted effects describes the data."""

    outcome: str
    customers: int
    outcomes: int
    auc: float | None
    calibration_gap: float | None


class RankResult(Result):
    """The ranking, its evidence, and how sure it is."""

    golden: tuple[GoldenRow, ...]
    attribution: tuple[AttributionRow, ...]
    fits: tuple[ModelFit, ...]
    journeys: int
    conversions: int
    replicates: int
    top: int
    attribution_basis: AttributionBasis | None = None
    excluded: dict[str, str] = Field(default_factory=dict)
    touchpoint_titles: dict[str, Titles] = Field(default_factory=dict)
