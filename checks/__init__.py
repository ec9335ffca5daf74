"""Data-quality checks on the lake, judged by Great Expectations on DuckDB views.

Each check is one definition file in the folder of its table; `load` gives them all without any heavy import, `validate`
runs them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from tpaudit.checks.definition import CheckDefinition, Expectation, Target
from tpaudit.checks.registry import load

if TYPE_CHECKING:
    from tpaudit.results import ValidateResult
    from tpaudit.store import Store

__all__ = ["CheckDefinition", "Expectation", "Target", "load", "validate"]


def validate(
    store: Store, *, fail_on: str | None = None, select: Sequence[str] = (), ignore: Sequence[str] = ()
) -> ValidateResult:
    """Run the checks on the audit's lake, write mart `findings` and return every finding.

    *select* and *ignore* hold codes, tables or tags; *fail_on* is the severity from which a failure fails the run
    (default: the audit's setting). Raises UsageFault for an unknown word and InputFault when no check could run.
    """
    from tpaudit.checks.validation import validate as run

    return run(store, fail_on=fail_on, select=select, ignore=ignore)
