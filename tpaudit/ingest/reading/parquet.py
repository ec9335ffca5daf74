"""Parquet: copied with record numbers; nested structs and key-value arrays stay as they are until mapping."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from tpaudit.ingest.reading import arrays
from tpaudit.ingest.reading.decode import Progress
from tpaudit.ingest.reading.staged import ROW, Staged, source_columns
from tpaudit.ingest.refusal import Refusal

_DAMAGED = ("is a damaged Parquet file", "export it again")
_BATCH = 65_536


def parquet_fields(path: Path) -> list[str]:
    """Dotted names of the scalar fields of *path*; an array of key-value records counts as one name."""
    try:
        schema = pq.read_schema(path)
    except (pa.ArrowException, OSError) as fault:
        raise Refusal(*_DAMAGED) from fault
    return [name for column in schema for name in _leaves(column, "")]


def stage_parquet(path: Path, file: Path, progress: Progress | None = None) -> Staged:
    """Copy *path* in batches, with the 1-based record number as row number."""
    source = pq.ParquetFile(path)
    schema = pa.schema([pa.field(ROW, pa.int64()), *source.schema_arrow.remove_metadata()])
    file.parent.mkdir(parents=True, exist_ok=True)
    share = path.stat().st_size / max(source.metadata.num_rows, 1)
    number = 1
    try:
        with pq.ParquetWriter(file, schema, compression="lz4") as writer:
            for batch in source.iter_batches(batch_size=_BATCH):
                rows = arrays.numbers(np.arange(number, number + batch.num_rows))
                writer.write_batch(pa.record_batch([rows, *batch.columns], schema=schema))
                number += batch.num_rows
                if progress:
                    progress(round((number - 1) * share))
    except (pa.ArrowException, OSError) as fault:
        raise Refusal(*_DAMAGED) from fault
    return Staged(file, source_columns(parquet_fields(path)), number - 1, is_nested=True)


def parquet_rows(path: Path, names: Sequence[str]) -> Iterator[list[str]]:
    """The fields *names* of every record as text."""
    try:
        for batch in pq.ParquetFile(path).iter_batches(batch_size=_BATCH):
            for record in batch.to_pylist():
                yield [_as_text(_at(record, name)) for name in names]
    except (pa.ArrowException, OSError) as fault:
        raise Refusal(*_DAMAGED) from fault


def _leaves(field: pa.Field, prefix: str) -> Iterator[str]:
    name = f"{prefix}{field.name}"
    if pa.types.is_struct(field.type):
        for inner in field.type:
            yield from _leaves(inner, f"{name}.")
    else:
        yield name


def _at(record: dict[str, Any], name: str) -> Any:
    if name in record:
        return record[name]
    value: Any = record
    for step in name.split("."):
        value = value.get(step) if isinstance(value, dict) else None
    return value


def _as_text(value: Any) -> str:
    if value is None:
        return ""
    return json.dumps(value, ensure_ascii=False, default=str) if isinstance(value, (list, dict)) else str(value)
