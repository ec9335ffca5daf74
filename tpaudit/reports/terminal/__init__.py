"""Results as a consultant sees them in a terminal: rich renderables for any width, in two languages."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rich.console import RenderableType

from tpaudit.reports.terminal.dedupe import render_dedupe
from tpaudit.reports.terminal.ingest import render_ingest
from tpaudit.reports.terminal.journey import render_journey
from tpaudit.reports.terminal.kpi import render_kpi
from tpaudit.reports.terminal.rank import render_rank
from tpaudit.reports.terminal.run import render_run
from tpaudit.reports.terminal.validate import render_validate
from tpaudit.reports.terminal.view import Symbols, View, symbols
from tpaudit.results import (
    DedupeResult,
    IngestResult,
    JourneyResult,
    KpiResult,
    RankResult,
    Result,
    RunResult,
    ValidateResult,
)

__all__ = ["Symbols", "View", "render", "symbols"]

_RENDERERS: dict[type[Result], Callable[[Any, View], RenderableType]] = {
    IngestResult: render_ingest,
    DedupeResult: render_dedupe,
    ValidateResult: render_validate,
    JourneyResult: render_journey,
    KpiResult: render_kpi,
    RankResult: render_rank,
    RunResult: render_run,
}


def render(result: Result, view: View) -> RenderableType:
    """The result of any stage, ready for ``Console.print``.

    Raises KeyError for a result no renderer knows.
    """
    return _RENDERERS[type(result)](result, view)
