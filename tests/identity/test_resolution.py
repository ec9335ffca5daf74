"""Who is who: keys merge, shared values do not, cookies only help the anonymous, and order never matters."""

from __future__ import annotations

import random
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.identity.people import clusters, person, write_people
from tests.lake import make_store
from tpaudit.errors import InputFault
from tpaudit.identity import resolve
from tpaudit.store import Store

PHONE, OTHER = "+8613912345678", "+8613712345678"


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return make_store(tmp_path, "[audit]\nas_of = 2026-11-16\n")


def resolved(store: Store, *people: dict[str, Any]) -> set[frozenset[str]]:
    write_people(store, *people)
    resolve(store)
    return clusters(store)


def sets(*groups: str) -> set[frozenset[str]]:
    return {frozenset(group) for group in groups}


def test_records_that_share_a_key_are_one_customer_also_through_a_third(store: Store) -> None:
    people = (
        person("a", "张伟", phone=PHONE),
        person("b", "张伟", phone=PHONE, email="wei@163.com"),
        person("c", None, email="wei@163.com"),
        person("d", "王芳", phone=OTHER),
    )
    assert resolved(store, *people) == sets("abc", "d")


def test_a_masked_phone_merges_nobody(store: Store) -> None:
    assert resolved(store, person("a", "张伟", phone="139****5678"), person("b", "张伟", phone="139****5678")) == sets(
        "a", "b"
    )


def test_a_key_of_another_kind_merges_nobody(store: Store) -> None:
    people = (person("a", taobao_nick="tea"), person("b", taobao_nick="tea"))
    assert resolved(store, *people) == sets("a", "b")


def test_a_household_shares_its_phone_but_not_its_identity(store: Store) -> None:
    people = (
        person("a", "张伟", phone=PHONE),
        person("b", "张伟", phone=PHONE),
        person("c", "李娜", phone=PHONE),
        person("d", "张女士", phone=PHONE),
    )
    assert resolved(store, *people) == sets("ab", "c", "d")


def test_a_latin_name_beside_a_chinese_one_is_the_same_person(store: Store) -> None:
    people = (person("a", "张伟", phone=PHONE), person("b", "Zhang Wei", phone=PHONE))
    assert resolved(store, *people) == sets("ab")


def test_spellings_of_one_latin_name_are_one_person_and_a_family_is_not(store: Store) -> None:
    people = (
        person("a", "John Smith", phone=PHONE),
        person("b", "Jon Smith", phone=PHONE),
        person("c", "Smith John", phone=PHONE),
        person("d", "Anna Smith", phone=PHONE),
    )
    assert resolved(store, *people) == sets("abc", "d")


def test_a_clerks_phone_and_a_placeholder_are_nobodys_key(store: Store) -> None:
    names = ("张伟", "李娜", "王芳", "赵磊", "陈静")
    people = [person(f"clerk{n}", name, phone=PHONE) for n, name in enumerate(names)]
    people += [person(f"none{n}", "周杰", phone="+8613800138000") for n in range(2)]
    write_people(store, *people)
    result = resolve(store)
    assert all(len(members) == 1 for members in clusters(store))
    assert [(key.treatment, key.records, key.names) for key in result.shared] == [
        ("not a key", 5, 5),
        ("not a key", 2, 1),
    ]
    assert result.shared_total == 2
    assert PHONE not in result.model_dump_json()
    phones = [row["phone"] for row in store.engine.fetch_rows(store.mart("customers"))]
    assert phones == [None] * 7


def test_an_anonymous_visitor_joins_the_one_customer_who_holds_the_cookie(store: Store) -> None:
    people = (
        person("member", "张伟", phone=PHONE, cookie="k1"),
        person("visitor", cookie="k1"),
        person("lent1", "李娜", phone=OTHER, cookie="k2"),
        person("lent2", "王芳", user_id="u9", cookie="k2"),
        person("unknown", cookie="k2"),
    )
    write_people(store, *people)
    resolve(store)
    assert clusters(store) == {
        frozenset({"member", "visitor"}),
        frozenset({"lent1"}),
        frozenset({"lent2"}),
        frozenset({"unknown"}),
    }
    links = {row["contact_id"]: row for row in store.engine.fetch_rows(store.mart("customer_links"))}
    assert links["visitor"]["matched_on"] == "cookie"
    customers = {row["customer_id"]: row for row in store.engine.fetch_rows(store.mart("customers"))}
    assert not customers[links["unknown"]["customer_id"]]["is_identified"]
    assert customers[links["member"]["customer_id"]]["is_identified"]


