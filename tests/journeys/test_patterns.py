"""Drop-off between stages, loops, waits and the length of journeys: by hand, and against plain SQL."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.journeys.plain_waits import expected
from tests.journeys.test_plain_sql import STEPS, plain, random_world
from tests.journeys.world import SETTINGS, at, audit_with, touch
from tpaudit import journeys
from tpaudit.results import JourneyResult
from tpaudit.stats.intervals import wilson
from tpaudit.store import Store

STAGES = ("awareness", "consideration", "purchase", "service", "loyalty")


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> tuple[Store, JourneyResult]:
    store = audit_with(tmp_path_factory.mktemp("patterns"), **random_world(7, customers=150, touches=2500))
    return store, journeys.build(store)


def test_drop_off_between_stages_equals_plain_sql(world: tuple[Store, JourneyResult]) -> None:
    store, result = world
    expected = duckdb.sql(
        f"""
        with met as (
            select customer_id, occurred_at, list_position({list(STAGES)}, stage) as place
            from '{store.audit.marts}/journey_touches.parquet' where customer_id is not null and stage is not null
              and occurred_at < '2026-11-16 16:00:00Z')
        select a.place, count(distinct a.customer_id),
               count(distinct a.customer_id) filter (exists (
                   select 1 from met b where b.customer_id = a.customer_id and b.place > a.place
                     and b.occurred_at >= (select min(c.occurred_at) from met c
                                           where c.customer_id = a.customer_id and c.place = a.place)))
        from met a group by 1 order by 1
        """
    ).fetchall()
    assert len(expected) > 2
    found = [(STAGES.index(row.stage) + 1, row.customers, row.went_on or 0) for row in result.stage_flow]
    assert found == expected
    first = result.stage_flow[0]
    assert (first.ci_low, first.ci_high) == wilson(first.customers - (first.went_on or 0), first.customers)


def test_loops_and_rework_equal_plain_sql(world: tuple[Store, JourneyResult]) -> None:
    store, result = world
    runs = """
        , run as (
            select *, row_number() over (partition by customer_id order by n) as m from (
                select *, lag(touchpoint) over (partition by customer_id order by n) as before from step)
            where before is distinct from touchpoint)
    """
    query = STEPS.format(marts=store.audit.marts, lake=store.audit.lake) + runs
    again = "select 1 from run y where y.customer_id = x.customer_id and y.touchpoint = x.touchpoint and y.m < x.m"
    returned = duckdb.sql(query + f"select count(distinct customer_id) from run x where exists ({again})").fetchall()
    assert result.returns is not None
    assert (result.returns.journeys, result.returns.returned) == (result.customers, returned[0][0])
    loops = duckdb.sql(
        query
        + """select a.touchpoint, b.touchpoint, count(distinct a.customer_id) as customers, count(*)
             from run a join run b on b.customer_id = a.customer_id and b.m = a.m + 1
             join run c on c.customer_id = a.customer_id and c.m = a.m + 2 and c.touchpoint = a.touchpoint
             group by 1, 2 order by customers desc, 1, 2"""
    ).fetchall()
    assert len(loops) == result.returns.loops_total
    assert [(row.touchpoint, row.through, row.customers, row.times) for row in result.returns.loops] == loops[:20]


def test_touches_to_purchase_equal_plain_sql(world: tuple[Store, JourneyResult]) -> None:
    store, result = world
    expected = dict(
        plain(
            store,
            """select case when touches <= 4 then touches when touches <= 8 then 5 else 9 end, count(*) from (
                 select count(*) as touches from step where bought_at is not null group by customer_id) group by 1""",
        )
    )
    assert {row.least: row.customers for row in result.touches_to_purchase if row.customers} == expected
    assert sum(row.customers for row in result.touches_to_purchase) == result.converted
    assert sum(row.share for row in result.touches_to_purchase) == pytest.approx(1)


def test_the_longest_waits_are_those_of_the_transitions(world: tuple[Store, JourneyResult]) -> None:
    store, result = world
    expected = duckdb.sql(
        f"""select from_touchpoint, to_touchpoint, median_hours from '{store.audit.marts}/transitions.parquet'
            where to_touchpoint <> 'END' and from_touchpoint <> 'START' and transitions >= 30
            order by median_hours desc, 1, 2 limit 20"""
    ).fetchall()
    assert expected
    assert [(row.from_touchpoint, row.to_touchpoint, row.median_hours) for row in result.waits] == expected


def test_intervals_of_waits_are_those_of_order_statistics(world: tuple[Store, JourneyResult]) -> None:
    store, result = world
    waited = plain(
        store,
        """select a.touchpoint, coalesce(b.touchpoint, 'CONVERSION'),
                  list((a.customer_id, date_diff('second', a.occurred_at, coalesce(b.occurred_at, a.bought_at))))
           from step a left join step b on b.customer_id = a.customer_id and b.n = a.n + 1
           where b.n is not null or a.bought_at is not null group by 1, 2""",
    )
    waits = {(left, reached): rows for left, reached, rows in waited}
    assert len(result.transitions) == result.transitions_total
    timed = [row for row in result.transitions if (row.from_touchpoint, row.to_touchpoint) in waits]
    assert len(timed) == len(waits)
    for row in (*timed, *result.waits):
        rows = waits[row.from_touchpoint, row.to_touchpoint]
        assert len(rows) == row.transitions
        assert (row.median_hours, row.ci_low, row.ci_high) == pytest.approx(expected(rows))


def test_paths_to_and_away_from_the_conversion(world: tuple[Store, JourneyResult]) -> None:
    _, result = world
    assert [row.conversions for row in result.paths_to] == sorted(
        (r.conversions for r in result.paths_to), reverse=True
    )
    assert all(row.conversions for row in result.paths_to)
    lost = [row.customers - row.conversions for row in result.paths_away]
    assert lost == sorted(lost, reverse=True)
    assert all(lost)


def test_purchases_within_sixty_days_leave_out_whom_nobody_could_watch_long_enough(tmp_path: Path) -> None:
    """Seen from 16 November; the sixtieth day before it is 17 September."""

    def bought(name: str, when: str) -> dict[str, Any]:
        return {"order_id": name, "contact_id": name, "status": "paid", "paid_at": at(when), "paid_amount": 1}

    store = audit_with(
        tmp_path,
        {name: name for name in ("fast", "slow", "edge", "young", "unseen", "never")},
        touches=[
            touch(1, "fast", "09-17 12:00", "x", touchpoint="chat"),
            touch(2, "slow", "08-01 12:00", "x", touchpoint="search"),  # 61 days before: outside the journey's window
            touch(3, "slow", "09-30 12:00", "x", touchpoint="chat"),
            touch(4, "edge", "08-01 12:00", "x", touchpoint="search"),  # 60 days before, to the minute
            touch(5, "edge", "09-29 12:00", "x", touchpoint="chat"),
            touch(6, "young", "09-18 00:01", "x", touchpoint="chat"),
            touch(7, "never", "08-01 12:00", "x", touchpoint="chat"),
            touch(8, "unseen", "09-15 12:00", "x", touchpoint="chat"),  # after the purchase
        ],
        orders=[bought("fast", "10-01 12:00"), bought("slow", "10-01 12:00"), bought("edge", "09-30 12:00"),
                bought("young", "09-19 12:00"), bought("unseen", "09-14 12:00")],
    )  # fmt: skip
    found = journeys.build(store).purchase_within
    assert found is not None
    assert (found.customers, found.within, found.left_out) == (3, 2, 1)
    assert (found.share, found.ci_low, found.ci_high) == (2 / 3, *(wilson(2, 3) or ()))


def test_gaps_and_the_frame_of_the_numbers_are_told(tmp_path: Path) -> None:
    store = audit_with(
        tmp_path, {"a": "A"}, SETTINGS + "[journey]\nwindow_days = 45\n",
        touches=[
            touch(1, "a", "11-01 12:00", "x", touchpoint="search"),
            touch(2, "a", "11-02 12:00", "x", touchpoint="kiosk", stage="purchase"),
        ],
    )  # fmt: skip
    result = journeys.build(store)
    assert result.unmet_stages == ("consideration", "service", "loyalty")
    assert result.unowned_touchpoints == ("kiosk",)
    assert (result.timezone, result.as_of, result.window_days) == ("Asia/Shanghai", date(2026, 11, 16), 45)
    assert [(row.stage, row.customers, row.went_on) for row in result.stage_flow] == [
        ("awareness", 1, 1),
        ("purchase", 1, 0),
    ]
    assert result.touches_to_purchase == ()
    assert result.purchase_within is None
    assert result.paths_to == ()
    assert [row.path for row in result.paths_away] == ["search > kiosk"]


def test_a_world_without_journeys_has_no_patterns(tmp_path: Path) -> None:
    result = journeys.build(audit_with(tmp_path, {}, touches=[touch(1, None, "11-01 12:00", "x")]))
    assert (result.stage_flow, result.returns, result.waits) == ((), None, ())
