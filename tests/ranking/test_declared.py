"""Experiments and survey questions an audit declares: read as written, and every fault told at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from tpaudit.errors import ConfigFault
from tpaudit.journeys.catalogue import load as load_catalogue
from tpaudit.ranking.declared import load_experiments, load_questions

CATALOGUE = load_catalogue(Path("no/such/audit"))
EXPERIMENT = """
[[experiment]]
touchpoint = "coupon"
outcome = "conversion"
effect = 0.031
effect_low = 0.012
effect_high = 0.05
source = "A/B test, October"
"""
QUESTION = """
[[question]]
touchpoint = "delivery"
asks = "importance"
question_text = ["*送货*", "*DELIVERY*"]
scale = [0, 10]
"""


def faults(folder: Path, file: str, text: str) -> str:
    (folder / file).write_text(text, encoding="utf-8")
    with pytest.raises(ConfigFault) as caught:
        (load_experiments if file.startswith("exp") else load_questions)(folder, CATALOGUE)
    return str(caught.value)


def test_without_files_nothing_is_declared(tmp_path: Path) -> None:
    assert load_experiments(tmp_path, CATALOGUE) == load_questions(tmp_path, CATALOGUE) == ()


def test_experiments_are_read_as_written(tmp_path: Path) -> None:
    (tmp_path / "experiments.toml").write_text(EXPERIMENT, encoding="utf-8")
    (found,) = load_experiments(tmp_path, CATALOGUE)
    assert (found.touchpoint, found.outcome, found.effect) == ("coupon", "conversion", 0.031)
    assert (found.effect_low, found.effect_high, found.source) == (0.012, 0.05, "A/B test, October")


def test_questions_are_read_as_written_in_lower_case(tmp_path: Path) -> None:
    (tmp_path / "survey_questions.toml").write_text(QUESTION, encoding="utf-8")
    (found,) = load_questions(tmp_path, CATALOGUE)
    assert (found.asks, found.scale) == ("importance", (0, 10))
    assert found.rule.conditions == (("question_text", ("*送货*", "*delivery*")),)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (("coupon", "coupn"), "[[experiment]] number 1: unknown touchpoint 'coupn'; did you mean 'coupon'"),
        (("effect_low = 0.012", "effect_low = 0.04"), "effect must lie between effect_low and effect_high"),
        (("effect = 0.031", "effect = 3.1"), "effect: Input should be less than or equal to 1"),
        (("conversion", "sales"), "outcome: Input should be 'conversion', 'retention' or 'satisfaction'"),
        (("source", "sorce"), "sorce: unknown key; did you mean 'source'"),
        (('"A/B test, October"', '""'), "source: String should have at least 1 character"),
        (("[[experiment]]", "[experiment]"), "write each experiment under a line [[experiment]]"),
        (("[[experiment]]", "[[experiments]]"), "unknown section 'experiments'; did you mean 'experiment'"),
        (("effect = 0.031", "effect = "), "cannot be read"),
    ],
)
def test_a_wrong_experiment_is_told_with_its_place(tmp_path: Path, change: tuple[str, str], told: str) -> None:
    said = faults(tmp_path, "experiments.toml", EXPERIMENT.replace(*change))
    assert told in said
    assert "experiments.toml" in said


def test_two_experiments_on_one_question_are_refused(tmp_path: Path) -> None:
    assert "coupon has two experiments for conversion" in faults(tmp_path, "experiments.toml", EXPERIMENT * 2)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (("[0, 10]", "[10, 0]"), "scale: the first number must be the lowest answer"),
        (("question_text", "survey_name"), "needs question_id or question_text"),
        (("importance", "importence"), "asks: Input should be 'satisfaction' or 'importance'"),
        (("delivery", "delivry"), "unknown touchpoint 'delivry'; did you mean 'delivery'"),
    ],
)
def test_a_wrong_question_is_told_with_its_place(tmp_path: Path, change: tuple[str, str], told: str) -> None:
    assert told in faults(tmp_path, "survey_questions.toml", QUESTION.replace(*change, 1))


def test_all_faults_are_told_at_once(tmp_path: Path) -> None:
    said = faults(
        tmp_path, "survey_questions.toml", QUESTION.replace("delivery", "a") + QUESTION.replace("delivery", "b")
    )
    assert "number 1" in said and "number 2" in said
