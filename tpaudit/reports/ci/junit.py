"""Findings as JUnit XML, for the test views of Jenkins, GitLab, Azure and others.

A suite per table, a case per finding. Only what fails the gate is a failure: a red test in a green build would be
wrong, and Jenkins would turn the build unstable for it. Failures below the gate, or excused, stand in the suite's
output. The document keeps to the stricter of the schemas in use (Apache Ant's, and that of Jenkins' xUnit plugin).
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from tpaudit.reports.ci.view import CiView
from tpaudit.reports.figures import printable
from tpaudit.results import FindingRow, ValidateResult


def render(result: ValidateResult, view: CiView) -> str:
    """The whole document; suites in the order of their tables."""
    root = Element("testsuites")
    gate = {id(finding) for finding in result.gate_failures}
    ordered = sorted(result.findings, key=lambda finding: (finding.table, finding.code, finding.column or ""))
    for number, (table, group) in enumerate(groupby(ordered, key=lambda finding: finding.table)):
        _add_suite(root, number, table, list(group), gate, result, view)
    return _document(root)


def render_fault(message: str, hint: str | None, view: CiView) -> str:
    """A document with one case that says why nothing could be judged."""
    root = Element("testsuites")
    suite = _suite(root, 0, "tpaudit", view, tests=1, failures=0, errors=1, skipped=0)
    SubElement(suite, "properties")
    case = SubElement(suite, "testcase", name="validate", classname="tpaudit", time="0")
    _outcome(case, "error", "tpaudit", message, [message, hint or ""])
    SubElement(suite, "system-out")
    SubElement(suite, "system-err")
    return _document(root)


def _add_suite(
    root: Element,
    number: int,
    table: str,
    findings: Sequence[FindingRow],
    gate: set[int],
    result: ValidateResult,
    view: CiView,
) -> None:
    suite = _suite(
        root,
        number,
        table,
        view,
        tests=len(findings),
        failures=sum(id(finding) in gate for finding in findings),
        errors=sum(finding.status == "error" for finding in findings),
        skipped=sum(finding.status == "skipped" for finding in findings),
    )
    properties = SubElement(suite, "properties")
    SubElement(properties, "property", name="fail_on", value=result.fail_on)
    for finding in findings:
        _add_case(suite, finding, id(finding) in gate, view)
    below = [finding for finding in findings if finding.status == "failed" and id(finding) not in gate]
    told = [f"{finding.severity}: {view.title(finding)}\n{view.found(finding)}" for finding in below]
    SubElement(suite, "system-out").text = _clean("\n".join(told))
    SubElement(suite, "system-err")


def _add_case(suite: Element, finding: FindingRow, fails: bool, view: CiView) -> None:
    name = f"{finding.code} {finding.column or '*'} {view.messages.title(finding.title)}"
    # Time is measured for the run as a whole: checks of a table are judged together.
    case = SubElement(suite, "testcase", name=_clean(name), classname=f"tpaudit.{finding.table}", time="0")
    if fails:
        _outcome(case, "failure", finding.severity, view.found(finding), view.explained(finding))
    elif finding.status == "error":
        _outcome(case, "error", finding.severity, view.found(finding), view.explained(finding))
    elif finding.status == "skipped":
        SubElement(case, "skipped", message=_clean(view.found(finding)))


def _suite(root: Element, number: int, name: str, view: CiView, **counts: int) -> Element:
    attributes = {
        "name": name,
        "package": "tpaudit",
        "id": str(number),
        "timestamp": view.made_at.strftime("%Y-%m-%dT%H:%M:%S"),
        "hostname": "localhost",
        "time": "0",
        **{key: str(count) for key, count in counts.items()},
    }
    return SubElement(root, "testsuite", attributes)


def _outcome(case: Element, kind: str, type_: str, message: str, lines: Sequence[str]) -> None:
    SubElement(case, kind, type=type_, message=_clean(message)).text = _clean("\n".join(filter(None, lines)))


def _clean(text: str) -> str:
    """*text* line by line without characters XML cannot hold."""
    return "\n".join(printable(line) for line in text.split("\n"))


def _document(root: Element) -> str:
    indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{tostring(root, encoding="unicode")}\n'
