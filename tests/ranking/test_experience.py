"""Importance and performance: against plain numpy on the same ratings, and where there is little or nothing to say."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from tests.kpis.marts import write_mart_rows
from tests.lake import make_store, write_lake_rows
from tpaudit.audit.settings import ExperienceSection
from tpaudit.journeys.catalogue import load as load_catalogue
from tpaudit.kpis.facts import Facts
from tpaudit.ranking.declared import load_questions
from tpaudit.ranking.experience import QUADRANTS, Experience, _quadrants, measure_experience
from tpaudit.ranking.ratings import Ratings
from tpaudit.stats.bootstrap import block_weights
from tpaudit.store import Store

Floats = NDArray[np.float64]

SETTINGS = '[audit]\nas_of = 2026-11-16\ntimezone = "UTC"\n'
NOON = datetime(2026, 7, 1, 12)
WEIGHTS = block_weights(200, seed=1)
QUESTIONS = """
[[question]]
touchpoint = "delivery"
asks = "satisfaction"
question_text = "*DELIVERY*"

[[question]]
touchpoint = "delivery"
asks = "importance"
question_id = ["i1", "i2"]
scale = [0, 10]
"""


def write_ratings(store: Store, ratings: Floats, overall: Floats, touchpoints: list[str], metric: str = "nps") -> None:
    """One customer per row of *ratings* (NaN: not rated), who answers the overall question a week later."""
    customers = [f"c{number}" for number in range(len(ratings))]
    write_mart_rows(store, "customer_links", [{"contact_id": f"k{name}", "customer_id": name} for name in customers])
    write_mart_rows(
        store,
        "journey_touches",
        [
            {"touch_id": f"{name}-{touchpoint}", "customer_id": name, "touchpoint": touchpoint, "stage": "service",
             "occurred_at": NOON + timedelta(minutes=number), "satisfaction_score": float(value)}
            for number, name in enumerate(customers)
            for touchpoint, value in zip(touchpoints, ratings[number], strict=True) if not np.isnan(value)
        ],
    )  # fmt: skip
    answers = [
        {"response_id": f"r{name}", "question_id": "q", "contact_id": f"k{name}", "metric": metric, "score": float(score),
         "submitted_at": NOON + timedelta(days=7)}
        for name, score in zip(customers, overall, strict=True) if not np.isnan(score)
    ]  # fmt: skip
    if answers:
        write_lake_rows(store, "surveys", answers)


def measured(store: Store, **rules: Any) -> Experience:
    questions = load_questions(store.audit.folder, load_catalogue(store.audit.folder))
    return measure_experience(Ratings(Facts(store), questions), WEIGHTS, ExperienceSection(**rules))


def survey(seed: int = 1, rows: int = 400) -> tuple[Floats, Floats]:
    """Ratings of chat, hotline and delivery, of which the first matters most, and the recommendation that follows."""
    rng = np.random.default_rng(seed)
    common = rng.normal(size=(rows, 1))
    ratings = np.clip(np.round(3.4 + 0.5 * common + rng.normal(size=(rows, 3))), 1, 5)
    overall = np.clip(np.round(1.2 * ratings[:, 0] + 0.5 * ratings[:, 1] + rng.normal(size=rows)), 0, 10)
    return ratings, overall


def johnson(correlations: Floats) -> Floats:
    """Relative weights from the singular value decomposition of the predictors' correlations."""
    left, values, _ = np.linalg.svd(correlations[:-1, :-1])
    loadings = left @ np.diag(np.sqrt(values)) @ left.T
    betas = np.linalg.inv(loadings) @ correlations[:-1, -1]
    weights: Floats = loadings**2 @ betas**2
    return weights


