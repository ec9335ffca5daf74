"""What `benchmarks.kpis` measures: `python benchmarks/kpis_work.py WORK FOLDER` does it and prints one line."""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tpaudit.store import Store

# What journeys and KPIs read of each file, by how it is decoded without being answered from the file's statistics.
_TEXT, _TIME, _NUMBER, _FLAG = "sum(strlen({}))", "sum(epoch_us({}))", "sum({})", "count_if({})"
USED = {
    "lake/touches": {
        _TEXT: "touch_id contact_id touchpoint channel device campaign direction event source_file source_sha256",
        _TIME: "occurred_at",
        _NUMBER: "first_response_seconds source_row",
    },
    "lake/orders": {
        _TEXT: "order_id contact_id channel status source_file",
        _TIME: "created_at paid_at",
        _NUMBER: "paid_amount refunded_amount source_row",
    },
    "lake/surveys": {
        _TEXT: "response_id question_id contact_id metric source_file",
        _TIME: "submitted_at",
        _NUMBER: "score source_row",
    },
    "lake/tickets": {
        _TEXT: "ticket_id contact_id channel type status source_file",
        _TIME: "created_at resolved_at",
        _NUMBER: "reopens source_row",
    },
    "lake/leads": {
        _TEXT: "lead_id contact_id status source_file",
        _TIME: "created_at",
        _NUMBER: "source_row",
    },
    "lake/ad_spend": {_TEXT: "campaign_id touchpoint currency", _NUMBER: "spend impressions clicks"},
    "marts/customers": {_TEXT: "customer_id", _NUMBER: "confidence", _FLAG: "is_identified is_member"},
    "marts/customer_links": {_TEXT: "contact_id customer_id"},
}


def scan(folder: Path) -> str:
    """Every column in use, decoded once."""
    import duckdb

    rows = 0
    for place, columns in USED.items():
        files = f"{folder}/{place}/*.parquet" if place.startswith("lake") else f"{folder}/{place}.parquet"
        told = ", ".join(how.format(name) for how, names in columns.items() for name in names.split())
        rows += duckdb.sql(f"SELECT count(*), {told} FROM '{files}'").fetchall()[0][0]
    return f"{rows:,} rows"


def journeys(folder: Path) -> str:
    """The journey stage alone."""
    from tpaudit.journeys import build

    with _opened(folder) as store:
        found = build(store)
        return f"{found.customers:,} journeys, {found.transitions_total} transitions, {found.paths_total:,} paths"


def flows(folder: Path) -> str:
    """Map, variants and times of all touches, a contact being a case: as pm4py finds them, by code of the journeys."""
    import ibis
    from ibis import _

    from tpaudit.engine.codes import with_codes
    from tpaudit.engine.portable import code_of, hours_between
    from tpaudit.journeys.flows import END, START, paths, transitions
    from tpaudit.journeys.sequence import journeys_of

    with _opened(folder) as store, _timed() as time_of_work:
        touches = store.lake("touches")
        touches = touches.select("touchpoint", "channel", "occurred_at", "touch_id", customer_id=code_of(_.contact_id))
        touches = with_codes(store.engine, touches, ("touchpoint", "channel"))
        placed = store.engine.numbered_within(
            touches, ibis.literal(True), within="customer_id", order_by=("customer_id", "occurred_at", "touch_id")
        )
        steps = store.engine.cache(placed.rename(position="number").drop("touch_id"))
        nobody = store.mart("journeys").limit(0)
        nobody = nobody.select("value", customer_id=ibis.null("int64"), converted_at="ended_at")
        found = store.engine.cache(journeys_of(steps, nobody, max_path_length=10_000))
        made = store.engine.fetch_rows(transitions(store, steps, found))
        variants = store.engine.fetch(paths(found)).num_rows
        took = hours_between(found.started_at, found.ended_at)
        (lasted,) = store.engine.fetch_rows(found.agg(median=took.median()))
        told = _told_of_flows(
            edges=[row for row in made if row["from_touchpoint"] != START and row["to_touchpoint"] != END],
            starts={row["to_touchpoint"] for row in made if row["from_touchpoint"] == START},
            ends={row["from_touchpoint"] for row in made if row["to_touchpoint"] == END},
            variants=variants,
            median_hours=lasted["median"],
        )
    return f"{told}; {time_of_work()}"


def _told_of_flows(
    edges: list[dict[str, Any]],
    starts: Collection[str],
    ends: Collection[str],
    variants: int,
    median_hours: float,
) -> str:
    """The same words for the same answers; the times of transitions are told by their longest median."""
    follows, longest = sum(row["transitions"] for row in edges), max(row["median_hours"] for row in edges)
    met = f"{len(edges)} transitions made {follows:,} times (up to {longest:.1f} h), {len(starts)} starts"
    return f"{met}, {len(ends)} ends, {variants:,} variants, {median_hours:.1f} h each"


