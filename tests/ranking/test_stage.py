"""The ranking over marts: who is studied, what is left out, what is written."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.kpis.marts import write_mart_rows
from tests.lake import make_store, write_lake_rows
from tpaudit.errors import UsageFault
from tpaudit.kpis.facts import Facts
from tpaudit.ranking import rank
from tpaudit.ranking.exposures import Cells, Feature, count_cells
from tpaudit.ranking.golden import lent_by_linking
from tpaudit.ranking.studies import STUDIES, untouched_buyers
from tpaudit.store import Store

SETTINGS = """
[audit]
as_of = 2026-11-16
timezone = "UTC"
[rank]
replicates = 100
"""
NOON = datetime(2026, 7, 1, 12)
STAGE = {"content": "awareness", "search": "awareness", "chat": "consideration", "cart": "purchase",
         "checkout": "purchase"}  # fmt: skip


def customer(number: int, path: list[str], converted: bool) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """A journey and its touches, a day apart; checkout comes with every order."""
    name = f"c{number}"
    start = NOON + timedelta(hours=number)
    path = [*path, "checkout"] if converted else path
    touches = [
        {"touch_id": f"{name}-{position}", "customer_id": name, "touchpoint": touchpoint, "stage": STAGE[touchpoint],
         "occurred_at": start + timedelta(days=position), "position": position, "record_table": "touches"}
        for position, touchpoint in enumerate(path, start=1)
    ]  # fmt: skip
    journey = {
        "customer_id": name, "started_at": start, "ended_at": start + timedelta(days=len(path) + 1),
        "touches": len(path), "converted": converted, "value": Decimal(100) if converted else None,
    }  # fmt: skip
    return journey, touches


def write_journeys(
    store: Store, journeys: list[dict[str, object]], touches: list[dict[str, object]], identified: bool = True
) -> None:
    write_mart_rows(store, "journeys", journeys)
    write_mart_rows(store, "journey_touches", touches)
    customers = [{"customer_id": journey["customer_id"], "is_identified": identified} for journey in journeys]
    write_mart_rows(store, "customers", customers)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """Eight hundred customers; chat doubles the chance to buy, the rest changes nothing."""
    store = make_store(tmp_path, SETTINGS)
    rng = np.random.default_rng(2)
    journeys, touches = [], []
    for number in range(800):
        path = [name for name in ("search", "content", "chat", "cart") if rng.random() < 0.5] or ["search"]
        journey, own = customer(number, path, bool(rng.random() < (0.6 if "chat" in path else 0.3)))
        journeys.append(journey)
        touches += own
    write_journeys(store, journeys, touches)
    write_mart_rows(store, "journey_map", [{"stage": "consideration", "touchpoint": "chat", "drop_off": 0.25}])
    return store


def test_the_touchpoint_that_works_is_golden_and_the_marts_say_so(store: Store) -> None:
    result = rank(store)
    golden = {row.touchpoint: row for row in result.golden}
    assert [name for name, row in golden.items() if row.verdict == "golden"] == ["chat"]
    assert golden["chat"].effect == pytest.approx(0.3, abs=0.1)
    assert golden["chat"].drop_off == 0.25
    assert golden["chat"].attribution_markov == pytest.approx(
        next(row.share for row in result.attribution if (row.touchpoint, row.model) == ("chat", "markov"))
    )
    assert [fit.outcome for fit in result.fits] == ["conversion"]
    assert result.fits[0].auc and result.fits[0].auc > 0.6
    for mart, rows in (("golden_touchpoints", result.golden), ("attribution", result.attribution)):
        assert pq.read_metadata(store.audit.mart_file(mart)).num_rows == len(rows) > 0


@pytest.mark.parametrize(("unlinked", "verdict"), [(1, "golden"), (20, "supporting")])
def test_an_effect_that_unlinked_orders_could_make_is_not_golden(store: Store, unlinked: int, verdict: str) -> None:
    """Chat's .3 on a rate of .6: a tenth of unlinked orders could lend .06, two thirds of them .4."""
    bought = [customer["customer_id"] for customer in pq.read_table(store.audit.mart_file("journeys")).to_pylist()
              if customer["converted"]][:10]  # fmt: skip
    orders = [
        {"order_id": buyer, "customer_id": buyer, "sequence": 1, "ordered_at": NOON}
        for buyer in [*bought, *(f"unmet{number}" for number in range(unlinked))]
    ]
    write_mart_rows(store, "customer_orders", orders)
    chat = next(row for row in rank(store).golden if row.touchpoint == "chat")
    assert chat.verdict == verdict
    assert ("may_be_linking" in chat.drivers) == (verdict == "supporting")


