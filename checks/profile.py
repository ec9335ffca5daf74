"""What the lake looks like, in a few kilobytes: kept per run, so that the next run can tell what has changed.

A profile is known by its own content: the same data give the same profile, whenever and however often they are looked
at, and a profile is only ever compared with those that were there before it.
"""

# ruff: noqa: S608 - names in SQL come from the model, never from data

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from tpaudit.atomic import replacing
from tpaudit.audit import Audit
from tpaudit.checks.parameters import text_list
from tpaudit.checks.views import Execute
from tpaudit.model import LAKE_TABLES
from tpaudit.model.fields import TAGS
from tpaudit.model.lineage import LINEAGE_NAMES

PROFILE_VERSION = 1

# Columns with few values of the source's own: a new one is news.
CATEGORIES = (
    "touches.channel", "touches.source", "touches.medium", "touches.content_type", "orders.platform",
    "orders.channel", "orders.status_raw", "leads.lead_source", "leads.status_raw", "tickets.channel",
    "tickets.type", "tickets.status_raw", "consents.channel", "consents.purpose", "ad_spend.platform",
)  # fmt: skip
# More values than this, and a column holds no categories.
MAX_VALUES = 500
# Rows of each lake file whose unclaimed source columns are looked at.
ROWS_LOOKED_AT = 1000
# Days before the audit's day whose numbers of rows are kept: eight weeks to compare with, and the week compared.
DAYS_KEPT = 63


