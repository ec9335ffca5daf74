"""Findings as SARIF 2.1.0, for code scanning and other viewers of static-analysis results.

A rule per check, a result per finding and file. A result stands at the first row that fell short; its fingerprint
tells it from others by check, table, column and file, so that a viewer knows it again when rows move. What the
baseline knows is `unchanged`, what has grown `updated`; what a waiver covers is suppressed, with its reason.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from tpaudit import __version__
from tpaudit.reports.ci.view import CiView, Spot
from tpaudit.results import FindingRow, ValidateResult

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"

_LEVELS = {"critical": "error", "warning": "warning", "info": "note"}


def render(result: ValidateResult, view: CiView) -> str:
    """The whole log with one run."""
    rules = _rules(result, view)
    numbers = {rule["id"]: number for number, rule in enumerate(rules)}
    failed = [finding for finding in result.findings if finding.status == "failed"]
    run = {
        "tool": {"driver": _driver(view) | {"rules": rules}},
        "invocations": [
            _invocation(view, [_notification(one, view) for one in result.findings if one.status == "error"])
        ],
        "results": [
            _result(finding, spot, numbers[finding.code], result, view)
            for finding in failed
            for spot in view.spots(finding)
        ],
    }
    return _log(run)


def render_fault(message: str, hint: str | None, view: CiView) -> str:
    """A log of a run that could not judge anything, and why."""
    text = "\n".join(filter(None, (message, hint)))
    notification = {"level": "error", "message": {"text": text}}
    return _log({"tool": {"driver": _driver(view)}, "invocations": [_invocation(view, [notification])], "results": []})


def _log(run: Mapping[str, Any]) -> str:
    document = {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"


def _driver(view: CiView) -> dict[str, Any]:
    return {"name": "tpaudit", "semanticVersion": __version__, "language": view.messages.lang}


def _rules(result: ValidateResult, view: CiView) -> list[dict[str, Any]]:
    """A rule per check of the run, with its texts, its level and its tags."""
    by_code = {finding.code: finding for finding in sorted(result.findings, key=lambda finding: finding.code)}
    return [_rule(finding, view) for finding in by_code.values()]


def _rule(finding: FindingRow, view: CiView) -> dict[str, Any]:
    title = view.messages.title
    rule: dict[str, Any] = {
        "id": finding.code,
        "shortDescription": {"text": title(finding.title)},
        "defaultConfiguration": {"level": _LEVELS[finding.severity]},
        "properties": {"tags": sorted({*finding.tags, "data-quality"}), "precision": "very-high"},
    }
    if finding.why:
        rule["fullDescription"] = {"text": title(finding.why)}
    if finding.remedy:
        command = f"tpaudit explain {finding.code}"
        rule["help"] = {
            "text": f"{title(finding.remedy)}\n{command}",
            "markdown": f"{title(finding.remedy)}\n\n`{command}`",
        }
    return rule


def _result(finding: FindingRow, spot: Spot, rule: int, result: ValidateResult, view: CiView) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "ruleId": finding.code,
        "ruleIndex": rule,
        "kind": "fail",
        "level": _LEVELS[finding.severity],
        "message": {"text": f"{view.title(finding)}\n{view.found(finding)}"},
        "locations": [_location(finding, spot)],
        "partialFingerprints": {"tpaudit/v1": _fingerprint(finding, spot)},
        "properties": {
            "checked": finding.checked,
            "failed": finding.failed,
            "threshold": finding.threshold,
            "unit": finding.unit,
        },
    }
    if result.baseline is not None:
        entry["baselineState"] = _baseline_state(finding)
    reasons = [use.reason for use in finding.waivers if use.state in ("used", "outgrown")]
    if reasons and finding.is_excused:
        entry["suppressions"] = [
            {"kind": "external", "status": "accepted", "justification": reason} for reason in reasons
        ]
    return entry


def _location(finding: FindingRow, spot: Spot) -> dict[str, Any]:
    physical: dict[str, Any] = {"artifactLocation": {"uri": quote(spot.path, safe="/")}}
    if spot.row:
        physical["region"] = {"startLine": spot.row}
    name = f"{finding.table}.{finding.column}" if finding.column else finding.table
    return {"physicalLocation": physical, "logicalLocations": [{"fullyQualifiedName": name, "kind": "member"}]}


def _fingerprint(finding: FindingRow, spot: Spot) -> str:
    parts = json.dumps([finding.code, finding.table, finding.column, spot.path], ensure_ascii=False)
    return hashlib.sha256(parts.encode()).hexdigest()


def _baseline_state(finding: FindingRow) -> str:
    if finding.baselined is None:
        return "new"
    return "updated" if finding.has_grown else "unchanged"


def _notification(finding: FindingRow, view: CiView) -> dict[str, Any]:
    return {
        "level": "error",
        "message": {"text": f"{view.title(finding)}\n{view.found(finding)}"},
        "associatedRule": {"id": finding.code},
    }


def _invocation(view: CiView, notifications: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "executionSuccessful": not notifications,
        "exitCode": view.exit_code,
        "endTimeUtc": view.made_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "toolExecutionNotifications": notifications,
    }
