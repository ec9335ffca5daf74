"""The engine keeps its promises: declared schemas, zones, stable blocks, clear faults."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tpaudit.engine import Engine, EngineSettings, connect
from tpaudit.engine.portable import block_of, epoch_seconds, hours_between
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


def test_a_file_that_is_gone_is_told_with_a_remedy(engine: Engine, tmp_path: Path) -> None:
    with pytest.raises(EngineFault, match="could not read or write"):
        engine.read_parquet(tmp_path / "gone.parquet")


def test_an_engine_that_is_not_built_is_refused() -> None:
    with pytest.raises(UsageFault, match="not available"):
        connect(EngineSettings(name="spark"))
