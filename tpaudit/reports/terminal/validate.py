"""The data-quality gate: what failed first, the verdict last."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import RenderableType
from rich.text import Text

from tpaudit.reports.arrange import Label, findings_in_order, place
from tpaudit.reports.finding_text import found
from tpaudit.reports.terminal.grid import Grid
from tpaudit.reports.terminal.scorecard import render_backfill, render_scorecard
from tpaudit.reports.terminal.view import View, indented, joined, stacked
from tpaudit.reports.verdict import verdict as verdict_of
from tpaudit.results import FindingRow, ValidateResult

_LABEL_STYLES: dict[Label, str] = {
    "fail": "bold red",
    "error": "bold magenta",
    "warn": "yellow",
    "note": "cyan",
    "known": "dim cyan",
    "skip": "dim",
    "pass": "green",
}

_VERDICT_STYLES = {
    "passed": "bold green",
    "tolerated": "bold yellow",
    "failed": "bold red",
    "unknown": "bold red",
}

_REMEDIES = 3


def render_validate(result: ValidateResult, view: View) -> RenderableType:
    """Failures, warnings and skipped checks in one table, remedies, counts, and the verdict as the last line.

    Passed checks are listed only where the view shows whole lists.
    """
    ordered = findings_in_order(result)
    if view.limit is not None:
        ordered = [(label, finding) for label, finding in ordered if label != "pass"]
    return stacked(
        view.title(
            view.messages.text("validate.title"),
            view.messages.count("tables", len({finding.table for finding in result.findings})),
            view.messages.count("checks", len(result.findings)),
            view.figures.seconds(result.seconds),
        ),
        findings_table(ordered, view),
        _remedies(result, view),
        render_scorecard(result.scorecard, view),
        render_backfill(result.backfill, view),
        _baseline(result, view),
        _quarantine(result, view),
        indented(counts(result, view)),
        verdict(result, view),
    )


def findings_table(ordered: Sequence[tuple[Label, FindingRow]], view: View) -> RenderableType | None:
    """Findings with what they found and the limit they were held to."""
    if not ordered:
        return None
    shown, more = view.cut(ordered)
    heading = view.messages.text
    grid = Grid(
        view,
        (
            ("", "label"),
            (heading("validate.code"), "label"),
            (heading("validate.place"), "label"),
            (heading("validate.check"), "text"),
            (heading("validate.found"), "text"),
            (heading("validate.limit_heading"), "number"),
        ),
    )
    for label, finding in shown:
        grid.add(
            view.text(view.messages.text(f"validate.label_{label}"), _LABEL_STYLES[label]),
            finding.code,
            _place(finding, view),
            view.messages.title(finding.title),
            _found(finding, view),
            view.figures.share(finding.threshold),
            style="dim" if label == "skip" else "",
        )
    return joined(grid.render(), more)


def counts(result: ValidateResult, view: View) -> Text:
    """How many checks passed, failed, were skipped or went wrong; skipped is never hidden."""
    labels = [label for label, _ in findings_in_order(result)]
    line = Text()
    for label in ("pass", "fail", "warn", "note", "known", "error", "skip"):
        number = labels.count(label)
        if number or label in ("pass", "fail", "skip"):
            line.append_text(view.text("   " if line else ""))
            style = _LABEL_STYLES[label] if number else "dim"
            line.append_text(view.text(view.messages.count(f"check_{label}", number), style))
    return line


def verdict(result: ValidateResult, view: View) -> Text:
    """Passed or not, against which threshold, and the exit code that follows."""
    reached = verdict_of(result, view.messages, view.figures)
    return view.text(reached.text, _VERDICT_STYLES[reached.outcome])


def _place(finding: FindingRow, view: View) -> Text:
    if view.wide or not finding.column:
        return view.text(place(finding))
    two_lines = view.text(f"{finding.table}.")
    two_lines.append("\n")
    return two_lines.append_text(view.text(finding.column))


def _found(finding: FindingRow, view: View) -> str:
    text = found(finding, view.messages, view.figures)
    if finding.reason is not None or not finding.detail or finding.failed is None:
        return text
    return view.messages.text("validate.found_detail", found=text, detail=finding.detail)


def _baseline(result: ValidateResult, view: View) -> RenderableType | None:
    use = result.baseline
    if use is None:
        return None
    counts = {name: view.figures.count(number) for name, number in use.model_dump(exclude={"file"}).items()}
    return indented(view.say("validate.baseline_line", file=use.file, **counts))


def _quarantine(result: ValidateResult, view: View) -> RenderableType | None:
    written = result.quarantine
    if written is None:
        return None
    line = view.say(
        "validate.quarantine_masked" if written.masked else "validate.quarantine_open",
        "" if written.masked else "bold yellow",
        folder=written.folder,
        rows=view.messages.count("rows", sum(file.rows for file in written.files)),
        files=view.messages.count("files", len(written.files)),
    )
    if not written.unnamed:
        return indented(line)
    unnamed = view.say("validate.quarantine_unnamed", "dim", list=", ".join(written.unnamed))
    return joined(indented(line), indented(unnamed))


def _remedies(result: ValidateResult, view: View) -> RenderableType | None:
    failures = list({finding.code: finding for finding in result.gate_failures if finding.remedy}.values())
    if not failures:
        return None
    lines: list[RenderableType] = [view.heading(view.messages.text("validate.remedies"))]
    for finding in failures[:_REMEDIES]:
        line = view.text(finding.code, "bold")
        if finding.remedy:
            line.append_text(view.text(f"  {view.messages.title(finding.remedy)}"))
        lines.append(indented(line))
    lines.append(view.next(*(f"tpaudit explain {finding.code}" for finding in failures[:_REMEDIES])))
    return joined(*lines)
