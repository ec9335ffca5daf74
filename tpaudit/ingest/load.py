"""One recognised part of a file into the lake: stage, map, write every table, tell the issues, close the account."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from tpaudit.audit.inputs import InputFile
from tpaudit.ingest.account import Account, balanced
from tpaudit.ingest.issues import ISSUE_KINDS, Issue
from tpaudit.ingest.reading.staged import ROW, Staged
from tpaudit.ingest.refusal import Refusal
from tpaudit.ingest.rows.cells import cells_of
from tpaudit.ingest.rows.coded_answers import numbers_of, with_numbers
from tpaudit.ingest.rows.issue_rows import Origin, issue_counts, issue_rows
from tpaudit.ingest.rows.mapping import REJECT, Plan, wide_table, with_extra
from tpaudit.ingest.rows.people import contact_points, contacts, tells_ids, with_persons
from tpaudit.ingest.rows.readings import Context
from tpaudit.ingest.rows.surveys import responses_fingerprint
from tpaudit.ingest.rows.tables import Lineage, canonical_rows, with_lineage
from tpaudit.ingest.sniff import Sniffed
from tpaudit.ingest.wording import in_both, in_chinese
from tpaudit.results import IssueCount
from tpaudit.store import Store

_ISSUES, _ANSWERS = "ingest_issues", "surveys"
SHORT_SHA = 12
# Name part of the lake files that tell of a file without rows.
NOTICE = "refused"


@dataclass(frozen=True, slots=True)
class IncomingPart:
    """A recognised part of a file on its way into the lake: a sheet, an archive's member, a table, or all of it.

    `unread` names the other parts of the file, which no preset knows.
    """

    file: InputFile
    name: str
    sha256: str
    sniffed: Sniffed
    unread: tuple[str, ...] = ()

    @property
    def label(self) -> str | None:
        """What the part is called within its file; None if it is the whole file."""
        return self.sniffed.part_name or None


def parts_of(file: InputFile, sha256: str, recognised: tuple[Sniffed, ...]) -> list[IncomingPart]:
    """The parts of *file*, named; only one that is not the whole file gets a name and a hash of its own."""
    parts = []
    for place, sniffed in enumerate(recognised):
        name, own = file.name, sha256
        if sniffed.part_name:
            # A member of an archive was unpacked and lies elsewhere.
            name += f"{'#' if sniffed.path == file.path else '/'}{sniffed.part_name}"
            own = hashlib.sha256(f"{sha256}\0{sniffed.part_name}".encode()).hexdigest()
        parts.append(IncomingPart(file, name, own, sniffed, () if place else sniffed.unrecognised))
    return parts


@dataclass(frozen=True, slots=True)
class Mapped:
    """A part whose rows are typed and ready to be written: nothing of it is in the lake yet.

    `joined` tells, if so, that its answers went to those of another file of the same survey: it feeds no table itself.
    """

    part: IncomingPart
    staged: Staged
    wide: Any
    plan: Plan
    lineage: Lineage
    folder: Path
    responses: str | None = None
    joined: Issue | None = None

    @property
    def live(self) -> Any:
        """The rows that feed tables."""
        return self.wide.filter(self.wide[REJECT].isnull())

    @property
    def issues(self) -> tuple[Issue, ...]:
        """What was met before any row was mapped."""
        unread = (
            Issue("other_part", message=f"no preset knows {name!r}; it was not read") for name in self.part.unread
        )
        unsure = (Issue("low_confidence_preset"),) if self.part.sniffed.preset.confidence == "partial" else ()
        joined = (self.joined,) if self.joined else ()
        return (*unsure, *self.staged.issues, *unread, *joined)

    def discard(self) -> None:
        """Remove the temporary files."""
        shutil.rmtree(self.folder, ignore_errors=True)


@dataclass(frozen=True, slots=True)
class Written:
    """What one part put into the lake: files, rows per table, issues, and what became of its rows."""

    files: tuple[str, ...]
    rows_by_table: dict[str, int]
    issues: tuple[IssueCount, ...]
    account: Account = field(default_factory=Account)


def map_file(store: Store, part: IncomingPart, ingested_at: datetime, progress: Callable[[int], None]) -> Mapped:
    """Stage and map one part; raises Refusal if it breaks off or holds no row."""
    settings = store.audit.config.settings.audit
    sniffed = part.sniffed
    zone = sniffed.preset.timezone or settings.timezone
    folder = store.audit.scratch / f"ingest-{part.sha256[:SHORT_SHA]}"
    folder.mkdir(parents=True, exist_ok=True)
    try:
        staged = sniffed.stage(folder / "raw.parquet", progress)
        if not staged.rows and not staged.issues:
            raise Refusal("holds a header and no row", "export it again for a period with data")
        cells = cells_of(store.engine, staged, sniffed.preset, folder / "cells.parquet")
        context = Context(store.engine, sniffed.preset, zone)
        wide, plan = wide_table(cells, staged, part.name, context, settings.region)
        wide = store.engine.step(with_persons(store.engine.step(wide), plan, store.engine))
        if not store.engine.keeps_order(wide):
            wide = wide.order_by(ROW)
        typed = folder / "typed.parquet"
        store.engine.write_parquet(wide, typed, is_temporary=True)
        rows = with_extra(store.engine.read_parquet(typed), plan)
        lineage = Lineage(part.name, part.sha256, zone, settings.currency, ingested_at)
        responses = responses_fingerprint(rows, store.engine) if plan.questions else None
        return Mapped(part, staged, rows, plan, lineage, folder, responses)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def lake_file(store: Store, table: str, export: str, sha256: str) -> Path:
    """Path of the lake file of one export and table; the same content gives the same path, so a rerun rewrites it."""
    return store.audit.lake / table / f"{export}-{sha256[:SHORT_SHA]}.parquet"


def planned_files(store: Store, mapped: Mapped) -> tuple[str, ...]:
    """Every lake file that writing *mapped* may create, relative to the lake."""
    tables = (*mapped.plan.tables, "contacts", "contact_points", _ISSUES)
    paths = (lake_file(store, table, mapped.plan.preset.id, mapped.part.sha256) for table in dict.fromkeys(tables))
    return tuple(path.relative_to(store.audit.lake).as_posix() for path in paths)


def write_file(store: Store, mapped: Mapped, dry_run: bool) -> Written:
    """Write all lake tables of *mapped*; with *dry_run* only count.

    Raises EngineFault if a row of the file is neither kept nor refused: that would be a fault of this program.
    """
    preset = mapped.plan.preset
    rows_by_table: dict[str, int] = {}
    files: list[str] = []

    def put(table: str, rows: Any) -> None:
        if dry_run:
            if counted := int(store.engine.fetch_rows(rows.aggregate(n=rows.count()))[0]["n"]):
                rows_by_table[table] = counted
            return
        path = lake_file(store, table, preset.id, mapped.part.sha256)
        written = store.write_lake(table, rows, path, read_in_order=True, is_sorted=table == "contact_points")
        if not written:
            path.unlink()
            return
        rows_by_table[table] = written
        files.append(path.relative_to(store.audit.lake).as_posix())

    issues = issue_rows(
        store.engine, Origin(preset.id, mapped.part.name, mapped.part.sha256), mapped.issues, mapped.wide, mapped.plan
    )
    counts = _in_both_languages(issue_counts(store.engine, issues))
    account = balanced(store, mapped.live, mapped.plan, mapped.staged, counts, mapped.part.name)
    for table, rows in _tables(store, mapped):
        put(table, rows)
    if counts:
        put(_ISSUES, issues)
    return Written(tuple(files), rows_by_table, counts, account)


def write_notice(store: Store, file: str, sha256: str, issue: Issue, dry_run: bool) -> Written:
    """Write the one issue row of a file that gives no rows: it was refused, or is gone."""
    rows = issue_rows(store.engine, Origin(None, file, sha256), [issue])
    counts = _in_both_languages(issue_counts(store.engine, rows))
    if dry_run:
        return Written((), {}, counts)
    # Files of equal content, such as empty ones, each have a notice.
    about = hashlib.sha256(f"{file}\0{sha256}".encode()).hexdigest()
    path = lake_file(store, _ISSUES, NOTICE, about)
    store.write_lake(_ISSUES, rows, path)
    return Written((path.relative_to(store.audit.lake).as_posix(),), {}, counts)


def give_numbers(store: Store, mapped: Mapped, worded: Mapped | Path, dry_run: bool) -> int:
    """Give the answers *worded*, a lake file or about to be one, the numbers that the codes of *mapped* tell.

    Returns how many; with 0 nothing was done.
    """
    engine = store.engine
    answers = _answers(store, worded) if isinstance(worded, Mapped) else engine.read_parquet(worded)
    codes = _answers(store, mapped)
    numbers = numbers_of(answers, codes, engine)
    if numbers.answers and isinstance(worded, Path) and not dry_run:
        store.write_lake(_ANSWERS, with_numbers(answers, codes, numbers), worded)
    return numbers.answers


def _answers(store: Store, mapped: Mapped) -> Any:
    return canonical_rows(mapped.live, mapped.plan, _ANSWERS, mapped.lineage, store.engine)


def _in_both_languages(counts: Iterable[IssueCount]) -> tuple[IssueCount, ...]:
    return tuple(
        count.model_copy(
            update={
                "message_zh": in_chinese(count.message),
                "title": in_both(ISSUE_KINDS[count.code].message),
                "remedy": in_both(ISSUE_KINDS[count.code].remedy),
            }
        )
        for count in counts
    )


def _tables(store: Store, mapped: Mapped) -> Iterator[tuple[str, Any]]:
    plan, lineage, live = mapped.plan, mapped.lineage, mapped.live
    if mapped.joined:
        return
    for table in plan.tables:
        if table not in ("contacts", "contact_points"):
            yield table, canonical_rows(live, plan, table, lineage, store.engine)
    if not _knows_persons(plan, live):
        return
    yield "contacts", with_lineage(contacts(live, plan), plan, "contacts", lineage)
    points = contact_points(live, plan, store.engine, mapped.folder / "points.parquet")
    if points is not None:
        yield "contact_points", with_lineage(points, plan, "contact_points", lineage)


def _knows_persons(plan: Plan, live: Any) -> bool:
    """Whether the file says anything about who a person is; aggregates such as advertising reports do not."""
    return plan.preset.table == "contacts" or tells_ids(live, plan) or bool(plan.columns_of("contacts"))
