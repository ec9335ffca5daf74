from __future__ import annotations

import io
import re

import pytest
from rich.cells import cell_len
from rich.console import Console
from syrupy.assertion import SnapshotAssertion

from tests.reports.attribution_samples import NOTHING, OF_AUDIT, OF_FILE
from tests.reports.samples import EMPTY as EMPTY_RESULTS
from tests.reports.samples import FAILED, HOSTILE, INGEST, PASSED, RANK
from tests.reports.samples import RESULTS as SAMPLES
from tpaudit.reports.figures import Figures
from tpaudit.reports.language import LANGUAGES, Language, Messages
from tpaudit.reports.sentences import headline
from tpaudit.reports.terminal import View, render
from tpaudit.reports.terminal.grid import Grid
from tpaudit.results import Result, RunResult, ValidateResult

RESULTS = {**SAMPLES, "attribution": OF_AUDIT, "attribution_of_file": OF_FILE}
EMPTY = {**EMPTY_RESULTS, "attribution": NOTHING}
RULE = re.compile(r"^ *[─-]{8,}$")


def drawn(result: Result, lang: Language = "en", width: int = 100, ascii: bool = False, limit: int | None = 20) -> str:
    """What a terminal of this width would show, trailing blanks kept."""
    console = Console(file=io.StringIO(), width=width, color_system=None, highlight=False)
    console.print(render(result, View(Messages(lang), width=width, ascii=ascii, limit=limit)))
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def trimmed(text: str) -> str:
    return "\n".join(line.rstrip() for line in text.splitlines())


@pytest.mark.parametrize("width", [80, 120])
@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("name", RESULTS)
def test_result_looks_as_agreed(name: str, lang: Language, width: int, snapshot: SnapshotAssertion) -> None:
    assert trimmed(drawn(RESULTS[name], lang, width)) == snapshot


@pytest.mark.parametrize("ascii", [False, True])
@pytest.mark.parametrize("width", [80, 100, 120, 200])
@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("name", RESULTS)
def test_no_line_is_wider_than_the_console(name: str, lang: Language, width: int, ascii: bool) -> None:
    lines = drawn(RESULTS[name], lang, width, ascii).splitlines()

    assert max(cell_len(line) for line in lines) <= width


@pytest.mark.parametrize("width", range(60, 124, 4))
@pytest.mark.parametrize("lang", LANGUAGES)
def test_sentences_of_the_headline_are_shown_whole(lang: Language, width: int) -> None:
    run = SAMPLES["run"]
    assert isinstance(run, RunResult)
    shown = "".join(drawn(run, lang, width).split())
    messages = Messages(lang)
    for sentence in headline(run, messages, Figures(messages)):
        assert "".join(sentence.split()) in shown


@pytest.mark.parametrize("width", [80, 120])
@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("name", RESULTS)
def test_heading_rule_and_first_row_of_a_table_are_equally_wide(name: str, lang: Language, width: int) -> None:
    lines = drawn(RESULTS[name], lang, width).splitlines()
    rules = [number for number, line in enumerate(lines) if RULE.match(line)]

    assert rules
    for number in rules:
        assert {cell_len(line) for line in lines[number - 1 : number + 2]} == {cell_len(lines[number])}


@pytest.mark.parametrize("lang", LANGUAGES)
def test_all_rows_of_a_table_are_equally_wide(lang: Language) -> None:
    view = View(Messages(lang), width=60)
    grid = Grid(view, (("Touchpoint 触点", "text"), ("客户数", "number"), ("", "label")))
    grid.add_group("认知")
    grid.add("在线客服与智能助手 and a rather long English name", "1,204", view.bar(0.333, 8), nested=True)
    grid.add("é → ¥ ★", "9", view.bar(1, 8))
    console = Console(file=io.StringIO(), width=60, color_system=None)
    console.print(grid.render())
    assert isinstance(console.file, io.StringIO)

    assert len({cell_len(line) for line in console.file.getvalue().splitlines()}) == 1


def test_row_with_a_missing_cell_is_refused() -> None:
    grid = Grid(View(Messages("en")), (("a", "text"), ("b", "number")))

    with pytest.raises(ValueError, match="1 cells for 2 columns"):
        grid.add("only one")


@pytest.mark.parametrize("name", ["dedupe", "validate_failed", "kpi", "rank", "attribution"])
def test_ascii_terminal_gets_ascii_only(name: str) -> None:
    assert drawn(RESULTS[name], ascii=True, width=120).isascii()


def test_names_from_outside_neither_colour_nor_move_nor_style_anything() -> None:
    shown = drawn(INGEST, width=200)

    assert "\x1b" not in shown
    assert "\u202e" not in shown
    assert HOSTILE.replace("\x1b", "").replace("\u202e", "") in shown


def test_long_list_says_how_much_is_left_out() -> None:
    shown = drawn(RANK, limit=2)

    assert "and 3 more (--all)" in shown
    assert "Product page" not in shown.split("Attribution")[0]


def test_long_ranking_keeps_what_is_golden_and_drops_what_is_not_judged() -> None:
    shown = drawn(RANK, limit=2).split("Attribution")[0]

    assert "★  Chat and AI agent" in shown
    assert "★  Store visit" in shown
    assert "Short video" not in shown


def test_long_journey_map_keeps_the_most_met_touchpoints_of_all_stages() -> None:
    shown = drawn(RESULTS["journey"], limit=3).split("Commonest paths")[0]

    assert all(name in shown for name in ("Online ads", "Product page", "Cart"))
    assert "and 4 more (--all)" in shown


def test_all_rows_are_shown_on_request() -> None:
    assert "--all" not in drawn(RANK, limit=None)
    assert "TPV03" in drawn(FAILED, limit=None)
    assert "TPV03" not in drawn(FAILED)


def test_failures_come_first_and_the_verdict_last() -> None:
    lines = drawn(FAILED).rstrip().splitlines()
    first_row = next(number for number, line in enumerate(lines) if RULE.match(line)) + 1

    assert lines[first_row].strip().startswith("FAIL")
    assert lines[-1].startswith("FAILED: 1 at or above critical (exit 1)")


@pytest.mark.parametrize(
    ("result", "verdict"),
    [
        (PASSED, "PASSED: nothing at or above critical"),
        (ValidateResult(findings=PASSED.findings, fail_on="never"), "PASSED: failures are reported"),
        (ValidateResult(findings=FAILED.findings, fail_on="never"), "NOT EVALUATED: 1 check could not run"),
        (ValidateResult(findings=FAILED.findings, fail_on="info"), "FAILED: 3 at or above info"),
        (ValidateResult(findings=(), fail_on="critical"), "NOT EVALUATED: no check ran (exit 3)"),
    ],
)
def test_verdict_follows_the_gate(result: ValidateResult, verdict: str) -> None:
    assert drawn(result).rstrip().splitlines()[-1].startswith(verdict)


def test_skipped_checks_are_never_hidden() -> None:
    assert "SKIP   TPS01" in drawn(FAILED)
    assert "1 skipped" in drawn(FAILED)


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("name", EMPTY)
def test_empty_result_is_shown_without_tables(name: str, lang: Language) -> None:
    assert drawn(EMPTY[name], lang).strip()


@pytest.mark.parametrize(
    ("share", "bar"), [(None, ""), (0, ""), (0.001, "▏"), (0.5, "████"), (1, "████████"), (7, "████████")]
)
def test_bar_is_as_long_as_the_share(share: float | None, bar: str) -> None:
    assert View(Messages("en")).bar(share, 8).plain == bar.ljust(8)