def test_two_visits_of_one_unknown_browser_are_one_visitor(store: Store) -> None:
    assert resolved(store, person("a", cookie="k1"), person("b", cookie="k1")) == sets("ab")


def test_the_golden_record_follows_its_rules(store: Store) -> None:
    people = (
        person("a", "张伟", user_id="u1", phone=PHONE, city="上海", day="1"),
        person("b", "张伟", user_id="u1", phone=OTHER, city="上海", day="9"),
        person("c", "大伟", user_id="u1", city="北京", day="20"),
        person("d", "T**", user_id="u1", email="wei@163.com", day="3"),
    )
    write_people(store, *people)
    resolve(store)
    (customer,) = store.engine.fetch_rows(store.mart("customers"))
    chosen = {name: customer[name] for name in ("full_name", "phone", "email", "city", "n_records", "sources")}
    assert chosen == {
        "full_name": "张伟", "phone": OTHER, "email": "wei@163.com", "city": "上海", "n_records": 4, "sources": ["crm"],
    }  # fmt: skip
    assert (customer["first_seen_at"].day, customer["last_seen_at"].day) == (1, 20)


def test_a_single_record_is_certain_and_an_unmeasured_link_is_unknown(store: Store) -> None:
    write_people(store, person("a", phone=PHONE), person("b", phone=PHONE), person("c", phone=OTHER))
    resolve(store)
    links = {row["contact_id"]: row for row in store.engine.fetch_rows(store.mart("customer_links"))}
    assert [(links[name]["match_probability"], links[name]["matched_on"]) for name in "abc"] == [
        (None, "phone"), (None, "phone"), (1.0, None),
    ]  # fmt: skip


def test_nobody_to_resolve_is_told(store: Store) -> None:
    with pytest.raises(InputFault, match="nobody to resolve"):
        resolve(store)


# --- against an independent calculation, whatever the order ---------------------------------------------------------

RECORDS = st.lists(
    st.tuples(st.sampled_from(["张伟", "李娜", None]), st.integers(0, 6), st.integers(0, 6), st.integers(0, 5)),
    min_size=1, max_size=14,
)  # fmt: skip


def unioned(people: list[dict[str, Any]]) -> set[frozenset[str]]:
    """Clusters by repeated merging of sets: slow, short, and nothing like the graph search."""
    held = [(type_, value, p) for p in people for type_, value in p["points"].items() if type_ in ("phone", "user_id")]
    groups = [{p["record"]["contact_id"]} for p in people]
    for type_ in ("phone", "user_id"):
        for value in {v for t, v, _ in held if t == type_}:
            holders = [p["record"] for t, v, p in held if (t, v) == (type_, value)]
            names = {record["full_name"] for record in holders} - {None}
            if type_ == "phone" and len(names) > 1:
                same = [{r["contact_id"] for r in holders if r["full_name"] == name} for name in names]
            else:
                same = [{r["contact_id"] for r in holders}]
            for together in same:
                touched = [group for group in groups if group & together]
                groups = [group for group in groups if not group & together]
                groups += [set().union(*touched)] if touched else []
    return {frozenset(group) for group in groups}


@settings(max_examples=12, deadline=None)
@given(rows=RECORDS, seed=st.integers(0, 99))
def test_clusters_equal_an_independent_search_and_ignore_order(rows: list[tuple[Any, ...]], seed: int) -> None:
    people = [
        person(f"r{n}", name, phone=f"+861390000000{phone}" if phone < 4 else None,
               user_id=f"u{user}" if user < 4 else None)
        for n, (name, phone, user, _) in enumerate(rows)
    ]  # fmt: skip
    shuffled = random.Random(seed).sample(people, len(people))
    ids = []
    for order in (people, shuffled):
        with tempfile.TemporaryDirectory() as folder:
            store = make_store(Path(folder))
            write_people(store, *order)
            resolve(store)
            assert clusters(store) == unioned(people)
            ids.append(
                {r["contact_id"]: r["customer_id"] for r in store.engine.fetch_rows(store.mart("customer_links"))}
            )
            store.engine.close()
    assert ids[0] == ids[1]
