"""What ranking touchpoints returns."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from tpaudit.results.base import Result, Titles

Difference = Annotated[float, Field(ge=-1, le=1)]


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
    importance_low: float | None = None
    importance_high: float | None = None
    n_importance: int | None = None
    stated_importance: float | None = None
    performance: float | None = None
    performance_low: float | None = None
    performance_high: float | None = None
    n_ratings: int | None = None
    quadrant: str | None = None
    attribution_markov: float | None = None
    attribution_shapley: float | None = None
    drop_off: float | None = None
    n_customers: int
    n_outcomes: int
    p_top: float | None = None
    flags: tuple[str, ...] = ()
    drivers: tuple[str, ...] = ()
    robust: bool | None = None


class SensitivityRow(Result):
    """A row of mart `golden_sensitivity`: what the ranking says of a touchpoint if one choice is made otherwise."""

    stage: str
    outcome: str
    touchpoint: str
    assumption: Literal["window_days", "match_threshold", "confidence"]
    value: float
    rank: int | None
    effect: float | None
    effect_low: float | None
    effect_high: float | None
    verdict: Literal["golden", "golden_risk", "supporting", "insufficient"]
    n_customers: int


class OverallRow(Result):
    """A row of mart `golden_overall`: a touchpoint over all outcomes, by declared weights."""

    stage: str
    touchpoint: str
    rank: int
    rank_low: int
    rank_high: int
    score: float
    outcomes: tuple[str, ...]


class ExperienceRow(Result):
    """A row of mart `experience`: how a touchpoint is felt and where it loses customers, whatever the outcome."""

    stage: str
    touchpoint: str
    owner: str | None
    customers: int
    reach: float | None
    performance: float | None = None
    performance_low: float | None = None
    performance_high: float | None = None
    performance_others: float | None = None
    n_ratings: int = 0
    importance: float | None = None
    importance_low: float | None = None
    importance_high: float | None = None
    n_importance: int = 0
    stated_importance: float | None = None
    stated_low: float | None = None
    stated_high: float | None = None
    n_stated: int = 0
    quadrant: str | None = None
    p_quadrant: float | None = None
    drop_off: float | None = None
    excess_drop_off: float | None = None
    excess_drop_off_low: float | None = None
    excess_drop_off_high: float | None = None
    n_journeys: int = 0
    repeat_contact: float | None = None
    excess_repeat_contact: float | None = None
    excess_repeat_contact_low: float | None = None
    excess_repeat_contact_high: float | None = None
    n_requests: int = 0
    return_rate: float | None = None
    excess_return_rate: float | None = None
    excess_return_rate_low: float | None = None
    excess_return_rate_high: float | None = None
    n_orders: int = 0
    median_hours_to_next: float | None = None
    hours_low: float | None = None
    hours_high: float | None = None
    stage_hours: float | None = None
    n_waits: int = 0
    pain: str | None = None
    breakpoint: tuple[str, ...] = ()


class ExperienceFit(Result):
    """What the importance of ratings was derived from; `left_out` says why a rated touchpoint has none.

    `cut_importance` and `cut_performance` are the lines between the quadrants.
    """

    metric: str | None = None
    customers: int = 0
    touchpoints: int = 0
    pairs: int = 0
    pairs_rated: int = 0
    r_squared: float | None = None
    cut_importance: float | None = None
    cut_performance: float | None = None
    left_out: dict[str, str] = Field(default_factory=dict)


class ActionRow(Result):
    """A row of mart `actions`: what would change if a touchpoint were moved by a declared step."""

    rank: int
    stage: str
    touchpoint: str
    outcome: str
    reason: Literal["golden", "golden_risk", "breakpoint"]
    sign: str | None = None
    step: float
    step_unit: Literal["reach", "exposure", "gap"]
    moved: float | None
    expected: float | None
    expected_low: float | None
    expected_high: float | None
    unit: Literal["customers", "requests"]
    expected_value: float | None
    value_low: float | None
    value_high: float | None
    owner: str | None
    evidence: Literal["association", "experiment"]
    source: str | None = None
    n: int
    caveat: str


class Experiment(Result):
    """The result of an experiment on a touchpoint, as the audit's people declare it."""

    touchpoint: str
    outcome: Literal["conversion", "retention", "satisfaction"]
    effect: Difference
    effect_low: Difference
    effect_high: Difference
    source: str = Field(min_length=1)

    @model_validator(mode="after")
    def _effect_within_interval(self) -> Experiment:
        if not self.effect_low <= self.effect <= self.effect_high:
            raise ValueError("effect must lie between effect_low and effect_high")
        return self


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
    """What the adjusted effects on one outcome are taken from, and how well their model describes it.

    `censored` are customers left out because their outcome may still come; `adjusted_for` the tags customers are
    compared within, `not_adjusted_for` those left out, each with the reason. Of conversion, `untouched_buyers` of the
    first-time `buyers` have no touch before the order: what they met lies with somebody the order is not linked to.
    """

    outcome: str
    customers: int
    outcomes: int
    auc: float | None
    calibration_gap: float | None
    window_days: int | None = None
    censored: int = 0
    adjusted_for: tuple[str, ...] = ()
    not_adjusted_for: dict[str, str] = Field(default_factory=dict)
    buyers: int | None = None
    untouched_buyers: int | None = None

    @property
    def unlinked(self) -> float:
        """Share of the outcomes that are not linked with what the customer met, as far as that is known."""
        return (self.untouched_buyers or 0) / self.buyers if self.buyers else 0.0


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
    experience: tuple[ExperienceRow, ...] = ()
    experience_fit: ExperienceFit | None = None
    actions: tuple[ActionRow, ...] = ()
    experiments: tuple[Experiment, ...] = ()
    overall: tuple[OverallRow, ...] = ()
    weights: dict[str, float] = Field(default_factory=dict)
    sensitivity: tuple[SensitivityRow, ...] = ()
