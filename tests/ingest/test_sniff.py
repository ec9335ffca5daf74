"""What a file is: containers, encodings, parts and presets, told without loading a row."""

from __future__ import annotations

import gzip
import io
import json
import zipfile
from pathlib import Path

import pyarrow.parquet as pq
import pytest
import xlsxwriter

from tpaudit.ingest.layouts.preset_file import shipped_presets
from tpaudit.ingest.reading.archive import members_of
from tpaudit.ingest.reading.container import container_of
from tpaudit.ingest.reading.encodings import best_encoding, common_big5, common_gb18030
from tpaudit.ingest.reading.parts import Layout, Part, readings_of
from tpaudit.ingest.refusal import Refusal
from tpaudit.ingest.sniff import Sniffed, inspect, sniff_parts

TOUCHES = "touch_id,occurred_at,event\nt1,2026-05-01 08:00:00,看茶\nt2,2026-05-02 08:00:00,Visit\n"
SIMPLIFIED = (
    "客户反馈商品质量很好，物流速度也快，客服态度热情，下次还会购买。",
    "订单已付款，等待卖家发货；收货人电话请勿外泄。",
    "本月会员增长百分之五，主要来自短视频渠道的推荐。",
)
TRADITIONAL = (
    "客戶反映商品品質很好，物流速度也快，客服態度親切，下次還會購買。",
    "訂單已付款，等待賣家出貨；收件人電話請勿外洩。",
    "本月會員成長百分之五，主要來自短影音管道的推薦。",
)


def parts_in(folder: Path, content: bytes) -> list[Part]:
    file = folder / "export.dat"
    file.write_bytes(content)
    return next(readings_of(file, container_of(file), folder / "scratch")).parts


def sniffed(folder: Path, content: bytes) -> tuple[Sniffed, ...]:
    file = folder / "export.dat"
    file.write_bytes(content)
    return sniff_parts(file, shipped_presets(), None, folder / "scratch")


def rows_in(part: Part) -> list[list[str]]:
    return [list(row) for row in part.found()]


def zipped(members: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def workbook(sheets: dict[str, list[list[object]]]) -> bytes:
    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer, {"in_memory": True})
    for name, rows in sheets.items():
        sheet = book.add_worksheet(name)
        for number, row in enumerate(rows):
            sheet.write_row(number, 0, row)
    book.close()
    return buffer.getvalue()


# --- encodings --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("sentence", SIMPLIFIED)
def test_simplified_sentences_are_told_from_big5(sentence: str) -> None:
    sample = sentence.encode("gb18030")
    assert best_encoding([sample]) == "gb18030"
    assert common_gb18030(sample) > common_big5(sample)


@pytest.mark.parametrize("sentence", TRADITIONAL)
def test_traditional_sentences_in_big5_are_told_from_gb18030(sentence: str) -> None:
    sample = sentence.encode("big5")
    assert best_encoding([sample]) == "big5"
    # The same sentence in GB18030 is no Big5.
    assert best_encoding([sentence.encode("gb18030")]) == "gb18030"


def test_western_text_is_told_from_both() -> None:
    assert best_encoding(["Zoë Müller aus Köln zahlt 5 €, José García de Málaga".encode("cp1252")]) == "cp1252"


def test_an_encoding_that_only_the_middle_of_the_file_tells(tmp_path: Path) -> None:
    plain = "".join(f"t{n},2026-05-01 08:00:00,Visit\n" for n in range(60_000))
    text = f"touch_id,occurred_at,event\n{plain}t0,2026-05-01 08:00:00,看茶\n{plain}"
    (part,) = sniffed(tmp_path, text.encode("gb18030"))
    staged = part.stage(tmp_path / "raw.parquet")
    events = pq.read_table(staged.file)[staged.columns[2].field].to_pylist()
    assert (staged.rows, staged.issues) == (120_001, ())
    assert events[60_000] == "看茶"


