"""Results as a consultant sees them in a terminal: rich renderables for any width, in two languages."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rich.console import RenderableType

from tpaudit.reports.terminal.attribution import render_attribution
from tpaudit.reports.terminal.audience import render_audience
from tpaudit.reports.terminal.customer import render_customer
from tpaudit.reports.terminal.dedupe import render_dedupe
from tpaudit.reports.terminal.evidence import render_explanation, render_review
from tpaudit.reports.terminal.ingest import render_ingest
from tpaudit.reports.terminal.journey import render_journey
from tpaudit.reports.terminal.kpi import render_kpi
from tpaudit.reports.terminal.rank import render_rank
from tpaudit.reports.terminal.run import render_run
from tpaudit.reports.terminal.sniff import render_sniff
from tpaudit.reports.terminal.validate import render_validate
from tpaudit.reports.terminal.view import Symbols, View, symbols
from tpaudit.results import (
    AttributionResult,
    AudienceResult,
    CustomerResult,
    DedupeResult,
    Explanation,
    IngestResult,
    JourneyResult,
    KpiResult,
    RankResult,
    Result,
    ReviewResult,
    RunResult,
    SniffResult,
    ValidateResult,
)

__all__ = ["Symbols", "View", "render", "symbols"]

_RENDERERS: dict[type[Result], Callable[[Any, View], RenderableType]] = {
    IngestResult: render_ingest,
    DedupeResult: render_dedupe,
    Explanation: render_explanation,
    ReviewResult: render_review,
    CustomerResult: render_customer,
    AudienceResult: render_audience,
    ValidateResult: render_validate,
    JourneyResult: render_journey,
    KpiResult: render_kpi,
    RankResult: render_rank,
    AttributionResult: render_attribution,
    RunResult: render_run,
    SniffResult: render_sniff,
}


def render(result: Result, view: View) -> RenderableType:
    """The result of any stage, ready for ``Console.print``.

    Raises KeyError for a result no renderer knows.
    """
    return _RENDERERS[type(result)](result, view)
