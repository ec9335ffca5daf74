"""The engine keeps its promises: declared schemas, zones, stable blocks, clear faults."""

from __future__ import annotations

import gc
import hashlib
from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import duckdb
import ibis
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tpaudit.engine import Engine, EngineSettings, connect
from tpaudit.engine.portable import (
    block_in,
    block_of,
    epoch_seconds,
    hours_between,
    is_long_after,
    is_within,
    number_of,
)  # fmt: skip
from tpaudit.errors import EngineFault, UsageFault


@pytest.fixture
def engine() -> Engine:
    return connect(EngineSettings(threads=1))


def test_a_scan_has_exactly_the_declared_columns(engine: Engine, tmp_path: Path) -> None:
    pq.write_table(pa.table({"a": [1], "stray": ["x"]}), tmp_path / "one.parquet")
    rows = engine.scan([tmp_path / "one.parquet"], {"a": "int64", "b": "string"})
    assert engine.fetch_rows(rows) == [{"a": 1, "b": None}]
    assert engine.fetch_rows(engine.scan([], {"a": "int64"})) == []


def test_local_times_become_instants_and_back(engine: Engine) -> None:
    noon = datetime(2026, 7, 1, 12, 0)
    rows = engine.table(pa.table({"naive": pa.array([noon], pa.timestamp("us"))}))
    instant = engine.from_local(rows.naive, "Asia/Shanghai")
    found = engine.fetch_rows(rows.mutate(instant=instant, back=engine.to_local(instant, "Asia/Shanghai")))[0]
    assert found["instant"] == datetime(2026, 7, 1, 4, 0, tzinfo=UTC)
    assert found["back"] == noon


def test_summer_time_is_observed(engine: Engine) -> None:
    rows = engine.table(pa.table({"naive": pa.array([datetime(2026, 7, 1, 12), datetime(2026, 1, 1, 12)])}))
    found = engine.fetch_rows(rows.mutate(instant=engine.from_local(rows.naive, "Europe/Berlin")))
    assert [row["instant"].hour for row in found] == [10, 11]


def test_blocks_follow_the_md5_digest(engine: Engine) -> None:
    keys = [f"customer-{number}" for number in range(50)]
    rows = engine.table(pa.table({"key": keys}))
    found = [row["block"] for row in engine.fetch_rows(rows.select(block=block_of(rows.key, 512)))]
    assert found == [int(hashlib.md5(key.encode()).hexdigest()[:3], 16) % 512 for key in keys]
    with pytest.raises(ValueError, match="divide 4096"):
        block_of(rows.key, 1000)


def test_seconds_drop_the_fraction(engine: Engine) -> None:
    early = datetime(2026, 1, 1, 0, 0, 0, 900_000, tzinfo=UTC)
    late = datetime(2026, 1, 1, 1, 30, 0, 100_000, tzinfo=UTC)
    rows = engine.table(pa.table({"early": [early], "late": [late]}))
    found = engine.fetch_rows(rows.select(s=epoch_seconds(rows.early), h=hours_between(rows.early, rows.late)))[0]
    assert found == {"s": int(early.timestamp()), "h": 1.5}


def test_a_view_outlives_the_tables_in_memory_it_reads_and_can_be_forgotten(engine: Engine) -> None:
    doubled = engine.view(engine.table(pa.table({"number": [1, 2]})).mutate(double=lambda row: row.number * 2))
    gc.collect()
    assert engine.fetch_rows(doubled.filter(doubled.number > 1)) == [{"number": 2, "double": 4}]
    engine.release(doubled, engine.cache(doubled))
    with pytest.raises(Exception, match="does not exist"):
        engine.fetch(doubled)


def test_a_file_that_is_gone_is_told_with_a_remedy(engine: Engine, tmp_path: Path) -> None:
    with pytest.raises(EngineFault, match="could not read or write"):
        engine.read_parquet(tmp_path / "gone.parquet")


def test_an_engine_that_is_not_built_is_refused() -> None:
    with pytest.raises(UsageFault, match="not available"):
        EngineSettings(name="spark")