# --- containers -------------------------------------------------------------------------------------------------------


def test_pages_under_the_name_of_a_workbook(tmp_path: Path) -> None:
    page = (
        "<html><style>td {}</style><table><tr><td>menu</td></tr></table>"
        "<table border=1><tr><th>touch_id<th>event<th colspan=2>note</tr>"
        "<tr><td>t1</td><td>a &amp; b</td><td>x<br>y</td><td></td></tr></table></html>"
    )
    (part,) = parts_in(tmp_path, page.encode("gb18030"))
    assert part.container == "html"
    assert rows_in(part) == [["touch_id", "event", "note", ""], ["t1", "a & b", "x\ny", ""]]


def test_sheets_in_xml(tmp_path: Path) -> None:
    name = (
        'xmlns="urn:schemas-microsoft-com:office:spreadsheet" xmlns:ss="urn:schemas-microsoft-com:office:spreadsheet"'
    )

    def cell(text: str, place: str = "") -> str:
        return f"<Cell{place}><Data ss:Type='String'>{text}</Data></Cell>"

    xml = (
        f"<?xml version='1.0'?><Workbook {name}><Worksheet ss:Name='S'><Table>"
        f"<Row>{cell('id')}{cell('name')}{cell('paid')}</Row>"
        f"<Row>{cell('7')}{cell('2026-05-01', ' ss:Index=' + chr(34) + '3' + chr(34))}</Row>"
        "</Table></Worksheet></Workbook>"
    )
    (part,) = parts_in(tmp_path, xml.encode())
    assert (part.container, part.name) == ("xml", "S")
    assert rows_in(part) == [["id", "name", "paid"], ["7", "", "2026-05-01"]]


def test_json_written_over_several_lines_and_arrays_are_read_element_by_element(tmp_path: Path) -> None:
    records = [{"touch_id": f"t{n}", "note": "看" * 50, "deep": {"event": "Visit"}} for n in range(30_000)]
    for content in (
        json.dumps(records, ensure_ascii=False, indent=2),
        "\n".join(json.dumps(r, indent=1) for r in records),
    ):
        (part,) = parts_in(tmp_path, content.encode())
        assert part.container == "json"
        staged = part.stage(Layout(part.lines[0]), tmp_path / "raw.parquet")
        assert staged.rows == len(records)
        assert rows_in(part)[:2] == [["touch_id", "note", "deep.event"], ["t0", "看" * 50, "Visit"]]


@pytest.mark.parametrize("content", ['[{"a": 1}, {"a": ', '[{"a": 1} {"a" 2}]', '[{"a": 1}, oops]'])
def test_json_that_breaks_off_is_refused(tmp_path: Path, content: str) -> None:
    with pytest.raises(Refusal, match="not valid JSON"):
        parts_in(tmp_path, content.encode())


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 5000 + "EncryptedPackage".encode("utf-16-le"),
            "password-protected",
        ),
        (b"<html><p>Sign in</p></html>", "without a table"),
        (b"PK\x03\x04broken", "damaged zip"),
        (b"\x89PNG\r\n\x1a\n" + bytes(200), "binary"),
        (gzip.compress(b"")[:5], "damaged gzip"),
    ],
    ids=["encrypted workbook", "page without a table", "damaged zip", "picture", "damaged gzip"],
)
def test_what_cannot_be_read_is_refused_with_its_reason(tmp_path: Path, content: bytes, reason: str) -> None:
    with pytest.raises(Refusal, match=reason):
        parts_in(tmp_path, content)


# --- parts --------------------------------------------------------------------------------------------------------------


def test_members_of_an_archive_are_parts_and_their_names_are_read(tmp_path: Path) -> None:
    content = zipped(
        {"导出/触点.csv": TOUCHES.encode(), "b.csv": TOUCHES.replace("t1", "t9").encode(), "read.me": b"hi\n"}
    )
    parts = sniffed(tmp_path, content)
    assert [part.part_name for part in parts] == ["导出/触点.csv", "b.csv"]
    assert {part.unrecognised for part in parts} == {("read.me",)}
    assert len({part.path for part in parts}) == 2


