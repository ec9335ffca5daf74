"""Every setting of `tpaudit.toml`: its section, name, type, default and meaning.

The settings page of the docs, `tpaudit init`'s template and `tpaudit config show` are renderings of these models.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator

from tpaudit.errors import did_you_mean
from tpaudit.model import LAKE_TABLES

Language = Literal["en", "zh", "auto"]
Severity = Literal["critical", "warning", "info"]
FailOn = Literal["critical", "warning", "info", "never"]
Template = Literal["general", "retail", "saas", "b2b", "membership", "service"]
Share = Annotated[float, Field(ge=0, le=1)]
Count = Annotated[int, Field(ge=1)]


ONLY_SHOWN = {"audit": ("client", "lang")}
"""Settings that change what a reader sees and no result: another language asks for no other figures."""


class Section(BaseModel):
    """A section of the settings file; a key it does not declare is a fault."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class AuditSection(Section):
    """Whose audit this is, and how its times and amounts are to be read."""

    client: str = Field("", description="name of the client, shown in reports")
    timezone: str = Field("Asia/Shanghai", description="zone of times that carry none (IANA name)")
    currency: str = Field(
        "CNY", min_length=3, max_length=3, description="currency of amounts that carry none (ISO 4217)"
    )
    region: str = Field(
        "CN", min_length=2, max_length=2, description="country of phone numbers that carry none (ISO 3166)"
    )
    lang: Language = Field("auto", description="language of reports: en, zh, or auto (the terminal's)")
    as_of: date | None = Field(None, description="day the audit looks back from; today if unset")
    business_start: date = Field(date(2000, 1, 1), description="no record can be older than this")
    template: Template = Field("general", description="trade of the client; decides which KPIs are shown first")
    exports: str = Field("exports", description="folder with the client's files, relative to the audit folder")

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError) as fault:
            raise ValueError(f"{value!r} is not an IANA time zone such as 'Asia/Shanghai'") from fault
        return value


class EngineSection(Section):
    """What the engine may use."""

    name: Literal["duckdb"] = Field("duckdb", description="engine that runs the audit")
    memory_limit: str | None = Field(
        None,
        pattern=r"^\d+(\.\d+)?\s?(KB|MB|GB|TB|KiB|MiB|GiB|TiB)$",
        description="memory the engine may use, such as '4GB'",
    )
    threads: Count | None = Field(None, description="threads the engine may use; all processors if unset")
    temp_directory: str | None = Field(None, description="folder for spilling; .tpaudit/tmp if unset")


class IdentitySection(Section):
    """When two records are the same person."""

    max_names_per_phone: Count = Field(
        3, description="a phone or email held under more different names than this is nobody's key"
    )
    max_records_per_key: Count = Field(50, description="a key held by more records than this is nobody's key")
    match_threshold: Annotated[float, Field(gt=0, lt=1)] = Field(
        0.5, description="probability from which records count as one person's"
    )
    trusted_sources: list[str] = Field(
        [],
        description="source systems whose values are believed before all others, the most trusted first",
    )
    max_block: Count = Field(60, description="records that may share a blocking key; larger blocks are not compared")
    max_cluster: Count = Field(200, description="records one customer may have; a cluster stops growing there")
    fields: dict[str, str] = Field(
        {},
        description='further columns of contacts that tell people apart, with their kind, such as { company = "free" }',
    )


class ValidateSection(Section):
    """When the data is not good enough."""

    fail_on: FailOn = Field("critical", description="severity from which a failed check fails the run")
    retention_days: Count | None = Field(
        None, description="days after its last use for which a person's record may be kept; unset: not checked"
    )
    min_rows: dict[str, Count] = Field({}, description="rows a table must hold at least, such as { orders = 100 }")

    @field_validator("min_rows")
    @classmethod
    def _known_tables(cls, value: dict[str, int]) -> dict[str, int]:
        for table in value:
            if table not in LAKE_TABLES:
                raise ValueError(f"unknown table {table!r}{did_you_mean(table, LAKE_TABLES)}")
        return value


