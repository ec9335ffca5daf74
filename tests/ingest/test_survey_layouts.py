"""Surveys in every layout: options in one cell or in columns of their own, headers of several rows."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.ingest.own_presets import column, load
from tests.lake import make_store
from tpaudit.store import Store

SURVEY = """
id = "answers"
table = "surveys"
[match]
all = ["nr", "at"]
[columns]
nr = "surveys.response_id"
at = "surveys.submitted_at"
[survey]
questions = '^\\d+、|^Q|^(?!nr|at)'
"""


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return make_store(tmp_path)


def test_several_options_in_one_cell_are_listed(store: Store) -> None:
    load(store, SURVEY, "nr,at,1、渠道,2、意见\n1,2026-05-01,微信┋电话,好\n2,2026-05-02,微信,\n")
    rows = column(store, "surveys", "question_id", "options", "answer_raw")
    assert ("Q1", ["微信", "电话"], "微信┋电话") in rows
    assert ("Q1", ["微信"], "微信") in rows
    assert ("Q2", None, "好") in rows


def test_a_column_per_option_is_one_question(store: Store) -> None:
    load(store, SURVEY, "nr,at,1(微信),1(电话),2、评分_服务,2、评分_价格\n1,2026-05-01,1,0,5,3\n2,2026-05-02,1,1,4,2\n")
    rows = column(store, "surveys", "source_row", "question_id", "options", "answer_raw")
    assert (2, "Q1", ["微信"], "微信") in rows
    assert (3, "Q1", ["微信", "电话"], "微信┋电话") in rows
    assert {(row[1], row[3]) for row in rows if row[0] == 2} == {("Q1", "微信"), ("Q2", "5"), ("Q2_2", "3")}


def test_a_second_header_row_holds_the_options_and_blank_names_repeat(store: Store) -> None:
    preset = SURVEY.replace("[survey]", "[header]\nrows = 2\nwording = 1\nchoice = 2\nfill_right = true\n[survey]")
    text = (
        "nr,at,How satisfied are you?,Which channels?,,,Why?\n"
        ",,Response,Shop,Phone,Other (please specify),Open-Ended Response\n"
        "1,2026-05-01,4,Shop,,,nice\n"
        "2,2026-05-02,5,Shop,Phone,Post,\n"
    )
    load(store, preset, text)
    rows = column(store, "surveys", "source_row", "question_id", "metric", "question_text", "options", "answer_raw")
    assert (3, "Q1", "csat", "How satisfied are you?", None, "4") in rows
    assert (4, "Q2", "other", "Which channels?", ["Shop", "Phone"], "Shop┋Phone") in rows
    assert (4, "Q2_2", "other", "Which channels? – Other (please specify)", None, "Post") in rows
    assert (3, "Q3", "other", "Why?", None, "nice") in rows
    assert len(rows) == 8


def test_codes_stand_in_the_first_header_row_and_questions_in_the_second(store: Store) -> None:
    preset = SURVEY.replace("[survey]", "[header]\nrows = 3\nwording = 2\n[survey]")
    text = (
        'nr,at,Q1,Q2_4\nResponse,When,How likely are you to recommend us?,"Which of these, if any?"\n'
        '"{""ImportId"":""a""}","{""ImportId"":""b""}","{""ImportId"":""c""}","{""ImportId"":""d""}"\n'
        "R1,2026-05-01,9,Tea\n"
    )
    load(store, preset, text)
    rows = column(store, "surveys", "source_row", "question_id", "metric", "score", "question_text")
    assert sorted(rows) == [
        (4, "Q1", "nps", 9.0, "How likely are you to recommend us?"),
        (4, "Q2_4", "other", None, "Which of these, if any?"),
    ]
