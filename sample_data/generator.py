"""Writes a sample: exports as a client would hand them over, and apart from them the truth."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pyarrow.parquet as pq

from tpaudit.sample_data.defects import Ledger
from tpaudit.sample_data.export import Export
from tpaudit.sample_data.period import Period
from tpaudit.sample_data.truth import (
    PERSONS,
    Facts,
    Links,
    persons_table,
    write_csv,
    write_defects,
    write_json,
)
from tpaudit.sample_data.world import Settings, simulate
from tpaudit.sample_data.writers.advertising import PaidVisits, write_baidu, write_oceanengine
from tpaudit.sample_data.writers.canonical import CONSENTS, MESSAGES
from tpaudit.sample_data.writers.douyin import DOUYIN_ORDERS
from tpaudit.sample_data.writers.ga4 import GA4_EVENTS
from tpaudit.sample_data.writers.members import POS_MEMBERS, WECOM_CUSTOMERS
from tpaudit.sample_data.writers.sensors import SENSORS_EVENTS
from tpaudit.sample_data.writers.service_desk import CALLS, CHATS, TICKETS
from tpaudit.sample_data.writers.survey import SURVEY_BY_CODE, SURVEY_BY_TEXT
from tpaudit.sample_data.writers.taobao import TAOBAO_ORDERS
from tpaudit.sample_data.writers.wukong import WUKONG_LEADS
from tpaudit.sample_data.writers.youzan import YOUZAN_CUSTOMERS, YOUZAN_ORDERS

CHUNK_SIZE = 50_000
"""Customers simulated at a time: memory stays flat however many there are."""

EXPORTS: tuple[Export, ...] = (
    TAOBAO_ORDERS, YOUZAN_CUSTOMERS, YOUZAN_ORDERS, DOUYIN_ORDERS, WECOM_CUSTOMERS, SENSORS_EVENTS,
    GA4_EVENTS, CALLS, CHATS, TICKETS, SURVEY_BY_TEXT, SURVEY_BY_CODE, WUKONG_LEADS, POS_MEMBERS, CONSENTS,
    MESSAGES,
)  # fmt: skip
_EFFECTS_HEADER = ("touchpoint", "outcome", "n_exposed", "effect", "is_golden", "is_negative")


@dataclass(frozen=True)
class SampleSummary:
    """What a generated sample holds."""

    folder: Path
    customers: int
    touches: int
    orders: int
    converted: int
    rows_per_file: dict[str, int]


def generate(
    out: Path, customers: int = 1500, weeks: int = 26, seed: int = 1, null: bool = False, clean: bool = False
) -> SampleSummary:
    """Write `out/exports` and `out/truth`. The same arguments give the same bytes.

    Args:
        out: Folder to write into; made when missing. Files of an earlier sample are overwritten.
        customers: Number of persons.
        weeks: Length of the period, which ends on Sunday 2026-11-15; at least 8, so that repeats fit.
        seed: Seed of all randomness.
        null: No touchpoint has any effect on any outcome; the people and their first touches stay the same.
        clean: Plant no data-quality defects and no consent violations.

    Raises:
        ValueError: Fewer than one customer, or fewer than eight weeks.
    """
    if customers < 1 or weeks < 8:
        raise ValueError("a sample needs at least 1 customer and 8 weeks")
    settings = Settings(customers, Period(weeks), seed, null, clean)
    exports, truth = out / "exports", out / "truth"
    for folder in (exports, truth):
        folder.mkdir(parents=True, exist_ok=True)
    ledger, facts = Ledger(clean), Facts(settings)
    links, visits = Links(truth / "links.parquet"), PaidVisits(settings.period)
    sinks = {export.name: export.open(exports) for export in EXPORTS}
    with pq.ParquetWriter(truth / "persons.parquet", PERSONS, compression="zstd") as persons:
        for number, first in enumerate(range(1, customers + 1, CHUNK_SIZE)):
            chunk = simulate(settings, number, first, min(CHUNK_SIZE, customers + 1 - first))
            for export in EXPORTS:
                rows = export.rows(chunk, ledger)
                links.add(sinks[export.name].append(rows.columns), rows.person_id)
            persons.write_table(persons_table(chunk))
            facts.add(chunk)
            visits.add(chunk)
    for sink in sinks.values():
        links.rename(sink.close())
    write_oceanengine(exports, visits, seed, ledger)
    write_baidu(exports, visits, seed)
    links.write()
    write_csv(truth / "effects.csv", _EFFECTS_HEADER, facts.effect_rows())
    write_defects(truth / "defects.csv", ledger)
    write_json(truth / "facts.json", facts.document(links.rows_per_file))
    return _summary(out, facts, links)


def _summary(out: Path, facts: Facts, links: Links) -> SampleSummary:
    count = facts.counts
    return SampleSummary(
        out,
        count["persons"],
        count["touches"],
        count["orders"],
        count["converted"],
        dict(sorted(links.rows_per_file.items())),
    )
