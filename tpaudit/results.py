"""What every stage returns and every renderer reads: typed, frozen, and the same after a round trip through JSON."""

from __future__ import annotations

from datetime import date
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

SCHEMA_VERSION = 1

Severity = Literal["critical", "warning", "info"]
Status = Literal["passed", "failed", "skipped", "error"]


class Result(BaseModel):
    """Base of all results: frozen, closed."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Titles(Result):
    """A text in both languages."""

    en: str
    zh: str


# --- ingest ---------------------------------------------------------------------------------------------------------


class FileIngested(Result):
    """What became of one exported file."""

    file: str
    sha256: str
    status: Literal["loaded", "unchanged", "kept", "refused"]
    container: str | None = None
    encoding: str | None = None
    preset: str | None = None
    preset_title: Titles | None = None
    rows: int = 0
    rows_by_table: dict[str, int] = Field(default_factory=dict)
    issues: int = 0
    reason: str | None = None
    hint: str | None = None


class IssueCount(Result):
    """How often one kind of issue was met in one column of one file, with its first place."""

    file: str
    column: str | None
    code: str
    severity: Severity
    count: int
    first_row: int | None
    message: str


class IngestResult(Result):
    """All files of an ingest and the rows the lake now holds."""

    files: tuple[FileIngested, ...]
    tables: dict[str, int]
    issues: tuple[IssueCount, ...] = ()
    dry_run: bool = False


# --- dedupe ---------------------------------------------------------------------------------------------------------


class KeyUse(Result):
    """One kind of key: how many records and distinct values carry it, and how far agreeing on it can be trusted."""

    type: str
    records: int
    values: int
    merged_records: int
    reliability: float | None = None
    reliability_n: int = 0


class SharedKey(Result):
    """A value too many people hold to be anybody's key."""

    type: str
    value_masked: str
    records: int
    names: int
    treatment: Literal["not a key", "key only together with the name"]


class ClusterSize(Result):
    """How many customers were resolved from so many records."""

    records: int
    customers: int


class DedupeResult(Result):
    """Records in, customers out."""

    records: int
    customers: int
    identified_customers: int
    merged_customers: int
    keys: tuple[KeyUse, ...]
    shared: tuple[SharedKey, ...]
    shared_total: int
    cluster_sizes: tuple[ClusterSize, ...]
    largest_cluster: int


# --- validate -------------------------------------------------------------------------------------------------------


class FindingRow(Result):
    """One check on one column: mart `findings` plus what a person needs to act.

    *reason* says, in both languages, why the check was skipped or could not run; it is None otherwise.
    """

    code: str
    title: Titles
    table: str
    column: str | None
    severity: Severity
    status: Status
    checked: int | None
    failed: int | None
    share: float | None
    threshold: float | None
    detail: str | None = None
    reason: Titles | None = None
    why: Titles | None = None
    remedy: Titles | None = None


class ValidateResult(Result):
    """All findings and the verdict at the gate."""

    findings: tuple[FindingRow, ...]
    fail_on: Literal["critical", "warning", "info", "never"]
    seconds: float = 0.0

    def count(self, status: Status) -> int:
        """Findings with this status."""
        return sum(finding.status == status for finding in self.findings)

    @property
    def gate_failures(self) -> tuple[FindingRow, ...]:
        """Failed findings at or above the severity that fails the run."""
        if self.fail_on == "never":
            return ()
        order = ("critical", "warning", "info")
        counted = order[: order.index(self.fail_on) + 1]
        return tuple(f for f in self.findings if f.status == "failed" and f.severity in counted)

    @property
    def passed(self) -> bool:
        """Whether nothing at or above the threshold failed."""
        return not self.gate_failures


# --- journey --------------------------------------------------------------------------------------------------------


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


# --- kpi ------------------------------------------------------------------------------------------------------------


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


# --- rank -----------------------------------------------------------------------------------------------------------


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
    excluded: dict[str, str] = Field(default_factory=dict)
    touchpoint_titles: dict[str, Titles] = Field(default_factory=dict)


# --- run ------------------------------------------------------------------------------------------------------------


class StageOutcome(Result):
    """What became of one stage in a run."""

    stage: str
    status: Literal["done", "unchanged", "not run"]
    seconds: float
    rows: dict[str, int] = Field(default_factory=dict)
    reason: str | None = None


class RunResult(Result):
    """A whole run: the stages and their results."""

    run_id: str | None
    status: Literal["done", "nothing to do", "stopped at validate"]
    client: str
    as_of: date
    engine: str
    stages: tuple[StageOutcome, ...]
    ingest: IngestResult | None = None
    dedupe: DedupeResult | None = None
    validation: ValidateResult | None = None
    journey: JourneyResult | None = None
    kpi: KpiResult | None = None
    rank: RankResult | None = None
    report_file: str | None = None
