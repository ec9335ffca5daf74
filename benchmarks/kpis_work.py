"""What `benchmarks.kpis` measures: `python benchmarks/kpis_work.py WORK FOLDER` does it and prints one line."""

from __future__ import annotations

import json
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tpaudit.store import Store

USED = {
    "touches": "touch_id, contact_id, touchpoint, channel, device, campaign, direction, event, occurred_at, "
    "first_response_seconds",
    "orders": "order_id, contact_id, status, created_at, paid_at, paid_amount, refunded_amount",
    "surveys": "response_id, contact_id, metric, score, submitted_at",
    "tickets": "ticket_id, contact_id, type, status, created_at, resolved_at, reopens",
    "leads": "lead_id, contact_id, status, created_at",
}


def scan(folder: Path) -> str:
    """Every column in use, read once."""
    import duckdb

    rows = 0
    for table, columns in USED.items():
        counted = ", ".join(f"max({name.strip()})::VARCHAR" for name in columns.split(","))
        rows += duckdb.sql(f"SELECT count(*), {counted} FROM '{folder}/lake/{table}/*.parquet'").fetchall()[0][0]
    return f"{rows:,} rows"


def journeys(folder: Path) -> str:
    """The journey stage alone."""
    from tpaudit.journeys import build

    with _opened(folder) as store:
        found = build(store)
        return f"{found.customers:,} journeys, {found.transitions_total} transitions, {found.paths_total:,} paths"


def everything(folder: Path) -> str:
    """The journey stage and every KPI by touchpoint."""
    from tpaudit.journeys import build
    from tpaudit.kpis import measure

    with _opened(folder) as store:
        found = build(store)
        measured = measure(store)
        kpis = len({row.kpi for row in measured.rows})
        return f"{found.customers:,} journeys, {kpis} KPIs in {len(measured.rows)} rows"


def limited(folder: Path) -> str:
    """The same under the memory limit of the audit's settings, with what it wrote to its temporary folder."""
    spill = _Spill(folder / ".tpaudit" / "tmp")
    told = everything(folder)
    return f"{told}; spilled {spill.highest / 2**20:,.0f} MB at most"


def bgnbd(folder: Path) -> str:
    """Predicted customer value alone, from the orders of the last run."""
    from tpaudit.kpis import measure

    with _opened(folder) as store:
        (row,) = (row for row in measure(store, by=(), only=("clv_predicted",)).rows)
        return f"{row.n:,} customers, mean {row.value:.2f}"


def pandas(folder: Path) -> str:
    """Three of the KPIs as one would write them in pandas: conversion and order value by touchpoint, first answers."""
    import pandas as pd

    touches = pd.read_parquet(
        folder / "lake/touches", columns=["contact_id", "touchpoint", "occurred_at", "first_response_seconds"]
    )
    orders = pd.read_parquet(folder / "lake/orders", columns=["order_id", "contact_id", "paid_at", "paid_amount"])
    paid = orders[orders.paid_at.notna()]
    both = paid.merge(touches, on="contact_id")
    wait = both.paid_at - both.occurred_at
    met = both[(wait > pd.Timedelta(0)) & (wait <= pd.Timedelta(days=30))].drop_duplicates(["order_id", "touchpoint"])
    value = met.groupby("touchpoint").paid_amount.mean()
    last = touches.groupby("contact_id").occurred_at.transform("max")
    recent = touches[touches.occurred_at >= last - pd.Timedelta(days=30)].drop_duplicates(["contact_id", "touchpoint"])
    converted = recent.contact_id.isin(paid.contact_id).groupby(recent.touchpoint).mean()
    answered = touches.first_response_seconds.dropna().quantile([0.5, 0.9])
    return f"3 KPIs, {len(value) + len(converted) + len(answered)} figures"


def pm4py(folder: Path) -> str:
    """Directly-follows graph and variants, the counterpart of transitions and paths."""
    import pandas as pd
    import pm4py as mining

    log = pd.read_parquet(folder / "lake/touches", columns=["contact_id", "touchpoint", "occurred_at"])
    log = mining.format_dataframe(log, case_id="contact_id", activity_key="touchpoint", timestamp_key="occurred_at")
    graph, _, _ = mining.discover_dfg(log)
    return f"{len(graph)} transitions, {len(mining.get_variants(log)):,} paths"


class _Spill:
    """Watches how large a folder grows."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.highest = folder, 0
        threading.Thread(target=self._watch, daemon=True).start()

    def _watch(self) -> None:
        while True:
            size = 0
            for file in self.folder.glob("**/*"):
                try:
                    size += file.stat().st_size
                except FileNotFoundError:
                    continue  # removed by the engine meanwhile
            self.highest = max(self.highest, size)
            time.sleep(0.05)


@contextmanager
def _opened(folder: Path) -> Iterator[Store]:
    """The audit's store, as the pipeline opens it."""
    from tpaudit.audit import Audit, load_config
    from tpaudit.engine import EngineSettings, connect
    from tpaudit.store import Store

    audit = Audit(folder, load_config(folder, {}))
    audit.scratch.mkdir(parents=True, exist_ok=True)
    wanted = audit.config.settings.engine
    engine = connect(EngineSettings(wanted.name, wanted.memory_limit, wanted.threads, audit.scratch))
    yield Store(audit, engine)
    engine.close()


WORK: dict[str, Callable[[Path], str]] = {
    "scan": scan, "journeys": journeys, "journeys+KPIs": everything, "limited": limited, "bgnbd": bgnbd,
    "pandas": pandas, "pm4py": pm4py,
}  # fmt: skip

if __name__ == "__main__":
    print(json.dumps(WORK[sys.argv[1]](Path(sys.argv[2]))))
