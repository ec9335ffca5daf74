"""Findings as a page of Markdown, for a job summary or a comment on a change."""

from __future__ import annotations

from collections.abc import Sequence

from tpaudit.reports.arrange import Label, findings_in_order, place
from tpaudit.reports.ci.view import CiView
from tpaudit.reports.figures import printable
from tpaudit.reports.verdict import verdict
from tpaudit.results import FindingRow, ValidateResult

# A job summary may have 1 MiB; a longer list than this is not read on a page either.
LIMIT = 200


def render(result: ValidateResult, view: CiView) -> str:
    """Verdict, what failed or could not run, what was skipped, and the counts."""
    ordered = findings_in_order(result)
    failed = [item for item in ordered if item[0] not in ("pass", "skip")]
    skipped = [item for item in ordered if item[0] == "skip"]
    text = view.messages.text
    parts = [
        f"## {text('validate.title')}",
        f"**{_escaped(verdict(result, view.messages, view.figures).text)}**",
        " · ".join(_counts(ordered, view)),
        _table(failed, view),
        _baseline(result, view),
        _folded(text("validate.label_skip"), _table(skipped, view), len(skipped)),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _counts(ordered: Sequence[tuple[Label, FindingRow]], view: CiView) -> list[str]:
    labels = [label for label, _ in ordered]
    return [
        view.messages.count(f"check_{label}", labels.count(label))
        for label in ("pass", "fail", "warn", "note", "known", "error", "skip")
        if label in labels or label in ("pass", "fail", "skip")
    ]


def _table(findings: Sequence[tuple[Label, FindingRow]], view: CiView) -> str:
    if not findings:
        return ""
    text = view.messages.text
    heads = ["", text("validate.code"), text("validate.place"), text("validate.check"), text("validate.found")]
    lines = [_line(heads), _line(["---"] * len(heads))]
    lines += [
        _line(
            [
                text(f"validate.label_{label}"),
                finding.code,
                f"`{place(finding)}`",
                _escaped(view.messages.title(finding.title)),
                _escaped(view.found(finding)),
            ]
        )
        for label, finding in findings[:LIMIT]
    ]
    if len(findings) > LIMIT:
        lines += ["", text("validate.summary_cut", n=LIMIT, all=len(findings))]
    return "\n".join(lines)


def _baseline(result: ValidateResult, view: CiView) -> str:
    use = result.baseline
    if use is None:
        return ""
    line = view.messages.text(
        "validate.baseline_line", file=use.file, known=use.known, grown=use.grown, mended=use.mended
    )
    return _escaped(line)


def _folded(title: str, body: str, count: int) -> str:
    return f"<details><summary>{title} ({count})</summary>\n\n{body}\n\n</details>" if body else ""


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _escaped(text: str) -> str:
    """*text* that neither ends its cell nor is read as markup."""
    for sign in "\\|*_`[]":
        text = text.replace(sign, f"\\{sign}")
    return printable(text).replace("&", "&amp;").replace("<", "&lt;")
