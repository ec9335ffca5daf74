"""What goes with the findings of a whole validation: the score card and the back-fill suggestions."""

from __future__ import annotations

from tpaudit.checks.backfill import backfill
from tpaudit.checks.evidence import evidence_of
from tpaudit.checks.scorecard import READS, scorecard
from tpaudit.results import ValidateResult
from tpaudit.store import Store


def with_assessment(store: Store, result: ValidateResult, *, show_pii: bool = False) -> ValidateResult:
    """*result* with score card and back-fill suggestions, both read in one session over the lake.

    Names of owners are masked unless *show_pii*.
    """
    with evidence_of(store.audit, result.findings, also=READS | {"contact_points"}) as evidence:
        return result.model_copy(
            update={
                "scorecard": scorecard(evidence, result.findings, show_pii=show_pii),
                "backfill": backfill(evidence.execute),
            }
        )


def with_rows(store: Store, result: ValidateResult) -> ValidateResult:
    """*result* with the first failing row per file of every failed finding, for outputs that point at files."""
    failed = tuple(finding for finding in result.findings if finding.status == "failed")
    if not failed:
        return result
    with evidence_of(store.audit, failed) as evidence:
        rows = {id(finding): evidence.first_rows(finding) for finding in failed}
    findings = tuple(
        finding.model_copy(update={"rows": rows[id(finding)]}) if id(finding) in rows else finding
        for finding in result.findings
    )
    return result.model_copy(update={"findings": findings})