def test_rows_read_in_file_order_are_told_from_those_in_any_order(engine: Engine, tmp_path: Path) -> None:
    pq.write_table(pa.table({"row": range(5), "text": list("aabbc")}), tmp_path / "rows.parquet")
    rows = engine.read_parquet(tmp_path / "rows.parquet")
    numbers = engine.table(pa.table({"text": ["a"], "number": [1]}))
    assert engine.keeps_order(rows.filter(rows.row > 1).mutate(double=rows.row * 2).drop("text"))
    assert engine.keeps_order(engine.step(rows.mutate(double=rows.row * 2)).filter(lambda step: step.double > 2))
    for shuffled in (
        rows.group_by("text").agg(n=rows.count()), rows.union(rows), rows.left_join(numbers, "text"),
        rows.filter(rows.text.isin(list("abcdefgh"))), rows.mutate(place=ibis.row_number()), engine.cache(rows),
    ):  # fmt: skip
        assert not engine.keeps_order(shuffled)
    assert not engine.keeps_order(engine.step(rows.left_join(numbers, "text")))


def test_files_of_many_row_groups_keep_the_order_of_their_source(tmp_path: Path) -> None:
    engine = connect(EngineSettings(threads=2))
    pq.write_table(pa.table({"row": range(200_000)}), tmp_path / "rows.parquet", row_group_size=9_000)
    rows = engine.read_parquet(tmp_path / "rows.parquet").mutate(more=ibis._.row + 1)
    wide = engine.step(rows.mutate(**{f"c{place}": ibis._.row * place for place in range(60)})).filter(
        ibis._.row % 7 > 0
    )
    assert engine.keeps_order(wide)
    with engine.frugal():
        engine.write_parquet(wide, tmp_path / "wide.parquet", is_temporary=True)
    found = pq.read_table(tmp_path / "wide.parquet")
    assert found["row"].to_pylist() == [row for row in range(200_000) if row % 7]
    assert found["c59"][-1].as_py() == 59 * 199_999
    assert pq.read_metadata(tmp_path / "wide.parquet").num_row_groups > 10


@pytest.mark.parametrize("threads", [1, 2])
def test_neighbours_are_those_of_the_same_group_in_the_order_told(threads: int) -> None:
    engine = connect(EngineSettings(threads=threads))
    rng = np.random.default_rng(5)
    group, place = rng.integers(0, 30_000, 200_000), rng.permutation(200_000)
    rows = engine.table(pa.table({"half": group % 2, "group": group, "place": place, "met": place * 3}))
    order_by = ("half", "group", "place")
    beside = engine.neighbours(rows, "group", order_by, before={"before": "met"}, after={"after": "met"})
    assert beside.columns == ("half", "group", "place", "met", "before", "after")
    found = engine.fetch(beside.order_by("place"))
    order = np.lexsort((place, group))
    same = group[order][1:] == group[order][:-1]
    before, after = np.full(len(place), -1), np.full(len(place), -1)
    before[order[1:][same]], after[order[:-1][same]] = place[order[:-1][same]] * 3, place[order[1:][same]] * 3
    assert (found["before"].fill_null(-1).to_numpy() == before[np.argsort(place)]).all()
    assert (found["after"].fill_null(-1).to_numpy() == after[np.argsort(place)]).all()


