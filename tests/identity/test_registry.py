"""Ids outlive reruns and new exports; whatever becomes of them is logged."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.identity.people import grouped, ids, person, write_people
from tests.lake import make_store
from tpaudit.errors import EngineFault
from tpaudit.identity.registry import REGISTRY, inherited, new_id, remembered
from tpaudit.identity.resolution import identify
from tpaudit.store import Store

Partition = dict[str, int]
SETTINGS = "[audit]\nas_of = 2026-11-16\n"


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return make_store(tmp_path, SETTINGS)


def named(store: Store, partition: Partition) -> dict[str, str]:
    """Name the clusters of *partition* and return the id of every record."""
    table = pa.table({"contact_id": list(partition), "cluster": list(partition.values())})
    found = remembered(store, store.engine.table(table))
    return {row["contact_id"]: row["customer_id"] for row in store.engine.fetch_rows(found.ids)}


def log(store: Store) -> list[tuple[Any, ...]]:
    rows = store.engine.fetch_rows(store.mart("identity_changes"))
    return [(r["generation"], r["change"], r["customer_id"], r["from_customer_id"], r["records"]) for r in rows]


def flows(*rows: tuple[str, str, int]) -> pa.Table:
    columns = list(zip(*rows, strict=True)) or [(), (), ()]
    return pa.table(dict(zip(("customer_id", "first", "records"), map(list, columns), strict=True)))


def test_first_customers_are_named_after_their_first_record(store: Store) -> None:
    assert named(store, {"b": 7, "a": 7, "c": 1}) == {"a": new_id("a"), "b": new_id("a"), "c": new_id("c")}
    assert sorted(log(store)) == [(1, "new", new_id("a"), None, 2), (1, "new", new_id("c"), None, 1)]


def test_a_merged_customer_keeps_the_id_most_records_held(store: Store) -> None:
    before = named(store, {"a": 1, "b": 2, "c": 2})
    after = named(store, {"a": 1, "b": 1, "c": 1, "d": 1})
    assert set(after.values()) == {before["b"]}
    assert [row for row in log(store) if row[0] == 2] == [(2, "merge", before["b"], before["a"], 1)]


def test_of_equally_large_customers_the_smaller_id_stays(store: Store) -> None:
    before = named(store, {"a": 1, "b": 2})
    after = named(store, {"a": 1, "b": 1})
    assert set(after.values()) == {min(before.values())}


def test_a_split_leaves_the_id_with_the_larger_part_and_names_the_other_anew(store: Store) -> None:
    before = named(store, {"a": 1, "b": 1, "c": 1})
    after = named(store, {"a": 2, "b": 1, "c": 1})
    assert after["b"] == after["c"] == before["a"]
    # The part that holds the record the customer was named after needs another name.
    assert after["a"] == new_id("a", salt=1)
    assert [row for row in log(store) if row[0] == 2] == [(2, "split", after["a"], before["a"], 1)]


def test_a_customer_whose_records_are_gone_is_logged_and_comes_back_under_its_id(store: Store) -> None:
    before = named(store, {"a": 1, "b": 2})
    assert named(store, {"a": 1}) == {"a": before["a"]}
    assert [row for row in log(store) if row[0] == 2] == [(2, "gone", before["b"], None, 1)]
    assert named(store, {"a": 1, "b": 2}) == before
    assert [row for row in log(store) if row[0] == 3] == [(3, "new", before["b"], None, 1)]


def test_a_run_killed_before_its_marts_were_written_ends_the_same(store: Store) -> None:
    named(store, {"a": 1, "b": 1})
    mart = store.audit.mart_file("identity_changes")
    registry = store.audit.private / REGISTRY
    first = mart.read_bytes()
    after = named(store, {"a": 1, "b": 2, "c": 2})
    expected = mart.read_bytes(), registry.read_bytes()
    mart.write_bytes(first)
    assert named(store, {"a": 1, "b": 2, "c": 2}) == after
    assert (mart.read_bytes(), registry.read_bytes()) == expected


def test_a_damaged_registry_is_told_and_not_replaced(store: Store) -> None:
    named(store, {"a": 1})
    (store.audit.private / REGISTRY).write_bytes(b"damaged")
    with pytest.raises(EngineFault, match="registry of customer ids is damaged"):
        named(store, {"a": 1})


def test_the_largest_flow_decides_first_and_nothing_is_given_twice() -> None:
    found = inherited(flows(("x", "p", 5), ("y", "p", 3), ("x", "q", 6), ("z", "r", 1))).to_pylist()
    assert {row["first"]: row["customer_id"] for row in found} == {"q": "x", "p": "y", "r": "z"}
    assert inherited(flows(("x", "p", 1)).slice(0, 0)).num_rows == 0


PARTITIONS = st.lists(
    st.dictionaries(st.sampled_from("abcdefgh"), st.integers(0, 3), min_size=1), min_size=2, max_size=4
)


@settings(max_examples=4)
@given(history=PARTITIONS)
def test_ids_follow_the_clusters_change_only_with_a_log_entry_and_survive_a_rerun(history: list[Partition]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        store = make_store(Path(folder), SETTINGS)
        last: dict[str, str] = {}
        for partition in history:
            ids = named(store, partition)
            pairs = {(partition[record], ids[record]) for record in partition}
            assert set(ids) == set(partition)
            assert len(pairs) == len(set(partition.values())) == len(set(ids.values()))
            entries = log(store)
            generation = max(entry[0] for entry in entries)
            moves = {(entry[3], entry[2]) for entry in entries if entry[0] == generation and entry[3]}
            changed = {(last[record], ids[record]) for record in ids if last.get(record, ids[record]) != ids[record]}
            assert changed <= moves
            assert named(store, dict(reversed(partition.items()))) == ids
            assert log(store) == entries
            last |= ids
        store.engine.close()


PEOPLE = st.lists(
    st.tuples(st.sampled_from(["张伟", "李娜", None]), st.integers(0, 5), st.integers(0, 5)), min_size=2, max_size=10
)


@settings(max_examples=5)
@given(rows=PEOPLE, cut=st.integers(1, 9))
def test_new_exports_give_the_same_customers_as_resolving_everything_at_once(
    rows: list[tuple[Any, ...]], cut: int
) -> None:
    people = [
        person(f"r{n}", name, phone=f"+861390000000{phone}", user_id=f"u{user}" if user < 4 else None)
        for n, (name, phone, user) in enumerate(rows)
    ]
    (at_once,), _ = weekly(people)
    (*before, last), moves = weekly(*(part for part in (people[:cut], people[cut:]) if part))
    assert grouped(last) == grouped(at_once)
    for earlier in before:
        assert all(last[record] == was or (was, last[record]) in moves for record, was in earlier.items())


def weekly(*batches: list[dict[str, Any]]) -> tuple[list[dict[str, str]], set[tuple[Any, Any]]]:
    """The customer of each record after each export, and all moves from one id to another that were logged."""
    found = []
    with tempfile.TemporaryDirectory() as folder:
        store = make_store(Path(folder), SETTINGS)
        for number, batch in enumerate(batches):
            write_people(store, *batch, export=f"week{number}")
            identify(store)
            found.append(ids(store))
        moves = {(entry[3], entry[2]) for entry in log(store)}
        store.engine.close()
    return found, moves
