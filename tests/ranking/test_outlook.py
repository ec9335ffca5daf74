"""The ranking with everything beside it, over marts: marts written, flags and drivers told, files of the audit read."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from tests.kpis.marts import write_mart_rows
from tests.lake import make_store, write_lake_rows
from tests.ranking.test_stage import NOON, SETTINGS, customer, write_journeys
from tpaudit.errors import ConfigFault
from tpaudit.ranking import rank
from tpaudit.results import RankResult
from tpaudit.store import Store

CUSTOMERS = 2000
WAITED = {"median_hours_to_next": 3.5, "hours_low": 3.0, "hours_high": 4.5, "n_waits": 90, "stage_hours": 2.0}


def world(store: Store) -> None:
    """Chat doubles the chance to buy, and two in five call the hotline after it; the hotline spoils satisfaction and is rated badly; search, content and
    cart are the widest of their stages and do nothing; every other customer answers the overall question."""
    rng = np.random.default_rng(5)
    journeys, touches, answers = [], [], []
    for number in range(CUSTOMERS):
        path = [name for name in ("content", "chat", "cart") if rng.random() < 0.5]
        path = ["search", *path] if rng.random() < 0.7 else path or ["search"]
        journey, own = customer(number, path, bool(rng.random() < (0.6 if "chat" in path else 0.3)))
        called = bool(rng.random() < 0.4)
        for touch in own:
            if touch["touchpoint"] == "chat":
                touch["satisfaction_score"] = float(rng.choice([4, 5]))
        if called:
            mood = int(rng.choice([1, 2, 3]))
            own.append({"touch_id": f"h{number}", "customer_id": f"c{number}", "touchpoint": "hotline", "stage": "service",
                        "occurred_at": own[-1]["occurred_at"] + timedelta(hours=1), "record_table": "touches",
                        "satisfaction_score": float(mood)})  # fmt: skip
        if number % 2:
            happy = rng.random() < (0.15 + 0.1 * mood if called else 0.7)
            answers.append({"response_id": f"r{number}", "question_id": "q", "contact_id": f"k{number}", "metric": "nps",
                            "score": 9.0 if happy else 4.0,
                            "submitted_at": own[-1]["occurred_at"] + timedelta(days=2)})  # fmt: skip
        journeys.append(journey)
        touches += own
    write_journeys(store, journeys, touches)
    links = [{"contact_id": f"k{number}", "customer_id": f"c{number}"} for number in range(CUSTOMERS)]
    write_mart_rows(store, "customer_links", links)
    write_lake_rows(store, "surveys", answers)
    met: dict[tuple[str, str], set[str]] = {}
    for touch in touches:
        met.setdefault((touch["stage"], touch["touchpoint"]), set()).add(touch["customer_id"])
    owners = {"chat": "customer service", "hotline": "service desk"}
    map_rows: list[dict[str, Any]] = [
        {"stage": stage, "touchpoint": touchpoint, "customers": len(who), "reach": len(who) / CUSTOMERS,
         "owner": owners.get(touchpoint), **WAITED}
        for (stage, touchpoint), who in met.items()
    ]  # fmt: skip
    write_mart_rows(store, "journey_map", map_rows)


@pytest.fixture(scope="module")
def ranked(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, RankResult]:
    folder = tmp_path_factory.mktemp("outlook")
    store = make_store(folder, f"{SETTINGS}min_lift = 0.25\n")
    (folder / "experiments.toml").write_text(
        '[[experiment]]\ntouchpoint = "chat"\noutcome = "conversion"\neffect = 0.2\neffect_low = 0.15\n'
        'effect_high = 0.25\nsource = "A/B test"\n',
        encoding="utf-8",
    )
    world(store)
    return folder, rank(store)


def test_the_broken_touchpoint_is_a_breakpoint_with_its_signs(ranked: tuple[Path, RankResult]) -> None:
    _, result = ranked
    broken = {row.touchpoint: row.breakpoint for row in result.experience if row.breakpoint}
    assert broken == {"hotline": ("low_rating", "dissatisfaction"), "chat": ("repeat_contact",)}
    assert {row.touchpoint for row in result.golden if "breakpoint" in row.flags} == {"hotline", "chat"}


def test_wide_touchpoints_that_do_nothing_are_busy(ranked: tuple[Path, RankResult]) -> None:
    _, result = ranked
    assert {(row.touchpoint, row.outcome) for row in result.golden if "busy" in row.flags} == {
        ("search", "conversion"),
        ("content", "conversion"),
        ("cart", "conversion"),
    }


def test_drivers_name_why(ranked: tuple[Path, RankResult]) -> None:
    _, result = ranked
    told = {(row.touchpoint, row.outcome): row.drivers for row in result.golden}
    assert told["chat", "conversion"][0] == "lifts"
    assert told["search", "conversion"][:2] == ("effect_unclear", "busy")
    assert told["hotline", "satisfaction"][:2] == ("harms", "low_rating")


def test_experience_stands_in_the_ranking_as_in_its_own_mart(ranked: tuple[Path, RankResult]) -> None:
    _, result = ranked
    felt = {row.touchpoint: row for row in result.experience}
    for row in result.golden:
        own = felt[row.touchpoint]
        assert (row.importance, row.performance, row.quadrant) == (own.importance, own.performance, own.quadrant)
        assert row.n_ratings == (own.n_ratings or None)
    assert felt["hotline"].quadrant == "fix_first"
    assert (felt["chat"].performance or 0) > 4
    assert felt["search"].performance is None
    assert result.experience_fit is not None
    assert (result.experience_fit.metric, result.experience_fit.touchpoints) == ("nps", 2)


def test_waits_are_those_of_the_journey_map(ranked: tuple[Path, RankResult]) -> None:
    _, result = ranked
    assert result.experience
    for row in result.experience:
        assert {name: getattr(row, name) for name in WAITED} == WAITED


def test_actions_name_owner_and_the_experiment(ranked: tuple[Path, RankResult]) -> None:
    _, result = ranked
    by_reason = {(action.touchpoint, action.reason, action.sign): action for action in result.actions}
    chat = by_reason["chat", "golden", None]
    assert (chat.evidence, chat.source, chat.owner) == ("experiment", "A/B test", "customer service")
    assert chat.expected == pytest.approx((chat.moved or 0) * 0.2)
    assert chat.expected_value == pytest.approx((chat.expected or 0) * 100)
    hotline = by_reason["hotline", "golden_risk", None]
    assert (hotline.outcome, hotline.owner, hotline.evidence) == ("satisfaction", "service desk", "association")
    assert by_reason["hotline", "breakpoint", "low_rating"].expected is None
    assert ("hotline", "breakpoint", "dissatisfaction") not in by_reason
    assert [action.rank for action in result.actions] == list(range(1, len(result.actions) + 1))
    assert len(result.experiments) == 1


def test_marts_hold_what_the_result_holds(ranked: tuple[Path, RankResult]) -> None:
    folder, result = ranked
    for mart, rows in (("experience", result.experience), ("actions", result.actions)):
        stored = pq.read_table(folder / "marts" / f"{mart}.parquet").to_pylist()
        assert len(stored) == len(rows) > 0
    golden = pq.read_table(folder / "marts" / "golden_touchpoints.parquet").to_pylist()
    assert {row["touchpoint"] for row in golden if "busy" in row["flags"]} == {"search", "content", "cart"}
    assert RankResult.model_validate_json(result.model_dump_json()) == result


def test_no_number_is_nan(ranked: tuple[Path, RankResult]) -> None:
    _, result = ranked
    for row in (*result.golden, *result.experience, *result.actions):
        for name, value in row:
            assert not (isinstance(value, float) and np.isnan(value)), name


def test_a_wrong_file_of_the_audit_is_refused(tmp_path: Path) -> None:
    store = make_store(tmp_path, SETTINGS)
    (tmp_path / "survey_questions.toml").write_text("[[question]]\n", encoding="utf-8")
    with pytest.raises(ConfigFault, match="touchpoint: Field required"):
        rank(store)


def test_no_journeys_give_an_empty_outlook(tmp_path: Path) -> None:
    result = rank(make_store(tmp_path))
    assert (result.experience, result.actions, result.experiments) == ((), (), ())


def test_one_touchpoint_alone_is_right_or_absent(tmp_path: Path) -> None:
    store = make_store(tmp_path, SETTINGS)
    told = [customer(number, ["chat"], converted=False) for number in range(150)]
    write_journeys(store, [journey for journey, _ in told], [touch for _, touches in told for touch in touches])
    place = {"stage": "consideration", "touchpoint": "chat", "customers": 150, "reach": 1.0}
    write_mart_rows(store, "journey_map", [place])
    (row,) = rank(store).experience
    assert (row.drop_off, row.excess_drop_off, row.n_journeys) == (1.0, None, 150)
    assert (row.performance, row.importance, row.breakpoint) == (None, None, ())


def test_more_touchpoints_than_are_weighed_with_ratings_are_borne(tmp_path: Path) -> None:
    store = make_store(tmp_path, SETTINGS.replace("100", "20"))
    rng = np.random.default_rng(1)
    touches = [
        {"touch_id": f"{number}-{step}", "customer_id": f"c{number}", "touchpoint": f"t{rng.integers(70)}",
         "stage": "service", "occurred_at": NOON + timedelta(hours=step), "position": step + 1,
         "satisfaction_score": float(rng.integers(1, 6))}
        for number in range(300) for step in range(4)
    ]  # fmt: skip
    journeys = [{"customer_id": f"c{number}", "ended_at": NOON + timedelta(days=1), "touches": 4,
                 "converted": number % 3 == 0} for number in range(300)]  # fmt: skip
    write_journeys(store, journeys, touches)
    write_mart_rows(store, "customer_links", [{"contact_id": f"k{n}", "customer_id": f"c{n}"} for n in range(300)])
    met = sorted({str(touch["touchpoint"]) for touch in touches})
    write_mart_rows(store, "journey_map", [{"stage": "service", "touchpoint": name, "customers": 2, "reach": 0.01}
                                           for name in met])  # fmt: skip
    answers = [{"response_id": f"r{n}", "question_id": "q", "contact_id": f"k{n}", "metric": "nps", "score": n % 11.0,
                "submitted_at": NOON + timedelta(days=2)} for n in range(300)]  # fmt: skip
    write_lake_rows(store, "surveys", answers)
    result = rank(store)
    assert len(result.experience) == len(met)
    assert {row.verdict for row in result.golden} == {"insufficient"}
    assert result.experience_fit is not None
    assert set(result.experience_fit.left_out.values()) == {"too_many", "few_answers"}