def test_importance_and_performance_agree_with_numpy_on_the_ratings(tmp_path: Path) -> None:
    store = make_store(tmp_path, SETTINGS)
    ratings, overall = survey()
    names = ["chat", "delivery", "hotline"]
    write_ratings(store, ratings, overall, names)
    found = measured(store)
    expected = johnson(np.corrcoef(np.column_stack([ratings, overall]), rowvar=False))
    for place, name in enumerate(names):
        rated = found.rated[name]
        assert rated.performance == pytest.approx(ratings[:, place].mean())
        assert rated.importance == pytest.approx(expected[place])
        assert (rated.n, rated.n_importance) == (400, 400)
        error = ratings[:, place].std() / 20
        assert rated.interval == pytest.approx(
            (rated.performance - 2 * error, rated.performance + 2 * error), abs=error
        )
        assert rated.importance_interval is not None
        assert rated.importance_interval[0] < expected[place] < rated.importance_interval[1]
    assert found.fit.r_squared == pytest.approx(expected.sum())
    assert (found.fit.metric, found.fit.customers, found.fit.pairs_rated) == ("nps", 400, 3)


def test_quadrants_follow_from_the_means_of_the_touchpoints_compared(tmp_path: Path) -> None:
    store = make_store(tmp_path, SETTINGS)
    ratings, overall = survey()
    ratings = np.clip(ratings + np.array([-1.0, 1.0, 1.0]), 1, 5)
    write_ratings(store, ratings, overall, ["chat", "delivery", "hotline"])
    found = measured(store)
    importance = {name: rated.importance or 0 for name, rated in found.rated.items()}
    assert found.fit.cut_importance == pytest.approx(np.mean(list(importance.values())))
    assert found.fit.cut_performance == pytest.approx(ratings.mean(axis=0).mean())
    assert found.rated["chat"].quadrant == "fix_first"
    assert found.rated["hotline"].quadrant == "possible_overkill"
    assert (found.rated["chat"].p_quadrant or 0) > 0.9


def test_a_goal_takes_the_place_of_the_mean(tmp_path: Path) -> None:
    store = make_store(tmp_path, SETTINGS)
    ratings, overall = survey()
    write_ratings(store, ratings, overall, ["chat", "delivery", "hotline"])
    found = measured(store, performance_goal=4.5)
    assert {rated.quadrant for rated in found.rated.values()} <= {"fix_first", "low_priority"}
    assert found.fit.cut_performance == 4.5
    assert found.rated["chat"].gap == pytest.approx(4.5 - ratings[:, 0].mean())


def test_missing_ratings_leave_each_correlation_to_those_who_gave_both(tmp_path: Path) -> None:
    store = make_store(tmp_path, SETTINGS)
    ratings, overall = survey(2, 600)
    rng = np.random.default_rng(3)
    ratings[rng.random(ratings.shape) < 0.4] = np.nan
    write_ratings(store, ratings, overall, ["chat", "delivery", "hotline"])
    found = measured(store)
    values = np.column_stack([ratings, overall])
    table = np.eye(4)
    for a in range(4):
        for b in range(a):
            both = ~np.isnan(values[:, a]) & ~np.isnan(values[:, b])
            table[a, b] = table[b, a] = np.corrcoef(values[both, a], values[both, b])[0, 1]
    assert np.linalg.eigvalsh(table).min() > 0
    expected = johnson(table)
    for place, name in enumerate(["chat", "delivery", "hotline"]):
        assert found.rated[name].importance == pytest.approx(expected[place])
        assert found.rated[name].n_importance == int((~np.isnan(ratings[:, place])).sum())


def test_touchpoints_nobody_rated_both_count_as_unrelated(tmp_path: Path) -> None:
    store = make_store(tmp_path, SETTINGS)
    ratings, overall = survey(4)
    ratings[:200, 1:], ratings[200:, 0], ratings[200:, 2] = np.nan, np.nan, np.nan
    write_ratings(store, ratings, overall, ["chat", "delivery", "hotline"])
    found = measured(store)
    chat = np.corrcoef(ratings[:200, 0], overall[:200])[0, 1] ** 2
    assert found.rated["chat"].importance == pytest.approx(chat)
    assert (found.fit.pairs, found.fit.pairs_rated) == (1, 0)


