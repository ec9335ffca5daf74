"""Traits: which tags customers are compared within, and what that does to effects."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.kpis.marts import write_mart_rows
from tests.lake import make_store, write_lake_rows
from tests.ranking.test_stage import NOON, SETTINGS, STAGE, customer, write_journeys
from tpaudit.kpis.facts import Facts
from tpaudit.ranking import rank
from tpaudit.ranking.studies import STUDIES
from tpaudit.ranking.traits import Traits, carried_tags, find_traits
from tpaudit.store import Store


def tagged_store(folder: Path, tags: Callable[[int, bool, bool], list[str]], settings: str = SETTINGS) -> Store:
    """Six hundred customers, half of them keen; the keen chat more often and buy more often, chat itself does nothing."""
    store = make_store(folder, settings)
    rng = np.random.default_rng(5)
    journeys, touches, contacts, links = [], [], [], []
    for number in range(600):
        keen = number % 2 == 0
        path = ["search", *(["chat"] if rng.random() < (0.7 if keen else 0.2) else [])]
        converted = bool(rng.random() < (0.6 if keen else 0.25))
        journey, own = customer(number, path, converted)
        journeys.append(journey)
        touches += own
        contacts.append({"contact_id": f"k{number}", "tags": tags(number, keen, converted)})
        links.append({"contact_id": f"k{number}", "customer_id": f"c{number}"})
    write_journeys(store, journeys, touches)
    write_lake_rows(store, "contacts", contacts)
    write_mart_rows(store, "customer_links", links)
    return store


def traits_of(store: Store, wanted: list[str] | None = None) -> Traits:
    met = store.engine.cache(STUDIES["conversion"](Facts(store)))
    return find_traits(store, carried_tags(store), met, wanted)


def chat_effect(store: Store) -> float:
    effect = next(row.effect for row in rank(store, outcome="conversion").golden if row.touchpoint == "chat")
    assert effect is not None
    return effect


def test_within_a_tag_for_keenness_a_touchpoint_of_the_keen_has_no_effect(tmp_path: Path) -> None:
    blind, seeing = tmp_path / "blind", tmp_path / "seeing"
    for folder in (blind, seeing):
        folder.mkdir()
    unadjusted = chat_effect(tagged_store(blind, lambda number, keen, converted: []))
    adjusted = chat_effect(tagged_store(seeing, lambda number, keen, converted: ["keen" if keen else "cool"]))
    assert unadjusted > 0.1
    assert abs(adjusted) < 0.06


def test_only_tags_that_exclude_each_other_are_compared(tmp_path: Path) -> None:
    """Keen and cool form a facet. A tag that stands alone, and a pair that tells who bought, do not count."""

    def tags(number: int, keen: bool, converted: bool) -> list[str]:
        return [
            "everybody", "everybody",
            "keen" if keen else "cool",
            "has bought" if converted else "has not",
            *(["rare"] if number < 5 else []),
        ]  # fmt: skip

    found = traits_of(tagged_store(tmp_path, tags))
    assert found.facets == (("cool", "keen"),)
    assert found.left_out == {"everybody": "alone", "has bought": "follows_outcome", "has not": "follows_outcome"}


def test_tags_of_different_exports_are_no_facet(tmp_path: Path) -> None:
    """Which export knows a customer follows from what the customer did."""
    store = tagged_store(tmp_path, lambda number, keen, converted: ["of the shop"] if number % 2 else [])
    write_lake_rows(
        store,
        "contacts",
        [{"contact_id": f"s{number}", "tags": ["of the store"]} for number in range(0, 600, 2)],
        export="store",
    )
    links = [{"contact_id": f"k{number}", "customer_id": f"c{number}"} for number in range(600)]
    links += [{"contact_id": f"s{number}", "customer_id": f"c{number}"} for number in range(0, 600, 2)]
    write_mart_rows(store, "customer_links", links)
    found = traits_of(store)
    assert (found.facets, set(found.left_out.values())) == ((), {"alone"})


def test_having_a_record_is_not_adjusted_for(tmp_path: Path) -> None:
    """Chat works, and whoever chats gets a record with a tag: within the tag's presence its effect would vanish."""
    folders = [tmp_path / name for name in ("without", "with")]
    effects = []
    for folder in folders:
        folder.mkdir()
        store = make_store(folder, SETTINGS)
        rng = np.random.default_rng(8)
        journeys, touches, contacts, links = [], [], [], []
        for number in range(1200):
            chats = bool(rng.random() < 0.5)
            journey, own = customer(number, ["search", *(["chat"] if chats else [])],
                                    bool(rng.random() < (0.5 if chats else 0.25)))  # fmt: skip
            journeys.append(journey)
            touches += own
            tags = ["a" if number % 2 else "b"] if chats and folder.name == "with" else []
            contacts.append({"contact_id": f"k{number}", "tags": tags})
            links.append({"contact_id": f"k{number}", "customer_id": f"c{number}"})
        write_journeys(store, journeys, touches)
        write_lake_rows(store, "contacts", contacts)
        write_mart_rows(store, "customer_links", links)
        effects.append(chat_effect(store))
    assert effects[0] == pytest.approx(0.25, abs=0.06)
    assert effects[1] == pytest.approx(effects[0], abs=0.01)


