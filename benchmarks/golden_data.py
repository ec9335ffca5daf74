"""Sample worlds as audits whose identity is ideal, so that `benchmarks.golden` measures the ranking alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ibis
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from tpaudit.audit import Audit, load_config
from tpaudit.model import LAKE_TABLES, MARTS, Table
from tpaudit.sample_data.outcomes import OUTCOMES, Exposures, Outcome, probability
from tpaudit.sample_data.period import UTC_OFFSET, Period
from tpaudit.sample_data.persons import SEGMENTS
from tpaudit.sample_data.touches import NEVER
from tpaudit.sample_data.touchpoints import CODE, TOUCHPOINTS
from tpaudit.sample_data.world import Chunk, Settings, simulate

SETTINGS = '[audit]\nas_of = 2026-11-16\ntimezone = "Asia/Shanghai"\n'
_SENT = ("care_message", "renewal_reminder", "cross_sell")
_LINEAGE = {
    "source_system": "sample",
    "source_export": "sample",
    "source_file": "sample.csv",
    "source_sha256": "0" * 64,
}


@dataclass(frozen=True)
class Truth:
    """What the generator knows: true effects on those who were met, per outcome, and which were planted as golden.

    `effects` are those of a touchpoint as a whole; `by_stage` are those of its touches in one stage alone, by
    touchpoint and stage, where it was met in several: `tpaudit rank` judges these one by one.
    """

    effects: Mapping[str, Mapping[str, float]]
    by_stage: Mapping[str, Mapping[tuple[str, str], float]]
    golden: Mapping[str, frozenset[str]]

    def effect(self, outcome: str, touchpoint: str, stage: str) -> float:
        """The true effect of the touches of *touchpoint* in *stage*; 0 for one nobody met."""
        whole = self.effects[outcome].get(touchpoint, 0.0)
        return self.by_stage[outcome].get((touchpoint, stage), whole)


def simulate_world(customers: int, seed: int, null: bool) -> Chunk:
    """One world of *customers* persons over half a year, without planted data defects."""
    return simulate(Settings(customers, Period(26), seed, null, clean=True), 0, 1, customers)


def truth_of(world: Chunk, audit: Audit) -> Truth:
    """What the generator knows of *world*, by the stages that *audit* gives to its touches."""
    effects = {}
    for outcome in OUTCOMES:
        sums = world.effects[outcome.name]
        effects[outcome.name] = {
            name: float(sums.effect[code] / sums.exposed[code]) for name, code in CODE.items() if sums.exposed[code]
        }
    golden = {o.name: frozenset() if world.settings.null else o.golden for o in OUTCOMES}
    stages = _stages(world, audit)
    by_stage = {o.name: {} if world.settings.null else dict(_effects_by_stage(world, o, stages)) for o in OUTCOMES}
    return Truth(effects, by_stage, golden)


def _stages(world: Chunk, audit: Audit) -> Any:
    """Stage of each touch of *world*; empty for those that are no touch of a customer in the audit."""
    touches = pq.read_table(audit.mart_file("journey_touches"), columns=["record_table", "record_id", "stage"])
    touches = touches.filter(pc.equal(touches["record_table"], "touches")).drop_null()
    stages = np.full(len(world.touches), "", dtype="U16")
    kept = np.flatnonzero(world.touches.touchpoint != CODE["survey"])
    numbers = pc.cast(pc.utf8_slice_codeunits(touches["record_id"], 1), pa.int64())
    stages[kept[numbers.to_numpy()]] = touches["stage"].to_numpy(zero_copy_only=False)
    return stages


def _effects_by_stage(world: Chunk, outcome: Outcome, stages: Any) -> Iterator[tuple[tuple[str, str], float]]:
    """True effects of the touches in one stage, for touchpoints met in several before *outcome*."""
    seen, eligible = world.exposures[outcome.name]
    limit, touches = world.limits[outcome.name], world.touches
    counts = touches.at < limit[touches.person]
    actual = probability(outcome, seen)
    for touchpoint, code in CODE.items():
        of_touchpoint = counts & (touches.touchpoint == code)
        found = [str(stage) for stage in np.unique(stages[of_touchpoint]) if stage]
        for stage in found if len(found) > 1 else ():
            here = of_touchpoint & (stages == stage)
            rest = touches.where(counts & ~here)
            without = Exposures.of(outcome, rest, seen.motivation, seen.susceptibility, seen.context)
            exposed = eligible & (touches.where(here).counts(len(eligible))[:, code] > 0)
            if exposed.any():
                yield (touchpoint, stage), float((actual - probability(outcome, without))[exposed].mean())


def write_audit(folder: Path, world: Chunk, settings: str = SETTINGS) -> Audit:
    """The lake of *world* below *folder*, every record given to the person it belongs to."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "tpaudit.toml").write_text(settings, encoding="utf-8")
    audit = Audit(folder, load_config(folder, {}))
    names = np.char.add("p", world.people.person_id.astype(str))
    _write_lake(audit, "contacts", _contacts(world, names))
    _write_lake(audit, "touches", _touches(world, names))
    _write_lake(audit, "orders", _orders(world, names))
    _write_lake(audit, "surveys", _surveys(world, names))
    customers = pa.array(names)
    _write(MARTS["customers"], {"customer_id": customers, "is_identified": True}, audit.mart_file("customers"))
    links = {"source_system": "sample", "contact_id": customers, "customer_id": customers}
    _write(MARTS["customer_links"], links, audit.mart_file("customer_links"))
    return audit