@pytest.mark.parametrize("threads", [1, 2, 4])
def test_rows_of_a_file_in_order_have_their_neighbours_without_a_sort(threads: int, tmp_path: Path) -> None:
    engine = connect(EngineSettings(threads=threads))
    rng = np.random.default_rng(7)
    group, place = np.sort(rng.integers(0, 30_000, 200_000)), np.arange(200_000)
    table = pa.table(
        {"group": pa.array(group, mask=group >= 29_000), "place": place, "kept": rng.random(200_000) < 0.4}
    )
    pq.write_table(table, tmp_path / "rows.parquet", row_group_size=9_000)
    rows = engine.scan([tmp_path / "rows.parquet"], {"group": "int64", "place": "int64", "kept": "boolean"})
    beside = engine.neighbours(
        rows.filter(rows.kept).drop("kept"), "group", before={"left": "place"}, after={"next": "place", "of": "group"}
    )
    # Read twice, as an engine may be tempted to share what both have in common.
    beside = engine.view(beside)
    is_first = beside.left.isnull()
    found = engine.fetch(beside.filter(is_first).union(beside.filter(~is_first)).order_by("place")).to_pylist()
    kept = table.filter(table["kept"]).to_pylist()
    alike = [one["group"] is not None and one["group"] == other["group"] for one, other in pairwise(kept)]
    before = [None] + [one["place"] if same else None for one, same in zip(kept, alike, strict=False)]
    after = [other["place"] if same else None for other, same in zip(kept[1:], alike, strict=True)] + [None]
    assert [row["left"] for row in found] == before
    assert [row["next"] for row in found] == after
    assert all(row["of"] == (row["group"] if row["next"] is not None else None) for row in found)


@pytest.mark.parametrize("threads", [1, 4])
def test_the_counted_of_a_group_are_numbered_in_the_order_told(threads: int, tmp_path: Path) -> None:
    engine = connect(EngineSettings(threads=threads))
    rng = np.random.default_rng(6)
    group, place, counted = rng.integers(0, 30_000, 200_000), rng.permutation(200_000), rng.random(200_000) < 0.3
    # Nobody's rows form a group of their own, at the end; what is not known to count does not.
    groups = pa.array(group, mask=group >= 29_000)
    counts = pa.array(counted, mask=place % 7 == 0)
    rows = engine.table(pa.table({"group": groups, "place": place, "counted": counts}))
    numbered = engine.numbered_within(rows, rows.counted, within="group", order_by=("group", "place"))
    assert numbered.columns == ("group", "place", "counted", "number")
    file = tmp_path / "numbered.parquet"
    assert engine.write_parquet(numbered, file) == 200_000
    found = pq.read_table(file)

    order = np.lexsort((place, np.minimum(group, 29_000)))
    assert (found["place"].to_numpy() == place[order]).all()
    seen: Counter[int] = Counter()
    expected: list[int | None] = []
    for who, counts_here in zip(np.minimum(group, 29_000)[order], (counted & (place % 7 != 0))[order], strict=True):
        seen[who] += bool(counts_here)
        expected.append(seen[who] if counts_here else None)
    assert found["number"].to_pylist() == expected


def test_a_query_that_frugal_memory_does_not_bear_is_run_with_all_of_it(tmp_path: Path) -> None:
    engine = connect(EngineSettings(threads=1, temp_directory=tmp_path))
    rows = engine.table(pa.table({"row": range(300_000)}))
    listed = rows.group_by(half=rows.row % 2).agg(all=rows.row.cast("string").lpad(100, "0").collect())
    with engine.frugal(megabytes=20):
        found = engine.fetch_rows(listed.select("half", n=listed["all"].length()).order_by("half"))
        limit = engine.fetch_rows(engine.table(pa.table({"n": [1]})))
    assert found == [{"half": 0, "n": 150_000}, {"half": 1, "n": 150_000}]
    assert limit == [{"n": 1}]


def test_where_more_is_kept_than_frugal_memory_holds_queries_run_with_all_of_it(tmp_path: Path) -> None:
    engine = connect(EngineSettings(threads=1, temp_directory=tmp_path))
    engine._connection.raw_sql("SET max_temp_directory_size = '1MB'")
    rows = engine.table(pa.table({"row": range(300_000)}))
    kept = engine.cache(rows.mutate(text=rows.row.cast("string").lpad(100, "0")))
    with pytest.raises(duckdb.OutOfMemoryException):
        engine._connection.raw_sql("SET memory_limit = '5MB'")
    with engine.frugal(megabytes=5):
        assert engine.fetch_rows(kept.agg(n=kept.text.nunique())) == [{"n": 300_000}]


def test_frugal_queries_leave_the_memory_limit_as_it_was() -> None:
    engine = connect(EngineSettings())
    asked = "SELECT current_setting('memory_limit'), current_setting('threads')"
    usual = engine._connection.raw_sql(asked).fetchall()
    for _time in range(3):
        with engine.frugal():
            assert engine._connection.raw_sql(asked).fetchall() != usual
    assert engine._connection.raw_sql(asked).fetchall() == usual


