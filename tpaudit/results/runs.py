"""What a whole run returns."""

from __future__ import annotations

from datetime import date
from typing import Literal

from pydantic import Field

from tpaudit.results.base import Result
from tpaudit.results.findings import ValidateResult
from tpaudit.results.identity import DedupeResult
from tpaudit.results.ingest import IngestResult
from tpaudit.results.measures import JourneyResult, KpiResult
from tpaudit.results.ranking import RankResult


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
