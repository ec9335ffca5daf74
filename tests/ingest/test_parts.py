"""Files of several parts: each sheet, archive member and table is an ingested file of its own, with its own lineage."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.ingest.test_presets import workbook
from tests.lake import make_store
from tpaudit.ingest import ingest
from tpaudit.ingest.reading import tables
from tpaudit.results import FileIngested
from tpaudit.store import Store

TOUCHES = "touch_id,user_id,occurred_at,event\nt1,M1,2026-05-01 08:00:00,Visit\nt2,M2,2026-05-02 08:00:00,Visit\n"
ORDERS = "order_id,user_id,created_at,status,paid_amount\no1,M1,2026-05-03 08:00:00,paid,9.90\n"


@pytest.fixture
def store(tmp_path: Path) -> Store:
    store = make_store(tmp_path)
    store.audit.exports.mkdir()
    return store


def packed(store: Store, **members: str) -> Path:
    file = store.audit.exports / "all.zip"
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in members.items():
            archive.writestr(name.replace("__", "."), content)
    return file


def taken(store: Store, **options: bool) -> dict[str, FileIngested]:
    return {file.file: file for file in ingest(store, [store.audit.exports], **options).files}  # type: ignore[arg-type]


def sources(store: Store, table: str) -> list[tuple[str, int]]:
    return sorted((row["source_file"], row["source_row"]) for row in store.engine.fetch_rows(store.lake(table)))


def test_members_of_an_archive_are_loaded_under_their_names(store: Store) -> None:
    packed(store, touches__csv=TOUCHES, orders__csv=ORDERS)
    files = taken(store)
    assert {name: (file.status, file.part, file.rows_in) for name, file in files.items()} == {
        "all.zip/touches.csv": ("loaded", "touches.csv", 2),
        "all.zip/orders.csv": ("loaded", "orders.csv", 1),
    }
    assert sources(store, "touches") == [("all.zip/touches.csv", 2), ("all.zip/touches.csv", 3)]
    assert sources(store, "orders") == [("all.zip/orders.csv", 2)]
    assert len({file.sha256 for file in files.values()}) == 2
    assert not list(store.audit.scratch.rglob("*.csv"))


def test_archive_with_one_export_goes_by_its_own_name(store: Store) -> None:
    packed(store, touches__csv=TOUCHES)
    assert set(taken(store)) == {"all.zip"}
    assert sources(store, "touches") == [("all.zip", 2), ("all.zip", 3)]


def test_part_no_preset_knows_is_told(store: Store) -> None:
    packed(store, touches__csv=TOUCHES, orders__csv=ORDERS, notes__csv="colour,shape\nred,round\n")
    result = ingest(store, [store.audit.exports])
    (issue,) = (issue for issue in result.issues if issue.code == "other_part")
    assert (issue.severity, issue.message) == ("info", "no preset knows 'notes.csv'; it was not read")
    assert issue.message_zh == "没有预设能识别 'notes.csv'，未读取"


def test_sheets_of_a_workbook_are_loaded_under_their_names(store: Store) -> None:
    sheets = {
        "触点": [line.split(",") for line in TOUCHES.splitlines()],
        "订单": [line.split(",") for line in ORDERS.splitlines()],
    }
    (store.audit.exports / "book.xlsx").write_bytes(workbook(sheets))
    files = taken(store)
    assert {name: file.rows_by_table.get("touches") for name, file in files.items()} == {
        "book.xlsx#触点": 2,
        "book.xlsx#订单": None,
    }


def test_unchanged_parts_are_not_read_again(store: Store) -> None:
    packed(store, touches__csv=TOUCHES, orders__csv=ORDERS)
    taken(store)
    assert {file.status for file in taken(store).values()} == {"unchanged"}


def test_part_that_is_gone_from_its_file_goes_with_its_rows(store: Store) -> None:
    packed(store, touches__csv=TOUCHES, orders__csv=ORDERS)
    taken(store)
    packed(store, touches__csv=TOUCHES.replace("t1", "t9"))
    assert {name: file.status for name, file in taken(store).items()} == {"all.zip": "loaded"}
    assert sources(store, "touches") == [("all.zip", 2), ("all.zip", 3)]
    assert sources(store, "orders") == []


def test_parts_keep_their_rows_while_their_file_cannot_be_read(store: Store) -> None:
    file = packed(store, touches__csv=TOUCHES, orders__csv=ORDERS)
    good = file.read_bytes()
    (store.audit.exports / "more.csv").write_text(TOUCHES.replace("\nt", "\nu"))
    taken(store)
    file.write_bytes(good[:30])
    files = taken(store)
    assert (files["all.zip"].status, files["more.csv"].status) == ("refused", "unchanged")
    assert [name for name, _ in sources(store, "orders")] == ["all.zip/orders.csv"]
    file.write_bytes(good)
    assert {file.status for file in taken(store).values()} == {"loaded", "unchanged"}
    assert len(sources(store, "touches")) == 4


def test_parts_of_a_file_that_is_gone_go_with_their_rows(store: Store) -> None:
    file = packed(store, touches__csv=TOUCHES, orders__csv=ORDERS)
    (store.audit.exports / "more.csv").write_text(TOUCHES.replace("\nt", "\nu"))
    taken(store)
    file.unlink()
    assert {name: file.status for name, file in taken(store).items()} == {
        "all.zip/touches.csv": "removed",
        "all.zip/orders.csv": "removed",
        "more.csv": "unchanged",
    }
    assert [name for name, _ in sources(store, "touches")] == ["more.csv", "more.csv"]
    assert sources(store, "orders") == []


def test_dry_run_leaves_nothing_unpacked(store: Store) -> None:
    packed(store, touches__csv=TOUCHES, orders__csv=ORDERS)
    assert {file.rows_kept for file in taken(store, dry_run=True).values()} == {1, 2}
    assert {path.name for path in store.audit.folder.rglob("*") if path.is_file()} == {"tpaudit.toml", "all.zip"}


@given(text=st.text("\n\r,;ab中", max_size=80), seam=st.integers(4, 40))
def test_places_that_may_begin_a_table_are_all_found(text: str, seam: int) -> None:
    """Against one search per needle, whatever the pieces in which the bytes are read."""
    data, needles = text.encode(), (b"\n\n", b"\n\r\n", b"\n,,", "\na中".encode())
    expected = {at + 1 for needle in needles for at in range(len(data)) if data.startswith(needle, at)}
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(tables, "_BLOCK", seam)
        assert set(tables._found(io.BytesIO(data), needles, 1, 0)) == expected
