"""One system on one data set, in a process of its own: `python -m benchmarks.identity_runs SYSTEM DATA FOLDER`.

DATA is a Parquet file of records (record_id and text columns) or the folder of an audit whose lake is read. Writes
clusters and scored pairs as Parquet into FOLDER, and the cost of the work (not of writing) as usage.json.
"""

from __future__ import annotations

import json
import resource
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.identity_rivals import RivalRun, column
from tpaudit.audit import Audit, load_config
from tpaudit.audit.settings import IdentitySection
from tpaudit.engine import Engine, EngineSettings, connect
from tpaudit.identity import blocking, encoding, fields, lake, linking
from tpaudit.identity.frequencies import frequencies
from tpaudit.identity.shared_values import without_shared
from tpaudit.store import Store

_LEAST_SHOWN = 0.01


def main(system: str, data: Path, folder: Path) -> None:
    engine, records, known = _records(data)
    if system == "tpaudit":
        _tpaudit(engine, records, known, folder)
    else:
        _rival(system, engine, records, known, folder)


def _records(data: Path) -> tuple[Engine, Any, tuple[fields.Field, ...]]:
    engine = connect(EngineSettings(threads=2))
    if data.is_dir():
        store = Store(Audit(data, load_config(data, {})), engine)
        records = engine.cache(lake.records(store))
        return engine, records, fields.filled(engine, records, lake.FIELDS)
    records = engine.cache(engine.read_parquet(data))
    return engine, records, fields.found(engine, records, {})


def _tpaudit(engine: Engine, records: Any, known: tuple[fields.Field, ...], folder: Path) -> None:
    linked = linking.link(engine, records, known, IdentitySection())
    _write_usage(folder)
    pq.write_table(linked.records.select(["record_id", "cluster"]), folder / "clusters_0.5.parquet")
    rows = engine.fetch(linked.evidence)
    probability = 1 / (1 + np.exp2(-np.clip(linked.bits, -60, 60)))
    probability = probability[np.searchsorted(linked.patterns.code, rows["pattern"].to_numpy())]
    pair = rows["pair"].to_numpy()
    _write_pairs(folder, linked.records["record_id"], pair // blocking.SHIFT, pair % blocking.SHIFT, probability)


def _write_pairs(folder: Path, ids: Any, left: Any, right: Any, probability: Any) -> None:
    shown = probability >= _LEAST_SHOWN
    table = pa.table(
        {
            "left_id": ids.take(pa.array(left[shown])),
            "right_id": ids.take(pa.array(right[shown])),
            "probability": probability[shown],
        }
    )
    pq.write_table(table, folder / "pairs.parquet")


def _rival(system: str, engine: Engine, records: Any, known: tuple[fields.Field, ...], folder: Path) -> None:
    """Run a rival; only this one is imported, so that its memory is its own."""
    rival = import_module(f"benchmarks.identity_{system}")
    encoded, keys, prepared = _prepared(engine, records, known)
    found: RivalRun = rival.run(encoded, prepared, keys)
    _write_usage(folder)
    pq.write_table(found.pairs, folder / "pairs.parquet")
    for threshold, clusters in found.clusters.items():
        pq.write_table(clusters, folder / f"clusters_{threshold}.parquet")


def _prepared(engine: Engine, records: Any, known: tuple[fields.Field, ...]) -> tuple[Any, Any, pa.Table]:
    """What tpaudit itself compares, as text, less the values its guard took out; and its blocking keys."""
    encoded, _ = without_shared(encoding.encode(engine, records, known), IdentitySection())
    texts, named = encoding.texts(engine, records, known)
    rows = named.select("record_id", **{f"text {name}": text for name, text in texts.items()})
    joined = rows.inner_join(encoded.table, "record_id")
    columns = {column(name): joined[name].isnull().ifelse(None, joined[f"text {name}"]) for name in texts}
    prepared = engine.fetch(joined.select("record_id", **columns))
    strengths = blocking.strengths(encoded, frequencies(encoded))
    return encoded, blocking.chosen_keys(encoded, strengths), prepared


def _write_usage(folder: Path) -> None:
    used = resource.getrusage(resource.RUSAGE_SELF)
    cost = {"cpu": used.ru_utime + used.ru_stime, "peak_mb": used.ru_maxrss / 1024}
    (folder / "usage.json").write_text(json.dumps(cost), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))
