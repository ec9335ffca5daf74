"""Several tables in one sheet of a workbook: below each other and beside each other, each known by its own preset."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.ingest.test_presets import workbook
from tests.lake import make_store
from tpaudit.ingest import ingest
from tpaudit.ingest.layouts.preset_file import shipped_presets
from tpaudit.ingest.sniff import Inspected, inspect

Rows = list[list[Any]]

TOUCHES: Rows = [
    ["touch_id", "user_id", "occurred_at", "event"],
    ["t1", "M1", "2026-05-01 08:00:00", "Visit"],
    ["t2", "M2", "2026-05-02 08:00:00", "Visit"],
]
ORDERS: Rows = [
    ["order_id", "user_id", "created_at", "status", "paid_amount"],
    ["o1", "M1", "2026-05-03 08:00:00", "paid", 9.9],
]
MORE_ORDERS: Rows = [*ORDERS, ["o2", "M2", "2026-05-04 08:00:00", "paid", 5]]
NOTES: Rows = [["operator", "Sam"], ["exported", "in May"]]


def beside(left: Rows, right: Rows) -> Rows:
    """The two with a blank column between them."""
    width = max(map(len, left))
    rows = max(len(left), len(right))
    padded = [[*row, *[""] * (width - len(row))] for row in [*left, *[[]] * (rows - len(left))]]
    return [[*row, "", *other] for row, other in zip(padded, [*right, *[[]] * (rows - len(right))], strict=True)]


def found_in(folder: Path, **sheets: Rows) -> list[Inspected]:
    file = folder / "book.xlsx"
    file.write_bytes(workbook(sheets))
    return list(inspect(file, shipped_presets(), None, folder / "scratch"))


def told(found: list[Inspected]) -> list[tuple[str, str | None, int]]:
    """Name, preset, and number of rows with the header, of every part."""
    return [
        (entry.name, entry.best and entry.best.preset.id, len(list(entry.part.found())))
        for entry in found
        if entry.part
    ]


BOTH = [("table 1", "canonical_touches", 3), ("table 2", "canonical_orders", 2)]


@pytest.mark.parametrize(
    "rows",
    [
        [*TOUCHES, [], *ORDERS],
        [["Touches"], *TOUCHES, [], [], ["Orders"], *ORDERS],
        beside(TOUCHES, ORDERS),
        beside(TOUCHES, [[], *ORDERS]),
    ],
    ids=["below", "below with titles", "beside", "beside and lower"],
)
def test_each_table_is_a_part(rows: Rows, tmp_path: Path) -> None:
    assert told(found_in(tmp_path, S=rows)) == BOTH


def test_a_title_apart_from_its_table_belongs_to_it(tmp_path: Path) -> None:
    rows = [*TOUCHES, [], ["Orders"], [], *ORDERS]
    assert [row[0] for row in told(found_in(tmp_path, S=rows))] == ["table 1", "table 2"]
    assert told(found_in(tmp_path, S=rows))[0] == BOTH[0]


def test_tables_of_equal_height_are_parted_if_presets_know_both(tmp_path: Path) -> None:
    assert told(found_in(tmp_path, S=beside(TOUCHES, MORE_ORDERS))) == [BOTH[0], ("table 2", "canonical_orders", 3)]


def test_a_table_beside_an_unknown_one_is_found(tmp_path: Path) -> None:
    unknown = [["colour", "shape"], ["red", "round"], ["blue", "square"]]
    assert told(found_in(tmp_path, S=beside(TOUCHES, unknown))) == [BOTH[0], ("table 2", None, 3)]


def test_a_column_group_that_no_preset_knows_stays_with_its_table(tmp_path: Path) -> None:
    known = [["event", "occurred_at", "user_id"], *(["Visit", f"2026-05-0{day} 08:00:00", "M1"] for day in (1, 2))]
    more = [["note", "source"], ["none", "seo"], ["none either", "sem"]]
    assert told(found_in(tmp_path, S=beside(known, more))) == [("", "canonical_touches", 3)]


def test_tables_stand_below_each_other_on_one_side_only(tmp_path: Path) -> None:
    rows = beside([*TOUCHES, [], *ORDERS], [*MORE_ORDERS, *MORE_ORDERS[1:], *MORE_ORDERS[1:]])
    assert told(found_in(tmp_path, S=rows)) == [*BOTH, ("table 3", "canonical_orders", 7)]


def test_the_same_header_again_begins_a_table(tmp_path: Path) -> None:
    assert [row[1] for row in told(found_in(tmp_path, S=[*TOUCHES, [], *TOUCHES]))] == ["canonical_touches"] * 2


def test_parts_of_several_sheets_carry_the_name_of_theirs(tmp_path: Path) -> None:
    found = found_in(tmp_path, A=[*TOUCHES, [], *ORDERS], B=ORDERS)
    assert [entry.name for entry in found] == ["A table 1", "A table 2", "B"]


@pytest.mark.parametrize(
    "rows",
    [
        [*TOUCHES, [], *TOUCHES[1:]],
        [*TOUCHES, [], *NOTES],
        [*TOUCHES, [], ["total", 2]],
        [[*row[:2], "", *row[2:]] for row in TOUCHES],
        [["Report"], [], *TOUCHES],
    ],
    ids=["rows after a blank one", "notes", "total", "blank column", "preamble"],
)
def test_what_is_no_table_of_its_own_stays_with_the_table(rows: Rows, tmp_path: Path) -> None:
    assert [row[:2] for row in told(found_in(tmp_path, S=rows))] == [("", "canonical_touches")]


def test_rows_keep_the_numbers_the_spreadsheet_shows(tmp_path: Path) -> None:
    store = make_store(tmp_path)
    store.audit.exports.mkdir()
    (store.audit.exports / "book.xlsx").write_bytes(
        workbook({"S": [*TOUCHES, [], ["x", "y"], ["red", 1], [], *ORDERS]})
    )
    result = ingest(store, [store.audit.exports])
    assert {file.file: (file.rows_in, file.rows_kept) for file in result.files} == {
        "book.xlsx#table 1": (2, 2),
        "book.xlsx#table 3": (1, 1),
    }
    rows = store.engine.fetch_rows(store.lake("orders"))
    assert [(row["source_file"], row["source_row"], row["order_id"]) for row in rows] == [
        ("book.xlsx#table 3", 9, "o1")
    ]
    assert [issue.message for issue in result.issues] == ["no preset knows 'table 2'; it was not read"]
