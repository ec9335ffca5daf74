"""The whole ingest: which files, which are new, what became of each, and what the lake now holds."""

from __future__ import annotations

import dataclasses
import errno
import os
import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from tpaudit.audit.inputs import InputFile
from tpaudit.errors import InputFault
from tpaudit.ingest.choice import Choice, PresetsInUse
from tpaudit.ingest.files import WholeFolders, place_of
from tpaudit.ingest.issues import Issue
from tpaudit.ingest.ledger import Entry, Twin, mapping_fingerprint
from tpaudit.ingest.load import (
    SHORT_SHA,
    IncomingPart,
    Mapped,
    give_numbers,
    map_file,
    parts_of,
    planned_files,
    write_file,
    write_notice,
)
from tpaudit.ingest.refusal import Refusal
from tpaudit.ingest.shelf import Shelf, rows_in
from tpaudit.ingest.wording import in_chinese
from tpaudit.model import LAKE_TABLES
from tpaudit.results import Confidence, FileIngested, IngestResult
from tpaudit.store import Store

_NAMED_AT_MOST = 5
_LOADED_ONCE = "nothing to do: the rows are loaded once"
_DUPLICATE = "duplicate_file"
_CANONICAL = "canonical"


@dataclass(frozen=True, slots=True)
class Reading:
    """How far the reading of one file has come, in bytes."""

    file: str
    done: int
    size: int


