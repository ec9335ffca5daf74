"""The ranking under other assumptions, and over all outcomes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.kpis.marts import write_mart_rows
from tests.lake import make_store
from tests.ranking.test_stage import SETTINGS, customer, write_journeys
from tpaudit.ranking import rank
from tpaudit.ranking.sensitivity import marked_robust, overall, sensitivity_rows
from tpaudit.results import GoldenRow, SensitivityRow

WEIGHTS = {"conversion": 0.5, "retention": 0.25, "satisfaction": 0.25}


def row(touchpoint: str, outcome: str = "conversion", moved: float = 0.1, verdict: str = "golden") -> GoldenRow:
    return GoldenRow(
        stage="consideration", outcome=outcome, touchpoint=touchpoint, rank=1, rank_low=1, rank_high=1, band=1,
        verdict=verdict, priority=abs(moved), reach=0.5, effect=moved * 2, effect_low=None, effect_high=None,
        n_customers=500, n_outcomes=100,
    )  # fmt: skip


def other(base: GoldenRow, **changes: object) -> SensitivityRow:
    shown = {name: getattr(base, name) for name in SensitivityRow.model_fields if name not in ("assumption", "value")}
    return SensitivityRow.model_validate(shown | {"assumption": "window_days", "value": 15.0} | changes)


def test_a_verdict_is_robust_if_it_stands_under_every_assumption() -> None:
    base = [row("chat"), row("store"), row("turned"), row("unseen"), row("thin", verdict="insufficient")]
    others = [
        other(base[0]), other(base[0], value=60.0),
        other(base[1]), other(base[1], value=60.0, verdict="supporting"),
        other(base[2], effect=-0.2),
        other(base[4]),
    ]  # fmt: skip
    assert [one.robust for one in marked_robust(base, others)] == [True, False, False, None, None]


def test_overall_score_is_the_weighted_mean_of_what_is_moved() -> None:
    """By hand: chat (.5 x .10 + .25 x .02) / .75, returns (-.25 x .08) / .25."""
    rows = [row("chat", "conversion", 0.10), row("chat", "satisfaction", 0.02), row("returns", "retention", -0.08)]
    found = {one.touchpoint: one for one in overall(rows, WEIGHTS)}
    assert found["chat"].score == pytest.approx((0.5 * 0.10 + 0.25 * 0.02) / 0.75)
    assert found["returns"].score == pytest.approx(-0.08)
    assert (found["chat"].rank, found["returns"].rank) == (1, 2)
    assert found["chat"].outcomes == ("conversion", "satisfaction")


def test_ranks_move_where_weights_decide() -> None:
    """One helps conversion, one satisfaction nearly as much: halving a weight turns them round."""
    rows = [
        row("a", "conversion", 0.06), row("a", "satisfaction", 0.00),
        row("b", "conversion", 0.00), row("b", "satisfaction", 0.10),
        row("c", "conversion", 0.00), row("c", "satisfaction", 0.00),
    ]  # fmt: skip
    found = {one.touchpoint: (one.rank, one.rank_low, one.rank_high) for one in overall(rows, WEIGHTS)}
    assert found == {"a": (1, 1, 2), "b": (2, 1, 2), "c": (3, 3, 3)}


def test_an_outcome_of_weight_zero_does_not_count() -> None:
    rows = [row("a", "conversion", 0.06), row("a", "satisfaction", 0.5), row("b", "satisfaction", 0.1)]
    weights = {"conversion": 1.0, "retention": 0.0, "satisfaction": 0.0}
    assert [(one.touchpoint, one.score) for one in overall(rows, weights)] == [("a", pytest.approx(0.06))]


@given(st.lists(st.tuples(st.sampled_from("abcdef"), st.sampled_from(list(WEIGHTS)), st.floats(-0.5, 0.5)), min_size=1))
def test_overall_ranks_are_a_permutation_within_their_ranges(cells: list[tuple[str, str, float]]) -> None:
    rows = [row(touchpoint, outcome, moved) for (touchpoint, outcome), moved in
            {(touchpoint, outcome): moved for touchpoint, outcome, moved in cells}.items()]  # fmt: skip
    found = overall(rows, WEIGHTS)
    assert [one.rank for one in found] == list(range(1, len(found) + 1))
    assert all(one.rank_low <= one.rank <= one.rank_high for one in found)
    assert overall(rows[::-1], WEIGHTS) == found


def test_ranking_again_with_other_windows_and_sure_identities(tmp_path: Path) -> None:
    """Chat works whatever the window; a third of the customers is not sure enough for the last assumption."""
    store = make_store(tmp_path, SETTINGS + "sensitivity = true\n")
    rng = np.random.default_rng(3)
    journeys, touches = [], []
    for number in range(900):
        path = [name for name in ("search", "chat") if rng.random() < 0.5] or ["search"]
        journey, own = customer(number, path, bool(rng.random() < (0.6 if "chat" in path else 0.3)))
        journeys.append(journey)
        touches += own
    write_journeys(store, journeys, touches)
    write_mart_rows(
        store,
        "customers",
        [
            {"customer_id": f"c{number}", "is_identified": True, "confidence": 0.5 if number % 3 == 0 else 1.0}
            for number in range(900)
        ],
    )
    result = rank(store)
    asked = {(one.assumption, one.value): one for one in result.sensitivity if one.touchpoint == "chat"}
    assert set(asked) == {("window_days", 15.0), ("window_days", 60.0), ("confidence", 0.9)}
    golden = next(one for one in result.golden if one.touchpoint == "chat")
    assert (golden.verdict, golden.robust) == ("golden", True)
    assert asked["confidence", 0.9].n_customers == pytest.approx(golden.n_customers * 2 / 3, rel=0.1)
    written = pq.read_metadata(store.audit.mart_file("golden_sensitivity"))
    assert written.num_rows == len(result.sensitivity)


def test_rows_of_an_assumption_carry_its_name_and_value() -> None:
    class Halved:
        name, value = "window_days", 15

    found = list(sensitivity_rows(Halved(), [row("chat")]))  # type: ignore[arg-type]
    assert [(one.assumption, one.value, one.verdict) for one in found] == [("window_days", 15.0, "golden")]
