"""What journeys and KPIs return."""

from __future__ import annotations

from datetime import date
from typing import Literal

from pydantic import Field

from tpaudit.results.base import Result, Titles

# Days are cut at Monday everywhere, as ISO 8601 does.
WEEK_START = "monday"


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
    hours_low: float | None = None
    hours_high: float | None = None
    n_waits: int | None = None
    stage_hours: float | None = None
    csat: float | None
    nps: float | None
    ces: float | None
    pain: str | None


class TransitionRow(Result):
    """A row of mart `transitions`; the 95 % interval is that of the median, in hours."""

    from_touchpoint: str
    to_touchpoint: str
    customers: int
    transitions: int
    median_hours: float | None
    ci_low: float | None = None
    ci_high: float | None = None


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


class StageFlow(Result):
    """Customers met in a stage, and those met in a later stage afterwards; NULL after the last stage.

    `drop_off` is the share who did not go on so far, with its 95 % interval.
    """

    stage: str
    customers: int
    went_on: int | None = None
    drop_off: float | None = None
    ci_low: float | None = None
    ci_high: float | None = None


class LoopRow(Result):
    """Journeys that went from `touchpoint` to `through` and straight back: by how many customers, how many times."""

    touchpoint: str
    through: str
    customers: int
    times: int


class Returns(Result):
    """Journeys that came back to a touchpoint they had left, and the commonest ways round."""

    journeys: int
    returned: int
    share: float
    ci_low: float
    ci_high: float
    loops: tuple[LoopRow, ...]
    loops_total: int


class TouchesToPurchase(Result):
    """Converted journeys of `least` to `most` touches (NULL: no limit), and their share of all converted ones."""

    least: int
    most: int | None
    customers: int
    share: float
    ci_low: float
    ci_high: float


class PurchaseWithin(Result):
    """Of the converted customers first met at least `days` ago, those who converted within `days` of being first met.

    `left_out` are converted customers first met later: whoever of their kind needs longer cannot have converted yet.
    """

    days: int
    customers: int
    within: int
    share: float
    ci_low: float
    ci_high: float
    left_out: int


class Gap(Result):
    """What the map lacks: `kind` is stage_without_touchpoint, touchpoint_without_owner or touchpoint_never_seen."""

    kind: str
    id: str


class JourneyFrame(Result):
    """What the figures of journeys rest on: how much was counted, on whose clock, until when, how far back."""

    touches: int
    touches_with_customer: int
    touches_classified: int
    customers: int
    converted: int
    first_touch: date | None
    last_touch: date | None
    median_touches_to_purchase: float | None
    median_days_to_purchase: float | None
    timezone: str
    as_of: date | None
    window_days: int | None


class JourneyResult(Result):
    """The journeys of the audit: the map, the commonest steps and paths, and what is missing.

    Days are those of `timezone` and end with `as_of`; a journey holds the touches of `window_days` before a
    conversion, or before the last touch. `unmet_stages` have no touchpoint that anyone met, `unowned_touchpoints`
    nobody who answers for them. `paths_to` led to most conversions, `paths_away` most often ended without one so far;
    `waits` are the steps with the longest median time, `returns` the rework.
    """

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
    timezone: str = "UTC"
    as_of: date | None = None
    window_days: int | None = None
    unmet_stages: tuple[str, ...] = ()
    unowned_touchpoints: tuple[str, ...] = ()
    stage_flow: tuple[StageFlow, ...] = ()
    paths_to: tuple[PathRow, ...] = ()
    paths_away: tuple[PathRow, ...] = ()
    waits: tuple[TransitionRow, ...] = ()
    returns: Returns | None = None
    touches_to_purchase: tuple[TouchesToPurchase, ...] = ()
    purchase_within: PurchaseWithin | None = None

    @property
    def gaps(self) -> tuple[Gap, ...]:
        """What the map lacks, as one list."""
        lists = {
            "stage_without_touchpoint": self.unmet_stages,
            "touchpoint_without_owner": self.unowned_touchpoints,
            "touchpoint_never_seen": self.unseen_touchpoints,
        }
        return tuple(Gap(kind=kind, id=id_) for kind, ids in lists.items() for id_ in ids)

    @property
    def frame(self) -> JourneyFrame:
        """The single figures, as one row."""
        return JourneyFrame(**{name: getattr(self, name) for name in JourneyFrame.model_fields})


class KpiRow(Result):
    """A row of mart `kpis`.

    `left_out` are subjects of the whole data that could not be judged yet, `windows` the settings that say how far the
    KPI looks; the last three say on whose clock, until when, and from which day of the week on.
    """

    kpi: str
    touchpoint: str | None = None
    stage: str | None = None
    kind: str | None = None
    owner: str | None = None
    channel: str | None = None
    device: str | None = None
    campaign: str | None = None
    product: str | None = None
    segment: str | None = None
    membership: str | None = None
    cohort: str | None = None
    contact_frequency: str | None = None
    period_start: date | None = None
    period_end: date | None = None
    hour: int | None = None
    weekday: int | None = None
    value: float | None
    unit: str
    numerator: float | None = None
    denominator: float | None = None
    n: int
    ci_low: float | None = None
    ci_high: float | None = None
    grade: str
    value_high_confidence: float | None = None
    n_high_confidence: int | None = None
    left_out: int | None = None
    windows: str | None = None
    as_of: date | None = None
    timezone: str | None = None
    week_start: str | None = None


class KpiInfo(Result):
    """What a KPI means: the same record `list kpis` and `explain` show.

    `interval` names the method of the 95 % interval, `grain` what one observation is, `inputs` the lake tables it is
    counted from, `min_n` the observations below which no value is shown, `windows` the settings that say how far it
    looks.
    """

    id: str
    family: str
    family_title: Titles
    title: Titles
    definition: Titles
    unit: str
    better: Literal["higher", "lower", "neither"]
    formula: str
    source: str
    needs: Titles
    interval: Titles
    grain: str
    inputs: tuple[str, ...]
    min_n: int
    windows: tuple[str, ...] = ()


class KpiResult(Result):
    """KPI values and what they mean.

    `shown` are the ids a report shows, in its order: those asked for, or those of the audit's template; `rows` has all
    that were measured. `skipped` names what KPIs without observations would need, `left_out` how many subjects could
    not be judged, `lowered` what took a grade from a KPI: codes of critical findings about its inputs, or
    `identified_share`. Days are those of `timezone` and end with `as_of`; `windows` tells, for KPIs that look ahead or
    back a set time, the settings that say how far, such as `kpi.recontact_days = 7`.
    """

    rows: tuple[KpiRow, ...]
    kpis: tuple[KpiInfo, ...]
    shown: tuple[str, ...]
    currency: str
    timezone: str
    window_days: int
    as_of: date
    week_start: str = WEEK_START
    windows: dict[str, str] = Field(default_factory=dict)
    touchpoint_titles: dict[str, Titles]
    skipped: dict[str, Titles] = Field(default_factory=dict)
    left_out: dict[str, int] = Field(default_factory=dict)
    lowered: dict[str, tuple[str, ...]] = Field(default_factory=dict)