class JourneySection(Section):
    """How touches become journeys."""

    window_days: Count = Field(30, description="days before an order in which a touch counts towards it")
    max_path_length: Count = Field(20, description="touches of a path that are kept, counted back from its end")


class SegmentsSection(Section):
    """Where customers stand in their life: days count from a purchase to the day the audit looks back from."""

    new_days: Count = Field(30, description="days since the first purchase up to which a customer counts as new")
    active_days: Count = Field(90, description="days since the last purchase up to which a customer counts as active")
    at_risk_days: Count = Field(
        180, validate_default=True, description="days since the last purchase up to which a customer counts as at risk"
    )
    dormant_days: Count = Field(
        365,
        validate_default=True,
        description="days since the last purchase up to which a customer counts as dormant; beyond, as lost",
    )
    high_value: Annotated[int, Field(ge=1, le=5)] = Field(
        5, description="fifth by net amount from which an active customer counts as high-value; 5 is the highest"
    )
    silent_days: Count = Field(
        14, description="days without a touch either way after which a customer counts as silent"
    )

    @field_validator("at_risk_days", "dormant_days")
    @classmethod
    def _in_order(cls, value: int, info: ValidationInfo) -> int:
        before = "active_days" if info.field_name == "at_risk_days" else "at_risk_days"
        if value <= info.data.get(before, 0):
            raise ValueError(f"must be more than [segments] {before}, which is {info.data[before]}")
        return value


class KpiSection(Section):
    """How KPIs are measured."""

    repeat_days: Count = Field(90, description="days after a first order in which a second counts as a repeat")
    activity_days: Count = Field(
        90, description="days within which an active customer buys again: retention and churn compare two such spans"
    )
    cart_hours: Count = Field(24, description="hours after filling a cart within which its order must follow")
    cac_lag_days: Annotated[int, Field(ge=0)] = Field(
        0, description="days after which spend shows in new customers; spend is moved that far when slicing by time"
    )
    gross_margin: Share | None = Field(
        None, description="share of revenue that is left after the cost of goods; unset: ROI is unknown, CLV is revenue"
    )
    discount_rate: Share = Field(0.1, description="yearly rate at which future revenue counts for less in CLV")
    clv_days: Count = Field(365, description="days ahead that predicted CLV looks")
    recontact_days: Count = Field(7, description="days in which another request counts as a repeated one")
    survey_days: Count = Field(14, description="days in which an invitation to a survey must be answered to count")
    untouched_days: Count = Field(3, description="days after which a lead that nobody contacted counts as untouched")
    handoff_days: Count = Field(30, description="days in which service must have met a new customer")
    dormant_days: Count = Field(180, description="days without a touch after which a customer counts as dormant")
    duplicate_hours: Count = Field(24, description="hours in which the same message over two channels is a duplicate")
    reply_hours: Count = Field(24, description="hours in which a customer's touch counts as a reply to a contact")
    unsubscribe_days: Count = Field(30, description="days after a contact in which an unsubscription is blamed on it")
    max_contacts_per_week: Count = Field(3, description="contacts per person and week beyond which it is too many")
    quiet_from: Annotated[int, Field(ge=0, le=23)] = Field(21, description="hour from which nobody should be contacted")
    quiet_until: Annotated[int, Field(ge=0, le=23)] = Field(
        8, description="hour until which nobody should be contacted"
    )
    min_n: Count | None = Field(
        None, description="observations below which no value is shown; unset: each KPI's own minimum"
    )
    high_confidence: Share = Field(
        0.9, description="confidence from which a customer counts in the value of high-confidence identities"
    )


# Conversion feeds the other two, so it counts as much as both.
_OUTCOME_WEIGHTS = {"conversion": 0.5, "retention": 0.25, "satisfaction": 0.25}


