"""The order in which results are read: grouped, sorted and labelled once, for the terminal and the HTML page alike.

Nothing is measured here; values are only picked and put into order.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from tpaudit.model.interactions import STAGES
from tpaudit.model.marts import KPI_SLICES, OUTCOMES, SEGMENTS
from tpaudit.reports.figures import Figures
from tpaudit.reports.language import Messages
from tpaudit.results import (
    AttributionRow,
    FindingRow,
    GoldenRow,
    IngestResult,
    IssueCount,
    JourneyMapRow,
    JourneyResult,
    KpiInfo,
    KpiResult,
    KpiRow,
    ModelFit,
    RankResult,
    SensitivityRow,
    Severity,
    Titles,
    ValidateResult,
)

Label = Literal["fail", "error", "warn", "note", "known", "skip", "pass"]

LABELS: tuple[Label, ...] = ("fail", "error", "warn", "note", "known", "skip", "pass")
_SEVERITY_LABELS: Mapping[str, Label] = {"critical": "fail", "warning": "warn", "info": "note"}
_SEVERITIES: tuple[Severity, ...] = ("critical", "warning", "info")
_STATUS_LABELS: Mapping[str, Label] = {"error": "error", "skipped": "skip", "passed": "pass"}

# What `KpiResult.lowered` says where too few touches have a known customer.
UNIDENTIFIED = "identified_share"

_COMPARED_MODELS = ("markov", "shapley", "linear", "first", "last")

# --- ingest ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class KindOfIssue:
    """All issues of one kind: how many, in how many places (file and column), and the first of them."""

    code: str
    severity: Severity
    count: int
    places: int
    first: IssueCount
    message: str
    message_zh: str | None
    remedy: Titles | None


def issues_by_kind(result: IngestResult) -> list[KindOfIssue]:
    """The issues of *result* by kind, the worst and commonest first; what a refused file says is told with the file.

    A kind met in one place says what was met there, otherwise what it means in general.
    """
    refused = {file.file for file in result.files if file.status == "refused"}
    groups: dict[str, list[IssueCount]] = {}
    for issue in result.issues:
        if issue.file not in refused:
            groups.setdefault(issue.code, []).append(issue)
    kinds = [_kind(issues) for issues in groups.values()]
    return sorted(kinds, key=lambda kind: (_SEVERITIES.index(kind.severity), -kind.count, kind.code))


def _kind(issues: Sequence[IssueCount]) -> KindOfIssue:
    first, count = issues[0], sum(issue.count for issue in issues)
    general = first.title if len(issues) > 1 else None
    message, message_zh = (general.en, general.zh) if general else (first.message, first.message_zh)
    return KindOfIssue(first.code, first.severity, count, len(issues), first, message, message_zh, first.remedy)


# --- validate -------------------------------------------------------------------------------------------------------


def finding_label(result: ValidateResult, finding: FindingRow) -> Label:
    """The word in front of a finding.

    ``known`` where waivers or a baseline excuse it, ``fail`` where it fails the run or is critical, else by severity.
    """
    if finding.is_excused:
        return "known"
    if finding.status == "failed":
        return "fail" if finding in result.gate_failures else _SEVERITY_LABELS[finding.severity]
    return _STATUS_LABELS[finding.status]


def findings_in_order(result: ValidateResult) -> list[tuple[Label, FindingRow]]:
    """Findings, the worst first: by label, then by the share of rows that fell short, then by code."""
    labelled = [(finding_label(result, finding), finding) for finding in result.findings]
    return sorted(
        labelled,
        key=lambda item: (
            LABELS.index(item[0]),
            -(item[1].share or 0),
            item[1].code,
            item[1].table,
            item[1].column or "",
        ),
    )


def place(finding: FindingRow) -> str:
    """Where a finding was made: ``table.column``, or the table alone if the check looks at whole rows."""
    return f"{finding.table}.{finding.column}" if finding.column else finding.table


# --- journey --------------------------------------------------------------------------------------------------------


def map_by_stage(result: JourneyResult) -> list[tuple[str | None, list[JourneyMapRow]]]:
    """The journey map, stage by stage, most reached touchpoint first; a stage nobody was seen in stays, empty."""
    by_stage: dict[str | None, list[JourneyMapRow]] = {stage: [] for stage in STAGES}
    for row in sorted(result.map, key=lambda row: (-row.customers, row.touchpoint)):
        by_stage.setdefault(row.stage, []).append(row)
    return list(by_stage.items())


# --- kpi ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class KpiMatrix:
    """KPIs as columns, slices as rows. The row over everything is called ``overall`` and comes first."""

    kpis: tuple[KpiInfo, ...]
    by_touchpoint: bool
    overall: Mapping[str, KpiRow]
    slices: tuple[tuple[str, Mapping[str, KpiRow]], ...]


def kpi_matrix(result: KpiResult, messages: Messages) -> KpiMatrix:
    """The KPI rows to be shown as a matrix; columns and touchpoints keep the order of their catalogues."""
    measured = {row.kpi for row in result.rows}
    infos = {info.id: info for info in result.kpis}
    kpis = tuple(infos[kpi] for kpi in result.shown if kpi in measured)
    shown = {info.id for info in kpis}
    cells: dict[tuple[str, ...], dict[str, KpiRow]] = {}
    labels: dict[tuple[str, ...], str] = {}
    for row in sorted((row for row in result.rows if row.kpi in shown), key=lambda row: _slice_order(row, result)):
        key = _slice_key(row)
        cells.setdefault(key, {})[row.kpi] = row
        labels.setdefault(key, _slice_label(row, result, messages))
    overall = cells.pop(("",) * len(KPI_SLICES), {})
    sliced = {name for row in result.rows for name in KPI_SLICES if getattr(row, name) is not None}
    return KpiMatrix(
        kpis=kpis,
        by_touchpoint=sliced <= {"touchpoint"},
        overall=overall,
        slices=tuple((labels[key], by_kpi) for key, by_kpi in cells.items()),
    )


def kpis_by_family(result: KpiResult) -> list[tuple[Titles, list[tuple[KpiInfo, KpiRow]]]]:
    """Every measured KPI with its row over everything, family by family, in the order of the catalogue."""
    overall = {row.kpi: row for row in result.rows if all(getattr(row, name) is None for name in KPI_SLICES)}
    families: dict[str, tuple[Titles, list[tuple[KpiInfo, KpiRow]]]] = {}
    for info in result.kpis:
        if info.id in overall:
            _, rows = families.setdefault(info.family, (info.family_title, []))
            rows.append((info, overall[info.id]))
    return list(families.values())


def more_kpis(result: KpiResult) -> int:
    """How many KPIs were measured and are not shown."""
    return len({row.kpi for row in result.rows} - set(result.shown))


def lowered_grades(result: KpiResult, kpis: Sequence[KpiInfo], messages: Messages) -> list[tuple[str, str]]:
    """Which of *kpis* lost a grade, and for what: KPIs of the same reasons together, reasons in words."""
    by_reasons: dict[tuple[str, ...], list[str]] = {}
    for info in kpis:
        if reasons := result.lowered.get(info.id):
            by_reasons.setdefault(reasons, []).append(messages.title(info.title))
    return [(messages.listed(titles), _reasons(reasons, messages)) for reasons, titles in by_reasons.items()]


def left_out_of(result: KpiResult, kpis: Sequence[KpiInfo], messages: Messages) -> str:
    """How many subjects each of *kpis* left out, in words; empty if none did."""
    told = [f"{messages.title(info.title)} {result.left_out[info.id]:,}" for info in kpis if info.id in result.left_out]
    return messages.listed(told) if told else ""


def _reasons(reasons: Sequence[str], messages: Messages) -> str:
    # Codes of findings are explained by `tpaudit explain`; the other doubt is about identification.
    said = [messages.text("kpi.lowered_identified") if each == UNIDENTIFIED else each for each in reasons]
    return messages.text("kpi.lowered_by", what=messages.listed(said))


def _slice_key(row: KpiRow) -> tuple[str, ...]:
    """The slice as texts that sort as it should: "" for a column that does not apply."""
    return tuple(_sortable(getattr(row, name)) for name in KPI_SLICES)


def _sortable(value: object) -> str:
    return "" if value is None else f"{value:02}" if isinstance(value, int) else str(value)


def _slice_order(row: KpiRow, result: KpiResult) -> tuple[int | str, ...]:
    touchpoints = list(result.touchpoint_titles)
    stage = STAGES.index(row.stage) if row.stage in STAGES else len(STAGES)
    touchpoint = touchpoints.index(row.touchpoint) if row.touchpoint in touchpoints else len(touchpoints)
    segment = SEGMENTS.index(row.segment) if row.segment in SEGMENTS else len(SEGMENTS)
    return (touchpoint, stage, segment, *_slice_key(row))


def _slice_label(row: KpiRow, result: KpiResult, messages: Messages) -> str:
    """What the slice is called, in the order in which slices are declared."""
    named = {"stage": row.stage, "kind": row.kind, "segment": row.segment}
    parts = {name: _sortable(getattr(row, name)) for name in KPI_SLICES if name != "period_start"}
    parts |= {name: messages.name(name, value) for name, value in named.items() if value}
    if row.membership:
        parts["membership"] = messages.name("membership", row.membership)
    if row.touchpoint:
        parts["touchpoint"] = messages.touchpoint(row.touchpoint, result.touchpoint_titles)
    if row.hour is not None:
        parts["hour"] = f"{row.hour:02}:00"
    if row.weekday is not None:
        parts["weekday"] = messages.name("weekday", str(row.weekday))
    if row.period_start and (row.period_start != row.period_end):
        parts["period"] = f"{row.period_start} – {row.period_end}"
    elif row.period_start:
        parts["period"] = str(row.period_start)
    return " · ".join(part for part in parts.values() if part)


# --- rank -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class OutcomeRanking:
    """The ranking for one outcome: stages in the order of the journey, best rank first within each."""

    outcome: str
    fit: ModelFit | None
    stages: tuple[tuple[str, tuple[GoldenRow, ...]], ...]

    @property
    def rows(self) -> tuple[GoldenRow, ...]:
        """All rows, stage by stage."""
        return tuple(row for _, rows in self.stages for row in rows)


def rankings(result: RankResult) -> list[OutcomeRanking]:
    """The golden touchpoints by outcome and stage."""
    fits = {fit.outcome: fit for fit in result.fits}
    return [
        OutcomeRanking(outcome, fits.get(outcome), _stages_of(row for row in result.golden if row.outcome == outcome))
        for outcome in _in_order((row.outcome for row in result.golden), OUTCOMES)
    ]


def strongest(result: RankResult, verdict: str) -> list[GoldenRow]:
    """Rows of one verdict: conversion before the other outcomes, highest priority first."""
    chosen = [row for row in result.golden if row.verdict == verdict]
    order = _in_order((row.outcome for row in chosen), OUTCOMES)
    return sorted(chosen, key=lambda row: (order.index(row.outcome), -(row.priority or 0), row.touchpoint))


def compared_models(result: RankResult) -> list[str]:
    """The attribution models to show side by side; the mart holds all of them."""
    present = {row.model for row in result.attribution}
    return [model for model in _COMPARED_MODELS if model in present] or sorted(present)


def attribution_by_touchpoint(result: RankResult) -> list[tuple[str, Mapping[str, AttributionRow]]]:
    """Per touchpoint the rows of all models; the most credited by the first compared model comes first."""
    return rows_by_touchpoint(result.attribution, compared_models(result))


def rows_by_touchpoint(
    rows: Sequence[AttributionRow], models: Sequence[str]
) -> list[tuple[str, Mapping[str, AttributionRow]]]:
    """Per touchpoint its *rows* by model; the most credited by the first of *models* comes first."""
    by_touchpoint: dict[str, dict[str, AttributionRow]] = {}
    for row in rows:
        by_touchpoint.setdefault(row.touchpoint, {})[row.model] = row
    first = models[0] if models else ""

    def credited(item: tuple[str, Mapping[str, AttributionRow]]) -> tuple[float, str]:
        return (-item[1][first].share if first in item[1] else 0.0, item[0])

    return sorted(by_touchpoint.items(), key=credited)


def _stages_of(rows: Iterable[GoldenRow]) -> tuple[tuple[str, tuple[GoldenRow, ...]], ...]:
    by_stage: dict[str, list[GoldenRow]] = {}
    for row in rows:
        by_stage.setdefault(row.stage, []).append(row)
    return tuple((stage, tuple(sorted(by_stage[stage], key=_rank_order))) for stage in _in_order(by_stage, STAGES))


def _rank_order(row: GoldenRow) -> tuple[bool, int, int, str]:
    return (row.rank is None, row.rank or 0, -row.n_customers, row.touchpoint)


def _in_order(values: Iterable[str], known: Sequence[str]) -> list[str]:
    """Distinct values, those of a vocabulary in its order, others after them."""
    return sorted(set(values), key=lambda value: (known.index(value) if value in known else len(known), value))


def study_basis(result: RankResult, messages: Messages, figures: Figures) -> list[str]:
    """For each outcome studied: the span, who was left out, and what customers were compared within."""
    lines = []
    for fit in result.fits:
        parts = [messages.text("study.window", outcome=messages.name("outcome", fit.outcome), days=fit.window_days)]
        if fit.censored:
            parts.append(messages.text("study.censored", customers=figures.count(fit.censored)))
        if fit.adjusted_for:
            parts.append(messages.text("study.adjusted", tags=", ".join(fit.adjusted_for)))
        if fit.untouched_buyers:
            buyers = {"untouched": figures.count(fit.untouched_buyers), "buyers": figures.count(fit.buyers)}
            parts.append(messages.text("study.untouched", **buyers, share=figures.share(fit.unlinked)))
        reasons: dict[str, list[str]] = {}
        for tag, reason in fit.not_adjusted_for.items():
            reasons.setdefault(reason, []).append(tag)
        for reason, tags in reasons.items():
            parts.append(messages.text(f"study.{reason}", tags=", ".join(tags)))
        lines.append(" ".join(parts))
    return lines


def weights_in_words(result: RankResult, messages: Messages) -> str:
    """Each outcome with the weight it has in the ranking over all of them."""
    return ", ".join(f"{messages.name('outcome', name)} {weight:g}" for name, weight in result.weights.items())


@dataclass(frozen=True, slots=True)
class Assumptions:
    """Verdicts under other assumptions: the assumptions looked at as name and value, and touchpoints with a verdict
    in the ranking or under one of them, each with what it is under every assumption."""

    columns: list[tuple[str, float]]
    rows: list[tuple[GoldenRow, list[SensitivityRow | None]]]


def by_assumption(result: RankResult) -> Assumptions:
    """Touchpoints with a verdict, now or otherwise, and their verdicts under each assumption."""
    columns: list[tuple[str, float]] = list(dict.fromkeys((row.assumption, row.value) for row in result.sensitivity))
    seen: dict[tuple[str, ...], dict[tuple[str, float], SensitivityRow]] = {}
    for other in result.sensitivity:
        place = (other.stage, other.outcome, other.touchpoint)
        seen.setdefault(place, {})[other.assumption, other.value] = other
    rows = []
    for row in result.golden:
        own = seen.get((row.stage, row.outcome, row.touchpoint), {})
        others = [own.get(column) for column in columns]
        if {row.verdict, *(other.verdict for other in own.values())} & {"golden", "golden_risk"}:
            rows.append((row, others))
    return Assumptions(columns, rows)