def test_tags_asked_for_are_taken_although_the_outcome_differs_between_them(tmp_path: Path) -> None:
    store = tagged_store(tmp_path, lambda number, keen, converted: ["has bought" if converted else "has not"])
    found = traits_of(store, ["has bought", "has not", "unheard of"])
    assert (set(found.names), found.left_out) == ({"has bought", "has not"}, {"unheard of": "nobody"})
    assert traits_of(store, []).names == ()


def test_masks_hold_the_tags_of_each_customer(tmp_path: Path) -> None:
    store = tagged_store(tmp_path, lambda number, keen, converted: [f"t{number % 3}", f"s{number % 4}"])
    found = traits_of(store)
    assert {len(facet) for facet in found.facets} == {3, 4}
    masks = {row["customer_id"]: row["traits"] for row in store.engine.fetch_rows(found.carried)}
    for number in range(600):
        expected = {f"t{number % 3}", f"s{number % 4}"}
        assert {name for bit, name in enumerate(found.names) if masks[f"c{number}"] >> bit & 1} == expected


def test_at_most_so_many_tags_are_used(tmp_path: Path) -> None:
    found = traits_of(tagged_store(tmp_path, lambda number, keen, converted: [f"t{number % 30:02d}"]))
    assert len(found.names) == 24
    assert set(found.left_out.values()) == {"too_many"}


def test_contrasts_by_hand() -> None:
    """Three carriers of a, one of b, one of both, one of none: a counts 3.5 of 5 carriers, so 1 - .7, 0 - .7, .5 - .7."""
    traits = Traits((("a", "b"),), None, {})
    carried = np.array([[1.0, 0], [0, 1], [1, 1], [0, 0]])
    assert traits.contrasts(carried, np.array([3.0, 1, 1, 1])).round(6).tolist() == [[0.3], [-0.7], [-0.2], [0.0]]


def test_the_fit_names_what_it_adjusted_for_and_whom_it_left_out(tmp_path: Path) -> None:
    store = tagged_store(tmp_path, lambda number, keen, converted: ["keen" if keen else "cool"])
    fit = rank(store, outcome="conversion").fits[0]
    assert (fit.adjusted_for, fit.window_days, fit.censored) == (("cool", "keen"), 30, 0)


@pytest.mark.parametrize("days_before", [29, 31])
def test_journeys_that_may_still_convert_are_not_studied(tmp_path: Path, days_before: int) -> None:
    """The audit's day begins on 16 November at midnight: a journey of the last thirty days is not over."""
    store = make_store(tmp_path, SETTINGS)
    began = NOON.replace(month=11, day=16, hour=0) - timedelta(days=days_before)
    touch: dict[str, Any] = {"touch_id": "t1", "customer_id": "c1", "touchpoint": "chat", "stage": STAGE["chat"],
                             "occurred_at": began, "position": 1}  # fmt: skip
    journey: dict[str, Any] = {"customer_id": "c1", "started_at": began, "ended_at": began, "converted": False}
    write_journeys(store, [journey], [touch])
    rows = store.engine.fetch_rows(STUDIES["conversion"](Facts(store)))
    assert len(rows) == (days_before > 30)


def test_both_groups_are_followed_back_from_their_last_step(tmp_path: Path) -> None:
    """A conversion ten days after the last step does not shorten the span in which touches count."""
    store = make_store(tmp_path, SETTINGS)
    journeys, touches = [], []
    for name, converted in (("c1", True), ("c2", False)):
        for day, touchpoint in ((0, "search"), (28, "chat")):
            touches.append({"touch_id": f"{name}{day}", "customer_id": name, "touchpoint": touchpoint,
                            "stage": STAGE[touchpoint], "occurred_at": NOON + timedelta(days=day),
                            "position": None if converted and not day else 1 + (day > 0)})  # fmt: skip
        ended = NOON + timedelta(days=38 if converted else 28)
        journeys.append({"customer_id": name, "started_at": NOON, "ended_at": ended, "converted": converted})
    write_journeys(store, journeys, touches)
    rows = store.engine.fetch_rows(STUDIES["conversion"](Facts(store)))
    assert sorted((row["customer_id"], row["touchpoint"]) for row in rows) == [
        ("c1", "chat"), ("c1", "search"), ("c2", "chat"), ("c2", "search"),
    ]  # fmt: skip