@contextmanager
def _timed() -> Iterator[Callable[[], str]]:
    """Tells what the work within took once its libraries were loaded: CPU seconds and seconds."""
    cpu, wall = time.process_time(), time.perf_counter()
    took: list[float] = []
    yield lambda: f"work {took[0]:.2f} CPU s, {took[1]:.2f} s"
    took += [time.process_time() - cpu, time.perf_counter() - wall]


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


# As fitted to CDNOW, in days instead of weeks.
BGNBD = {"r": 0.2426, "alpha": 7 * 4.4136, "a": 0.793, "b": 2.4257}
BUYERS = 1_000_000


def bgnbd(_folder: Path) -> str:
    """Purchases of a year ahead, by the model and at the resolution of `clv_predicted`, for a million drawn buyers."""
    import numpy as np

    from tpaudit.stats.bgnbd import fit

    drawn = _buyers(np.random.default_rng(5))
    with _timed() as time_of_work:
        rows, place, weights = np.unique(np.stack(drawn, axis=1), axis=0, return_inverse=True, return_counts=True)
        x, t_x, age = rows.T
        model = fit(x, t_x, age, weights.astype(float))
        ahead = model.purchases(x, t_x, age, 365.0)[place.reshape(-1)]
    found = ", ".join(f"{name} {getattr(model, name):.4f} of {value:.4f}" for name, value in BGNBD.items())
    return f"{BUYERS:,} buyers, {found}, {ahead.mean():.3f} purchases ahead; {time_of_work()}"


def _buyers(rng: Any) -> tuple[Any, Any, Any]:
    """Repeat purchases, day of the last and days since the first, of buyers who act as the model says."""
    import numpy as np

    age = np.floor(rng.uniform(30, 730, BUYERS))
    rate = rng.gamma(BGNBD["r"], 1 / BGNBD["alpha"], BUYERS)
    leaves = rng.beta(BGNBD["a"], BGNBD["b"], BUYERS)
    x, t_x = np.zeros(BUYERS), np.zeros(BUYERS)
    here, at = np.arange(BUYERS), np.zeros(BUYERS)
    while len(here):
        at = at + rng.exponential(1 / rate[here])
        bought = at < age[here]
        here, at = here[bought], at[bought]
        x[here] += 1
        t_x[here] = np.ceil(at)
        stays = rng.random(len(here)) >= leaves[here]
        here, at = here[stays], at[stays]
    return x, t_x, age


SAME = ("aov", "conversion_rate", "first_response_p50", "first_response_p90")


def same(folder: Path) -> str:
    """The journeys and the KPIs that `pandas` has as well, with everything tpaudit adds to each."""
    from tpaudit.journeys import build
    from tpaudit.kpis import measure

    with _opened(folder) as store, _timed() as time_of_work:
        build(store)
        told = f"{len(SAME)} KPIs, {len(measure(store, only=SAME).rows)} figures, and the journeys"
    return f"{told}; {time_of_work()}"


def pandas(folder: Path) -> str:
    """Four of the KPIs as one would write them in pandas: conversion and order value by touchpoint, first answers."""
    import pandas as pd

    with _timed() as time_of_work:
        touches = pd.read_parquet(
            folder / "lake/touches", columns=["contact_id", "touchpoint", "occurred_at", "first_response_seconds"]
        )
        orders = pd.read_parquet(folder / "lake/orders", columns=["order_id", "contact_id", "paid_at", "paid_amount"])
        paid = orders[orders.paid_at.notna()]
        both = paid.merge(touches, on="contact_id")
        wait = both.paid_at - both.occurred_at
        met = both[(wait > pd.Timedelta(0)) & (wait <= pd.Timedelta(days=30))]
        value = met.drop_duplicates(["order_id", "touchpoint"]).groupby("touchpoint").paid_amount.mean()
        last = touches.groupby("contact_id").occurred_at.transform("max")
        recent = touches[touches.occurred_at >= last - pd.Timedelta(days=30)]
        recent = recent.drop_duplicates(["contact_id", "touchpoint"])
        converted = recent.contact_id.isin(paid.contact_id).groupby(recent.touchpoint).mean()
        answered = touches.first_response_seconds.dropna().quantile([0.5, 0.9])
        figures = len(value) + len(converted) + len(answered)
    return f"{len(SAME)} KPIs, {figures} figures, without intervals; {time_of_work()}"