def test_numbers_stand_for_texts_and_tell_their_block(engine: Engine) -> None:
    texts = [f"customer-{number}" for number in range(50)] + [None]
    rows = engine.table(pa.table({"text": pa.array(texts)}))
    number = number_of(rows.text)
    found = engine.fetch_rows(rows.select("text", n=number, block=block_in(number, 512), own=block_of(rows.text, 512)))
    assert len({row["n"] for row in found}) == len(texts)
    assert all(row["block"] == row["own"] for row in found)
    assert [row["n"] for row in found if row["text"] is None] == [None]


@pytest.mark.parametrize("later", ["03-29 10:00:00", "03-29 10:00:01", "03-29 09:59:59", "03-27 00:00:00", None])
def test_spans_between_instants_are_those_of_a_calendar_in_utc(engine: Engine, later: str | None) -> None:
    earlier = datetime(2026, 3, 28, 8, tzinfo=UTC)
    instant = datetime.strptime(f"2026-{later}", "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC) if later else None
    stamp = pa.timestamp("us", tz="UTC")
    rows = engine.table(pa.table({"a": pa.array([earlier], stamp), "b": pa.array([instant], stamp)}))
    span = {"days": 1, "hours": 2}
    found = rows.select(within=is_within(rows.b, rows.a, **span), beyond=is_long_after(rows.b, rows.a, **span))
    told = (instant - earlier) if instant else None
    expected = {"within": told <= timedelta(**span), "beyond": told >= timedelta(**span)} if told is not None else None
    assert engine.fetch_rows(found) == [expected or {"within": None, "beyond": None}]


def test_large_tables_are_kept_on_disk_until_released(tmp_path: Path) -> None:
    engine = connect(EngineSettings(threads=1, temp_directory=tmp_path / "spill"))
    kept = engine.cache(engine.table(pa.table({"a": [3, 1, 2]})), is_large=True)
    assert engine.fetch_rows(kept.agg(total=kept.a.sum())) == [{"total": 6}]
    (file,) = (tmp_path / "spill").rglob("*.parquet")
    engine.release(kept)
    assert not file.exists()
    engine.cache(engine.table(pa.table({"a": [1]})), is_large=True)
    engine.close()
    assert not list((tmp_path / "spill").iterdir())


def test_coded_texts_are_the_same_texts(engine: Engine, tmp_path: Path) -> None:
    """Carried as numbers they sort, compare, join and are written as the texts they are."""
    texts = ["线索", "it's", "b", None, "B", ""]
    rows = engine.table(pa.table({"text": pa.array(texts)}))
    coded = rows.select(text=engine.coded(rows.text, [text for text in texts if text is not None]))
    assert [row["text"] for row in engine.fetch_rows(coded)] == texts
    ordered = engine.fetch_rows(coded.order_by("text"))
    assert [row["text"] for row in ordered] == [*sorted(text for text in texts if text is not None), None]
    assert engine.fetch_rows(coded.filter(coded.text == "it's").union(rows.filter(rows.text == "b"))) != []
    engine.write_parquet(coded, tmp_path / "coded.parquet")
    table = pq.read_table(tmp_path / "coded.parquet")
    assert table.schema.field("text").type == pa.string() and table["text"].to_pylist() == texts
    assert engine.fetch_rows(rows.select(text=engine.coded(rows.text.nullif(rows.text), [])))[0] == {"text": None}


def test_a_file_tells_no_code_that_no_row_has(engine: Engine, tmp_path: Path) -> None:
    rows = engine.table(pa.table({"text": ["b", "a", None] * 100}))
    engine.write_parquet(rows.select(text=engine.coded(rows.text, ["a", "b", "c"])), tmp_path / "coded.parquet")
    (written,) = pq.read_table(tmp_path / "coded.parquet", read_dictionary=["text"])["text"].chunks
    assert sorted(written.dictionary.to_pylist()) == ["a", "b"]