class Intake:
    """One ingest into *store*.

    With *dry_run* everything is read and counted and nothing is written. *tell* hears how far a file has been read.
    """

    def __init__(
        self, store: Store, choice: Choice, dry_run: bool, force: bool, tell: Callable[[Reading], None]
    ) -> None:
        self._store = store
        self._dry_run = dry_run
        self._force = force
        self._tell = tell
        self._is_choice = choice != Choice()
        self._presets = PresetsInUse(store.audit.presets, choice)
        self._mapping = self._fingerprint()
        self._shelf = Shelf(store.audit, dry_run)
        self._now = datetime.now(UTC)
        self._hashes: dict[str, str] = {}
        self._surveys: dict[str, Mapped] = {}

    def take_in(self, paths: Sequence[Path], inputs: Sequence[InputFile]) -> IngestResult:
        """Ingest the files *inputs*, which are all that *paths* mean."""
        self._hashes = {file.name: file.sha256 or "" for file in inputs}
        self._shelf.clear_leftovers()
        self._remove_vanished(WholeFolders(self._store.audit, paths, inputs))
        with self._store.engine.frugal():
            entries = self._taken(inputs)
        for name, entry in self._shelf.entries.items():
            if entry.source not in self._hashes and entry.outcome.status in ("loaded", "unchanged"):
                entries[name] = _with_status(entry, "kept")
            elif entry.outcome.status == "removed":
                entries[name] = entry
        _insist_on_some([entry for entry in entries.values() if entry.source in self._hashes])
        in_order = [entries[name] for name in sorted(entries)]
        return IngestResult(
            files=tuple(entry.outcome for entry in in_order),
            tables=self._totals(),
            issues=tuple(issue for entry in in_order for issue in entry.issues),
            dry_run=self._dry_run,
        )

    def _fingerprint(self) -> str:
        """Of the settings and presets that decide how a file is read."""
        settings = self._store.audit.config.settings.audit
        return mapping_fingerprint(settings.timezone, settings.currency, settings.region, self._presets.fingerprint)

    # --- files that are gone -----------------------------------------------------------------------------------------

    def _remove_vanished(self, folders: WholeFolders) -> None:
        """Take the rows of files that are gone from a folder out of the lake, and say so until the next ingest."""
        for name, entry in list(self._shelf.entries.items()):
            if entry.outcome.status == "removed":
                self._shelf.remove(name)
            elif folders.lack(entry.place):
                if lost := self._shelf.rows_of(entry):
                    self._replace_by_notice(name, entry, lost)
                else:
                    self._shelf.remove(name)

    def _replace_by_notice(self, name: str, entry: Entry, lost: dict[str, int]) -> None:
        told = ", ".join(f"{table} {rows}" for table, rows in lost.items())
        issue = Issue("removed_file", message=f"the file is gone from its folder; its rows were removed: {told}")
        self._shelf.remove(name)
        notice = write_notice(self._store, name, entry.sha256, issue, self._dry_run)
        outcome = entry.outcome.model_copy(update={"status": "removed", "rows_by_table": lost, "issues": 1})
        gone = dataclasses.replace(
            entry, lake_files=notice.files, outcome=outcome, issues=notice.issues, responses=None, twin=None, codes=None
        )
        self._shelf.keep(name, gone)

    # --- files that are there ----------------------------------------------------------------------------------------

    def _taken(self, inputs: Sequence[InputFile]) -> dict[str, Entry]:
        """Every entry of *inputs*. Files are recognised before the first is loaded, so that of the two files of one
        survey the worded one goes first."""
        pending: list[IncomingPart] = []
        done: dict[str, Entry] = {}
        for file in inputs:
            if file.sha256 is None:
                done |= self._refused_whole(file, "", _unreadable(file))
            elif known := self._unchanged(file, file.sha256):
                done |= known
            else:
                try:
                    pending += self._recognised(file, file.sha256)
                except Refusal as refusal:
                    shutil.rmtree(self._unpacked(file.sha256), ignore_errors=True)
                    done |= self._refused_whole(file, file.sha256, refusal)
        left = Counter(part.file.sha256 for part in pending)
        try:
            for part in sorted(pending, key=lambda part: part.sniffed.coded_share):
                done[part.name] = self._load(part)
                left[part.file.sha256] -= 1
                if not left[part.file.sha256]:
                    shutil.rmtree(self._unpacked(part.file.sha256 or ""), ignore_errors=True)
        finally:
            for mapped in self._surveys.values():
                mapped.discard()
        return done

    def _unchanged(self, file: InputFile, sha256: str) -> dict[str, Entry]:
        """The entries of *file* if all of them still say what a new reading would; else none."""
        known = self._shelf.of_source(file.name)
        if self._force or not all(self._still_holds(entry, sha256) for entry in known.values()):
            return {}
        place = place_of(file.path, self._store.audit)
        for name, entry in known.items():
            if entry.place != place:
                self._shelf.keep(name, dataclasses.replace(entry, place=place))
        return {name: _with_status(entry, "unchanged") for name, entry in known.items()}

    def _still_holds(self, entry: Entry, sha256: str) -> bool:
        if entry.source_sha256 != sha256:
            return False
        # A file the user once named a mapping for stays read that way in later runs that name none.
        if entry.mapping != self._mapping and (self._is_choice or not entry.is_chosen):
            return False
        if not all(self._is_loaded(twin) for twin in (entry.twin, entry.codes) if twin):
            return False
        return entry.outcome.status == "refused" or self._shelf.is_complete(entry)

    def _is_loaded(self, twin: Twin) -> bool:
        """Whether the file that holds the same rows is still there with the content it had."""
        entry = self._shelf.entries.get(twin.file)
        if entry is None or entry.outcome.status in ("refused", "removed") or not self._shelf.is_complete(entry):
            return False
        return self._hashes.get(entry.source, entry.source_sha256) == twin.sha256

    def _recognised(self, file: InputFile, sha256: str) -> list[IncomingPart]:
        parts = parts_of(file, sha256, self._presets.sniff(file, self._unpacked(sha256)))
        self._shelf.remove_others(file.name, {part.name for part in parts})
        return parts

    def _load(self, part: IncomingPart) -> Entry:
        mapped: Mapped | None = None
        try:
            self._refuse_unwanted(part)
            self._refuse_copy(part)
            mapped = map_file(self._store, part, self._now, self._progress(part))
            return self._joined(mapped) or self._write(mapped)
        except Refusal as refusal:
            return self._refused(part.file, part.name, part.sha256, refusal, part)
        finally:
            if mapped and part.name not in self._surveys:
                mapped.discard()

    def _progress(self, part: IncomingPart) -> Callable[[int], None]:
        size = part.sniffed.path.stat().st_size
        return lambda done: self._tell(Reading(part.name, done, size))

    def _refuse_unwanted(self, part: IncomingPart) -> None:
        """Some layouts are known so that they can be kept out, such as somebody's private payments."""
        if refuse := part.sniffed.preset.refuse:
            raise Refusal(refuse.en, "take it out of the folder", "refused_layout", refuse.zh)

    def _refuse_copy(self, part: IncomingPart) -> None:
        """The same bytes under two names count once."""
        for name, entry in self._originals(part):
            if entry.sha256 == part.sha256:
                raise Duplicate(f"has the same content as {name}", name, entry)

    def _joined(self, mapped: Mapped) -> Entry | None:
        """The entry of a file with the same survey responses as an earlier one: they count once, but where the earlier
        file has words and this one numbers, the numbers are given to it. None if there is no such file.

        Raises Duplicate if the numbers are known already.
        """
        part = mapped.part
        same = ((n, entry) for n, entry in self._originals(part) if entry.responses == mapped.responses is not None)
        name, other = next(same, ("", None))
        if other is None:
            return None
        answers = self._surveys.get(name) or self._shelf.file_of(other, "surveys")
        number = give_numbers(self._store, mapped, answers, self._dry_run) if answers else 0
        if not number:
            raise Duplicate(f"holds the same responses as {name}", name, other)
        self._shelf.keep(name, dataclasses.replace(other, codes=Twin(part.name, part.file.sha256 or "")))
        told = Issue("scores_by_code", message=f"its codes gave {number} answers of {name} their numbers")
        joined = dataclasses.replace(mapped, responses=None, joined=told)
        return self._write(joined, Twin(name, other.source_sha256))

    def _originals(self, part: IncomingPart) -> Iterator[tuple[str, Entry]]:
        """Other files whose rows are in the lake and whose content has not changed since."""
        for name, entry in self._shelf.others_loaded(part.name):
            if self._hashes.get(entry.source, entry.source_sha256) == entry.source_sha256:
                yield name, entry

    def _write(self, mapped: Mapped, twin: Twin | None = None) -> Entry:
        part = mapped.part
        if self._dry_run and mapped.responses:
            # The other file of the survey may ask for the answers, which are written nowhere.
            self._surveys[part.name] = mapped
        self._shelf.begin(part.name, planned_files(self._store, mapped))
        written = write_file(self._store, mapped, self._dry_run)
        account = written.account
        outcome = self._outcome(part.file, part.name, part.sha256, part).model_copy(
            update={
                "status": "loaded",
                "rows_in": account.rows_in,
                "rows_kept": account.rows_kept,
                "rows_refused": account.rows_refused,
                "first_day": account.first_day,
                "last_day": account.last_day,
                "rows_by_table": written.rows_by_table,
                "issues": sum(issue.count for issue in written.issues),
            }
        )
        entry = self._entry(part.file, part.sha256, written.files, outcome)
        entry = dataclasses.replace(entry, issues=written.issues, responses=mapped.responses, twin=twin)
        entry = dataclasses.replace(entry, is_chosen=self._is_choice)
        self._shelf.keep(part.name, entry)
        return entry

    def _refused_whole(self, file: InputFile, sha256: str, refusal: Refusal) -> dict[str, Entry]:
        self._shelf.merge_parts(file.name)
        return {file.name: self._refused(file, file.name, sha256, refusal)}

    def _refused(
        self, file: InputFile, name: str, sha256: str, refusal: Refusal, part: IncomingPart | None = None
    ) -> Entry:
        """A refused file leaves one issue row; rows of its earlier content stay until it can be read."""
        earlier = self._shelf.rows_kept_through_refusal(name)
        self._shelf.begin(name, (), spare=earlier)
        issue = Issue(refusal.code, message=f"{refusal.reason}; {refusal.hint}")
        notice = write_notice(self._store, name, sha256, issue, self._dry_run)
        reason_zh, hint_zh = refusal.reason_zh or in_chinese(refusal.reason), in_chinese(refusal.hint)
        outcome = self._outcome(file, name, sha256, part).model_copy(
            update={
                "status": "refused",
                "issues": 1,
                "code": refusal.code,
                "reason": refusal.reason,
                "reason_zh": reason_zh,
                "hint": refusal.hint,
                "hint_zh": hint_zh,
            }
        )
        entry = self._entry(file, sha256, (*earlier, *notice.files), outcome)
        twin = refusal.twin if isinstance(refusal, Duplicate) else None
        told = f"{reason_zh}；{hint_zh}" if reason_zh and hint_zh else None
        issues = tuple(count.model_copy(update={"message_zh": told}) for count in notice.issues)
        entry = dataclasses.replace(entry, issues=issues, twin=twin)
        self._shelf.keep(name, entry)
        return entry

    # --- what is noted -----------------------------------------------------------------------------------------------

    def _outcome(self, file: InputFile, name: str, sha256: str, part: IncomingPart | None) -> FileIngested:
        if part is None:
            return FileIngested(file=name, sha256=sha256, status="refused")
        sniffed = part.sniffed
        return FileIngested(
            file=name,
            sha256=sha256,
            status="refused",
            part=part.label,
            container=sniffed.container.value,
            encoding=sniffed.encoding,
            preset=sniffed.preset.id,
            preset_title=sniffed.preset.title,
            confidence=_confidence(part),
            score=round(sniffed.score, 3),
        )

    def _entry(self, file: InputFile, sha256: str, lake_files: tuple[str, ...], outcome: FileIngested) -> Entry:
        place = place_of(file.path, self._store.audit)
        return Entry(sha256, self._mapping, lake_files, outcome, file.name, file.sha256 or "", place)

    def _unpacked(self, sha256: str) -> Path:
        return self._store.audit.scratch / f"unpacked-{sha256[:SHORT_SHA]}"

    def _totals(self) -> dict[str, int]:
        """Rows of every lake table that has files, as these say themselves."""
        files = ((table, self._store.audit.lake_files(table)) for table in LAKE_TABLES)
        return {table: sum(map(rows_in, found)) for table, found in files if found}


