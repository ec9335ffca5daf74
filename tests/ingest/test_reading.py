"""Containers, encodings, dialects and headers: the same rows whatever the file looks like."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.ingest.test_presets import rows_of, workbook
from tests.lake import make_store
from tpaudit.ingest import ingest

ROWS = [
    ["touch_id", "occurred_at", "event"],
    ["t1", "2026-05-01 08:00:00", "看茶"],
    ["t2", "2026-05-02 08:00:00", "Visit"],
]
TEXT = "".join(",".join(row) + "\r\n" for row in ROWS)
RECORDS = [dict(zip(ROWS[0], row, strict=True)) for row in ROWS[1:]]
LINES = "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in RECORDS)


def parquet_bytes() -> bytes:
    sink = pa.BufferOutputStream()
    pq.write_table(pa.Table.from_pylist(RECORDS), sink)
    return bytes(sink.getvalue())


@pytest.mark.parametrize(
    ("content", "container", "rows"),
    [
        (TEXT.encode(), "text", [2, 3]),
        (TEXT.encode("utf-8-sig"), "text", [2, 3]),
        (TEXT.encode("gb18030"), "text", [2, 3]),
        (TEXT.encode("utf-16"), "text", [2, 3]),
        (TEXT.replace(",", ";").encode(), "text", [2, 3]),
        (TEXT.replace(",", "\t").encode(), "text", [2, 3]),
        (("导出说明\n\n" + TEXT).encode(), "text", [4, 5]),
        (gzip.compress(TEXT.encode("gb18030")), "gzip", [2, 3]),
        (LINES.encode(), "jsonl", [1, 2]),
        (gzip.compress(LINES.encode()), "jsonl.gz", [1, 2]),
        (json.dumps(RECORDS).encode(), "json", [1, 2]),
        (workbook({"Sheet1": ROWS}), "xlsx", [2, 3]),
        (parquet_bytes(), "parquet", [1, 2]),
    ],
    ids=[
        "utf-8",
        "utf-8-sig",
        "gb18030",
        "utf-16",
        "semicolons",
        "tabs",
        "preamble",
        "gzip",
        "jsonl",
        "jsonl.gz",
        "json",
        "xlsx",
        "parquet",
    ],
)
def test_name_does_not_matter_content_does(tmp_path: Path, content: bytes, container: str, rows: list[int]) -> None:
    file = tmp_path / "export.dat"
    file.write_bytes(content)
    store = make_store(tmp_path)
    (outcome,) = ingest(store, [file]).files
    assert (outcome.container, outcome.rows_in) == (container, 2)
    found = rows_of(store, "touches")
    assert [(row["touch_id"], row["event"]) for row in found] == [("t1", "看茶"), ("t2", "Visit")]
    assert [row["source_row"] for row in found] == rows
    assert {row["occurred_at"].hour for row in found} == {0}


def test_physical_lines_count_quoted_line_ends_blank_lines_and_ragged_rows(tmp_path: Path) -> None:
    file = tmp_path / "t.csv"
    file.write_text(
        "touch_id,occurred_at,event\n"
        't1,2026-05-01,"two\nlines"\n'
        "\n"
        "t2,2026-05-01\n"
        't3,2026-05-01,"three\n\nlines"\n'
        "t4,2026-05-01,x\n"
        "t5,2026-05-01,x,y\n"
        "t6,2026-05-01,x\n"
        "t7\n"
    )
    store = make_store(tmp_path)
    ingest(store, [file])
    assert {row["touch_id"]: row["source_row"] for row in rows_of(store, "touches")} == {
        "t1": 2,
        "t2": 5,
        "t3": 6,
        "t4": 9,
        "t6": 11,
    }
    issues = rows_of(store, "ingest_issues")
    assert [(row["source_row"], row["code"]) for row in issues] == [
        (5, "short_row"),
        (10, "ragged_row"),
        (12, "ragged_row"),
    ]
    assert issues[1]["sample"] == "x9,9999-99-99,x,x"


def test_undecodable_byte_keeps_the_row_and_tells_it(tmp_path: Path) -> None:
    file = tmp_path / "t.csv"
    good = "".join(f"t{n},2026-05-01,看茶\n" for n in range(2, 40))
    file.write_bytes(b"touch_id,occurred_at,event\nt1,2026-05-01,ab\xff\xfec\n" + good.encode())
    store = make_store(tmp_path)
    ingest(store, [file])
    assert len(rows_of(store, "touches")) == 39
    assert [(row["source_row"], row["column"], row["code"]) for row in rows_of(store, "ingest_issues")] == [
        (2, "event", "undecodable_byte")
    ]


def test_unclaimed_columns_are_kept_as_json(tmp_path: Path) -> None:
    file = tmp_path / "t.csv"
    file.write_text(
        'touch_id,occurred_at,event,channel,device,旗帜,旗帜\nt1,2026-05-01,x,web,pc,"红,""1""",绿\n', "utf-8"
    )
    store = make_store(tmp_path)
    ingest(store, [file])
    (row,) = rows_of(store, "touches")
    assert json.loads(row["extra"]) == {"旗帜": '红,"1"', "旗帜_2": "绿"}


def test_rows_beyond_one_block_keep_their_numbers(tmp_path: Path) -> None:
    file = tmp_path / "big.csv"
    note = "备" * 60
    body = "".join(f't{n},2026-05-01,"{note}\n{n}"\n' if n % 3 else f"t{n},2026-05-01,x,y\n" for n in range(60_000))
    file.write_text("touch_id,occurred_at,event\n" + body, "utf-8")
    store = make_store(tmp_path)
    ingest(store, [file])
    lines = file.read_text("utf-8").split("\n")
    for row in rows_of(store, "touches")[::997] + rows_of(store, "touches")[-3:]:
        assert lines[row["source_row"] - 1].startswith(f"{row['touch_id']},")
    issues = rows_of(store, "ingest_issues")
    assert len(issues) == 20_000
    assert all(lines[row["source_row"] - 1].endswith(",x,y") for row in issues[::499] + issues[-2:])