def test_member_names_in_gbk_and_members_that_would_escape(tmp_path: Path) -> None:
    name = "业务明细.csv".encode("gb18030").decode("cp437")
    archive = zipfile.ZipFile(tmp_path / "a.zip", "w")
    for member in (name, "../../evil.csv", "__MACOSX/._a.csv"):
        entry = zipfile.ZipInfo(member)
        archive.writestr(entry, TOUCHES)
    archive.close()
    # The writer marks names that are not ASCII as UTF-8; old programs do not.
    packed = (tmp_path / "a.zip").read_bytes()
    packed = packed.replace(name.encode("utf-8"), name.encode("cp437").ljust(len(name.encode("utf-8")), b"_"))
    packed = packed.replace(b"\x00\x08\x00\x00", b"\x00\x00\x00\x00")
    (tmp_path / "a.zip").write_bytes(packed)
    members = list(members_of(tmp_path / "a.zip", tmp_path / "scratch"))
    assert members[0].name.startswith("业务明细.csv")
    assert [member.path.parent for member in members] == [tmp_path / "scratch"] * 2
    assert not (tmp_path.parent / "evil.csv").exists()


def test_an_archive_that_unpacks_to_too_much_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tpaudit.ingest.reading.archive.MOST_UNPACKED", 10_000)
    (tmp_path / "a.zip").write_bytes(zipped({"a.csv": b"0" * 9_000, "b.csv": b"0" * 9_000}))
    with pytest.raises(Refusal, match="unpacks to more"):
        list(members_of(tmp_path / "a.zip", tmp_path / "scratch"))


def test_sheets_are_parts(tmp_path: Path) -> None:
    rows: list[list[object]] = [line.split(",") for line in TOUCHES.splitlines()]
    parts = sniffed(tmp_path, workbook({"May": rows, "notes": [["nothing"]], "June": rows}))
    assert [(part.part_name, part.unrecognised) for part in parts] == [("May", ("notes",)), ("June", ("notes",))]


def test_a_large_sheet_is_laid_down_once_and_keeps_its_row_numbers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tpaudit.ingest.reading.grid._MOST_IN_MEMORY", 1000)
    monkeypatch.setattr("tpaudit.ingest.reading.grid._AT_ONCE", 15)
    rows: list[list[object]] = [["touch_id", "occurred_at", "event", "n"]]
    rows += [[f"t{n}", "2026-05-01 08:00:00", "Visit", n + 0.5 if n % 2 else n] for n in range(2, 1_000)]
    (part,) = sniffed(tmp_path, workbook({"S": rows}))
    assert list((tmp_path / "scratch").iterdir())
    table = pq.read_table(part.stage(tmp_path / "raw.parquet").file)
    last = table.slice(table.num_rows - 1).to_pylist()[0]
    assert last == {"_row": 999, "c0": "t999", "c1": "2026-05-01 08:00:00", "c2": "Visit", "c3": "999.5"}


def test_tables_below_each_other_are_parts_with_the_lines_of_the_file(tmp_path: Path) -> None:
    text = (
        f"# exported\n\n{TOUCHES}\n# a second one\n{TOUCHES.replace('t1', 't8')}\nDay,Users\n20260801,5\n20260802,6\n"
    )
    parts = sniffed(tmp_path, text.encode())
    assert [(part.part_name, part.header.first) for part in parts] == [("table 1", 3), ("table 2", 8)]
    assert parts[0].unrecognised == ("table 3",)
    for part, first in zip(parts, ("t1", "t8"), strict=True):
        staged = part.stage(tmp_path / "raw.parquet")
        rows = pq.read_table(staged.file).to_pylist()
        lines = text.splitlines()
        assert [row["c0"] for row in rows] == [first, "t2"]
        assert all(lines[row["_row"] - 1].startswith(row["c0"]) for row in rows)