def _contacts(world: Chunk, names: Any) -> dict[str, Any]:
    tags = np.array(SEGMENTS)[world.people.segment]
    return {"contact_id": pa.array(names), "tags": pa.array([[tag] for tag in tags])}


def _touches(world: Chunk, names: Any) -> dict[str, Any]:
    """All touches but the answers to the survey, which the table of surveys gives."""
    touches = world.touches.where(world.touches.touchpoint != CODE["survey"])
    touchpoint = np.array(TOUCHPOINTS)[touches.touchpoint]
    return {
        "touch_id": pa.array(np.char.add("t", np.arange(len(touches)).astype(str))),
        "contact_id": pa.array(names[touches.person]),
        "touchpoint": pa.array(touchpoint),
        "direction": pa.array(np.where(np.isin(touchpoint, _SENT), "outbound", "inbound")),
        "occurred_at": _instant(touches.at),
    }


def _orders(world: Chunk, names: Any) -> dict[str, Any]:
    orders = world.orders
    return {
        "order_id": world.order_number,
        "contact_id": pa.array(names[orders.person]),
        "status": pa.array(np.where(orders.is_paid, "paid", "cancelled")),
        "created_at": _instant(orders.created),
        "paid_at": _instant(orders.paid),
        "paid_amount": pc.cast(pa.array(orders.total / 100.0), pa.decimal128(18, 4)),
        "currency": "CNY",
    }


def _surveys(world: Chunk, names: Any) -> dict[str, Any]:
    answers = world.answers
    return {
        "response_id": pa.array(np.char.add("r", np.arange(len(answers.at)).astype(str))),
        "question_id": "nps",
        "metric": "nps",
        "score": pa.array(answers.nps.astype(np.float64)),
        "contact_id": pa.array(names[answers.person]),
        "submitted_at": _instant(answers.at),
    }


def _instant(local: Any) -> pa.Array:
    """Seconds on the sample's clock as an instant; NULL for what never happened."""
    happened = local < NEVER
    micros = (np.where(happened, local, 0) - UTC_OFFSET) * 1_000_000
    return pa.array(micros, mask=~happened).cast(pa.timestamp("us", "UTC"))


def _write_lake(audit: Audit, table: str, columns: dict[str, Any]) -> None:
    size = len(next(value for value in columns.values() if isinstance(value, pa.Array | pa.ChunkedArray)))
    lineage = _LINEAGE | {"source_row": pa.array(np.arange(2, size + 2))}
    _write(LAKE_TABLES[table], lineage | columns, audit.lake / table / "sample-000000000000.parquet")


def _write(declared: Table, columns: dict[str, Any], file: Path) -> None:
    """*columns* as Parquet in the declared shape: arrays as they are, other values repeated, the rest NULL."""
    size = len(next(value for value in columns.values() if isinstance(value, pa.Array | pa.ChunkedArray)))
    schema = ibis.schema(declared.schema).to_pyarrow()
    arrays = []
    for field in schema:
        value = columns.get(field.name)
        if value is None:
            arrays.append(pa.nulls(size, field.type))
        elif isinstance(value, pa.Array | pa.ChunkedArray):
            arrays.append(value.cast(field.type))
        else:
            arrays.append(pa.repeat(pa.scalar(value, field.type), size))
    file.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.Table.from_arrays(arrays, schema=schema), file)
