"""JSON as interfaces answer with: one document around the lists that hold the rows."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.lake import make_store
from tpaudit.errors import InputFault
from tpaudit.ingest import ingest
from tpaudit.ingest.reading.json_stream import JsonStream, elements, members
from tpaudit.results import IngestResult
from tpaudit.store import Store

ORDERS = [
    {"order_id": f"o{number}", "user_id": "M1", "created_at": "2026-05-03 08:00:00", "status": "paid"}
    for number in (1, 2)
]
TOUCHES = [{"touch_id": "t1", "user_id": "M1", "occurred_at": "2026-05-01 08:00:00", "event": "Visit"}]


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return make_store(tmp_path)


def taken(store: Store, text: str) -> IngestResult:
    store.audit.exports.mkdir(exist_ok=True)
    (store.audit.exports / "answer.json").write_text(text, encoding="utf-8")
    return ingest(store, [store.audit.exports])


def ids(store: Store, table: str = "orders") -> list[tuple[int, str]]:
    rows = store.engine.fetch_rows(store.lake(table).order_by("source_row"))
    return [(row["source_row"], row[f"{table.removesuffix('s').removesuffix('e')}_id"]) for row in rows]


@pytest.mark.parametrize("indent", [None, 2])
def test_rows_are_taken_out_of_their_envelope(store: Store, indent: int | None) -> None:
    envelope = {"code": 0, "data": {"list": ORDERS, "total": 2}}
    result = taken(store, json.dumps(envelope, indent=indent))
    assert ids(store) == [(1, "o1"), (2, "o2")]
    (issue,) = result.issues
    assert (issue.code, issue.severity) == ("beside_list", "info")
    assert issue.message == "beside its list of rows the file has code, data.total; this was not read"
    assert issue.message_zh == "文件除数据列表外还有 code, data.total，未读取"


def test_a_list_alone_leaves_nothing_to_tell(store: Store) -> None:
    assert taken(store, json.dumps({"items": ORDERS})).issues == ()
    assert ids(store) == [(1, "o1"), (2, "o2")]


def test_keys_that_look_like_data_are_counted_and_not_shown(store: Store) -> None:
    (issue,) = taken(store, json.dumps({"items": ORDERS, "13900000001": 1, "a@b.cn": 2, "page": 1})).issues
    assert issue.message == "beside its list of rows the file has page, 2 more; this was not read"


def test_every_list_is_a_part_of_the_file(store: Store) -> None:
    result = taken(store, json.dumps({"orders": ORDERS, "log": {"touches": TOUCHES}, "colours": [{"red": 1}]}))
    assert {file.file for file in result.files} == {"answer.json#orders", "answer.json#log.touches"}
    assert ids(store, "touches") == [(1, "t1")]
    assert [issue.message for issue in result.issues] == ["no preset knows 'colours'; it was not read"]


def test_what_is_no_object_is_told_as_a_refused_row(store: Store) -> None:
    result = taken(store, json.dumps({"items": [ORDERS[0], "gap", ORDERS[1]]}))
    assert ids(store) == [(1, "o1"), (3, "o2")]
    assert [(issue.code, issue.first_row) for issue in result.issues] == [("invalid_json", 2)]


@pytest.mark.parametrize(
    "text",
    ['{"code":0,"data":{"list":[{"order_id":"o1"', '{"items":[]}', '{"items":[{}]}', '{"code":0}', '{"a":[1,2]}'],
)
def test_an_envelope_without_rows_is_refused(store: Store, text: str) -> None:
    with pytest.raises(InputFault):
        taken(store, text)


def test_lists_within_events_are_no_envelope(store: Store) -> None:
    events = [{**TOUCHES[0], "touch_id": f"t{number}", "products": [{"sku": "A"}, {"sku": "B"}]} for number in (1, 2)]
    taken(store, "\n".join(map(json.dumps, events)))
    assert ids(store, "touches") == [(1, "t1"), (2, "t2")]


def test_a_single_event_with_a_list_is_read_as_the_event(store: Store) -> None:
    taken(store, json.dumps({**TOUCHES[0], "products": [{"sku": "A"}, {"sku": "B"}]}))
    assert ids(store, "touches") == [(1, "t1")]


def test_arrays_that_follow_each_other_are_read_to_the_end(store: Store) -> None:
    assert taken(store, f"{json.dumps(ORDERS[:1])}\n{json.dumps(ORDERS[1:])}").issues == ()
    assert ids(store) == [(1, "o1"), (2, "o2")]


@pytest.mark.parametrize("mark", ["]", "\x1a", " ,\n]}"])
def test_marks_after_the_end_are_no_row(store: Store, mark: str) -> None:
    assert [file.rows_in for file in taken(store, json.dumps(ORDERS) + mark).files] == [2]


def test_what_follows_an_array_and_is_no_json_is_a_refused_row(store: Store) -> None:
    result = taken(store, json.dumps(ORDERS) + "\nexported by Sam")
    assert [file.rows_refused for file in result.files] == [1]
    assert ids(store) == [(1, "o1"), (2, "o2")]


@pytest.mark.parametrize("size", [1, 2, 7, 1000])
def test_pieces_of_any_size_give_the_same_values(size: int) -> None:
    document: dict[str, Any] = {"a": [{"b": '"]}é'}, -1.5e3, True], "c": {"d": [[1, 2]], "e": None}, "f": {}}
    text = json.dumps(document, ensure_ascii=False)
    found = list(members(JsonStream(text[at : at + size] for at in range(0, len(text), size))))
    assert [(name, value) for name, _, (value, _) in found] == [
        ("a", {"b": '"]}é'}), ("a", -1500.0), ("a", True), ("c.d", [1, 2]), ("c.e", None),
    ]  # fmt: skip
    text = json.dumps([1234, document, "x"])
    stream = JsonStream(text[at : at + size] for at in range(0, len(text), size))
    assert [value for value, _ in elements(stream)] == [1234, document, "x"]