# --- headers, footers, rows ----------------------------------------------------------------------------------------------


def test_merchant_bill_whose_cells_are_marked_and_not_quoted(tmp_path: Path) -> None:
    text = (
        "交易时间,公众账号ID,商品名称,订单金额\n`2026-05-01 08:00:00,`wx1,`茶,红,`1.00\n"
        "`2026-05-02 08:00:00,`wx1,`茶,`2.00\n总交易单数,订单总金额\n`2,`3.00\n"
    )
    (part,) = parts_in(tmp_path, text.encode())
    assert rows_in(part)[:2] == [
        ["交易时间", "公众账号ID", "商品名称", "订单金额"],
        ["2026-05-01 08:00:00", "wx1", "茶,红", "1.00"],
    ]
    staged = part.stage(Layout(part.lines[0]), tmp_path / "raw.parquet")
    assert staged.rows == 2
    assert [(issue.code, issue.row) for issue in staged.issues] == [("footer_row", 4), ("footer_row", 5)]


def test_rows_with_cells_left_out_or_added_are_kept_if_nothing_moves(tmp_path: Path) -> None:
    text = f"{TOUCHES}t3,2026-05-03 08:00:00\nt4,2026-05-03 08:00:00,Visit,,\nt5,2026-05-03,Visit,x\nnote,of a person\n"
    text += "t6,2026-05-03 08:00:00,Visit\n"
    (part,) = sniffed(tmp_path, text.encode())
    staged = part.stage(tmp_path / "raw.parquet")
    assert staged.rows == 5
    told = {(issue.code, issue.row) for issue in staged.issues}
    assert told == {("short_row", 4), ("ragged_row", 6), ("ragged_row", 7)}


def test_an_unclosed_quote_costs_its_own_row_at_most(tmp_path: Path) -> None:
    text = (
        TOUCHES
        + 't3,2026-05-03 08:00:00,"Visit\n'
        + "".join(f"t{n},2026-05-03 08:00:00,Visit\n" for n in range(4, 5000))
    )
    (part,) = sniffed(tmp_path, text.encode())
    staged = part.stage(tmp_path / "raw.parquet")
    assert staged.rows == 4999
    assert staged.issues == ()


def test_header_rows_that_a_preset_declares_are_no_data(tmp_path: Path) -> None:
    (part,) = sniffed(tmp_path, (TOUCHES.splitlines()[0] + "\n" + TOUCHES).encode())
    assert part.header_rows == 2
    assert part.stage(tmp_path / "raw.parquet").rows == 2


def test_progress_counts_bytes_up_to_the_size_of_the_file(tmp_path: Path) -> None:
    text = "touch_id,occurred_at,event\n" + "".join(f"t{n},2026-05-03 08:00:00,Visit\n" for n in range(200_000))
    for content in (text.encode(), gzip.compress(text.encode())):
        (part,) = sniffed(tmp_path, content)
        told: list[int] = []
        part.stage(tmp_path / "raw.parquet", told.append)
        assert told == sorted(told)
        assert told[-1] == len(content)


def test_a_close_call_is_told(tmp_path: Path) -> None:
    file = tmp_path / "t.csv"
    file.write_text(TOUCHES, "utf-8")
    preset = next(preset for preset in shipped_presets() if preset.id == "call_center_cn")
    columns = ("touch_id", "occurred_at", "event")
    twins = [
        preset.model_copy(
            update={
                "id": name,
                "columns": dict.fromkeys(columns, ()),
                "match": preset.match.model_copy(update={"all": ("event",), "any": (), "none": ()}),
            }
        )
        for name in ("one", "other")
    ]
    (entry,) = inspect(file, twins, None, tmp_path / "scratch")
    assert entry.is_close_call
    assert entry.best and entry.runner_up
