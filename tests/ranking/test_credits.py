"""Credits and the attribution rows over hand-written journeys."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import combinations
from math import factorial

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.lake import make_store
from tpaudit.engine import Engine
from tpaudit.ranking.attribution import attribute
from tpaudit.ranking.chain import transition_counts
from tpaudit.ranking.credits import MODELS, journey_credits
from tpaudit.stats.bootstrap import block_weights

END = datetime(2026, 10, 31)


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Engine:
    return make_store(tmp_path_factory.mktemp("audit")).engine


def steps(engine: Engine, journeys: Iterable[tuple[list[str], bool, float | None]]) -> object:
    """Journeys as steps a week apart, the last a week before the journey ends."""
    rows = [
        {
            "customer_id": f"c{customer}",
            "position": position,
            "touchpoint": touchpoint,
            "occurred_at": END - timedelta(weeks=len(path) - position + 1),
            "ended_at": END,
            "converted": converted,
            "value": None if value is None else Decimal(str(value)),
        }
        for customer, (path, converted, value) in enumerate(journeys)
        for position, touchpoint in enumerate(path, start=1)
    ]
    schema = pa.schema(
        {
            "customer_id": pa.string(),
            "position": pa.int64(),
            "touchpoint": pa.string(),
            "occurred_at": pa.timestamp("us", "UTC"),
            "ended_at": pa.timestamp("us", "UTC"),
            "converted": pa.bool_(),
            "value": pa.decimal128(18, 4),
        }
    )
    return engine.table(pa.Table.from_pylist(rows, schema=schema))


# One converting journey of four touches (chat twice), one that does not convert.
PATH = ["search", "chat", "chat", "website"]
EXPECTED = {  # chat, search, website
    "first": [0, 1, 0],
    "last": [0, 0, 1],
    "last_non_direct": [1, 0, 0],
    "linear": [0.5, 0.25, 0.25],
    "position": [0.2, 0.4, 0.4],
    "time_decay": [(4 + 2) / 15, 1 / 15, 8 / 15],
    "shapley": [1 / 3, 1 / 3, 1 / 3],
}


@pytest.mark.parametrize("model", MODELS)
def test_credits_of_one_journey_by_hand(engine: Engine, model: str) -> None:
    told = steps(engine, [(PATH, True, 90.0), (["search"], False, None)])
    given_away = journey_credits(engine, told, ["chat", "search", "website"])[model]
    assert given_away.conversions.sum(axis=0) == pytest.approx(EXPECTED[model])
    assert given_away.value.sum(axis=0) == pytest.approx(90.0 * np.array(EXPECTED[model]))


@pytest.mark.parametrize(
    ("path", "expected"),
    [(["a"], [1.0]), (["a", "b"], [0.5, 0.5]), (["a", "b", "c"], [0.4, 0.2, 0.4]),
     (["a", "b", "c", "d", "e"], [0.4, 0.2 / 3, 0.2 / 3, 0.2 / 3, 0.4])],
)  # fmt: skip
def test_position_model_by_length(engine: Engine, path: list[str], expected: list[float]) -> None:
    found = journey_credits(engine, steps(engine, [(path, True, 1.0)]), path)["position"]
    assert found.conversions.sum(axis=0) == pytest.approx(expected)


def test_website_alone_keeps_the_credit(engine: Engine) -> None:
    found = journey_credits(engine, steps(engine, [(["website", "website"], True, 1.0)]), ["website"])
    assert found["last_non_direct"].conversions.sum() == 1


def brute_force_shapley(sets: list[frozenset[str]], players: list[str]) -> list[float]:
    """Every coalition's worth is the conversions of journeys that need nobody else."""

    def worth(coalition: frozenset[str]) -> int:
        return sum(met <= coalition for met in sets)

    values = []
    for player in players:
        others = [other for other in players if other != player]
        value = 0.0
        for size in range(len(players)):
            weight = factorial(size) * factorial(len(players) - size - 1) / factorial(len(players))
            for coalition in combinations(others, size):
                joined = frozenset(coalition)
                value += weight * (worth(joined | {player}) - worth(joined))
        values.append(value)
    return values


journeys = st.lists(
    st.tuples(st.lists(st.sampled_from("abcd"), min_size=1, max_size=5), st.booleans()), min_size=1, max_size=12
)
quickly = settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


@quickly
@given(journeys)
def test_shapley_equals_brute_force_over_coalitions(engine: Engine, told: list[tuple[list[str], bool]]) -> None:
    rows = steps(engine, [(path, converted, 1.0) for path, converted in told])
    found = journey_credits(engine, rows, list("abcd"))["shapley"].conversions.sum(axis=0)
    assert found == pytest.approx(brute_force_shapley([frozenset(p) for p, won in told if won], list("abcd")), abs=1e-9)


@quickly
@given(journeys)
def test_every_model_gives_away_all_conversions_and_no_more(engine: Engine, told: list[tuple[list[str], bool]]) -> None:
    rows = steps(engine, [(path, converted, 10.0) for path, converted in told])
    won = sum(converted for _, converted in told)
    found = attribute(engine, rows, list("abcd"), block_weights(20, seed=1))
    if not won:
        assert found == []
        return
    for model in (*MODELS, "markov"):
        own = [row for row in found if row.model == model]
        assert sum(row.share for row in own) == pytest.approx(1)
        assert sum(row.credit for row in own) == pytest.approx(won)
        assert sum(row.value or 0 for row in own) == pytest.approx(10 * won)
        assert all(row.ci_low is not None and row.ci_high is not None for row in own)


def test_transitions_counted_by_the_engine(engine: Engine) -> None:
    rows = steps(engine, [(["a", "b", "b"], True, None), (["b"], False, None)])
    counts = transition_counts(engine, rows, ["a", "b"]).sum(axis=0)
    # columns a, b, conversion, end; rows a, b, start
    assert counts.tolist() == [[0, 1, 0, 0], [0, 1, 1, 1], [1, 1, 0, 0]]


def test_unknown_order_values_stay_unknown(engine: Engine) -> None:
    found = attribute(engine, steps(engine, [(["a"], True, None)]), ["a"], block_weights(5, seed=1))
    assert {row.value for row in found} == {None}


def test_intervals_hold_the_share_and_shrink_with_customers(engine: Engine) -> None:
    rng = np.random.default_rng(4)

    def width(customers: int) -> float:
        told = [([str(rng.choice(["a", "b", "c"])), "b"], bool(rng.random() < 0.5), 1.0) for _ in range(customers)]
        found = attribute(engine, steps(engine, told), ["a", "b", "c"], block_weights(300, seed=1))
        for row in found:
            assert (row.ci_low or 0) - 1e-9 <= row.share <= (row.ci_high or 1) + 1e-9
        return max((row.ci_high or 1) - (row.ci_low or 0) for row in found if row.model == "linear")

    assert width(2000) < width(200) / 2
