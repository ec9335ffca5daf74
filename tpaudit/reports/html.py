"""The report: one self-contained HTML file that needs no network and no script, for screen and for A4 paper."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from jinja2 import Environment, FunctionLoader, StrictUndefined
from markupsafe import Markup

from tpaudit import __version__
from tpaudit.reports import action_text
from tpaudit.reports.arrange import (
    OutcomeRanking,
    attribution_by_touchpoint,
    by_assumption,
    compared_models,
    findings_in_order,
    issues_by_kind,
    kpi_matrix,
    kpis_by_family,
    left_out_of,
    lowered_grades,
    map_by_stage,
    place,
    rankings,
    study_basis,
    weights_in_words,
)
from tpaudit.reports.figures import Figures, printable
from tpaudit.reports.finding_text import history
from tpaudit.reports.language import Language, Messages
from tpaudit.reports.sentences import headline
from tpaudit.results import GoldenRow, JourneyMapRow, JourneyResult, RankResult, RunResult

# Parts of the report in their order, and the result each one shows; None: shown always.
_PARTS = {
    "golden": "rank",
    "map": "journey",
    "kpis": "kpi",
    "quality": "validation",
    "identity": "dedupe",
    "method": None,
    "manifest": None,
}

# Rows a list may take in the file; the run's tables hold the rest. They keep the file well below 400 KB.
_LIMITS = {
    "golden": 40,
    "actions": 30,
    "map": 40,
    "paths": 12,
    "few": 8,
    "slices": 60,
    "findings": 120,
    "scores": 60,
    "backfill": 20,
    "issues": 40,
    "shared": 20,
    "files": 150,
}


def render(run: RunResult, lang: Language) -> str:
    """The whole report of a run as the text of an HTML file; parts the run did not compute say so."""
    messages = Messages(lang)
    figures = Figures(messages, run.kpi.currency if run.kpi else "CNY")
    page = _environment().get_template("report.html.jinja")
    return page.render(
        run=run,
        m=messages,
        f=figures,
        css=_resource("report.css"),
        version=__version__,
        parts=[part for part, stage in _PARTS.items() if _present(run, stage)],
        absent=[messages.text(f"html.{part}") for part, stage in _PARTS.items() if not _present(run, stage)],
        sentences=headline(run, messages, figures),
        rankings=[_RankingView.of(ranking) for ranking in rankings(run.rank)] if run.rank else [],
        studies=study_basis(run.rank, messages, figures) if run.rank else [],
        weights=weights_in_words(run.rank, messages) if run.rank else "",
        assumptions=by_assumption(run.rank) if run.rank else None,
        models=compared_models(run.rank) if run.rank else [],
        attribution=attribution_by_touchpoint(run.rank) if run.rank else [],
        has_cost=any(row.cost is not None for row in run.rank.attribution) if run.rank else False,
        stages=map_by_stage(run.journey) if run.journey else [],
        heat=_Heat.of(run.journey) if run.journey else None,
        marks=_marks(run.rank),
        matrix=kpi_matrix(run.kpi, messages) if run.kpi else None,
        families=kpis_by_family(run.kpi) if run.kpi else [],
        lowered=lowered_grades(run.kpi, run.kpi.kpis, messages) if run.kpi else [],
        left_out=left_out_of(run.kpi, run.kpi.kpis, messages) if run.kpi else "",
        findings=findings_in_order(run.validation) if run.validation else [],
        issues=issues_by_kind(run.ingest) if run.ingest else [],
        unseen=_touchpoints(run, "unseen_touchpoints", messages),
        unowned=_touchpoints(run, "unowned_touchpoints", messages),
        unmet=[messages.name("stage", stage) for stage in run.journey.unmet_stages] if run.journey else [],
        skipped=_skipped(run, messages),
        place=place,
        history=history,
        limit=_limited,
        say=action_text,
    )


@dataclass(frozen=True, slots=True)
class _Cut:
    """The rows of a list that are shown, and how many are not."""

    shown: Sequence[Any]
    left_out: int


def _limited(rows: Iterable[Any], what: str) -> _Cut:
    listed = list(rows)
    return _Cut(listed[: _LIMITS[what]], max(len(listed) - _LIMITS[what], 0))


@dataclass(frozen=True, slots=True)
class _RankingView:
    """A ranking with the scales its bars and interval marks are drawn on."""

    ranking: OutcomeRanking
    low: float
    high: float
    most: float

    @classmethod
    def of(cls, ranking: OutcomeRanking) -> _RankingView:
        """The ranking with an axis that holds zero and every interval."""
        ends = [end for row in ranking.rows for end in (row.effect_low, row.effect_high, row.effect) if end is not None]
        low, high = min([0.0, *ends]), max([0.0, *ends])
        most = max((row.priority or 0 for row in ranking.rows), default=0)
        return cls(ranking, low, high if high > low else low + 1, most)

    def at(self, effect: float) -> str:
        """Where an effect lies on the axis, in percent of its length."""
        return f"{(effect - self.low) / (self.high - self.low) * 100:.2f}"

    def long(self, low: float, high: float) -> str:
        """How long an interval is, in percent of the axis."""
        return f"{(high - low) / (self.high - self.low) * 100:.2f}"

    def bar(self, row: GoldenRow) -> str:
        """The priority in percent of the highest."""
        return f"{(row.priority or 0) / self.most * 100:.1f}" if self.most else "0"


@dataclass(frozen=True, slots=True)
class _Heat:
    """How dark a cell of the journey map is, 0-1: reach by itself, troubles by the worst of their column."""

    drop_off: float
    wait: float

    @classmethod
    def of(cls, journey: JourneyResult) -> _Heat:
        """The scales of a journey map."""
        return cls(
            drop_off=max((row.drop_off or 0 for row in journey.map), default=0),
            wait=max((row.median_hours_to_next or 0 for row in journey.map), default=0),
        )

    def cells(self, row: JourneyMapRow) -> dict[str, str]:
        """The darkness of each cell of a row; an unmeasured one stays white."""
        darkness = {
            "reach": row.reach,
            "drop_off": row.drop_off / self.drop_off if row.drop_off and self.drop_off else None,
            "wait": row.median_hours_to_next / self.wait if row.median_hours_to_next and self.wait else None,
            "csat": None if row.csat is None else 1 - row.csat,
            "nps": None if row.nps is None else (100 - row.nps) / 200,
        }
        return {name: f"{min(max(dark or 0, 0), 1):.2f}" for name, dark in darkness.items()}


def _marks(rank: RankResult | None) -> dict[str, str]:
    """Touchpoint to ``golden`` or ``golden_risk``; a risk for any outcome outweighs gold for another."""
    marks: dict[str, str] = {}
    for row in rank.golden if rank else ():
        if row.verdict == "golden_risk" or (row.verdict == "golden" and row.touchpoint not in marks):
            marks[row.touchpoint] = row.verdict
    return marks


def _present(run: RunResult, stage: str | None) -> bool:
    return stage is None or getattr(run, stage) is not None


def _touchpoints(run: RunResult, listed: str, messages: Messages) -> list[str]:
    """Titles of the touchpoints in a list of the journeys' result."""
    if run.journey is None:
        return []
    return [messages.touchpoint(name, run.journey.touchpoint_titles) for name in getattr(run.journey, listed)]


def _skipped(run: RunResult, messages: Messages) -> list[tuple[str, str]]:
    """KPIs that were not measured, with the reason."""
    if run.kpi is None:
        return []
    titles = {info.id: messages.title(info.title) for info in run.kpi.kpis}
    needs = {kpi: messages.text("kpi.needs", what=messages.title(what)) for kpi, what in run.kpi.skipped.items()}
    return [(titles[kpi], reason) for kpi, reason in needs.items()]


def _environment() -> Environment:
    return Environment(
        loader=FunctionLoader(_resource),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_clean,
    )


def _clean(value: Any) -> Any:
    """Names from outside lose their control characters before they are escaped; own markup stays as it is."""
    return printable(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _resource(name: str) -> str:
    return files("tpaudit.reports").joinpath(name).read_text(encoding="utf-8")