@given(st.floats(0.01, 1.0), st.floats(0.0, 0.99))
def test_what_linking_lends_is_what_it_would_show(rate: float, unlinked: float) -> None:
    """Customers alike buy at one rate; orders of some are all linked, those of others by the average chance."""
    linked_best, linked_worst = rate, (1 - unlinked) * rate
    assert lent_by_linking(linked_best - linked_worst, linked_best, unlinked) == pytest.approx(
        linked_best - linked_worst
    )
    assert lent_by_linking(linked_worst - linked_best, linked_worst, unlinked) == pytest.approx(
        linked_best - linked_worst
    )


def test_what_belongs_to_every_order_explains_none(store: Store) -> None:
    result = rank(store)
    assert set(result.excluded) == {"checkout"}
    assert "checkout" not in {row.touchpoint for row in (*result.golden, *result.attribution)}
    assert result.touchpoint_titles["checkout"].zh


def test_equal_data_give_equal_rankings(store: Store) -> None:
    assert rank(store) == rank(store)


def test_a_question_about_one_outcome_leaves_the_marts_alone(store: Store) -> None:
    result = rank(store, outcome="conversion", top=1)
    assert (result.top, {row.outcome for row in result.golden}) == (1, {"conversion"})
    assert not store.audit.mart_file("golden_touchpoints").exists()
    with pytest.raises(UsageFault, match="did you mean 'retention'"):
        rank(store, outcome="retentoin")


def test_no_journeys_give_an_empty_ranking(tmp_path: Path) -> None:
    result = rank(make_store(tmp_path))
    assert (result.golden, result.attribution, result.fits, result.journeys) == ((), (), (), 0)


def test_no_conversions_give_no_attribution_and_no_judgement(tmp_path: Path) -> None:
    store = make_store(tmp_path, SETTINGS)
    told = [customer(number, ["chat"], converted=False) for number in range(200)]
    write_journeys(store, [journey for journey, _ in told], [touch for _, touches in told for touch in touches])
    result = rank(store)
    assert result.attribution == ()
    assert [(row.touchpoint, row.verdict, row.effect) for row in result.golden] == [("chat", "insufficient", None)]


def test_anonymous_visitors_are_no_evidence_against_a_touchpoint(tmp_path: Path) -> None:
    """Whether somebody known only by a cookie ordered cannot be seen, so they are not studied."""
    store = make_store(tmp_path, SETTINGS)
    told = [customer(number, ["chat"], converted=False) for number in range(200)]
    touches = [touch for _, touches in told for touch in touches]
    write_journeys(store, [journey for journey, _ in told], touches, identified=False)
    assert rank(store).golden == ()


def test_cells_agree_with_counting_one_by_one(store: Store) -> None:
    features = [Feature(STAGE[name], name) for name in ("content", "chat", "cart")]
    cells = count_cells(store.engine, STUDIES["conversion"](Facts(store)), features)
    journeys = {row["customer_id"]: row["converted"] for row in store.engine.fetch_rows(store.mart("journeys"))}
    met: dict[str, set[str]] = {name: set() for name in journeys}
    for row in store.engine.fetch_rows(store.mart("journey_touches")):
        met[row["customer_id"]].add(row["touchpoint"])
    expected: dict[tuple[bool, ...], list[int]] = {}
    for name, seen in met.items():
        count = expected.setdefault(tuple(feature.touchpoint in seen for feature in features), [0, 0])
        count[0] += 1
        count[1] += journeys[name]
    assert totals(cells) == {key: tuple(count) for key, count in expected.items()}
    halves = np.bincount(cells.half, weights=cells.customers)
    assert halves == pytest.approx([400, 400], abs=1)


def totals(cells: Cells) -> dict[tuple[bool, ...], tuple[int, ...]]:
    found: dict[tuple[bool, ...], tuple[int, ...]] = {}
    counts = zip(cells.met, cells.per_cell(cells.customers), cells.per_cell(cells.outcomes), strict=True)
    for met, customers, outcomes in counts:
        key = tuple(bool(value) for value in met)
        before = found.get(key, (0, 0))
        found[key] = (before[0] + round(customers), before[1] + round(outcomes))
    return found


def test_more_features_than_one_mask_holds_are_told_apart(tmp_path: Path) -> None:
    store = make_store(tmp_path)
    features = [Feature("service", f"t{place}") for place in range(60)]
    touches = [
        {"touch_id": str(place), "customer_id": "c1" if place % 2 else "c2", "touchpoint": f"t{place}",
         "stage": "service", "occurred_at": NOON, "position": place + 1}
        for place in range(60)
    ]  # fmt: skip
    journeys = [
        {"customer_id": name, "started_at": NOON, "ended_at": NOON, "converted": False} for name in ("c1", "c2")
    ]
    write_journeys(store, journeys, touches)
    cells = count_cells(store.engine, STUDIES["conversion"](Facts(store)), features)
    assert sorted(cells.met.tolist()) == [[1.0, 0.0] * 30, [0.0, 1.0] * 30][::-1]


