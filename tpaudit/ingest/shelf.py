"""The lake's files as the ledger knows them: which export put which there, and how they come and go.

Nothing is written or removed in a dry run; the entries then change in memory alone.
"""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Collection, Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from tpaudit.audit import Audit
from tpaudit.errors import EngineFault
from tpaudit.ingest.ledger import Entry, Ledger
from tpaudit.ingest.load import NOTICE

_ISSUES = "ingest_issues"


def rows_in(file: Path) -> int:
    """Number of rows of a lake file, as it says itself; raises EngineFault for one that is damaged."""
    try:
        return int(pq.read_metadata(file).num_rows)
    except (pa.ArrowInvalid, OSError) as fault:
        raise EngineFault(
            f"{file.parent.name}/{file.name} cannot be read as Parquet: {fault}",
            "delete that file and run again: what is missing in the lake is read from the exports",
        ) from fault


class Shelf:
    """Entries of the ledger together with the lake files they own.

    A file is removed before its entry is forgotten, and an entry is kept only after its files are written: a killed
    ingest leaves rows that the next one knows of.
    """

    def __init__(self, audit: Audit, dry_run: bool) -> None:
        self._lake = audit.lake
        self._dry_run = dry_run
        self._ledger = Ledger.load(audit.private / "ingested.json")

    @property
    def entries(self) -> dict[str, Entry]:
        """All entries by the name of the file or part."""
        return self._ledger.entries

    def of_source(self, name: str) -> dict[str, Entry]:
        """The entries of the file called *name* and of its parts."""
        return {part: entry for part, entry in self.entries.items() if entry.source == name}

    def others_loaded(self, name: str) -> Iterator[tuple[str, Entry]]:
        """Entries other than *name* whose rows are in the lake."""
        for other, entry in self.entries.items():
            if other != name and entry.outcome.status not in ("refused", "removed"):
                yield other, entry

    def is_complete(self, entry: Entry) -> bool:
        """Whether every lake file of *entry* is there."""
        return all((self._lake / file).is_file() for file in entry.lake_files)

    def file_of(self, entry: Entry, table: str) -> Path | None:
        """The file of *table* that *entry* has in the lake; None if it has none there."""
        return next((self._lake / file for file in entry.lake_files if file.startswith(f"{table}/")), None)

    def rows_of(self, entry: Entry) -> dict[str, int]:
        """Canonical rows that *entry* has in the lake, by table."""
        rows: dict[str, int] = {}
        for file in entry.lake_files:
            table = file.partition("/")[0]
            if table != _ISSUES and (self._lake / file).is_file():
                rows[table] = rows.get(table, 0) + rows_in(self._lake / file)
        return rows

    def rows_kept_through_refusal(self, name: str) -> tuple[str, ...]:
        """Lake files of the earlier content of *name*, without the notice of an earlier refusal."""
        earlier = self.entries.get(name)
        return tuple(file for file in (earlier.lake_files if earlier else ()) if f"/{NOTICE}-" not in file)

    # --- changes -----------------------------------------------------------------------------------------------------

    def clear_leftovers(self) -> None:
        """Remove what a killed ingest wrote without finishing the file."""
        finished = {file for entry in self.entries.values() for file in entry.lake_files}
        self._unlink(file for file in self._ledger.begun if file not in finished)

    def begin(self, name: str, planned: tuple[str, ...], spare: Collection[str] = ()) -> None:
        """Note that *planned* files of *name* are about to be written, and remove its earlier ones but *spare*."""
        if not self._dry_run:
            self._ledger.begin(planned)
        if earlier := self.entries.get(name):
            self._release({name}, [file for file in earlier.lake_files if file not in spare])

    def keep(self, name: str, entry: Entry) -> None:
        """Enter *entry*, whose files are all written."""
        self.entries[name] = entry
        self._save()

    def remove(self, name: str) -> None:
        """Take *name* and its rows out of the lake."""
        self._release({name}, self.entries[name].lake_files)
        del self.entries[name]
        self._save()

    def remove_others(self, source: str, parts: Collection[str]) -> None:
        """Take out what the file *source* brought under other names than *parts*: its parts have changed."""
        for name in [name for name in self.of_source(source) if name not in parts]:
            self.remove(name)

    def merge_parts(self, source: str) -> None:
        """Gather what the parts of *source* brought under the name of the file, which can no longer be taken apart."""
        parts = self.of_source(source)
        if parts and set(parts) != {source}:
            files = dict.fromkeys(file for entry in parts.values() for file in entry.lake_files)
            gathered = dataclasses.replace(next(iter(parts.values())), lake_files=tuple(files))
            for name in parts:
                del self.entries[name]
            self.entries[source] = gathered

    def _release(self, names: Collection[str], files: Collection[str]) -> None:
        """Remove *files*, unless another export put the same rows there."""
        elsewhere = {file for name, entry in self.entries.items() if name not in names for file in entry.lake_files}
        self._unlink(file for file in files if file not in elsewhere)

    def _unlink(self, files: Iterator[str]) -> None:
        for file in files:
            if not self._dry_run:
                with contextlib.suppress(FileNotFoundError):
                    (self._lake / file).unlink()

    def _save(self) -> None:
        if not self._dry_run:
            self._ledger.save()