def test_ratings_after_the_answer_or_before_the_window_do_not_count(tmp_path: Path) -> None:
    store = make_store(tmp_path, SETTINGS)
    ratings, overall = survey(5)
    write_ratings(store, ratings[:, :1], overall, ["chat"])
    touches = store.engine.fetch(store.mart("journey_touches")).to_pylist()
    for row in touches[:100]:
        row["occurred_at"] = NOON + timedelta(days=8)
    for row in touches[100:150]:
        row["occurred_at"] = NOON - timedelta(days=40)
    write_mart_rows(store, "journey_touches", touches)
    found = measured(store).rated["chat"]
    assert (found.n, found.n_importance) == (400, 250)


@pytest.mark.parametrize("rows", [400])
def test_one_rated_touchpoint_has_importance_and_no_quadrant(tmp_path: Path, rows: int) -> None:
    store = make_store(tmp_path, SETTINGS)
    ratings, overall = survey(6, rows)
    write_ratings(store, ratings[:, :1], overall, ["chat"])
    rated = measured(store).rated["chat"]
    assert rated.importance == pytest.approx(np.corrcoef(ratings[:, 0], overall)[0, 1] ** 2)
    assert (rated.quadrant, rated.gap, rated.poor) == (None, None, None)


def test_copies_of_a_rating_share_its_importance(tmp_path: Path) -> None:
    store = make_store(tmp_path, SETTINGS)
    ratings, overall = survey(7)
    write_ratings(store, ratings[:, [0, 0]], overall, ["chat", "hotline"])
    found = measured(store)
    whole = np.corrcoef(ratings[:, 0], overall)[0, 1] ** 2
    assert [found.rated[name].importance for name in ("chat", "hotline")] == pytest.approx([whole / 2, whole / 2])
    assert {rated.quadrant for rated in found.rated.values()} == {"keep_up"}


@pytest.mark.parametrize(
    ("spoilt", "reason"),
    [("ratings", "constant"), ("overall", "constant"), ("few", "few_answers"), ("none", "no_overall")],
)
def test_where_there_is_no_importance_the_reason_is_told(tmp_path: Path, spoilt: str, reason: str) -> None:
    store = make_store(tmp_path, SETTINGS)
    ratings, overall = survey(8, 100)
    if spoilt == "ratings":
        ratings[:] = 4.0
    if spoilt == "overall":
        overall[:] = 9.0
    overall[{"few": 20, "none": 0}.get(spoilt, 100) :] = np.nan
    write_ratings(store, ratings, overall, ["chat", "delivery", "hotline"])
    found = measured(store)
    assert set(found.fit.left_out.values()) == {reason}
    assert {rated.importance for rated in found.rated.values()} == {None}
    assert all(np.isfinite(rated.performance) for rated in found.rated.values())


def test_nobody_rated_anything(tmp_path: Path) -> None:
    found = measured(make_store(tmp_path, SETTINGS))
    assert (found.rated, found.stated, found.fit.touchpoints) == ({}, {}, 0)


def test_few_ratings_have_a_mean_and_are_not_compared(tmp_path: Path) -> None:
    store = make_store(tmp_path, SETTINGS)
    ratings, overall = survey(9, 60)
    ratings[10:, 2] = np.nan
    write_ratings(store, ratings, overall, ["chat", "delivery", "hotline"])
    found = measured(store)
    assert found.rated["hotline"].n == 10
    assert (found.rated["hotline"].gap, found.rated["hotline"].importance) == (None, None)
    # The others are not compared with it either.
    assert found.rated["chat"].gap == pytest.approx(ratings[:, 1].mean() - ratings[:, 0].mean())


