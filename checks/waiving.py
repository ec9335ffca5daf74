"""Waivers applied: which failures an audit puts up with for now, and what no waiver covers any more."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from tpaudit.checks.adjusting import Waiver
from tpaudit.results import FindingRow, WaiverUse


def with_waivers(finding: FindingRow, waivers: Sequence[Waiver], as_of: date) -> FindingRow:
    """*finding* with the waivers that are about it, as they stand on the day *as_of*.

    A waiver covers no more units than it was granted for, so that it cannot hide what comes later; together they cover
    no more than failed.
    """
    about = [waiver for waiver in waivers if waiver.covers(finding.code, finding.table, finding.column)]
    if not about or finding.status not in ("passed", "failed"):
        return finding
    uses = tuple(_use(waiver, finding, as_of) for waiver in about)
    waived = min(finding.failed or 0, sum(use.waived for use in uses))
    return finding.model_copy(update={"waivers": uses, "waived": waived})


def _use(waiver: Waiver, finding: FindingRow, as_of: date) -> WaiverUse:
    failed = finding.failed or 0
    if waiver.file is not None:
        failed = sum(place.failed for place in finding.places if place.place == waiver.file)
    if as_of > waiver.expires:
        state, waived = "expired", 0
    elif failed == 0:
        state, waived = "unneeded", 0
    else:
        state, waived = ("outgrown" if failed > waiver.max_failed else "used"), min(failed, waiver.max_failed)
    return WaiverUse.model_validate(
        {
            "reason": waiver.reason,
            "expires": waiver.expires,
            "max_failed": waiver.max_failed,
            "file": waiver.file,
            "state": state,
            "waived": waived,
        }
    )
