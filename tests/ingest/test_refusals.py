"""Files that cannot be read are refused one by one, with a reason and a remedy; the others load."""

from __future__ import annotations

import gzip
import os
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.lake import make_store
from tpaudit.errors import ConfigFault, InputFault, UsageFault
from tpaudit.ingest import ingest
from tpaudit.results import FileIngested
from tpaudit.store import Store

GOOD = "touch_id,occurred_at,event\nt1,2026-05-01T00:00:00Z,Visit\n"


@pytest.fixture
def store(tmp_path: Path) -> Store:
    store = make_store(tmp_path)
    store.audit.exports.mkdir()
    (store.audit.exports / "good.csv").write_text(GOOD)
    return store


def taken(store: Store) -> dict[str, FileIngested]:
    return {file.file: file for file in ingest(store, [store.audit.exports]).files}


def encrypted(path: Path) -> None:
    path.write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600 + "EncryptedPackage".encode("utf-16-le"))


def archive(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("readme.txt", "")


# Longer than what is looked at to tell the encoding.
LONG = GOOD + "".join(f"t{number},2026-01-01T00:00:00Z,{number * 7919 % 99991}\n" for number in range(60_000))


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda path: path.write_bytes(b""), "is empty"),
        (lambda path: path.write_bytes(b" \n\n"), "is empty"),
        (lambda path: path.write_bytes(b"\xff\xfe,"), "is empty"),
        (lambda path: path.write_bytes(bytes(range(256)) * 8), "binary"),
        (encrypted, "encrypted workbook"),
        (archive, "zip archive without an export: readme.txt is empty"),
        (lambda path: path.write_bytes(b"PK\x03\x04broken"), "damaged zip"),
        (lambda path: path.write_bytes(b"PAR1broken"), "damaged Parquet"),
        (lambda path: path.write_bytes(gzip.compress(GOOD.encode())[:-20]), "damaged gzip"),
        (lambda path: path.write_bytes(gzip.compress(LONG.encode())[:-20]), "damaged gzip"),
        (lambda path: path.write_text("<html><table></table></html>"), "web page"),
        (lambda path: path.write_text("colour,shape\nred,round\n"), "no preset knows"),
        (lambda path: path.write_text("touch_id,occurred_at,event\n"), "no row"),
        (lambda path: path.write_text("{not json\n"), "no JSON object"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_refused_with_a_reason_while_others_load(store: Store, make: Callable[[Path], object], reason: str) -> None:
    make(store.audit.exports / "bad.csv")
    files = taken(store)
    assert files["bad.csv"].status == "refused"
    assert reason in (files["bad.csv"].reason or "")
    assert files["bad.csv"].hint
    assert files["good.csv"].status == "loaded"
    told = store.engine.fetch_rows(store.lake("ingest_issues"))
    assert [(row["source_file"], row["source_row"]) for row in told] == [("bad.csv", None)]


def test_unreadable_file_is_refused(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    bad = store.audit.exports / "secret.csv"
    bad.write_text(GOOD)
    bad.chmod(0)
    if os.access(bad, os.R_OK):  # an administrator reads everything
        pytest.skip("this user may read every file")
    assert "no permission" in (taken(store)["secret.csv"].reason or "")


def test_unknown_layout_names_the_nearest_preset_and_what_it_lacks(store: Store) -> None:
    (store.audit.exports / "t.csv").write_text(
        "订单编号,买家会员名,宝贝标题,订单状态,订单创建时间\n1,a,b,交易成功,2026-05-01\n", "utf-8"
    )
    refused = taken(store)["t.csv"]
    assert "nearest is taobao_orders" in (refused.reason or "")
    assert "买家应付货款" in (refused.reason or "")
    assert "--map" in (refused.hint or "")


def test_no_file_is_an_input_fault(tmp_path: Path) -> None:
    store = make_store(tmp_path)
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / ".hidden.csv").write_text(GOOD)
    (tmp_path / "empty" / "~$open.xlsx").write_text("lock")
    with pytest.raises(InputFault, match="no file to read"):
        ingest(store, [tmp_path / "empty"])
    with pytest.raises(InputFault, match="no such file"):
        ingest(store, [tmp_path / "absent.csv"])


def test_all_refused_is_an_input_fault_that_lists_five(tmp_path: Path) -> None:
    store = make_store(tmp_path)
    folder = tmp_path / "in"
    folder.mkdir()
    for number in range(7):
        (folder / f"f{number}.csv").write_text(f"colour,shape\nred,{number}\n")
    with pytest.raises(InputFault, match="and 2 more"):
        ingest(store, [folder])


def test_canonical_table_that_lacks_needed_columns_names_them(store: Store) -> None:
    file = store.audit.exports / "o.csv"
    file.write_text("order_id,city\n1,杭州\n", "utf-8")
    with pytest.raises(InputFault, match="paid_at/created_at"):
        ingest(store, [file], table="orders")
    with pytest.raises(UsageFault, match="did you mean 'orders'"):
        ingest(store, [file], table="order")
    with pytest.raises(UsageFault, match="did you mean 'taobao_orders'"):
        ingest(store, [file], preset="taobao_order")


def test_mapping_file_that_names_a_missing_column_is_a_usage_fault(store: Store, tmp_path: Path) -> None:
    mapping = tmp_path / "map.toml"
    mapping.write_text('id = "m"\ntable = "touches"\n[columns]\n"occured_at" = "touches.occurred_at"\n')
    with pytest.raises(UsageFault, match=r"map.toml: columns.'occured_at'.*did you mean 'occurred_at'"):
        ingest(store, [store.audit.exports], map_files=[mapping])


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ('table = "touchs"', "no such table; did you mean 'touches'"),
        (
            'table = "touches"\n[columns]\n"a" = "touches.ocurred_at"',
            "no column 'ocurred_at'; did you mean 'occurred_at'",
        ),
        ('table = "touches"\ncolums = 3', "unknown key; did you mean 'columns'"),
        ('table = "touches"\n[columns]\n"a" = "somewhere"', "must be table.column"),
        ('table = "touches"\n[columns]\n"a" = { to = "touches.event", pattern = "(" }', "no regular expression"),
        ('table = "touches"\n[columns]\n"a" = { to = "touches.occurred_at", format = "%Q" }', "no date format"),
        ('table = "touches"\n[person]\nid = ["fone"]', "did you mean 'phone'"),
        ("table = ", "map.toml: "),
    ],
)
def test_wrong_mapping_file_names_file_and_key(store: Store, tmp_path: Path, text: str, fault: str) -> None:
    mapping = tmp_path / "map.toml"
    mapping.write_text(text)
    with pytest.raises(ConfigFault) as caught:
        ingest(store, [store.audit.exports], map_files=[mapping])
    assert "map.toml: " in caught.value.message
    assert fault in caught.value.message


def test_personal_data_of_a_file_without_header_is_not_shown(store: Store) -> None:
    (store.audit.exports / "bare.csv").write_text("林晓,13900000001,lin@qq.com\n王芳,13900000002,w@qq.com\n", "utf-8")
    reason = taken(store)["bare.csv"].reason or ""
    assert "without a header" in reason
    assert not any(private in reason for private in ("林晓", "139", "@"))
