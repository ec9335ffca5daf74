"""Annotations of GitHub: one line each, nothing unescaped, never more than are shown; and the Markdown summary."""

from __future__ import annotations

import re

import pytest

from tests.reports.ci_samples import NEW, RESULT, STRANGE, failed, view
from tpaudit.reports.ci import github, summary
from tpaudit.reports.language import LANGUAGES, Language
from tpaudit.results import ValidateResult

ANNOTATION = re.compile(r"::(error|warning|notice) ((?:\w+=[^:,]*)(?:,\w+=[^:,]*)*)::(.+)")


def read(line: str) -> tuple[str, dict[str, str], str]:
    """Level, properties and message, unescaped as the runner does."""
    match = ANNOTATION.fullmatch(line)
    assert match, line
    properties = dict(item.split("=", 1) for item in match[2].split(","))
    return match[1], {name: _plain(value) for name, value in properties.items()}, _plain(match[3])


def _plain(text: str) -> str:
    for code, sign in (("%2C", ","), ("%3A", ":"), ("%0A", "\n"), ("%0D", "\r"), ("%25", "%")):
        text = text.replace(code, sign)
    return text


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_line_but_the_verdict_is_an_annotation(lang: Language) -> None:
    *lines, verdict = github.render(RESULT, view(lang)).splitlines()

    assert len(lines) == sum(one.status in ("failed", "error") for one in RESULT.findings)
    assert all(read(line) for line in lines)
    assert not verdict.startswith("::")


def test_levels_follow_the_gate_and_the_worst_come_first() -> None:
    levels = [read(line)[0] for line in github.render(RESULT, view()).splitlines()[:-1]]

    assert levels == sorted(levels, key=["error", "warning", "notice"].index)
    assert levels.count("error") == len(RESULT.gate_failures) + RESULT.count("error")


def test_an_annotation_stands_at_the_first_row_and_says_the_rest() -> None:
    found = [read(line) for line in github.render(RESULT, view()).splitlines()[:-1]]
    level, properties, message = next(one for one in found if NEW.code in one[1]["title"])

    assert (level, properties["file"], properties["line"]) == ("error", "audit/exports/店 铺.csv", "88")
    assert message.splitlines()[0] == "10 of 1,000 rows (1.0%)"
    assert "first in book.xlsx#线索 row 3" in message


def test_a_hostile_file_name_stays_within_its_annotation() -> None:
    line = next(line for line in github.render(RESULT, view()).splitlines() if STRANGE.code in line)

    assert "\x1b" not in line
    assert "alert(1)" in read(line)[2]


@pytest.mark.parametrize(("number", "lines"), [(10, 10), (11, 10), (40, 10)])
def test_no_level_has_more_than_is_shown_and_the_last_says_how_many_are_left(number: int, lines: int) -> None:
    result = ValidateResult(findings=tuple(failed(f"TPA{n:02}") for n in range(number)), fail_on="critical")

    *annotations, _ = github.render(result, view()).splitlines()

    assert len(annotations) == lines
    if number > lines:
        assert f"and {number - 9} more" in read(annotations[-1])[2]


def test_a_fault_is_one_error() -> None:
    level, properties, message = read(github.render_fault("engine: 100% full", "free: some", view()).strip())

    assert (level, properties["title"], message) == ("error", "tpaudit validate", "engine: 100% full\nfree: some")


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_summary_is_a_table_with_equally_many_cells_in_every_row(lang: Language) -> None:
    text = summary.render(RESULT, view(lang))

    rows = [line for line in text.splitlines() if line.startswith("|")]
    assert {len(re.findall(r"(?<!\\)\|", line)) for line in rows} == {6}
    assert "<script" not in text


def test_the_summary_says_when_it_was_cut() -> None:
    findings = tuple(failed(f"TPA{n:03}") for n in range(summary.LIMIT + 1))
    text = summary.render(ValidateResult(findings=findings, fail_on="critical"), view())

    assert text.count("| FAIL |") == summary.LIMIT
    assert f"{summary.LIMIT} of {summary.LIMIT + 1} shown" in text


def test_verdict_and_baseline_are_in_the_summary() -> None:
    text = summary.render(RESULT, view())

    assert "**FAILED: 5 at or above critical (exit 1)**" in text
    assert "1 known, 1 grown" in text
