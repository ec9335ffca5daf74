"""Findings as annotations of GitHub Actions: lines on stdout that the runner shows beside the files they name.

A step shows ten annotations of a level at most and drops the rest without a word, so the tenth says how many there
are. The last line is the verdict, and no annotation.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from tpaudit.reports.arrange import findings_in_order
from tpaudit.reports.ci.view import CiView
from tpaudit.reports.figures import printable
from tpaudit.reports.verdict import verdict
from tpaudit.results import FindingRow, ValidateResult

LIMIT = 10

_LEVELS = {"fail": "error", "error": "error", "warn": "warning", "note": "notice", "known": "notice"}


def render(result: ValidateResult, view: CiView) -> str:
    """Annotations of what failed or could not run, worst first, and the verdict."""
    levels: dict[str, list[FindingRow]] = {}
    for label, finding in findings_in_order(result):
        if label in _LEVELS:
            levels.setdefault(_LEVELS[label], []).append(finding)
    lines = [line for level, findings in levels.items() for line in _level(level, findings, view)]
    return "\n".join([*lines, verdict(result, view.messages, view.figures).text]) + "\n"


def render_fault(message: str, hint: str | None, view: CiView) -> str:
    """One annotation that says why nothing could be judged."""
    text = "\n".join(filter(None, (message, hint)))
    return f"::error title={_property('tpaudit validate')}::{_data(text)}\n"


def _level(level: str, findings: Sequence[FindingRow], view: CiView) -> Iterable[str]:
    shown = findings if len(findings) <= LIMIT else findings[: LIMIT - 1]
    for finding in shown:
        spot = view.spots(finding)[0]
        where = f"file={_property(printable(spot.path))}" + (f",line={spot.row}" if spot.row else "")
        title = _property(view.title(finding))
        yield f"::{level} {where},title={title}::{_data(chr(10).join(view.explained(finding)))}"
    if left_out := len(findings) - len(shown):
        text = view.messages.text("validate.annotations_cut", n=left_out, limit=LIMIT)
        yield f"::{level} title={_property('tpaudit validate')}::{_data(text)}"


def _data(text: str) -> str:
    """*text* as the message of a command.

    >>> _data("100%\\nof rows")
    '100%25%0Aof rows'
    """
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    """*text* as the value of a property of a command.

    >>> _property("TPP03: a, b")
    'TPP03%3A a%2C b'
    """
    return _data(text).replace(":", "%3A").replace(",", "%2C")
