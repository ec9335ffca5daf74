"""Every setting of `tpaudit.toml`: its section, name, type, default and meaning.

The settings page of the docs, `tpaudit init`'s template and `tpaudit config show` are renderings of these models.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, ConfigDict, Field, field_validator

from tpaudit.errors import did_you_mean
from tpaudit.model import LAKE_TABLES

Language = Literal["en", "zh", "auto"]
Severity = Literal["critical", "warning", "info"]
FailOn = Literal["critical", "warning", "info", "never"]
Share = Annotated[float, Field(ge=0, le=1)]
Count = Annotated[int, Field(ge=1)]


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


class KpiSection(Section):
    """How KPIs are measured."""

    repeat_days: Count = Field(90, description="days after a first order in which a second counts as a repeat")


class RankSection(Section):
    """How touchpoints are ranked."""

    replicates: Count = Field(1000, description="bootstrap resamples behind intervals and rank bands")
    top: Count = Field(3, description="places that count as the top of a stage")
    min_customers: Count = Field(100, description="customers below which a touchpoint is not judged")
    min_outcomes: Count = Field(30, description="outcomes below which a touchpoint is not judged")
    min_lift: Share = Field(
        0.1, description="share of an outcome's overall rate that a golden touchpoint must move at least"
    )
    seed: int = Field(20260101, description="seed of the resampling")


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
    kpi: KpiSection = Field(default_factory=KpiSection)
    rank: RankSection = Field(default_factory=RankSection)
    runs: RunsSection = Field(default_factory=RunsSection)