class RankSection(Section):
    """How touchpoints are ranked."""

    replicates: Count = Field(1000, description="bootstrap resamples behind intervals and rank bands")
    top: Count = Field(3, description="places that count as the top of a stage")
    min_customers: Count = Field(100, description="customers below which a touchpoint is not judged")
    min_outcomes: Count = Field(30, description="outcomes below which a touchpoint is not judged")
    min_lift: Share = Field(
        0.1, description="share of an outcome's overall rate that a golden touchpoint must move at least"
    )
    adjust_for: list[str] | None = Field(
        None,
        description="tags of contact records that effects are adjusted for; unset: those that are frequent and do not "
        "follow from the outcome",
    )
    weights: dict[str, Annotated[float, Field(ge=0)]] = Field(
        dict(_OUTCOME_WEIGHTS),
        description="how much each outcome counts in the ranking over all of them, relative to the others",
    )
    sensitivity: bool = Field(
        False,
        description="whether the ranking is made again with half and twice the window, with stricter links and without "
        "doubtful identities, to see which verdicts stand; takes as long again as everything since linking",
    )
    seed: int = Field(20260101, description="seed of the resampling")

    @field_validator("weights")
    @classmethod
    def _known_outcomes(cls, value: dict[str, float]) -> dict[str, float]:
        for outcome in value:
            if outcome not in _OUTCOME_WEIGHTS:
                raise ValueError(f"unknown outcome {outcome!r}{did_you_mean(outcome, _OUTCOME_WEIGHTS)}")
        weights = _OUTCOME_WEIGHTS | value
        if not any(weights.values()):
            raise ValueError("at least one outcome must count")
        return weights


class ExperienceSection(Section):
    """How the experience of touchpoints is judged, and when one counts as a breakpoint."""

    min_ratings: Count = Field(
        30, description="ratings below which a touchpoint is neither compared nor weighed; also for pairs of ratings"
    )
    performance_goal: Annotated[float, Field(ge=1, le=5)] | None = Field(
        None, description="rating of 1-5 from which a touchpoint counts as good; unset: the mean of those compared"
    )
    breakpoint_reach: Share = Field(
        0.05, description="share of a stage's customers who must meet a touchpoint before it can be a breakpoint"
    )
    breakpoint_gap: Annotated[float, Field(ge=0, le=4)] = Field(
        0.25, description="grades a breakpoint is rated below the others (or the goal) at least"
    )
    breakpoint_excess: Annotated[float, Field(ge=1)] = Field(
        1.5, description="times the others' share of journeys lost, repeated requests or returns that a breakpoint has"
    )


class ActionsSection(Section):
    """By how much an action moves a touchpoint when its effect is reckoned."""

    reach_points: Share = Field(0.05, description="share of its stage that a golden touchpoint reaches more")
    risk_share: Share = Field(0.5, description="share of the customers who meet a golden risk that are spared it")
    gap_share: Share = Field(0.5, description="share of its gap to the others that a breakpoint closes")


class RunsSection(Section):
    """How much history is kept."""

    keep: Count = Field(26, description="runs kept in runs/; older ones are removed")


class Settings(Section):
    """The whole settings file."""

    audit: AuditSection = Field(default_factory=AuditSection)
    engine: EngineSection = Field(default_factory=EngineSection)
    identity: IdentitySection = Field(default_factory=IdentitySection)
    validate_: ValidateSection = Field(default_factory=ValidateSection, alias="validate")
    journey: JourneySection = Field(default_factory=JourneySection)
    segments: SegmentsSection = Field(default_factory=SegmentsSection)
    kpi: KpiSection = Field(default_factory=KpiSection)
    rank: RankSection = Field(default_factory=RankSection)
    experience: ExperienceSection = Field(default_factory=ExperienceSection)
    actions: ActionsSection = Field(default_factory=ActionsSection)
    runs: RunsSection = Field(default_factory=RunsSection)
