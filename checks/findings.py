"""From outcomes to findings, and from findings to the mart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

from tpaudit.checks import texts
from tpaudit.checks.judging import Probe
from tpaudit.model import MARTS
from tpaudit.results import FindingRow, PlaceCount, Severity, Status, Titles
from tpaudit.store import Store

if TYPE_CHECKING:
    from tpaudit.checks.session import Counts


def skipped_row(probe: Probe, reason: Titles) -> FindingRow:
    """The finding of a check that could not run for want of data."""
    return _row(probe, "skipped", reason=reason, detail=reason.en)


def error_row(probe: Probe, complaint: str) -> FindingRow:
    """The finding of a check the engine could not evaluate."""
    reason = texts.engine_fault(complaint)
    return _row(probe, "error", reason=reason, detail=reason.en)


def judged_row(probe: Probe, counts: Counts) -> FindingRow:
    """The finding of a check that ran; without anything it applies to it counts as skipped."""
    if counts.checked == 0:
        return skipped_row(probe, texts.nothing_to_check(probe.check, probe.target))
    share = counts.failed / counts.checked
    known = [(place, failed) for place, failed in counts.places if place is not None]
    ordered = sorted(known, key=lambda item: (-item[1], item[0]))
    return _row(
        probe,
        "failed" if share > probe.check.threshold else "passed",
        checked=counts.checked,
        failed=counts.failed,
        share=share,
        detail=texts.largest_places(dict(ordered)) or None,
        places=tuple(PlaceCount(place=place, failed=failed) for place, failed in ordered),
    )


def _row(probe: Probe, status: Status, **found: Any) -> FindingRow:
    check = probe.check
    measured = {"checked": None, "failed": None, "share": None, **found}
    return FindingRow(
        code=check.code,
        title=Titles(**check.title),
        table=probe.target.table,
        column=probe.target.column,
        severity=cast(Severity, check.severity),
        status=status,
        threshold=check.threshold,
        why=_told(check.why),
        remedy=_told(check.remedy),
        unit=check.unit,
        tags=check.tags,
        **measured,
    )


def _told(text: Mapping[str, str]) -> Titles | None:
    """A text of a definition; own checks may leave it out."""
    return Titles(**text) if any(text.values()) else None


def write_findings(store: Store, findings: Sequence[FindingRow]) -> None:
    """Write mart `findings`, its texts in the audit's language."""
    import pyarrow as pa

    language = "zh" if store.audit.config.settings.audit.lang == "zh" else "en"
    declared = MARTS["findings"].column_names
    rows = [
        {
            **finding.model_dump(include={*declared}),
            "title": getattr(finding.title, language),
            "detail": getattr(finding.reason, language) if finding.reason else finding.detail,
        }
        for finding in findings
    ]
    schema = pa.schema(
        [(name, pa.string()) for name in ("code", "title", "table", "column", "severity", "status", "detail")]
        + [(name, pa.int64()) for name in ("checked", "failed", "waived")]
        + [(name, pa.float64()) for name in ("share", "threshold")]
    )
    store.write_small_mart("findings", pa.Table.from_pylist(rows, schema=schema))