def pm4py(folder: Path) -> str:
    """Directly-follows graph with its times, start and end activities, variants and throughput times: see `flows`."""
    import pandas as pd
    import pm4py as mining

    with _timed() as time_of_work:
        log = pd.read_parquet(folder / "lake/touches", columns=["contact_id", "touchpoint", "occurred_at", "touch_id"])
        log = log.sort_values(["contact_id", "occurred_at", "touch_id"])
        log = mining.format_dataframe(log, case_id="contact_id", activity_key="touchpoint", timestamp_key="occurred_at")
        graph, starts, ends = mining.discover_dfg(log)
        waits, _starts, _ends = mining.discover_performance_dfg(log)
        edges = [{"transitions": graph[edge], "median_hours": waits[edge]["median"] / 3600} for edge in graph]
        lasted = pd.Series(mining.get_all_case_durations(log)).median() / 3600
        told = _told_of_flows(edges, starts, ends, len(mining.get_variants(log)), lasted)
    return f"{told}; {time_of_work()}"


def bare(folder: Path) -> str:
    """The engine alone, in SQL written by hand: the touches of customers, ordered and written as a mart is packed, and
    the answers of `pm4py`, without intervals."""
    import duckdb

    config = {"memory_limit": "1GB", "threads": 2, "temp_directory": str(folder / ".tpaudit" / "tmp")}
    with duckdb.connect(config=config) as connection:
        with _timed() as time_of_mart:
            connection.execute(_MART.format(folder=folder))
        with _timed() as time_of_answers:
            connection.execute(_STEPS.format(folder=folder))
            names = ("from_touchpoint", "to_touchpoint", "transitions", "median_hours")
            edges = [dict(zip(names, row, strict=True)) for row in connection.execute(_EDGES).fetchall()]
            starts = {row[0] for row in connection.execute(_STARTS).fetchall()}
            ends = {row[0] for row in connection.execute(_ENDS).fetchall()}
            ((variants, hours),) = connection.execute(_CASES).fetchall()
            told = _told_of_flows(edges, starts, ends, variants, hours)
    return f"{told}; {time_of_answers()}; mart {time_of_mart()}"


# Of what mart `journey_touches` holds: recorded touches alone, no stages by rule, no positions.
_MART = """
    COPY (
        SELECT touch_id, customer_id, touchpoint, stage, event, channel, device, campaign, direction, occurred_at,
            first_response_seconds, source_file, source_row
        FROM '{folder}/lake/touches/*.parquet'
        LEFT JOIN '{folder}/marts/customer_links.parquet' USING (contact_id)
        ORDER BY customer_id, occurred_at, touch_id
    ) TO '{folder}/bare.parquet' (FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1)"""
_STEPS = """
    CREATE TEMP TABLE steps AS
    SELECT contact, touchpoint, occurred_at, lag(contact) OVER () IS DISTINCT FROM contact AS is_first,
        CASE WHEN lead(contact) OVER () = contact THEN lead(touchpoint) OVER () END AS next_touchpoint,
        CASE WHEN lead(contact) OVER () = contact THEN epoch_us(lead(occurred_at) OVER ()) - epoch_us(occurred_at) END
            AS wait
    FROM (
        SELECT hash(contact_id) AS contact, touchpoint, occurred_at FROM '{folder}/lake/touches/*.parquet'
        ORDER BY contact, occurred_at, touch_id
    )"""
_EDGES = """
    SELECT touchpoint, next_touchpoint, count(*), median(wait) / 3.6e9 FROM steps
    WHERE next_touchpoint IS NOT NULL GROUP BY ALL"""
_STARTS = "SELECT DISTINCT touchpoint FROM steps WHERE is_first"
_ENDS = "SELECT DISTINCT touchpoint FROM steps WHERE next_touchpoint IS NULL"
_CASES = """
    SELECT count(DISTINCT path), median(epoch_us(last_at) - epoch_us(first_at)) / 3.6e9 FROM (
        SELECT string_agg(touchpoint, ' > ' ORDER BY occurred_at) AS path, min(occurred_at) AS first_at,
            max(occurred_at) AS last_at
        FROM steps GROUP BY contact
    )"""


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
    "pandas": pandas, "same": same, "pm4py": pm4py, "flows": flows, "bare": bare,
}  # fmt: skip

# What others do is measured as they come.
PEERS = ("scan", "pandas", "pm4py", "bare")

if __name__ == "__main__":
    if sys.argv[1] not in PEERS:
        from tpaudit import process

        process.prepare()  # as the program does
    print(json.dumps(WORK[sys.argv[1]](Path(sys.argv[2]))), flush=True)
    # The last figure is out: how long Python takes its objects apart is nobody's cost.
    os._exit(0)
