"""Baselines: what an audit fell short of before, so that only what is new, or has grown, fails the gate.

A baseline is a small JSON file, made to be kept under version control: one entry per check, table and column that
failed, with the number of units that fell short and that no waiver covers. A finding with no more than its entry is
known and passes; one with more fails, whatever the threshold. An expired waiver therefore counts as growth.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from tpaudit.atomic import replacing
from tpaudit.errors import ConfigFault, UsageFault
from tpaudit.results import BaselineUse, FindingRow, ValidateResult

SCHEMA_VERSION = 1

Key = tuple[str, str, str | None]

_HINT = "write it anew with --update-baseline"


def key_of(finding: FindingRow) -> Key:
    """What tells a finding from every other: code, table and column."""
    return finding.code, finding.table, finding.column


def read_baseline(file: Path) -> dict[Key, int]:
    """Counts per finding in *file*.

    Raises UsageFault if there is no such file, and ConfigFault if it is no baseline.
    """
    try:
        text = file.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise UsageFault(f"no baseline {file}", "create it with --update-baseline") from None
    except (OSError, UnicodeError) as fault:
        raise ConfigFault([f"{file}: {fault}"], _HINT) from None
    try:
        document = json.loads(text)
        if document["schema_version"] != SCHEMA_VERSION:
            raise ConfigFault([f"{file}: schema_version {document['schema_version']!r} is not {SCHEMA_VERSION}"], _HINT)
        return {_key(entry): _count(entry) for entry in document["findings"]}
    except (ValueError, KeyError, TypeError) as fault:
        raise ConfigFault([f"{file}: not a baseline ({type(fault).__name__}: {fault})"], _HINT) from None


def updated(counts: Mapping[Key, int], result: ValidateResult) -> dict[Key, int]:
    """*counts* as *result* would have them: entries of checks that did not run now stay as they are."""
    judged = {key_of(finding): finding for finding in result.findings if finding.status in ("passed", "failed")}
    kept = {key: count for key, count in counts.items() if key not in judged}
    failed = {key: one.unwaived for key, one in judged.items() if one.status == "failed" and one.unwaived > 0}
    return {**kept, **failed}


def write_baseline(file: Path, counts: Mapping[Key, int]) -> None:
    """Write *counts* in one step, sorted, an entry per line: a change reads well as a diff."""
    ordered = sorted(counts.items(), key=lambda item: (item[0][0], item[0][1], item[0][2] or ""))
    entries = [
        json.dumps({"code": code, "table": table, "column": column, "failed": failed}, ensure_ascii=False)
        for (code, table, column), failed in ordered
    ]
    listed = ",\n    ".join(entries)
    body = f"[\n    {listed}\n  ]" if entries else "[]"
    with replacing(file) as unfinished:
        unfinished.write_text(
            f'{{\n  "schema_version": {SCHEMA_VERSION},\n  "findings": {body}\n}}\n', encoding="utf-8"
        )


def judged_against(result: ValidateResult, counts: Mapping[Key, int], file: Path) -> ValidateResult:
    """*result* with what the baseline knows: its findings carry their entry, and the gate judges by it."""
    findings = tuple(
        finding.model_copy(update={"baselined": counts[key_of(finding)]}) if key_of(finding) in counts else finding
        for finding in result.findings
    )
    in_baseline = [finding for finding in findings if finding.baselined is not None]
    use = BaselineUse(
        file=str(file),
        known=sum(
            finding.status == "failed" and finding.unwaived <= (finding.baselined or 0) for finding in in_baseline
        ),
        grown=sum(finding.has_grown for finding in in_baseline),
        mended=sum(_is_lower(finding) for finding in in_baseline),
    )
    return result.model_copy(update={"findings": findings, "baseline": use})


def _is_lower(finding: FindingRow) -> bool:
    """Whether less falls short than the baseline says: its entry can go, or be lowered."""
    count = finding.unwaived if finding.status == "failed" else 0
    return finding.status in ("passed", "failed") and count < (finding.baselined or 0)


def _key(entry: Mapping[str, object]) -> Key:
    code, table, column = entry["code"], entry["table"], entry["column"]
    if not isinstance(code, str) or not isinstance(table, str) or not isinstance(column, str | None):
        raise TypeError("code, table and column are texts")
    return code, table, column


def _count(entry: Mapping[str, object]) -> int:
    failed = entry["failed"]
    if isinstance(failed, bool) or not isinstance(failed, int) or failed < 0:
        raise ValueError(f"failed {failed!r} is no count")
    return failed
