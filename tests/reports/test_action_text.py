from __future__ import annotations

import pytest

from tests.reports.rank_samples import RANK
from tests.reports.samples import RUN
from tests.reports.test_terminal import drawn
from tpaudit.model.marts import BREAKPOINT_SIGNS, QUADRANTS
from tpaudit.reports.action_text import (
    action_words,
    breakpoints,
    caveats,
    driver_words,
    expected_change,
    importance_basis,
    sign_measured,
)
from tpaudit.reports.figures import Figures
from tpaudit.reports.html import render
from tpaudit.reports.language import LANGUAGES, Language, Messages, catalogue
from tpaudit.reports.plain import tabular, to_markdown

EN = Messages("en")
FIGURES = Figures(EN)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_code_of_the_ranking_has_words(lang: Language) -> None:
    known = catalogue(lang)
    assert {f"sign.{sign}" for sign in BREAKPOINT_SIGNS} <= known.keys()
    assert {f"broken.{sign}" for sign in BREAKPOINT_SIGNS} <= known.keys()
    assert {f"driver.{sign}" for sign in (*BREAKPOINT_SIGNS, "busy")} <= known.keys()
    assert {f"quadrant.{quadrant}" for quadrant in QUADRANTS} <= known.keys()


def test_drivers_are_listed_the_weightiest_first() -> None:
    (row,) = [row for row in RANK.golden if row.touchpoint == "online_ads"]
    assert driver_words(row, EN) == "no clear effect, busy in vain, many leave here, reach"


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_sign_is_said_with_its_figures(lang: Language) -> None:
    messages = Messages(lang)
    figures = Figures(messages)
    said = {sign: sign_measured(row, sign, RANK, messages, figures) for row, sign in breakpoints(RANK)}
    assert set(said) == set(BREAKPOINT_SIGNS)
    assert all(told in said["low_rating"] for told in ("3.10", "120", "4.25"))
    assert "-9.0" in said["dissatisfaction"]
    assert "38.0%" in said["repeat_contact"] and "+17.0" in said["repeat_contact"]
    assert "20.0%" in said["returns"] and "140" in said["returns"]
    assert not any(figures.unknown in text for text in said.values())


def test_breakpoints_most_customers_meet_come_first() -> None:
    assert next(row.touchpoint for row, _sign in breakpoints(RANK)) == "online_ads"


def test_a_sign_of_all_stages_is_listed_once() -> None:
    hotline = RANK.experience[-1]
    twice = RANK.model_copy(
        update={"experience": (*RANK.experience, hotline.model_copy(update={"stage": "purchase", "customers": 9}))}
    )
    listed = [(row.stage, sign) for row, sign in breakpoints(twice) if row.touchpoint == "hotline"]
    assert sorted(sign for _stage, sign in listed) == [
        "dissatisfaction", "dissatisfaction", "low_rating", "repeat_contact", "returns",
    ]  # fmt: skip
    assert {stage for stage, sign in listed if sign == "returns"} == {"service"}


def test_actions_are_told_with_step_change_and_interval() -> None:
    first, spared, *_, unmeasured = RANK.actions
    assert action_words(first, RANK, EN, FIGURES) == "Close 50% of the gap of Online ads (Awareness): many leave here"
    assert expected_change(first, EN, FIGURES) == "37 more convert (19–56)"
    assert action_words(spared, RANK, EN, FIGURES) == "Spare 50% of those who meet Hotline (Service)"
    assert expected_change(unmeasured, EN, FIGURES) == "not measured"


def test_interval_below_nothing_keeps_its_sign() -> None:
    doubtful = RANK.actions[0].model_copy(update={"expected_low": -4.2})
    assert expected_change(doubtful, EN, FIGURES) == "37 more convert (-4.2 to 56)"


def test_each_caveat_is_said_once() -> None:
    said = caveats(RANK, EN)
    assert len(said) == len(set(said)) == 4


def test_absent_importance_gives_its_reason() -> None:
    assert RANK.experience_fit is not None
    bare = RANK.experience_fit.model_copy(
        update={"touchpoints": 0, "left_out": {"chat": "constant", "cart": "constant"}}
    )
    said = importance_basis(RANK.model_copy(update={"experience_fit": bare}), EN, FIGURES)
    assert said == "Importance is absent: all ratings, or all overall judgements, are alike."
    alone = RANK.experience_fit.model_copy(update={"touchpoints": 1})
    assert "nothing to compare" in (
        importance_basis(RANK.model_copy(update={"experience_fit": alone}), EN, FIGURES) or ""
    )


def test_nobody_rated_anything_so_nothing_is_said_of_importance() -> None:
    unrated = RANK.model_copy(update={"experience": ()})
    assert importance_basis(unrated, EN, FIGURES) is None
    assert "Importance and performance" not in drawn(unrated)


def test_ranking_without_anything_to_do_says_so() -> None:
    assert "No action follows" in drawn(RANK.model_copy(update={"actions": ()}))


@pytest.mark.parametrize("lang", LANGUAGES)
def test_report_shows_actions_breakpoints_and_experience(lang: Language) -> None:
    page = render(RUN, lang)
    messages = Messages(lang)
    for key in ("action.title", "action.breakpoints", "experience.title"):
        assert messages.text(key) in page
    assert "A/B test, October" in page
    assert messages.name("flag", "busy") in page
    assert messages.text("journey.no_owner") in page


def test_markdown_of_a_ranking_holds_actions_and_experience() -> None:
    text = to_markdown(RANK)
    assert {"## golden_touchpoints", "## experience", "## actions"} <= set(text.splitlines())
    assert next(name for name, _rows in tabular(RANK)) == "golden_touchpoints"
