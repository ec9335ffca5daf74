"""JUnit XML: valid by both schemas in use, and red only where the gate is."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import pytest
import xmlschema

from tests.reports.ci_samples import GROWN, RESULT, view
from tests.reports.samples import EMPTY, FAILED, PASSED
from tpaudit.reports.ci import junit
from tpaudit.reports.language import LANGUAGES, Language
from tpaudit.results import ValidateResult

SCHEMA = xmlschema.XMLSchema(str(Path(__file__).parent / "junit.xsd"))
EMPTY_RESULT = EMPTY["validate"]


def read(text: str) -> ElementTree.Element:
    return ElementTree.fromstring(text)  # noqa: S314 - our own document


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("result", [RESULT, FAILED, PASSED, EMPTY_RESULT])
def test_the_document_is_valid(result: ValidateResult, lang: Language) -> None:
    SCHEMA.validate(junit.render(result, view(lang)))


def test_a_fault_is_a_valid_document_with_one_error() -> None:
    text = junit.render_fault("no exports found in \x1b[31mexports", "put files there", view())

    SCHEMA.validate(text)
    error = read(text).find(".//error")
    assert error is not None
    assert error.text is not None
    assert error.text.splitlines() == ["no exports found in [31mexports", "put files there"]


def test_failures_are_what_fails_the_gate_and_counts_agree_with_the_cases() -> None:
    root = read(junit.render(RESULT, view()))

    failures = {case.attrib["name"].split()[0] for case in root.iter("testcase") if case.find("failure") is not None}
    assert failures == {finding.code for finding in RESULT.gate_failures}
    for suite in root:
        cases = suite.findall("testcase")
        told = (
            len(cases),
            *(sum(case.find(kind) is not None for case in cases) for kind in ("failure", "error", "skipped")),
        )
        assert told == tuple(int(suite.attrib[name]) for name in ("tests", "failures", "errors", "skipped"))
    assert sum(len(suite.findall("testcase")) for suite in root) == len(RESULT.findings)


def test_no_two_cases_share_a_name() -> None:
    names = [
        (case.attrib["classname"], case.attrib["name"]) for case in read(junit.render(RESULT, view())).iter("testcase")
    ]

    assert len(set(names)) == len(names)


def test_what_is_excused_or_below_the_gate_is_told_in_the_output_of_its_suite() -> None:
    root = read(junit.render(RESULT, view()))
    told = {suite.attrib["name"]: suite.findtext("system-out") or "" for suite in root}

    assert "TPP07" in told["contact_points"]
    assert "TPA03" in told["touches"]
    assert "10 waived until 2026-12-31: old till" in told["touches"]


def test_a_failure_says_how_much_since_when_and_where() -> None:
    root = read(junit.render(RESULT, view()))
    grown = next(case for case in root.iter("testcase") if case.attrib["name"].startswith(GROWN.code)).find("failure")

    assert grown is not None
    assert grown.attrib["message"].startswith("10 of 1,000 rows (1.0%); grown from 7 to 10 since the baseline")
    assert grown.text is not None
    assert "first in a.csv row 2" in grown.text