def study(store: Store, outcome: str) -> list[tuple[Any, ...]]:
    rows = store.engine.fetch_rows(STUDIES[outcome](Facts(store)))
    return sorted((row["customer_id"], row["outcome"], row["touchpoint"] or "") for row in rows)


def test_retention_studies_buyers_long_enough_and_what_they_met_before_the_second_order(tmp_path: Path) -> None:
    store = make_store(tmp_path, SETTINGS)
    write_mart_rows(
        store,
        "customer_orders",
        [
            {"order_id": "o1", "customer_id": "c1", "sequence": 1, "ordered_at": NOON},
            {"order_id": "o2", "customer_id": "c1", "sequence": 2, "ordered_at": NOON + timedelta(days=20)},
            {"order_id": "o3", "customer_id": "c2", "sequence": 1, "ordered_at": NOON},
            {"order_id": "o4", "customer_id": "c3", "sequence": 1, "ordered_at": datetime(2026, 11, 1)},
        ],
    )
    days = {"membership": -5, "chat": 19, "returns": 21, "content": -40}
    write_mart_rows(
        store,
        "journey_touches",
        [
            {"touch_id": f"{name}{touchpoint}", "customer_id": name, "touchpoint": touchpoint, "stage": "service",
             "occurred_at": NOON + timedelta(days=day)}
            for name in ("c1", "c2") for touchpoint, day in days.items()
        ],
    )  # fmt: skip
    assert study(store, "retention") == [
        ("c1", True, "chat"), ("c1", True, "membership"),
        ("c2", False, "chat"), ("c2", False, "membership"), ("c2", False, "returns"),
    ]  # fmt: skip


@pytest.mark.parametrize(("metric", "scores"), [("nps", (9, 8)), ("csat", (4, 3))])
def test_satisfaction_studies_the_first_answer_and_what_came_before(
    tmp_path: Path, metric: str, scores: tuple[float, float]
) -> None:
    store = make_store(tmp_path, SETTINGS)
    write_mart_rows(store, "customer_links", [{"contact_id": f"k{n}", "customer_id": f"c{n}"} for n in (1, 2)])
    answer = {"question_id": "q", "metric": metric, "submitted_at": NOON}
    write_lake_rows(
        store,
        "surveys",
        [
            answer | {"response_id": "r1", "contact_id": "k1", "score": scores[0]},
            answer | {"response_id": "r2", "contact_id": "k2", "score": scores[1]},
            answer | {"response_id": "r3", "contact_id": "k2", "score": 5.0, "submitted_at": NOON + timedelta(days=3)},
            answer | {"response_id": "r4", "score": scores[0]},
        ],
    )
    touch = {"customer_id": "c1", "stage": "service"}
    write_mart_rows(
        store,
        "journey_touches",
        [
            touch | {"touch_id": "t1", "touchpoint": "chat", "occurred_at": NOON - timedelta(days=2)},
            touch | {"touch_id": "t2", "touchpoint": "hotline", "occurred_at": NOON + timedelta(days=2)},
            touch | {"touch_id": "t3", "touchpoint": "survey", "occurred_at": NOON - timedelta(days=1),
                     "record_table": "surveys"},
        ],
    )  # fmt: skip
    assert study(store, "satisfaction") == [("c1", True, "chat"), ("c2", False, "")]


def test_buyers_nobody_met_before_their_order_are_told(tmp_path: Path) -> None:
    """By hand: a was met and bought, b was met and did not, c and d bought and were not met, of e nobody is known."""
    store = make_store(tmp_path, SETTINGS)
    (met, its), (waiting, others) = customer(1, ["chat"], True), customer(2, ["chat"], False)
    write_journeys(store, [met, waiting], its + others)
    bought = [(met["customer_id"], 1), (met["customer_id"], 2), ("c", 1), ("d", 1), (None, 1)]
    orders = [
        {"order_id": f"o{number}", "customer_id": buyer, "sequence": sequence, "ordered_at": NOON}
        for number, (buyer, sequence) in enumerate(bought)
    ]
    assert untouched_buyers(Facts(store)) == (0, 0)
    write_mart_rows(store, "customer_orders", orders)
    assert untouched_buyers(Facts(store)) == (2, 3)