class Duplicate(Refusal):
    """A file whose rows another file has brought already."""

    def __init__(self, reason: str, name: str, original: Entry) -> None:
        super().__init__(reason, _LOADED_ONCE, _DUPLICATE)
        self.twin = Twin(name, original.source_sha256)


def _confidence(part: IncomingPart) -> Confidence:
    preset = part.sniffed.preset
    if preset.is_users:
        return "yours"
    return "canonical" if preset.platform == _CANONICAL else preset.confidence


def _with_status(entry: Entry, status: str) -> Entry:
    """*entry* as it is told when nothing was done; a refused one stays refused."""
    if entry.outcome.status in ("refused", "removed"):
        return entry
    return dataclasses.replace(entry, outcome=entry.outcome.model_copy(update={"status": status}))


def _insist_on_some(entries: Sequence[Entry]) -> None:
    """Raise InputFault if every file there is was refused, except as a copy of one that was loaded."""
    refused = [entry.outcome for entry in entries if entry.outcome.status == "refused"]
    if len(refused) < len(entries) or any(outcome.code == _DUPLICATE for outcome in refused):
        return
    named = [f"{outcome.file} {outcome.reason}" for outcome in refused[:_NAMED_AT_MOST]]
    if len(refused) > _NAMED_AT_MOST:
        named.append(f"and {len(refused) - _NAMED_AT_MOST} more")
    raise InputFault(f"no file could be read: {'; '.join(named)}", refused[0].hint)


def _unreadable(file: InputFile) -> Refusal:
    if file.fault == os.strerror(errno.EACCES):
        return Refusal("cannot be read: no permission", "give yourself read access to the file")
    return Refusal(f"cannot be read: {file.fault}", "check the disk or copy the file again")
