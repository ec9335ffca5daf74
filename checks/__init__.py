"""Data-quality checks on the lake, judged by Great Expectations on DuckDB views.

Each check is one definition file in the folder of its table; `load` gives them all without any heavy import, `validate`
runs them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

from tpaudit.checks.adjusting import AuditChecks, Waiver
from tpaudit.checks.definition import CheckDefinition, Expectation, Target
from tpaudit.checks.registry import load, load_for

if TYPE_CHECKING:
    import pandas as pd

    from tpaudit.audit import Audit
    from tpaudit.checks.evidence import Evidence
    from tpaudit.results import FindingRow, ValidateResult
    from tpaudit.store import Store

__all__ = [
    "AuditChecks",
    "CheckDefinition",
    "Expectation",
    "Target",
    "Waiver",
    "assess",
    "compiled_sql",
    "evidence_of",
    "expectation_suites",
    "load",
    "load_for",
    "validate",
    "validate_frame",
]


def validate(
    store: Store, *, fail_on: str | None = None, select: Sequence[str] = (), ignore: Sequence[str] = ()
) -> ValidateResult:
    """Run the checks on the audit's lake and return every finding; a whole run also writes mart `findings`.

    *select* and *ignore* hold codes, tables or tags; *fail_on* is the severity from which a failure fails the run
    (default: the audit's setting). Raises UsageFault for an unknown word, ConfigFault for a fault in the audit's
    `checks/*.yaml`, InputFault when no check could run and EngineFault when none could be evaluated.
    """
    from tpaudit.checks.validation import validate as run

    return run(store, fail_on=fail_on, select=select, ignore=ignore)


def assess(store: Store) -> ValidateResult:
    """`validate` the whole audit, and add the score card and what could be back-filled from which source."""
    from tpaudit.checks.assessment import with_assessment

    return with_assessment(store, validate(store))


def validate_frame(frame: pd.DataFrame, table: str, select: Sequence[str] = ()) -> ValidateResult:
    """Check one pandas frame, whose columns are those of lake table *table*, without an audit.

    *select* holds codes or tags. Checks that need other tables or earlier runs are skipped.
    """
    from tpaudit.checks.frames import validate_frame as run

    return run(frame, table, select)


def evidence_of(audit: Audit, findings: tuple[FindingRow, ...]) -> AbstractContextManager[Evidence]:
    """Open the lake to look at the rows behind *findings*: `.rows(finding, limit)` and `.sql(finding)`."""
    from tpaudit.checks.evidence import evidence_of as opened

    return opened(audit, findings)


def compiled_sql(check: CheckDefinition, target: Target, audit: Audit) -> str:
    """The SQL of *check* on *target* as it runs on *audit*, for people to read. Imports no engine."""
    from tpaudit.checks.evidence import compiled_sql as compiled

    return compiled(check, target, audit)


def expectation_suites(audit: Audit) -> list[Mapping[str, Any]]:
    """The checks of *audit* as suites of Great Expectations, one per table, in its own JSON."""
    from tpaudit.checks.parameters import audit_parameters
    from tpaudit.checks.suites import expectation_suites as suites

    return list(suites(load_for(audit.folder).definitions, audit_parameters(audit)))
