"""Raw touches and journeys of an invented audit for `benchmarks.attribution`, and the same as ready paths for peers."""

from __future__ import annotations

from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

TOUCHPOINTS = 20
MEAN_TOUCHES, MOST_TOUCHES = 5, 40
_CHUNK = 1_000_000
_BEGIN = 1_790_000_000_000_000  # microseconds; touches are five hours apart
_APART = 5 * 3_600_000_000


def write_audit(folder: Path, paths: int, converting: float, with_paths: bool) -> int:
    """Write marts of *paths* journeys, of which about the share *converting* converts, and return their touches.

    A touchpoint's number says how often it is met, its effect on conversion is another; rows are in no order.
    """
    (folder / "marts").mkdir(parents=True)
    (folder / "tpaudit.toml").write_text("", encoding="utf-8")
    chance = np.random.default_rng(7)
    names = np.array([f"touchpoint_{number:02d}" for number in range(TOUCHPOINTS)])
    met = 1 / np.arange(1, TOUCHPOINTS + 1) ** 0.8
    effect = chance.permutation(np.linspace(0.2, 1.8, TOUCHPOINTS))
    touched = 0
    writers: dict[str, pq.ParquetWriter] = {}
    for first in range(0, paths, _CHUNK):
        journeys = min(_CHUNK, paths - first)
        length = np.minimum(chance.geometric(1 / MEAN_TOUCHES, journeys), MOST_TOUCHES)
        start, total = np.cumsum(length) - length, int(length.sum())
        place = chance.choice(TOUCHPOINTS, total, p=met / met.sum())
        journey = np.repeat(np.arange(journeys), length)
        position = np.arange(total) - np.repeat(start, length) + 1
        keen = np.add.reduceat(effect[place], start)
        converted = chance.random(journeys) < np.minimum(keen * converting / keen.mean(), 1)
        customers = pa.array(np.char.mod("c%016x", chance.integers(0, 2**63, journeys)))
        mixed = chance.permutation(total)
        touches = pa.table(
            {
                "customer_id": customers.take(pa.array(journey[mixed])),
                "touchpoint": pa.array(names).take(pa.array(place[mixed])),
                "position": position[mixed].astype(np.int64),
                "occurred_at": pa.array(_BEGIN + position[mixed] * _APART, pa.timestamp("us", "UTC")),
            }
        )
        value = np.where(converted, np.round(chance.gamma(2, 50, journeys), 2), np.nan)
        ends = pa.table(
            {
                "customer_id": customers,
                "converted": converted,
                "ended_at": pa.array(_BEGIN + (length + 1) * _APART, pa.timestamp("us", "UTC")),
                "value": pa.array(value, from_pandas=True).cast(pa.decimal128(18, 4), safe=False),
            }
        )
        for mart, table in (("journey_touches", touches), ("journeys", ends)):
            if mart not in writers:
                writers[mart] = pq.ParquetWriter(folder / "marts" / f"{mart}.parquet", table.schema, compression="zstd")
            writers[mart].write_table(table, row_group_size=122_880)
        touched += total
    for writer in writers.values():
        writer.close()
    if with_paths:
        _write_paths(folder)
    return touched


def _write_paths(folder: Path) -> None:
    """What peers read: `journeys.parquet` has a row for each journey, `paths.parquet` for each distinct path."""
    marts = folder / "marts"
    duckdb.sql(
        f"""COPY (
            SELECT string_agg(touchpoint, ' > ' ORDER BY position) AS path,
                   any_value(converted)::BIGINT AS total_conversions,
                   coalesce(any_value(value), 0)::DOUBLE AS total_conversion_value,
                   1 - any_value(converted)::BIGINT AS total_null
            FROM '{marts}/journey_touches.parquet' JOIN '{marts}/journeys.parquet' USING (customer_id)
            GROUP BY customer_id) TO '{folder}/journeys.parquet'"""
    )
    duckdb.sql(
        f"""COPY (
            SELECT path, sum(total_conversions)::BIGINT AS total_conversions,
                   sum(total_conversion_value) AS total_conversion_value, sum(total_null)::BIGINT AS total_null
            FROM '{folder}/journeys.parquet' GROUP BY path ORDER BY path) TO '{folder}/paths.parquet'"""
    )
