"""One recognised file into the lake: stage, map, write every table, tell the issues."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from tpaudit.ingest.files import Source
from tpaudit.ingest.issues import Issue
from tpaudit.ingest.reading.staged import Staged
from tpaudit.ingest.refusal import Refusal
from tpaudit.ingest.rows.cells import cells_of
from tpaudit.ingest.rows.issue_rows import Origin, issue_counts, issue_rows
from tpaudit.ingest.rows.mapping import REJECT, Plan, wide_table
from tpaudit.ingest.rows.people import contact_points, contacts, with_persons
from tpaudit.ingest.rows.readings import Context
from tpaudit.ingest.rows.surveys import responses_fingerprint
from tpaudit.ingest.rows.tables import Lineage, canonical_rows, with_lineage
from tpaudit.ingest.sniff import Sniffed
from tpaudit.results import IssueCount
from tpaudit.store import Store

_ISSUES = "ingest_issues"
SHORT_SHA = 12


@dataclass(frozen=True, slots=True)
class Mapped:
    """A file whose rows are typed and ready to be written: nothing of it is in the lake yet."""

    source: Source
    sha256: str
    staged: Staged
    wide: Any
    plan: Plan
    lineage: Lineage
    folder: Path
    responses: str | None = None

    @property
    def live(self) -> Any:
        """The rows that feed tables."""
        return self.wide.filter(self.wide[REJECT].isnull())

    def discard(self) -> None:
        """Remove the temporary files."""
        shutil.rmtree(self.folder, ignore_errors=True)


@dataclass(frozen=True, slots=True)
class Written:
    """What one file put into the lake: files, rows per table, and issues."""

    files: tuple[str, ...]
    rows_by_table: dict[str, int]
    issues: tuple[IssueCount, ...]


def map_file(store: Store, source: Source, sha256: str, sniffed: Sniffed, ingested_at: datetime) -> Mapped:
    """Stage and map one file; raises Refusal if it breaks off or holds no row."""
    settings = store.audit.config.settings.audit
    zone = sniffed.preset.timezone or settings.timezone
    folder = store.audit.scratch / f"ingest-{sha256[:SHORT_SHA]}"
    folder.mkdir(parents=True, exist_ok=True)
    try:
        staged = sniffed.stage(folder / "raw.parquet")
        if not staged.rows and not staged.issues:
            raise Refusal("holds a header and no row", "export it again for a period with data")
        cells = cells_of(store.engine, staged, sniffed.preset, folder / "cells.parquet")
        context = Context(store.engine, sniffed.preset, zone)
        wide, plan = wide_table(cells, staged, source.name, context, settings.region)
        typed = folder / "typed.parquet"
        store.engine.write_parquet(wide, typed)
        rows = with_persons(store.engine.read_parquet(typed), plan)
        lineage = Lineage(source.name, sha256, zone, settings.currency, ingested_at)
        responses = responses_fingerprint(rows, store.engine) if plan.questions else None
        return Mapped(source, sha256, staged, rows, plan, lineage, folder, responses)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def lake_file(store: Store, table: str, export: str, sha256: str) -> Path:
    """Path of the lake file of one export and table; the same content gives the same path, so a rerun rewrites it."""
    return store.audit.lake / table / f"{export}-{sha256[:SHORT_SHA]}.parquet"


def planned_files(store: Store, mapped: Mapped) -> tuple[str, ...]:
    """Every lake file that writing *mapped* may create, relative to the lake."""
    tables = (*mapped.plan.tables, "contacts", "contact_points", _ISSUES)
    paths = (lake_file(store, table, mapped.plan.preset.id, mapped.sha256) for table in dict.fromkeys(tables))
    return tuple(path.relative_to(store.audit.lake).as_posix() for path in paths)


def write_file(store: Store, mapped: Mapped, dry_run: bool) -> Written:
    """Write all lake tables of *mapped*; with *dry_run* only count."""
    preset = mapped.plan.preset
    rows_by_table: dict[str, int] = {}
    files: list[str] = []

    def put(table: str, rows: Any) -> None:
        if dry_run:
            if counted := int(store.engine.fetch_rows(rows.aggregate(n=rows.count()))[0]["n"]):
                rows_by_table[table] = counted
            return
        path = lake_file(store, table, preset.id, mapped.sha256)
        written = store.write_lake(table, rows, path)
        if not written:
            path.unlink()
            return
        rows_by_table[table] = written
        files.append(path.relative_to(store.audit.lake).as_posix())

    for table, rows in _tables(store, mapped):
        put(table, rows)
    origin = Origin(preset.id, mapped.source.name, mapped.sha256)
    issues = issue_rows(store.engine, origin, mapped.staged.issues, mapped.wide, mapped.plan)
    counts = issue_counts(store.engine, issues)
    if counts:
        put(_ISSUES, issues)
    return Written(tuple(files), rows_by_table, counts)


def write_refusal(store: Store, source: Source, sha256: str, refusal: Refusal, dry_run: bool) -> Written:
    """Write the one issue row of a file that was refused."""
    issue = Issue(refusal.code, message=f"{refusal.reason}; {refusal.hint}")
    rows = issue_rows(store.engine, Origin(None, source.name, sha256), [issue])
    counts = issue_counts(store.engine, rows)
    if dry_run:
        return Written((), {}, counts)
    path = lake_file(store, _ISSUES, "refused", sha256)
    store.write_lake(_ISSUES, rows, path)
    return Written((path.relative_to(store.audit.lake).as_posix(),), {}, counts)


def _tables(store: Store, mapped: Mapped) -> Iterator[tuple[str, Any]]:
    plan, lineage, live = mapped.plan, mapped.lineage, mapped.live
    for table in plan.tables:
        if table not in ("contacts", "contact_points"):
            yield table, canonical_rows(live, plan, table, lineage, store.engine)
    persons: tuple[tuple[str, Callable[[Any, Plan], Any]], ...] = (
        ("contacts", contacts),
        ("contact_points", contact_points),
    )
    for table, rows_of in persons:
        if _knows_persons(plan, live) and (rows := rows_of(live, plan)) is not None:
            yield table, with_lineage(rows, plan, table, lineage)


def _knows_persons(plan: Plan, live: Any) -> bool:
    """Whether the file says anything about who a person is; aggregates such as advertising reports do not."""
    return (
        plan.preset.table == "contacts"
        or any(name.startswith("id.") for name in live.columns)
        or bool(plan.columns_of("contacts"))
    )
