"""Credits and the attribution rows over hand-written journeys."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import combinations
from math import factorial

import ibis
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.lake import make_store
from tpaudit.engine import Engine
from tpaudit.errors import InputFault
from tpaudit.ranking.attribution import MARKOV_ORDERS, attribute
from tpaudit.ranking.credits import MODELS, journey_credits
from tpaudit.ranking.moves import count_moves, with_worth
from tpaudit.ranking.steps import numbered
from tpaudit.results import AttributionBasis
from tpaudit.stats.bootstrap import BLOCKS, block_weights

WEEK = 7 * 24.0
BASIS = AttributionBasis(outcome="conversion", window_days=30)
SCHEMA = pa.schema(
    {
        "journey": pa.int64(), "block": pa.int16(), "position": pa.int32(), "touchpoint": pa.string(),
        "hours_before": pa.float64(), "converted": pa.bool_(), "value": pa.float64(), "times": pa.int64(),
    }
)  # fmt: skip


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Engine:
    return make_store(tmp_path_factory.mktemp("audit")).engine


def steps(engine: Engine, journeys: Iterable[tuple[list[str], bool, float | None]], timed: bool = True) -> object:
    """Journeys as steps a week apart, the last a week before the journey ends."""
    rows = [
        {
            "journey": customer,
            "block": customer % BLOCKS,
            "position": position,
            "touchpoint": touchpoint,
            "hours_before": WEEK * (len(path) - position + 1) if timed else None,
            "converted": converted,
            "value": value,
            "times": 1,
        }
        for customer, (path, converted, value) in enumerate(journeys)
        for position, touchpoint in enumerate(path, start=1)
    ]
    return engine.table(pa.Table.from_pylist(rows, schema=SCHEMA))


def credited(engine: Engine, told: object, touchpoints: list[str], direct: tuple[int, ...] = ()):  # type: ignore[no-untyped-def]
    return journey_credits(engine, numbered(told, touchpoints).filter(ibis._.converted), len(touchpoints), direct)


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
    given_away = credited(engine, told, ["chat", "search", "website"], direct=(2,)).by_model[model]
    assert given_away.conversions.sum(axis=0) == pytest.approx(EXPECTED[model])
    assert given_away.value.sum(axis=0) == pytest.approx(90.0 * np.array(EXPECTED[model]))


@pytest.mark.parametrize(
    ("path", "expected"),
    [(["a"], [1.0]), (["a", "b"], [0.5, 0.5]), (["a", "b", "c"], [0.4, 0.2, 0.4]),
     (["a", "b", "c", "d", "e"], [0.4, 0.2 / 3, 0.2 / 3, 0.2 / 3, 0.4])],
)  # fmt: skip
def test_position_model_by_length(engine: Engine, path: list[str], expected: list[float]) -> None:
    found = credited(engine, steps(engine, [(path, True, 1.0)]), path).by_model["position"]
    assert found.conversions.sum(axis=0) == pytest.approx(expected)


def test_website_alone_keeps_the_credit(engine: Engine) -> None:
    found = credited(engine, steps(engine, [(["website", "website"], True, 1.0)]), ["website"], direct=(0,))
    assert found.by_model["last_non_direct"].conversions.sum() == 1


def touch_by_touch(path: list[str], model: str) -> dict[str, float]:
    """What one journey gives each touchpoint, going from touch to touch as the models are usually told."""
    length = len(path)
    other = [place for place, name in enumerate(path) if name != "website"]
    decay = [2.0 ** -(length - place) for place in range(length)]
    parts = {
        "first": [float(place == 0) for place in range(length)],
        "last": [float(place == length - 1) for place in range(length)],
        "last_non_direct": [float(place == (other[-1] if other else length - 1)) for place in range(length)],
        "linear": [1 / length] * length,
        "position": [1 / length] * length if length <= 2 else [0.4, *[0.2 / (length - 2)] * (length - 2), 0.4],
        "time_decay": [part / sum(decay) for part in decay],
        "shapley": [(name not in path[:place]) / len(set(path)) for place, name in enumerate(path)],
    }[model]
    given_away: dict[str, float] = {}
    for name, part in zip(path, parts, strict=True):
        given_away[name] = given_away.get(name, 0.0) + part
    return given_away


paths = st.lists(st.sampled_from(["a", "b", "c", "website"]), min_size=1, max_size=6)
journeys = st.lists(st.tuples(paths, st.booleans()), min_size=1, max_size=12)
TOUCHPOINTS = ["a", "b", "c", "website"]
quickly = settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])


@quickly
@given(journeys)
def test_credits_equal_those_given_touch_by_touch(engine: Engine, told: list[tuple[list[str], bool]]) -> None:
    found = credited(engine, steps(engine, [(path, won, 3.0) for path, won in told]), TOUCHPOINTS, direct=(3,))
    for model in MODELS:
        given_away = [touch_by_touch(path, model) for path, won in told if won]
        expected = [sum(each.get(name, 0.0) for each in given_away) for name in TOUCHPOINTS]
        assert found.by_model[model].conversions.sum(axis=0) == pytest.approx(expected, abs=1e-9)


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


@pytest.mark.parametrize("size", [1, 2, 5, 10])
def test_shapley_equals_brute_force_over_coalitions(engine: Engine, size: int) -> None:
    rng = np.random.default_rng(size)
    players = [f"t{number}" for number in range(size)]
    told = [
        ([players[place] for place in rng.integers(0, size, rng.integers(1, 7))], bool(rng.random() < 0.6))
        for _ in range(25)
    ]
    found = credited(engine, steps(engine, [(path, won, 1.0) for path, won in told]), players)
    expected = brute_force_shapley([frozenset(path) for path, won in told if won], players)
    assert found.by_model["shapley"].conversions.sum(axis=0) == pytest.approx(expected, abs=1e-9)


@quickly
@given(journeys)
def test_every_model_gives_away_all_conversions_and_no_more(engine: Engine, told: list[tuple[list[str], bool]]) -> None:
    rows = steps(engine, [(path, converted, 10.0) for path, converted in told])
    won = sum(converted for _, converted in told)
    found = attribute(engine, rows, TOUCHPOINTS, block_weights(20, seed=1), BASIS).rows
    if not won:
        assert not found
        return
    for model in (*MODELS, *MARKOV_ORDERS):
        own = [row for row in found if row.model == model]
        assert sum(row.share for row in own) == pytest.approx(1)
        assert sum(row.credit for row in own) == pytest.approx(won)
        assert sum(row.value or 0 for row in own) == pytest.approx(10 * won)
        assert all(row.ci_low is not None and row.ci_high is not None for row in own)
        assert sorted(row.rank or 0 for row in own) == [1, 2, 3, 4]


def test_moves_counted_by_the_engine(engine: Engine) -> None:
    told = numbered(steps(engine, [(["a", "b", "b"], True, 7.0), (["b"], False, None)]), ["a", "b"])
    moves = with_worth(engine, count_moves(engine, told, 2), told.filter(ibis._.converted))
    told = zip(moves.previous, moves.place, moves.following, moves.value, moves.times.toarray()[:2].T, strict=True)
    # 2 is START as previous and CONVERSION as following, 3 the END.
    assert [(*map(int, row[:3]), float(row[3]), row[4].tolist()) for row in told] == [
        (0, 1, 1, 0.0, [1, 0]), (1, 1, 2, 7.0, [1, 0]), (2, 0, 1, 0.0, [1, 0]), (2, 1, 3, 0.0, [0, 1]),
    ]  # fmt: skip


def test_unknown_order_values_stay_unknown(engine: Engine) -> None:
    found = attribute(engine, steps(engine, [(["a"], True, None)]), ["a"], block_weights(5, seed=1), BASIS)
    assert {(row.value, row.roas) for row in found.rows} == {(None, None)}


def test_worth_nothing_is_not_unknown(engine: Engine) -> None:
    found = attribute(engine, steps(engine, [(["a"], True, 0.0)]), ["a"], block_weights(5, seed=1), BASIS).rows
    assert {row.value for row in found} == {0.0}


def test_models_by_value_follow_the_value(engine: Engine) -> None:
    """Chat brings many small orders, search one large one."""
    told = steps(engine, [(["chat"], True, 1.0)] * 9 + [(["search"], True, 91.0)])
    found = attribute(engine, told, ["chat", "search"], block_weights(20, seed=1), BASIS).rows
    for row in found:
        assert (row.share, row.value) == pytest.approx((0.9, 9.0) if row.touchpoint == "chat" else (0.1, 91.0))


def test_cost_becomes_return_and_cost_per_conversion(engine: Engine) -> None:
    told = steps(engine, [(["ads", "chat"], True, 300.0), (["ads"], False, None)])
    spent = {"ads": 50.0, "unmet": 9.0}
    found = attribute(engine, told, ["ads", "chat"], block_weights(20, seed=1), BASIS, spent).rows
    ads, chat = ((row.cost, row.roas, row.cost_per_conversion) for row in found if row.model == "linear")
    assert ads == pytest.approx((50.0, 3.0, 100.0))
    assert chat == (None, None, None)
    (last,) = (row for row in found if row.model == "last" and row.touchpoint == "ads")
    assert (last.roas, last.cost_per_conversion) == (0.0, None)


def test_without_times_there_is_no_time_decay_and_a_reason(engine: Engine) -> None:
    told = steps(engine, [(["a", "b"], True, 1.0)], timed=False)
    found = attribute(engine, told, ["a", "b"], block_weights(20, seed=1), BASIS)
    assert found.basis.absent == {"time_decay": "no_times"}
    assert "time_decay" not in {row.model for row in found.rows}


def test_intervals_hold_the_share_and_shrink_with_customers(engine: Engine) -> None:
    rng = np.random.default_rng(4)

    def width(customers: int, model: str) -> float:
        told = [([str(rng.choice(["a", "b", "c"])), "b"], bool(rng.random() < 0.5), 1.0) for _ in range(customers)]
        found = attribute(engine, steps(engine, told), ["a", "b", "c"], block_weights(300, seed=1), BASIS).rows
        for row in found:
            assert (row.ci_low or 0) - 1e-9 <= row.share <= (row.ci_high or 1) + 1e-9
            assert (row.rank_low or 0) <= (row.rank or 0) <= (row.rank_high or 0)
        return max((row.ci_high or 1) - (row.ci_low or 0) for row in found if row.model == model)

    for model in ("linear", "markov", "markov_2"):
        assert width(3000, model) < width(300, model) / 2


def test_threads_do_not_matter(tmp_path_factory: pytest.TempPathFactory) -> None:
    rng = np.random.default_rng(9)
    told = [
        (rng.choice(list("abcd"), 4).tolist(), bool(rng.random() < 0.4), float(rng.integers(1, 99))) for _ in range(400)
    ]
    found = []
    for threads, order in ((1, 1), (2, -1)):
        engine = make_store(tmp_path_factory.mktemp("audit"), threads=threads).engine
        rows = steps(engine, told).order_by(ibis._.position * order)
        found.append(attribute(engine, rows, list("abcd"), block_weights(50, seed=1), BASIS).rows)
    for one, other in zip(*found, strict=True):
        assert (one.touchpoint, one.model, one.rank, one.rank_low, one.rank_high) == (
            other.touchpoint, other.model, other.rank, other.rank_low, other.rank_high,
        )  # fmt: skip
        assert (one.share, one.value, one.ci_low, one.ci_high) == pytest.approx(
            (other.share, other.value, other.ci_low, other.ci_high), rel=1e-12
        )


def test_too_many_touchpoints_are_refused(engine: Engine) -> None:
    with pytest.raises(InputFault, match="5,001 distinct touchpoints"):
        attribute(engine, steps(engine, []), [f"t{n}" for n in range(5001)], block_weights(2, seed=1), BASIS)


def test_five_hundred_touchpoints_are_attributed(engine: Engine) -> None:
    """More states than are inverted, and each touchpoint met a few times."""
    rng = np.random.default_rng(5)
    names = [f"t{number}" for number in range(500)]
    told = [([names[place] for place in rng.integers(0, 500, 4)], bool(rng.random() < 0.4), 1.0) for _ in range(600)]
    met = sorted({name for path, _, _ in told for name in path})
    found = attribute(engine, steps(engine, told), met, block_weights(20, seed=1), BASIS)
    assert not found.basis.absent
    for model in (*MODELS, *MARKOV_ORDERS):
        own = [row for row in found.rows if row.model == model]
        assert sum(row.share for row in own) == pytest.approx(1)
        assert all(np.isfinite([row.share, row.ci_low or 0.0, row.ci_high or 0.0]).all() for row in own)
