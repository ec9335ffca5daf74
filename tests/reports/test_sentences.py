from __future__ import annotations

import pytest

from tests.reports.samples import FAILED, JOURNEY, KPI, PASSED, RANK, RUN, STOPPED
from tpaudit.reports.figures import Figures
from tpaudit.reports.language import LANGUAGES, Language, Messages
from tpaudit.reports.sentences import act, broken, conversion, dissatisfaction, golden, headline, loss, quality, risk
from tpaudit.results import RankResult, ValidateResult

EN = Messages("en")
FIGURES = Figures(EN)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_headline_has_three_to_six_sentences(lang: Language) -> None:
    messages = Messages(lang)

    assert 3 <= len(headline(RUN, messages, Figures(messages))) <= 6


def test_stopped_run_speaks_of_the_data_only() -> None:
    (only,) = headline(STOPPED, EN, FIGURES)

    assert only.startswith("The data falls short: 1 of 4 checks failed at the gate")
    assert "touches.occurred_at (312 of 18,112 rows, 1.7%)" in only


def test_golden_sentence_carries_effect_interval_and_n_and_claims_no_cause() -> None:
    said = golden(RANK, EN, FIGURES) or ""

    assert "Chat and AI agent and Store visit" in said
    assert "12.3 points more often" in said
    assert "+8.3 to +16.3, n = 377" in said
    assert "association, not proof of a cause" in said


def test_an_experiment_takes_the_place_of_the_association() -> None:
    tried = RANK.experiments[0].model_copy(update={"touchpoint": "chat"})
    said = golden(RANK.model_copy(update={"experiments": (tried,)}), EN, FIGURES) or ""

    assert said.endswith("an experiment (A/B test, October) measured +9.0 points (+4.0 to +14.0).")
    assert "association" not in said


def test_breakpoint_sentence_names_the_one_most_customers_meet_with_its_figures() -> None:
    said = broken(RANK, EN, FIGURES) or ""

    assert said.startswith("Broken at Online ads (Awareness): 31.0% of 911 journeys end here in vain, +12.4 points")
    assert "(+8.1 to +17.0)" in said


@pytest.mark.parametrize("lang", LANGUAGES)
def test_first_action_is_said_with_its_interval_evidence_and_owner(lang: Language) -> None:
    messages = Messages(lang)
    said = act(RANK, messages, Figures(messages)) or ""

    for told in ("37", "19", "56", "marketing", messages.text("action.association")):
        assert told in said


def test_nothing_to_do_is_not_made_up() -> None:
    idle = RANK.model_copy(update={"actions": (), "experience": ()})

    assert (broken(idle, EN, FIGURES), act(idle, EN, FIGURES)) == (None, None)


def test_risk_sentence_says_less_often() -> None:
    assert "11.8 points less often" in (risk(RANK, EN, FIGURES) or "")


def test_without_golden_touchpoints_that_is_said() -> None:
    none_golden = RANK.model_copy(update={"golden": tuple(row for row in RANK.golden if row.verdict == "supporting")})

    assert (golden(none_golden, EN, FIGURES) or "").startswith("No touchpoint is golden on this evidence: of 3 judged")
    assert risk(none_golden, EN, FIGURES) is None


def test_empty_ranking_says_nothing() -> None:
    empty = RankResult(golden=(), attribution=(), fits=(), journeys=0, conversions=0, replicates=0, top=3)

    assert golden(empty, EN, FIGURES) is None


def test_conversion_takes_the_interval_from_the_kpi() -> None:
    assert "312 of 1,204 customers converted: 25.9% (95% interval 23.5–28.4%)" in (
        conversion(KPI, JOURNEY, EN, FIGURES) or ""
    )


def test_conversion_is_counted_where_the_kpi_is_missing() -> None:
    assert (conversion(None, JOURNEY, EN, FIGURES) or "").startswith("312 of 1,204 customers with a journey converted.")
    assert conversion(None, None, EN, FIGURES) is None


def test_low_rating_is_told_only_if_its_interval_is_clear_of_the_overall_one() -> None:
    assert "61.0% are satisfied (95% interval 52.0–69.0%, n = 121)" in (dissatisfaction(KPI, EN, FIGURES) or "")
    unclear = KPI.model_copy(update={"rows": tuple(row for row in KPI.rows if row.touchpoint != "hotline")})
    assert dissatisfaction(unclear, EN, FIGURES) is None


def test_largest_loss_is_told_with_its_customers() -> None:
    assert "Cart (Purchase): 41.3% of the 498 customers" in (loss(JOURNEY, EN, FIGURES) or "")


@pytest.mark.parametrize(
    ("validation", "beginning"),
    [
        (PASSED, "The data passes the gate: 1 of 3 checks"),
        (ValidateResult(findings=FAILED.findings, fail_on="never"), "1 of 4 checks passed; failures were allowed"),
        (ValidateResult(findings=(), fail_on="critical"), "No data-quality check ran"),
    ],
)
def test_quality_sentence_follows_the_gate(validation: ValidateResult, beginning: str) -> None:
    assert quality(validation, EN, FIGURES).startswith(beginning)
