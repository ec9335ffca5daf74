"""The planted truth beside the exports: who is who, what really works, what is broken, and where."""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from tpaudit.sample_data.defects import Ledger
from tpaudit.sample_data.export import NOBODY
from tpaudit.sample_data.journeys import NIGHT_ENDS
from tpaudit.sample_data.messages import DENIED, NOT_ASKED, WITHDRAWN
from tpaudit.sample_data.orders import (
    CHECKOUT_WORKS,
    CHECKOUT_WORKS_IN_BREAKPOINT,
    MALL,
    RETURN_RATE_AT_NIGHT,
    RETURN_RATE_BY_DAY,
    breakpoint_weeks,
    in_breakpoint,
)
from tpaudit.sample_data.outcomes import NO_EFFECTS, OUTCOMES, EffectSums
from tpaudit.sample_data.period import DAY, PERIOD_END
from tpaudit.sample_data.text import Ints
from tpaudit.sample_data.touches import NEVER
from tpaudit.sample_data.touchpoints import CODE
from tpaudit.sample_data.world import Chunk, Settings

LINKS = pa.schema([("file", pa.string()), ("row", pa.int64()), ("person_id", pa.int64())])
PERSONS = pa.schema(
    [
        ("person_id", pa.int64()),
        ("household_id", pa.int64()),
        ("full_name", pa.string()),
        ("phone", pa.string()),
        ("email", pa.string()),
        ("member_id", pa.string()),
        ("converted", pa.bool_()),
        ("first_order_at", pa.timestamp("s")),
        ("repeat", pa.bool_()),
        ("promoter", pa.bool_()),
    ]
)
_POPULATIONS = {
    "conversion": "persons whose purchase decision falls inside the period; touches before it",
    "retention": "buyers whose repeat decision (3 to 7 weeks on) falls inside the period; touches before it",
    "satisfaction": "respondents of the survey, promoter or not; touches before the answer",
}


class Links:
    """links.parquet: which person each row of each export belongs to."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._parts: list[pa.Table] = []
        self._renamed: dict[str, str] = {}
        self.rows_per_file: Counter[str] = Counter()

    def add(self, places: Sequence[tuple[str, int, int]], person_id: Ints) -> None:
        """Register rows just written; `places` say where, `person_id` whose, both in writing order."""
        start = 0
        for file, first, count in places:
            owner = person_id[start : start + count]
            self._parts.append(
                pa.table(
                    {
                        "file": pa.DictionaryArray.from_arrays(pa.array(np.zeros(count, np.int32)), pa.array([file])),
                        "row": np.arange(first, first + count, dtype=np.int64),
                        "person_id": pa.array(owner, mask=owner == NOBODY),
                    }
                )
            )
            self.rows_per_file[file] += count
            start += count

    def rename(self, renamed: Mapping[str, str]) -> None:
        """Follow files that got their final name when they were closed."""
        self._renamed.update(renamed)
        for old, new in renamed.items():
            if old in self.rows_per_file:
                self.rows_per_file[new] = self.rows_per_file.pop(old)

    def write(self) -> None:
        """Write the file."""
        with pq.ParquetWriter(self._path, LINKS, compression="zstd") as writer:
            for part in self._parts:
                name = part["file"][0].as_py() if part.num_rows else ""
                file = pa.repeat(pa.scalar(self._renamed.get(name, name)), part.num_rows)
                writer.write_table(pa.table([file, part["row"], part["person_id"]], schema=LINKS))


@dataclass
class Facts:
    """Counts and effect sums, added up chunk by chunk."""

    settings: Settings
    effects: dict[str, EffectSums] = field(default_factory=lambda: {o.name: NO_EFFECTS for o in OUTCOMES})
    counts: Counter[str] = field(default_factory=Counter)

    def add(self, chunk: Chunk) -> None:
        """Take in one chunk."""
        for outcome in OUTCOMES:
            self.effects[outcome.name] = self.effects[outcome.name] + chunk.effects[outcome.name]
            self.counts[f"eligible.{outcome.name}"] += int(chunk.exposures[outcome.name][1].sum())
        for part in (_people_counts, _order_counts, _handoff_counts, _message_counts):
            self.counts.update(part(chunk))

    def effect_rows(self) -> list[dict[str, Any]]:
        """effects.csv: one row per outcome and touchpoint met by someone before it."""
        rows = []
        for outcome in OUTCOMES:
            sums = self.effects[outcome.name]
            for name, code in CODE.items():
                exposed = int(sums.exposed[code])
                if exposed:
                    rows.append(
                        {
                            "touchpoint": name,
                            "outcome": outcome.name,
                            "n_exposed": exposed,
                            "effect": round(float(sums.effect[code]) / exposed, 6),
                            "is_golden": str(name in outcome.golden and not self.settings.null).lower(),
                            "is_negative": str(name in outcome.negative and not self.settings.null).lower(),
                        }
                    )
        return rows

    def document(self, rows_per_file: Mapping[str, int]) -> dict[str, Any]:
        """facts.json."""
        count, settings = self.counts, self.settings
        first, last = breakpoint_weeks(settings.period)
        return {
            "brand": "青禾 Qinghe (fictional)",
            "args": {
                "customers": settings.customers,
                "weeks": settings.period.weeks,
                "seed": settings.seed,
                "null": settings.null,
                "clean": settings.clean,
            },
            "period": {
                "start": settings.period.first_day.isoformat(),
                "end": PERIOD_END.isoformat(),
                "time_zone": "Asia/Shanghai",
            },
            "counts": {key: count[key] for key in sorted(count) if "." not in key},
            "rows_per_file": dict(sorted(rows_per_file.items())),
            "outcomes": {
                outcome.name: {
                    "population": _POPULATIONS[outcome.name],
                    "eligible": count[f"eligible.{outcome.name}"],
                    "golden": [] if settings.null else sorted(outcome.golden),
                    "negative": [] if settings.null else sorted(outcome.negative),
                }
                for outcome in OUTCOMES
            },
            "breakpoint": {
                "touchpoint": "checkout",
                "where": "mini-program mall on Android",
                "weeks": [first, last],
                "planned_success": CHECKOUT_WORKS_IN_BREAKPOINT,
                "planned_success_otherwise": CHECKOUT_WORKS,
                "checkouts": count["breakpoint.inside"],
                "paid": count["breakpoint.inside_paid"],
                "checkouts_otherwise": count["breakpoint.outside"],
                "paid_otherwise": count["breakpoint.outside_paid"],
            },
            "scenario": {
                "what": "goods ordered from 00:00 to 05:00 are returned twice as often",
                "planned_rate_night": RETURN_RATE_AT_NIGHT,
                "planned_rate_day": RETURN_RATE_BY_DAY,
                "completed_night": count["scenario.night"],
                "returned_night": count["scenario.night_returned"],
                "completed_day": count["scenario.day"],
                "returned_day": count["scenario.day_returned"],
            },
            "handoffs": {
                "leads": count["handoff.leads"],
                "never_followed": count["handoff.ignored"],
                "followed_after_3_days": count["handoff.late"],
                "mass_mailed": count["handoff.mass_mailed"],
            },
            "messages": {
                "duplicates": count["messages.duplicates"],
                "persons_with_duplicates": count["messages.annoyed"],
                "after_withdrawal": count["messages.after_withdrawal"],
                "without_consent": count["messages.without_consent"],
            },
        }


def persons_table(chunk: Chunk) -> pa.Table:
    """Rows of persons.parquet; times are local (Asia/Shanghai)."""
    people = chunk.people
    ordered = pa.array(chunk.first_order_at, mask=~chunk.converted).cast(pa.timestamp("s"))
    return pa.table(
        [
            pa.array(people.person_id),
            pa.array(people.household_id),
            people.full_name,
            people.phone,
            people.email,
            people.member_id,
            pa.array(chunk.converted),
            ordered,
            pa.array(chunk.repeated),
            pa.array(chunk.promoter),
        ],
        schema=PERSONS,
    )


def write_csv(path: Path, header: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> None:
    """A small truth table as CSV."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, header, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def write_defects(path: Path, ledger: Ledger) -> None:
    """defects.csv: exact counts of what was spoilt."""
    header = ("code", "file", "column", "rows", "note")
    rows = [
        dict(zip(header, (code, file, column, rows, note), strict=True))
        for (code, file, column, note), rows in sorted(ledger.rows.items())
    ]
    write_csv(path, header, rows)


