"""Losses: against counting one by one and plain SQL, against the textbook formula of two shares, and at the edges."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.kpis.marts import write_mart_rows
from tests.lake import make_store, write_lake_rows
from tpaudit.kpis.facts import Facts
from tpaudit.ranking.loss import Losses, contrast, measure_losses
from tpaudit.stats.bootstrap import BLOCKS, block_weights
from tpaudit.store import Store

SETTINGS = '[audit]\nas_of = 2026-11-16\ntimezone = "UTC"\n'
NOON = datetime(2026, 7, 1, 12)
WEIGHTS = block_weights(300, seed=1)
STAGE = {"content": "awareness", "search": "awareness", "chat": "consideration", "website": "consideration",
         "hotline": "service"}  # fmt: skip


def world(store: Store, customers: int = 300, seed: int = 1) -> None:
    """Customers who meet two to four touchpoints a few hours apart, some of them anonymous, some of them buyers."""
    rng = np.random.default_rng(seed)
    touches, journeys, people, orders, lake = [], [], [], [], []
    for number in range(customers):
        name, start = f"c{number}", NOON + timedelta(minutes=number)
        path = [str(step) for step in rng.choice(list(STAGE), size=int(rng.integers(1, 5)))]
        converted = bool(rng.random() < 0.4)
        hours = np.cumsum(rng.exponential(20, len(path)))
        touches += [
            {"touch_id": f"{name}-{step}", "customer_id": name, "touchpoint": touchpoint, "stage": STAGE[touchpoint],
             "occurred_at": start + timedelta(hours=float(hour)), "position": step, "record_table": "touches",
             "direction": "inbound"}
            for step, (touchpoint, hour) in enumerate(zip(path, hours, strict=True), start=1)
        ]  # fmt: skip
        ended = start + timedelta(hours=float(hours[-1]) + 1)
        journeys.append({"customer_id": name, "started_at": start, "ended_at": ended, "touches": len(path),
                         "converted": converted, "value": Decimal(100)})  # fmt: skip
        people.append({"customer_id": name, "is_identified": number % 5 > 0})
        if converted:
            back = Decimal(30) if rng.random() < 0.3 else Decimal(0)
            orders.append({"order_id": f"o{number}", "customer_id": name, "ordered_at": ended, "sequence": 1,
                           "net_amount": Decimal(100), "refunded_amount": back})  # fmt: skip
            lake.append({"order_id": f"o{number}", "status": "completed", "paid_at": ended})
    for mart, rows in (("journey_touches", touches), ("journeys", journeys), ("customers", people),
                       ("customer_orders", orders)):  # fmt: skip
        write_mart_rows(store, mart, rows)
    write_lake_rows(store, "orders", lake)


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Losses]:
    folder = tmp_path_factory.mktemp("losses")
    store = make_store(folder, SETTINGS)
    world(store)
    return folder / "marts", measure_losses(Facts(store), WEIGHTS, minimum=20)


def test_drop_off_agrees_with_plain_sql(measured: tuple[Path, Losses]) -> None:
    marts, losses = measured
    rows = duckdb.sql(
        f"""
        with seen as (
            select t.customer_id, t.stage, t.touchpoint,
                   bool_or(t.position = j.touches and not j.converted) as lost, bool_or(j.converted) as won
            from '{marts}/journey_touches.parquet' t join '{marts}/journeys.parquet' j using (customer_id)
            join '{marts}/customers.parquet' c using (customer_id)
            where c.is_identified and t.stage <> 'service' group by all
        ), cells as (
            select stage, touchpoint, count(*) as n, sum(lost::int) as lost, sum(won::int) as won from seen group by all
        )
        select stage, touchpoint, n, lost / n,
               (sum(lost) over (partition by stage) - lost) / (sum(n) over (partition by stage) - n),
               (sum(won) over (partition by stage) - won)
               / (sum(n - lost) over (partition by stage) - (n - lost)) from cells
        """
    ).fetchall()
    assert len(rows) == 4
    for stage, touchpoint, n, rate, others, convert in rows:
        found = losses.drop_off[stage, touchpoint]
        assert (found.n, found.rate, found.others) == (n, pytest.approx(rate), pytest.approx(others))
        assert found.kept_convert == pytest.approx(convert)
    assert not any(stage == "service" for stage, _ in losses.drop_off)


def test_returns_are_those_of_orders_after_the_touchpoint_against_all_others(measured: tuple[Path, Losses]) -> None:
    marts, losses = measured
    rows = duckdb.sql(
        f"""
        with met as (
            select distinct o.order_id, t.touchpoint from '{marts}/customer_orders.parquet' o
            join '{marts}/journey_touches.parquet' t on t.customer_id = o.customer_id and t.occurred_at < o.ordered_at
        ), told as (select order_id, (refunded_amount > 0)::int as back from '{marts}/customer_orders.parquet')
        select m.touchpoint, count(*), avg(back),
               (select avg(back) from told where order_id not in (select order_id from met where touchpoint = m.touchpoint))
        from met m join told using (order_id) group by 1
        """
    ).fetchall()
    assert len(rows) == 5
    for touchpoint, n, rate, others in rows:
        found = losses.returns[touchpoint]
        assert (found.n, found.rate, found.others) == (n, pytest.approx(rate), pytest.approx(others))


def test_repeat_contact_counts_as_the_kpi_does(measured: tuple[Path, Losses]) -> None:
    """Only chat and hotline take requests here; each asks whether the customer asked anywhere again within a week."""
    marts, losses = measured
    rows = duckdb.sql(
        f"""
        with asked as (
            select touchpoint, (lead(occurred_at) over (partition by customer_id order by occurred_at)
                                <= occurred_at + interval 7 day)::int as again
            from '{marts}/journey_touches.parquet' where touchpoint in ('chat', 'hotline')
        ) select touchpoint, count(*), avg(coalesce(again, 0)) from asked group by 1
        """
    ).fetchall()
    assert {touchpoint for touchpoint, *_ in rows} == set(losses.repeat_contact) == {"chat", "hotline"}
    shares = {touchpoint: share for touchpoint, _, share in rows}
    for touchpoint, n, share in rows:
        found = losses.repeat_contact[touchpoint]
        other = shares[{"chat": "hotline", "hotline": "chat"}[touchpoint]]
        assert (found.n, found.rate, found.others) == (n, pytest.approx(share), pytest.approx(other))


def test_nothing_to_lose_gives_nothing(tmp_path: Path) -> None:
    found = measure_losses(Facts(make_store(tmp_path, SETTINGS)), WEIGHTS, minimum=20)
    assert (dict(found.drop_off), dict(found.repeat_contact), dict(found.returns)) == ({}, {}, {})


def test_a_stage_of_one_touchpoint_has_nothing_to_compare_with(tmp_path: Path) -> None:
    store = make_store(tmp_path, SETTINGS)
    rows: dict[str, list[dict[str, Any]]] = {"journey_touches": [], "journeys": [], "customers": []}
    for number in range(60):
        name = f"c{number}"
        rows["journey_touches"].append({"touch_id": name, "customer_id": name, "touchpoint": "chat", "stage": "purchase",
                                        "occurred_at": NOON, "position": 1})  # fmt: skip
        rows["journeys"].append({"customer_id": name, "ended_at": NOON, "touches": 1, "converted": number % 2 == 0})
        rows["customers"].append({"customer_id": name, "is_identified": True})
    for mart, told in rows.items():
        write_mart_rows(store, mart, told)
    found = measure_losses(Facts(store), WEIGHTS, minimum=20).drop_off["purchase", "chat"]
    assert (found.n, found.rate, found.excess, found.p) == (60, 0.5, None, None)


def shares(rng: np.random.Generator, n: int, p: float) -> tuple[Any, Any]:
    """Hits and trials per block of *n* independent customers with chance *p*."""
    block = rng.integers(0, BLOCKS, n)
    hit = rng.random(n) < p
    return (np.bincount(block, weights=hit, minlength=BLOCKS), np.bincount(block, minlength=BLOCKS).astype(float))


def test_interval_of_independent_shares_is_the_textbook_one() -> None:
    rng = np.random.default_rng(2)
    one, other = shares(rng, 2000, 0.3), shares(rng, 4000, 0.2)
    found = contrast(*one, *other, block_weights(2000, seed=3), minimum=100)
    error = np.sqrt(found.rate * (1 - found.rate) / 2000 + (found.others or 0) * (1 - (found.others or 0)) / 4000)
    assert found.excess == pytest.approx(found.rate - (found.others or 0))
    assert found.interval is not None
    assert found.interval[1] - found.interval[0] == pytest.approx(2 * 1.96 * error, rel=0.1)
    assert found.p is not None and found.p < 1e-6


def test_equal_shares_are_called_different_about_as_often_as_promised() -> None:
    rng = np.random.default_rng(4)
    weights = block_weights(200, seed=5)
    p_values = [
        contrast(*shares(rng, 400, 0.2), *shares(rng, 1200, 0.2), weights, minimum=100).p or 1.0 for _ in range(300)
    ]
    assert np.mean(np.array(p_values) < 0.05) == pytest.approx(0.05, abs=0.035)


@given(st.integers(1, 60), st.integers(0, 60), st.integers(0, 60))
def test_any_counts_give_finite_numbers_or_none(n: int, others: int, hits: int) -> None:
    trials, other_trials = np.zeros(BLOCKS), np.zeros(BLOCKS)
    trials[:n], other_trials[:others] = 1.0, 1.0
    own = np.zeros(BLOCKS)
    own[: min(hits, n)] = 1.0
    found = contrast(own, trials, np.zeros(BLOCKS), other_trials, WEIGHTS, minimum=20)
    assert 0 <= found.rate <= 1
    values = [found.excess, found.p, *(found.interval or ())]
    assert all(value is None or np.isfinite(value) for value in values)
    assert (found.excess is None) == (min(n, others) < 20)
