"""Journeys of random worlds against the same numbers stated in plain SQL, and what must hold in every world."""

from __future__ import annotations

import random
import statistics
import tempfile
from collections import defaultdict
from datetime import timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.journeys.plain_waits import expected as median_with_interval
from tests.journeys.world import at, audit_with
from tpaudit import journeys
from tpaudit.store import Store

NAMES = ("search", "chat", "cart", "store_visit", None)
BEGIN = at("10-01 00:00")


def random_world(seed: int, customers: int, touches: int) -> dict[str, Any]:
    draw = random.Random(seed)
    contacts = {f"k{number}": f"c{number % customers}" for number in range(customers + 3)}

    def moment() -> Any:
        # Few distinct instants, so that touches and orders coincide.
        return BEGIN + timedelta(hours=draw.randrange(0, 24 * 44, 6))

    return {
        "links": contacts,
        "touches": [
            {"touch_id": f"t{number}", "contact_id": draw.choice([*contacts, None]), "touchpoint": draw.choice(NAMES),
             "occurred_at": moment(), "channel": draw.choice(["web", "kiosk", None])}
            for number in range(touches)
        ],
        "orders": [
            {"order_id": f"o{number}", "contact_id": draw.choice(list(contacts)), "paid_at": moment(),
             "status": draw.choice(["paid", "cancelled", "refunded"]), "paid_amount": number}
            for number in range(customers // 2)
        ],
    }  # fmt: skip


STEPS = """
    with person as (select * from '{marts}/customer_links.parquet'),
    t as (
        select t.*, p.customer_id from '{lake}/touches/*.parquet' t join person p using (contact_id) where p.customer_id is not null
    ),
    bought as (
        select customer_id, min(paid_at) as at from '{lake}/orders/*.parquet' join person using (contact_id) group by all
    ),
    last as (select customer_id, max(occurred_at) as at from t group by all),
    step as (
        select t.customer_id, t.touchpoint, t.occurred_at, b.at as bought_at,
               row_number() over (partition by t.customer_id order by t.occurred_at, t.touch_id) as n,
               count(*) over (partition by t.customer_id) as of_n
        from t left join bought b using (customer_id) join last l using (customer_id)
        where t.touchpoint is not null
          and t.occurred_at >= coalesce(b.at, l.at) - interval 30 day
          and (b.at is null or t.occurred_at < b.at)
    )
"""


@pytest.fixture(scope="module")
def random_store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    store = audit_with(tmp_path_factory.mktemp("random"), **random_world(1, customers=40, touches=600))
    journeys.build(store)
    return store


def plain(store: Store, query: str) -> list[tuple[Any, ...]]:
    steps = STEPS.format(marts=store.audit.marts, lake=store.audit.lake)
    return sorted(duckdb.sql(steps + query).fetchall(), key=repr)


def mart(store: Store, name: str, *columns: str) -> list[tuple[Any, ...]]:
    return sorted((tuple(row[c] for c in columns) for row in store.engine.fetch_rows(store.mart(name))), key=repr)


def test_paths_equal_plain_sql(random_store: Store) -> None:
    expected = plain(
        random_store,
        """select path, count(*), count(*) filter (bought) from (
             select array_to_string(list(touchpoint order by n)[-20:], ' > ') as path, any_value(bought_at) is not null as bought
             from step group by customer_id) group by path""",
    )
    assert mart(random_store, "paths", "path", "customers", "conversions") == expected


def test_transitions_equal_plain_sql(random_store: Store) -> None:
    expected = plain(
        random_store,
        """select a, b, count(distinct customer_id), count(*), round(median(hours), 6) from (
             select customer_id, 'START' as a, touchpoint as b, null::double as hours from step where n = 1
             union all
             select x.customer_id, x.touchpoint, y.touchpoint, epoch(y.occurred_at - x.occurred_at) / 3600
             from step x join step y on x.customer_id = y.customer_id and y.n = x.n + 1
             union all
             select customer_id, touchpoint, if(bought_at is null, 'END', 'CONVERSION'), epoch(bought_at - occurred_at) / 3600
             from step where n = of_n) group by a, b""",
    )
    found = mart(
        random_store, "transitions", "from_touchpoint", "to_touchpoint", "customers", "transitions", "median_hours"
    )
    assert [(*row[:4], None if row[4] is None else round(row[4], 6)) for row in found] == expected


def test_drop_off_equals_plain_sql(random_store: Store) -> None:
    # Customers whose journey ends there in vain, over customers whose journey has it as a step.
    expected = dict(
        plain(
            random_store,
            """select touchpoint, round(count(distinct customer_id) filter (n = of_n and bought_at is null)
                      / count(distinct customer_id), 6) from step where touchpoint in ('search', 'cart') group by touchpoint""",
        )
    )
    found = {
        row[0]: round(row[1], 6)
        for row in mart(random_store, "journey_map", "touchpoint", "drop_off")
        if row[0] in expected
    }
    assert found == expected


def test_waits_equal_plain_sql(random_store: Store) -> None:
    waits = duckdb.sql(
        f"""with wait as (
                select stage, touchpoint, customer_id, epoch(lead(occurred_at) over (
                    partition by customer_id order by occurred_at, touchpoint, stage) - occurred_at)::bigint as seconds
                from '{random_store.audit.marts}/journey_touches.parquet'
                where customer_id is not null and touchpoint is not null)
            select stage, touchpoint, list((customer_id, seconds)) from wait where seconds is not null group by all"""
    ).fetchall()
    of_stage = defaultdict(list)
    for stage, _, told in waits:
        of_stage[stage] += [seconds / 3600 for _, seconds in told]
    columns = ("median_hours_to_next", "hours_low", "hours_high", "n_waits", "stage_hours")
    found = {row[:2]: row[2:] for row in mart(random_store, "journey_map", "stage", "touchpoint", *columns) if row[5]}
    assert found.keys() == {(stage, touchpoint) for stage, touchpoint, _ in waits}
    for stage, touchpoint, told in waits:
        expected = (*median_with_interval(told), len(told), statistics.median(of_stage[stage]))
        assert found[stage, touchpoint] == pytest.approx(expected), (stage, touchpoint)


@settings(max_examples=5, suppress_health_check=[HealthCheck.too_slow])
@given(seed=st.integers(0, 10**6), customers=st.integers(1, 6), touches=st.integers(1, 40))
def test_in_every_world_paths_add_up_and_row_order_does_not_matter(seed: int, customers: int, touches: int) -> None:
    world = random_world(seed, customers, touches)
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as other:
        store = audit_with(Path(one), **world)
        result = journeys.build(store)
        assert sum(path.customers for path in result.paths) == result.customers
        assert sum(path.share for path in result.paths) == pytest.approx(1 if result.paths else 0)
        assert sum(path.conversions for path in result.paths) == result.converted
        entered = sum(row.transitions for row in result.transitions if row.from_touchpoint == "START")
        left = sum(row.transitions for row in result.transitions if row.to_touchpoint in ("CONVERSION", "END"))
        assert entered == left == result.customers
        assert all(0 <= row.reach <= 1 for row in result.map if row.reach is not None)

        shuffled = {
            name: rows if name == "links" else random.Random(seed).sample(rows, len(rows))
            for name, rows in world.items()
        }
        again = audit_with(Path(other), **shuffled)
        assert journeys.build(again) == result
