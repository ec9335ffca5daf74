"""Medians of waits and their intervals against the same told wait by wait."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from tests.journeys.plain_waits import HOUR, expected
from tpaudit.engine import Engine, EngineSettings, connect
from tpaudit.journeys.journey_map import touch_waits
from tpaudit.journeys.waits import median_hours, plain_median_hours

Wait = tuple[str | None, str, int]


@pytest.fixture(scope="module")
def engine() -> Engine:
    return connect(EngineSettings(threads=1))


def table_of(engine: Engine, waits: list[Wait]) -> Any:
    group, customer, seconds = zip(*waits, strict=True)
    return engine.table(
        pa.table(
            {
                "group": pa.array(group, pa.string()),
                "customer_id": pa.array(customer),
                "seconds": pa.array(seconds, pa.int64()),
            }
        )
    )


def found(engine: Engine, waits: list[Wait]) -> dict[str | None, tuple[float, float | None, float | None]]:
    told = engine.fetch_rows(median_hours(engine, table_of(engine, waits), ["group"]))
    assert {row["group"]: row["n"] for row in told} == Counter(group for group, _, _ in waits)
    return {row["group"]: (row["median_hours"], row["low"], row["high"]) for row in told}


# Short and long, alike and apart: hours that hold one wait and hours that hold most of them.
SECONDS = st.one_of(st.integers(0, 5), st.integers(0, 3 * HOUR), st.integers(0, 400 * 24 * HOUR))
WAITS = st.lists(
    st.tuples(st.sampled_from(["a", "b", None]), st.sampled_from("uvwxyz"), SECONDS), min_size=1, max_size=120
)


@given(WAITS)
@settings(max_examples=15, deadline=None)
def test_medians_and_their_intervals_are_those_of_the_waits_in_order(engine: Engine, waits: list[Wait]) -> None:
    by_group = defaultdict(list)
    for group, customer, seconds in waits:
        by_group[group].append((customer, seconds))
    told = found(engine, waits)
    assert told.keys() == by_group.keys()
    for group, rows in by_group.items():
        assert told[group] == pytest.approx(expected(rows), abs=1e-9, nan_ok=False), group
    plain = engine.fetch_rows(plain_median_hours(engine, table_of(engine, waits), ["group"]))
    assert {row["group"]: row["median_hours"] for row in plain} == {
        group: median for group, (median, *_) in told.items()
    }


def test_waits_of_different_customers_have_the_usual_interval(engine: Engine) -> None:
    seconds = np.random.default_rng(4).integers(0, 90 * 24 * HOUR, 1001)
    told = found(engine, [("a", f"customer-{number}", int(wait)) for number, wait in enumerate(seconds)])
    usual = stats.quantile_test(seconds / HOUR, p=0.5).confidence_interval()
    assert told["a"] == pytest.approx((np.median(seconds) / HOUR, usual.low, usual.high))


def test_intervals_of_customers_who_wait_alike_cover_the_median(engine: Engine) -> None:
    """Ten waits of each customer, who is fast or slow by nature: as ten times as many customers they would cover
    the median in half of the worlds."""
    rng = np.random.default_rng(11)
    waits = []
    for world in range(400):
        speed = rng.exponential(20 * HOUR, 60)
        drawn = (speed[:, None] * rng.uniform(0.9, 1.1, (60, 10))).astype(int)
        waits += [(f"{world}", f"{world}-{who}", int(wait)) for who, row in enumerate(drawn) for wait in row]
    truth = 20 * np.log(2)
    covered = [low <= truth <= high for _, low, high in found(engine, waits).values() if low and high]
    assert len(covered) == 400
    assert 0.92 <= np.mean(covered) <= 0.99


@given(
    st.lists(st.tuples(st.sampled_from("uvw"), st.integers(0, 4), st.sampled_from("abc"), st.sampled_from(["s", None])))
)
@settings(max_examples=25, deadline=None)
def test_of_touches_at_one_instant_the_last_waits_for_the_next_instant(
    engine: Engine, touches: list[tuple[str, int, str, str | None]]
) -> None:
    begin = datetime(2026, 11, 1, tzinfo=UTC)
    # Ids in any order, as in the mart, where they decide among touches of one instant.
    in_mart = sorted(enumerate(touches), key=lambda touch: (*touch[1][:2], touch[0]))
    customer, at, touchpoint, stage = zip(*(touch for _, touch in in_mart), strict=True) if touches else ((),) * 4
    columns = {"customer_id": pa.array(customer, pa.string()), "touchpoint": pa.array(touchpoint, pa.string())}
    columns |= {"stage": pa.array(stage, pa.string())}
    columns["occurred_at"] = pa.array([begin + timedelta(hours=hour) for hour in at], pa.timestamp("us", tz="UTC"))
    told = engine.fetch_rows(touch_waits(engine, engine.table(pa.table(columns))))
    in_time = sorted(touches, key=lambda touch: (*touch[:3], touch[3] is None, touch[3] or ""))
    expected_waits = [
        (one[2], one[3], (other[1] - one[1]) * HOUR) for one, other in pairwise(in_time) if one[0] == other[0]
    ]
    assert Counter((row["touchpoint"], row["stage"], row["seconds"]) for row in told) == Counter(expected_waits)