def write_json(path: Path, document: Mapping[str, Any]) -> None:
    """facts.json."""
    path.write_text(json.dumps(document, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")


def _people_counts(chunk: Chunk) -> dict[str, int]:
    return {
        "persons": len(chunk.people),
        "touches": len(chunk.touches) + len(chunk.messages),
        "orders": len(chunk.orders),
        "paid_orders": int(chunk.orders.is_paid.sum()),
        "converted": int(chunk.converted.sum()),
        "repeat_buyers": int(chunk.repeated.sum()),
        "survey_responses": len(chunk.answers.at),
        "promoters": int(chunk.answers.promoter.sum()),
        "tickets": len(chunk.tickets),
    }


def _order_counts(chunk: Chunk) -> dict[str, int]:
    orders = chunk.orders
    mall = orders.channel == MALL
    first = orders.created <= chunk.journey.decided[orders.person]
    broken = in_breakpoint(chunk.people, chunk.journey.decided, chunk.settings.period)[orders.person]
    inside, outside = mall & first & broken, mall & first & ~broken
    completed = orders.completed < NEVER
    night = orders.created % DAY < NIGHT_ENDS
    returned = orders.returned < NEVER
    return {
        "breakpoint.inside": int(inside.sum()),
        "breakpoint.inside_paid": int((inside & orders.is_paid).sum()),
        "breakpoint.outside": int(outside.sum()),
        "breakpoint.outside_paid": int((outside & orders.is_paid).sum()),
        "scenario.night": int((completed & night).sum()),
        "scenario.night_returned": int((returned & night).sum()),
        "scenario.day": int((completed & ~night).sum()),
        "scenario.day_returned": int((returned & ~night).sum()),
    }


def _handoff_counts(chunk: Chunk) -> dict[str, int]:
    leads = chunk.leads
    return {
        "handoff.leads": len(leads),
        "handoff.ignored": int(leads.is_ignored.sum()),
        "handoff.late": int(leads.is_late.sum()),
        "handoff.mass_mailed": int(chunk.messages.is_blast.sum()),
    }


def _message_counts(chunk: Chunk) -> dict[str, int]:
    messages, consents = chunk.messages, chunk.consents
    standing = consents.standing[messages.person]
    late = (standing == WITHDRAWN) & (messages.at >= consents.revoked[messages.person])
    return {
        "messages.duplicates": int(messages.is_duplicate.sum()),
        "messages.annoyed": len(np.unique(messages.person[messages.is_duplicate])),
        "messages.after_withdrawal": int(late.sum()),
        "messages.without_consent": int(np.isin(standing, (DENIED, NOT_ASKED)).sum()),
    }