def test_declared_questions_rate_a_touchpoint_and_say_how_important_it_is(tmp_path: Path) -> None:
    store = make_store(tmp_path, SETTINGS)
    (tmp_path / "survey_questions.toml").write_text(QUESTIONS, encoding="utf-8")
    write_mart_rows(store, "customer_links", [{"contact_id": f"k{n}", "customer_id": f"c{n}"} for n in range(50)])
    write_mart_rows(store, "journey_touches", [])
    answers = []
    for number in range(50):
        base = {"response_id": f"r{number}", "contact_id": f"k{number}", "submitted_at": NOON}
        answers += [
            base | {"question_id": "d", "question_text": "How was the delivery?", "metric": "csat", "scale_min": 1,
                    "scale_max": 7, "score": 1 + number % 7},
            base | {"question_id": "i1", "question_text": "Importance", "metric": "other", "answer_value": number % 11},
            base | {"question_id": "q", "question_text": "Overall?", "metric": "csat", "score": 1 + number % 5},
        ]  # fmt: skip
    write_lake_rows(store, "surveys", answers)
    found = measured(store)
    stretched = [1 + 4 * (number % 7) / 6 for number in range(50)]
    assert found.rated["delivery"].performance == pytest.approx(np.mean(stretched))
    assert found.stated["delivery"].importance == pytest.approx(np.mean([1 + 4 * (n % 11) / 10 for n in range(50)]))
    assert found.stated["delivery"].n == 50
    # The declared question is no overall judgement.
    overall = [1 + number % 5 for number in range(50)]
    assert found.rated["delivery"].importance == pytest.approx(np.corrcoef(stretched, overall)[0, 1] ** 2)


def test_answers_about_a_case_rate_its_touchpoint_and_are_no_overall_judgement(tmp_path: Path) -> None:
    store = make_store(tmp_path, SETTINGS)
    write_mart_rows(store, "customer_links", [{"contact_id": "k1", "customer_id": "c1"}])
    write_mart_rows(
        store,
        "journey_touches",
        [{"touch_id": "t", "customer_id": "c1", "touchpoint": "hotline", "stage": "service", "occurred_at": NOON,
          "record_table": "tickets", "record_id": "case1"}],
    )  # fmt: skip
    answer = {"response_id": "r1", "contact_id": "k1", "metric": "csat", "score": 2.0, "submitted_at": NOON}
    write_lake_rows(store, "surveys", [answer | {"question_id": "q", "ticket_id": "case1"}])
    found = measured(store)
    assert (found.rated["hotline"].performance, found.rated["hotline"].n) == (2.0, 1)
    assert found.fit.left_out == {"hotline": "no_overall"}


def test_ratings_that_explain_nothing_have_no_quadrant_and_an_interval_around_their_importance(tmp_path: Path) -> None:
    store = make_store(tmp_path, SETTINGS)
    rng = np.random.default_rng(11)
    ratings = rng.integers(1, 6, size=(150, 3)).astype(float)
    write_ratings(store, ratings, rng.integers(0, 11, 150).astype(float), ["chat", "delivery", "hotline"])
    for rated in measured(store).rated.values():
        assert rated.importance is not None and rated.importance_interval is not None
        assert rated.importance_interval[0] <= rated.importance <= rated.importance_interval[1]
        assert (rated.quadrant is None) == ((rated.p_quadrant or 0) < 0.5)


@given(seed=st.integers(0, 1000), size=st.integers(2, 7))
def test_every_touchpoint_lies_in_one_quadrant_and_the_best_and_most_important_keeps_up(seed: int, size: int) -> None:
    rng = np.random.default_rng(seed)
    importance, performance = rng.random((1, size)), 1 + 4 * rng.random((1, size))
    importance[0, 0], performance[0, 0] = 1.0, 5.0
    found = [QUADRANTS[place] for place in _quadrants(importance, performance, performance.mean(axis=1))[0]]
    assert found[0] == "keep_up"
    for place, quadrant in enumerate(found):
        important, good = importance[0, place] >= importance.mean(), performance[0, place] >= performance.mean()
        assert (quadrant in ("keep_up", "fix_first")) == important
        assert (quadrant in ("keep_up", "possible_overkill")) == good
