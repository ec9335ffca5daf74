"""Who is who: keys merge, shared values do not, cookies only help the anonymous, and order never matters."""

from __future__ import annotations

import random
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.identity.people import clusters, grouped, ids, person, write_people
from tests.lake import make_store, write_lake_rows
from tpaudit.errors import InputFault, UsageFault
from tpaudit.identity import resolve
from tpaudit.identity.resolution import identify
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


# --- one audit in which every scenario has records, names and phones of its own ---------------------------------------

WEI, TEA, CALL = "+8613912340001", "+8613912340002", "+8613912340003"
HOME, OFFICE, SHOP = "+8613912340004", "+8613912340005", "+8613912340006"
SCENARIOS: dict[str, tuple[tuple[dict[str, Any], ...], set[frozenset[str]]]] = {
    "records that share a key are one customer, also through a third": (
        (
            person("a", "张伟", phone=WEI),
            person("b", "张伟", phone=WEI, email="wei@163.com"),
            person("c", None, email="wei@163.com"),
            person("d", "王芳", phone=TEA),
        ),
        sets("abc", "d"),
    ),
    "a masked phone alone merges nobody": (
        (person("e", phone="139****5678"), person("f", phone="139****5678")),
        sets("e", "f"),
    ),
    "a key of another kind merges nobody": (
        (person("g", taobao_nick="tea"), person("h", taobao_nick="tea")),
        sets("g", "h"),
    ),
    # 赵女士 can only be the one called 赵; who called without a name can be anybody.
    "a household shares its phone but not its identity": (
        (
            person("i", "赵敏", phone=HOME),
            person("j", "赵敏", phone=HOME),
            person("k", "李娜", phone=HOME),
            person("l", "赵女士", phone=HOME),
            person("m", phone=HOME),
        ),
        sets("ijl", "k", "m"),
    ),
    "a Latin name beside a Chinese one is the same person": (
        (person("n", "陈静", phone=CALL), person("o", "Chen Jing", phone=CALL)),
        sets("no"),
    ),
    "spellings of one Latin name are one person and a family is not": (
        (
            person("p", "John Smith", phone=OFFICE),
            person("q", "Jon Smith", phone=OFFICE),
            person("r", "Smith John", phone=OFFICE),
            person("s", "Anna Smith", phone=OFFICE),
        ),
        sets("pqr", "s"),
    ),
    "two visits of one unknown browser are one visitor": (
        (person("t", cookie="k1"), person("u", cookie="k1")),
        sets("tu"),
    ),
    "two user ids are two customers on one phone": (
        (person("v", user_id="u1", phone=SHOP), person("w", user_id="u2", phone=SHOP)),
        sets("v", "w"),
    ),
}


@pytest.fixture(scope="module")
def customers(tmp_path_factory: pytest.TempPathFactory) -> set[frozenset[str]]:
    store = make_store(tmp_path_factory.mktemp("scenarios"), "[audit]\nas_of = 2026-11-16\n")
    return resolved(store, *(each for people, _ in SCENARIOS.values() for each in people))


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_in_an_audit_of_many(customers: set[frozenset[str]], scenario: str) -> None:
    people, expected = SCENARIOS[scenario]
    own = {each["record"]["contact_id"] for each in people}
    assert {group for group in customers if group & own} == expected


# --- audits of their own ----------------------------------------------------------------------------------------------


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
    assert links["visitor"]["matched_on"] == "device"
    customers = {row["customer_id"]: row for row in store.engine.fetch_rows(store.mart("customers"))}
    assert not customers[links["unknown"]["customer_id"]]["is_identified"]
    assert customers[links["member"]["customer_id"]]["is_identified"]


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


def test_a_single_record_is_certain_and_a_link_as_likely_as_its_evidence(store: Store) -> None:
    write_people(store, person("a", phone=PHONE), person("b", phone=PHONE), person("c", phone=OTHER))
    resolve(store)
    links = {row["contact_id"]: row for row in store.engine.fetch_rows(store.mart("customer_links"))}
    assert [links[name]["matched_on"] for name in "abc"] == ["phone", "phone", None]
    assert 0.9 < links["a"]["match_probability"] == links["b"]["match_probability"] < 1
    assert links["c"]["match_probability"] == 1


def test_caps_and_conflicts_are_told(tmp_path: Path) -> None:
    store = make_store(tmp_path, "[identity]\nmax_cluster = 2\nmax_block = 3\n")
    # Four share a phone: a block too large. Three share one: a customer too large. Two agree but for their user id.
    four = [person(f"four{n}", "张伟", phone=PHONE) for n in range(4)]
    three = [person(f"three{n}", "李娜", phone=OTHER) for n in range(3)]
    two = [person(f"two{n}", "王芳", phone="+8613612345678", user_id=f"u{n}") for n in range(2)]
    write_people(store, *four, *three, *two)
    result = resolve(store)
    assert ("phone:mask",) in {blocks.fields for blocks in result.uncompared}
    assert {(blocks.blocks, blocks.records, blocks.largest) for blocks in result.uncompared} == {(1, 4, 4)}
    assert (result.largest_cluster, result.capped_joins > 0) == (2, True)
    assert result.conflicts == 1


def test_nobody_to_resolve_is_told(store: Store) -> None:
    with pytest.raises(InputFault, match="nobody to resolve"):
        resolve(store)


def test_records_that_only_events_name_are_records(store: Store) -> None:
    write_people(store, person("a", "张伟", phone=PHONE))
    write_lake_rows(store, "orders", [{"order_id": "o1", "contact_id": "youzan:b"}], export="orders", system="youzan")
    resolve(store)
    links = {row["contact_id"]: row for row in store.engine.fetch_rows(store.mart("customer_links"))}
    assert clusters(store) == sets("a") | {frozenset({"youzan:b"})}
    assert links["youzan:b"]["source_system"] == "youzan"


def test_a_declared_column_counts_and_an_unknown_one_is_refused(tmp_path: Path) -> None:
    store = make_store(tmp_path, '[identity]\nfields = { compny = "free" }\n')
    write_people(store, person("a", phone=PHONE))
    with pytest.raises(UsageFault, match="did you mean 'company'"):
        resolve(store)


# --- whatever the records -------------------------------------------------------------------------------------------

RECORDS = st.lists(
    st.tuples(st.sampled_from(["张伟", "李娜", None]), st.integers(0, 6), st.integers(0, 6), st.integers(0, 5)),
    min_size=1, max_size=14,
)  # fmt: skip


@settings(max_examples=3)
@given(rows=RECORDS, seed=st.integers(0, 99))
def test_order_is_irrelevant_and_two_user_ids_are_two_customers(rows: list[tuple[Any, ...]], seed: int) -> None:
    people = [
        person(f"r{n}", name, phone=f"+861390000000{phone}" if phone < 4 else None,
               user_id=f"u{user}" if user < 4 else None)
        for n, (name, phone, user, _) in enumerate(rows)
    ]  # fmt: skip
    held = {each["record"]["contact_id"]: each["points"].get("user_id") for each in people}
    found = []
    for order in (people, random.Random(seed).sample(people, len(people))):
        with tempfile.TemporaryDirectory() as folder:
            store = make_store(Path(folder))
            write_people(store, *order)
            identify(store)
            found.append(ids(store))
            store.engine.close()
    assert found[0] == found[1]
    for members in grouped(found[0]):
        assert len({held[member] for member in members} - {None}) <= 1