@dataclass(frozen=True, slots=True)
class LakeFile:
    """One file of the lake: its rows, how many of them are NULL per column, and the source columns unclaimed in it."""

    name: str
    table: str
    export: str
    rows: int
    nulls: Mapping[str, int]
    extra: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Profile:
    """A lake in a few kilobytes. Shares and numbers only, and words of columns that hold few of them.

    `files` are the lake's files; `nulls` holds per "table/export" the number of rows and per column that of NULLs;
    `values` per "table.column" the values seen; `extra` per export the source columns no mapping claimed; `days` per
    "table/channel" and ISO day the number of rows.
    """

    files: tuple[str, ...] = ()
    nulls: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    values: Mapping[str, Sequence[str]] = field(default_factory=dict)
    extra: Mapping[str, Sequence[str]] = field(default_factory=dict)
    days: Mapping[str, Mapping[str, int]] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """Hash of what the data say; which days are kept depends on the day of the audit, too, and does not count."""
        content = [PROFILE_VERSION, self.files, self.nulls, self.values, self.extra]
        text = json.dumps(content, sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    @classmethod
    def read(cls, file: Path) -> Profile | None:
        """The profile in *file*, or None if it is unreadable or of another version."""
        try:
            saved = json.loads(file.read_text(encoding="utf-8"))
            if saved.pop("version") != PROFILE_VERSION:
                return None
            return cls(**{**saved, "files": tuple(saved["files"])})
        except (OSError, ValueError, TypeError, KeyError):
            return None


class History:
    """The profiles of an audit, in the order in which the data were first seen: `.tpaudit/profiles/`."""

    def __init__(self, audit: Audit) -> None:
        self._folder = audit.private / "profiles"
        self._kept = audit.config.settings.runs.keep

    def before(self, profile: Profile) -> list[Profile]:
        """Profiles first seen before *profile* was, oldest first; never itself."""
        earlier = []
        for file in self._files():
            if file.stem.endswith(profile.key):
                break
            if (found := Profile.read(file)) is not None:
                earlier.append(found)
        return earlier

    def add(self, profile: Profile) -> None:
        """Keep *profile*, unless it is known, and drop the oldest beyond the number of runs to keep."""
        files = self._files()
        if any(file.stem.endswith(profile.key) for file in files):
            return
        number = int(files[-1].stem.split("-")[0]) + 1 if files else 1
        content = json.dumps({"version": PROFILE_VERSION, **asdict(profile)}, sort_keys=True, ensure_ascii=False)
        with replacing(self._folder / f"{number:06d}-{profile.key}.json") as unfinished:
            unfinished.write_text(content, encoding="utf-8")
        for outdated in files[: max(0, len(files) + 1 - self._kept)]:
            outdated.unlink(missing_ok=True)

    def _files(self) -> list[Path]:
        return sorted(self._folder.glob("[0-9]*-*.json"))


def profile_of(audit: Audit, files: Sequence[LakeFile], execute: Execute) -> Profile:
    """The profile of a lake that holds *files*, seen through its views and `activity`."""
    nulls: dict[str, dict[str, int]] = {}
    extra: dict[str, set[str]] = {}
    for file in files:
        counts = nulls.setdefault(f"{file.table}/{file.export}", {"": 0})
        for column, count in {"": file.rows, **file.nulls}.items():
            counts[column] = counts.get(column, 0) + count
        extra.setdefault(file.export, set()).update(file.extra)
    return Profile(
        files=tuple(file.name for file in files),
        nulls=nulls,
        values=_values(audit, execute),
        extra={export: sorted(columns) for export, columns in extra.items() if columns},
        days=_days(audit, execute),
    )


def lake_files(audit: Audit, execute: Execute) -> list[LakeFile]:
    """Every file of the lake. NULLs come from the statistics of Parquet: only the first rows are read, for `extra`."""
    found = []
    for declared in LAKE_TABLES.values():
        files = audit.lake_files(declared.name)
        if not files or "extra" not in declared:
            continue
        judged = [column.name for column in declared if column.type != TAGS and column.name not in LINEAGE_NAMES]
        told = _statistics([str(file) for file in files], (*judged, "source_export", "extra"), execute)
        for file in files:
            columns = told.get(str(file), {})
            rows = max((counts[1] for counts in columns.values()), default=0)
            export = columns.get("source_export", (0, 0, None))[2]
            nulls = {name: int(columns[name][0]) for name in judged if columns.get(name, (None,))[0] is not None}
            extra = _unclaimed(str(file), execute) if "extra" in columns else ()
            name = f"{declared.name}/{file.name}"
            found.append(LakeFile(name, declared.name, export or "", int(rows), nulls, extra))
    return found


def _statistics(files: Sequence[str], columns: Sequence[str], execute: Execute) -> dict[str, dict[str, Sequence[Any]]]:
    """Per file and column: NULLs, values with NULLs, and the smallest value, as the Parquet files tell themselves."""
    rows = execute(
        "SELECT file_name, path_in_schema, sum(stats_null_count), sum(num_values), min(stats_min_value) "
        f"FROM parquet_metadata([{text_list(files)}]) WHERE path_in_schema IN ({text_list(columns)}) "
        "GROUP BY file_name, path_in_schema"
    )
    told: dict[str, dict[str, Sequence[Any]]] = defaultdict(dict)
    for file, column, *counts in rows:
        told[file][column] = counts
    return told


def _unclaimed(file: str, execute: Execute) -> tuple[str, ...]:
    """Source columns that no mapping claimed, by the first rows of a lake file."""
    rows = execute(
        f"SELECT DISTINCT unnest(json_keys(extra)) AS name FROM (SELECT extra FROM read_parquet([{text_list([file])}]) "
        f"WHERE extra IS NOT NULL LIMIT {ROWS_LOOKED_AT}) ORDER BY name"
    )
    return tuple(row[0] for row in rows)


def _values(audit: Audit, execute: Execute) -> dict[str, list[str]]:
    values = {}
    for place in CATEGORIES:
        table, column = place.split(".")
        if audit.lake_files(table):
            rows = execute(
                f'SELECT DISTINCT "{column}" FROM exported_{table} WHERE "{column}" IS NOT NULL LIMIT {MAX_VALUES + 1}'
            )
            if 0 < len(rows) <= MAX_VALUES:
                values[place] = sorted(row[0] for row in rows)
    return values


def _days(audit: Audit, execute: Execute) -> dict[str, dict[str, int]]:
    days: dict[str, dict[str, int]] = defaultdict(dict)
    rows = execute(
        "SELECT recorded, place, CAST(hour AS DATE) AS day, sum(rows) FROM activity "
        f"WHERE NOT is_outbound AND hour >= DATE '{audit.as_of.isoformat()}' - INTERVAL '{DAYS_KEPT}' DAY "
        "GROUP BY ALL ORDER BY ALL"
    )
    for recorded, place, day, count in rows:
        days[f"{recorded}/{place}"][day.isoformat()] = int(count)
    return dict(days)
