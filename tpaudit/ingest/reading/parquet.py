"""Parquet: copied with record numbers; nested structs and key-value arrays stay as they are until mapping."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from tpaudit.ingest.reading.staged import ROW, Staged, source_columns
from tpaudit.ingest.refusal import Refusal


def parquet_fields(path: Path) -> list[str]:
    """Dotted names of the scalar fields of *path*; an array of key-value records counts as one name."""
    try:
        schema = pq.read_schema(path)
    except (pa.ArrowInvalid, OSError) as fault:
        raise Refusal("is a damaged Parquet file", "export it again") from fault
    return [name for column in schema for name in _leaves(column, "")]


def stage_parquet(path: Path, file: Path) -> Staged:
    """Copy *path* in batches, with the 1-based record number as row number."""
    source = pq.ParquetFile(path)
    schema = pa.schema([pa.field(ROW, pa.int64()), *source.schema_arrow.remove_metadata()])
    file.parent.mkdir(parents=True, exist_ok=True)
    number = 1
    with pq.ParquetWriter(file, schema, compression="lz4") as writer:
        for batch in source.iter_batches(batch_size=65_536):
            rows = pa.array(np.arange(number, number + batch.num_rows), pa.int64())
            writer.write_batch(pa.record_batch([rows, *batch.columns], schema=schema))
            number += batch.num_rows
    return Staged(file, source_columns(parquet_fields(path)), number - 1, is_nested=True)


def _leaves(field: pa.Field, prefix: str) -> Iterator[str]:
    name = f"{prefix}{field.name}"
    if pa.types.is_struct(field.type):
        for inner in field.type:
            yield from _leaves(inner, f"{name}.")
    else:
        yield name
