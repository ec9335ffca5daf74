"""What a finding found, and what excuses it, in the same words wherever it is told."""

from __future__ import annotations

from tpaudit.reports.figures import Figures
from tpaudit.reports.language import Messages
from tpaudit.results import FindingRow


def found(finding: FindingRow, messages: Messages, figures: Figures) -> str:
    """How much fell short of how much; of a check that did not run, why not."""
    if finding.reason is not None:
        return messages.title(finding.reason)
    if finding.status in ("skipped", "error") or finding.failed is None:
        return finding.detail or figures.unknown
    text = messages.text(
        "validate.found_units",
        failed=figures.count(finding.failed),
        checked=figures.count(finding.checked),
        unit=messages.name("counted", finding.unit),
        share=figures.share(finding.share),
    )
    return "; ".join([text, *history(finding, messages, figures)])


def history(finding: FindingRow, messages: Messages, figures: Figures) -> list[str]:
    """What baseline and waivers have to say about a failed finding."""
    if finding.status != "failed":
        return []
    told = []
    if finding.has_grown:
        told.append(
            messages.text(
                "validate.baseline_grown",
                before=figures.count(finding.baselined),
                now=figures.count(finding.unwaived),
            )
        )
    elif finding.baselined is not None:
        told.append(messages.text("validate.baseline_known", n=figures.count(finding.baselined)))
    texts = {
        "used": "validate.waiver_used",
        "outgrown": "validate.waiver_outgrown",
        "expired": "validate.waiver_expired",
    }
    told += [
        messages.text(texts[use.state], n=figures.count(use.waived), day=use.expires, reason=use.reason)
        for use in finding.waivers
        if use.state in texts
    ]
    return told
