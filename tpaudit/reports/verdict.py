"""The verdict at the gate as one line, the same wherever it is told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from tpaudit.reports.figures import Figures
from tpaudit.reports.language import Messages
from tpaudit.results import ValidateResult


@dataclass(frozen=True, slots=True)
class Verdict:
    """How it ended, and in words: against which threshold, and the exit code that follows."""

    outcome: Literal["passed", "tolerated", "failed", "unknown"]
    text: str


def verdict(result: ValidateResult, messages: Messages, figures: Figures) -> Verdict:
    """What a validation comes to. A check that could not run leaves a pass unknown: nobody can tell."""
    level = messages.name("severity", result.fail_on)
    if not result.count("passed") + result.count("failed"):
        return Verdict("unknown", messages.text("validate.nothing_ran"))
    if not result.passed:
        text = messages.text("validate.failed", level=level, n=figures.count(len(result.gate_failures)))
        return Verdict("failed", text)
    if errors := result.count("error"):
        return Verdict("unknown", messages.text("validate.cannot_tell", n=messages.count("checks", errors)))
    if result.fail_on == "never":
        return Verdict("tolerated" if result.count("failed") else "passed", messages.text("validate.passed_never"))
    return Verdict("passed", messages.text("validate.passed", level=level))
