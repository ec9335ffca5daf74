"""The whole ingest: which files, which are new, what became of each, and what the lake now holds."""

from __future__ import annotations

import contextlib
import dataclasses
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from tpaudit.audit.inputs import sha256_of
from tpaudit.errors import InputFault, UsageFault, did_you_mean
from tpaudit.ingest.files import Source, sources_of
from tpaudit.ingest.layouts.canonical import canonical_preset, missing_columns
from tpaudit.ingest.layouts.preset import Preset
from tpaudit.ingest.layouts.preset_file import read_presets, shipped_presets
from tpaudit.ingest.ledger import Entry, Ledger, mapping_fingerprint
from tpaudit.ingest.load import Mapped, map_file, planned_files, write_file, write_refusal
from tpaudit.ingest.names import unique_keys
from tpaudit.ingest.refusal import Refusal
from tpaudit.ingest.sniff import Sniffed, sniff
from tpaudit.model import LAKE_TABLES
from tpaudit.results import FileIngested, IngestResult, IssueCount
from tpaudit.store import Store

_NAMED_AT_MOST = 5
_LOADED_ONCE = "nothing to do: the rows are loaded once"


@dataclass(frozen=True, slots=True)
class Choice:
    """How the user wants files read: by one preset, as one canonical table, by mapping files, or as recognised."""

    preset: str | None = None
    table: str | None = None
    map_files: tuple[Path, ...] = ()


def take_in(store: Store, paths: Sequence[Path], choice: Choice, dry_run: bool, force: bool = False) -> IngestResult:
    """Ingest *paths*; see `tpaudit.ingest.ingest`."""
    return _Intake(store, choice, dry_run, force).take_in(paths)


class _Intake:
    def __init__(self, store: Store, choice: Choice, dry_run: bool, force: bool) -> None:
        self._store = store
        self._dry_run = dry_run
        self._is_choice = choice != Choice()
        self._force = force
        self._presets = _Presets(store.audit.presets, choice)
        self._ledger = Ledger.load(store.audit.private / "ingested.json")
        self._now = datetime.now(UTC)

    def take_in(self, paths: Sequence[Path]) -> IngestResult:
        sources = sources_of(paths, self._store.audit.exports)
        if not self._dry_run:
            self._clear_interrupted()
        outcomes = {name: entry.outcome for name, entry in self._recognised(sources)}
        present = {source.name for source in sources}
        for name, entry in self._ledger.entries.items():
            if name not in present and entry.outcome.status != "refused":
                outcomes[name] = entry.outcome.model_copy(update={"status": "kept"})
        files = tuple(outcome for _, outcome in sorted(outcomes.items()))
        _insist_on_some(files, present)
        issues = [issue for name in outcomes for issue in self._issues_of(name)]
        return IngestResult(files=files, tables=self._totals(), issues=tuple(issues), dry_run=self._dry_run)

    def _recognised(self, sources: Sequence[Source]) -> list[tuple[str, Entry]]:
        """Every file's entry. Files are recognised before the first is loaded, so that of the two files of one
        survey the worded one goes first."""
        pending: list[tuple[Source, str, Sniffed]] = []
        done: list[tuple[str, Entry]] = []
        for source in sources:
            try:
                sha256 = sha256_of(source.path)
            except OSError:
                done.append((source.name, self._refuse(source, "", _unreadable())))
                continue
            if known := self._unchanged(source, sha256):
                done.append((source.name, known))
                continue
            try:
                pending.append((source, sha256, self._presets.sniff(source)))
            except Refusal as refusal:
                done.append((source.name, self._refuse(source, sha256, refusal)))
        for source, sha256, sniffed in sorted(pending, key=lambda item: item[2].coded_share):
            done.append((source.name, self._load(source, sha256, sniffed)))
        return done

    def _unchanged(self, source: Source, sha256: str) -> Entry | None:
        known = self._ledger.entries.get(source.name)
        current = self._mapping(source)
        if self._force or known is None or known.sha256 != sha256:
            return None
        # A file the user once named a mapping for stays read that way in later runs that name none.
        if known.mapping != current and (self._is_choice or not known.is_chosen):
            return None
        if known.outcome.status == "refused":
            return known
        if not all((self._store.audit.lake / file).is_file() for file in known.lake_files):
            return None
        outcome = known.outcome.model_copy(update={"status": "unchanged"})
        return dataclasses.replace(known, outcome=outcome)

    def _mapping(self, source: Source) -> str:
        """Fingerprint of the settings and presets that decide how *source* is read."""
        settings = self._store.audit.config.settings.audit
        return mapping_fingerprint(settings.timezone, settings.currency, settings.region, self._presets.fingerprint)

    def _load(self, source: Source, sha256: str, sniffed: Sniffed) -> Entry:
        mapped: Mapped | None = None
        try:
            mapped = map_file(self._store, source, sha256, sniffed, self._now)
            self._refuse_copies(mapped)
            return self._write(mapped, sniffed)
        except Refusal as refusal:
            return self._refuse(source, sha256, refusal, sniffed)
        finally:
            if mapped:
                mapped.discard()

    def _refuse_copies(self, mapped: Mapped) -> None:
        """The same bytes under two names, or the same responses in two files, count once."""
        for name, entry in self._ledger.entries.items():
            if name == mapped.source.name or entry.outcome.status == "refused":
                continue
            if entry.sha256 == mapped.sha256:
                raise Refusal(f"has the same content as {name}", _LOADED_ONCE, "duplicate_file")
            if mapped.responses and entry.responses == mapped.responses:
                raise Refusal(f"holds the same responses as {name}", _LOADED_ONCE, "duplicate_file")

    def _write(self, mapped: Mapped, sniffed: Sniffed) -> Entry:
        name = mapped.source.name
        if not self._dry_run:
            self._ledger.begin(planned_files(self._store, mapped))
            self._forget_rows(name, keep=())
        written = write_file(self._store, mapped, self._dry_run)
        outcome = FileIngested(
            file=name,
            sha256=mapped.sha256,
            status="loaded",
            container=sniffed.container.value,
            encoding=sniffed.encoding,
            preset=sniffed.preset.id,
            preset_title=sniffed.preset.title,
            rows=mapped.staged.rows + sum(issue.kind.whole_row for issue in mapped.staged.issues),
            rows_by_table=written.rows_by_table,
            issues=sum(issue.count for issue in written.issues),
        )
        mapping = self._mapping(mapped.source)
        entry = Entry(mapped.sha256, mapping, written.files, outcome, written.issues, mapped.responses, self._is_choice)
        self._record(name, entry)
        return entry

    def _refuse(self, source: Source, sha256: str, refusal: Refusal, sniffed: Sniffed | None = None) -> Entry:
        """A refused file leaves one issue row; rows of its earlier content stay until it can be read."""
        earlier = self._ledger.entries.get(source.name)
        kept = tuple(file for file in (earlier.lake_files if earlier else ()) if "/refused-" not in file)
        if not self._dry_run:
            self._forget_rows(source.name, keep=kept)
        written = write_refusal(self._store, source, sha256 or _name_hash(source.name), refusal, self._dry_run)
        outcome = FileIngested(
            file=source.name,
            sha256=sha256,
            status="refused",
            container=sniffed.container.value if sniffed else None,
            encoding=sniffed.encoding if sniffed else None,
            preset=sniffed.preset.id if sniffed else None,
            preset_title=sniffed.preset.title if sniffed else None,
            issues=1,
            reason=refusal.reason,
            hint=refusal.hint,
        )
        entry = Entry(sha256, self._mapping(source), (*kept, *written.files), outcome, written.issues)
        self._record(source.name, entry)
        return entry

    def _record(self, name: str, entry: Entry) -> None:
        self._ledger.entries[name] = entry
        if not self._dry_run:
            self._ledger.save()

    def _forget_rows(self, name: str, keep: Sequence[str]) -> None:
        """Remove the lake files of the file's earlier content, unless another export put the same rows there."""
        earlier = self._ledger.entries.get(name)
        others = (entry for other, entry in self._ledger.entries.items() if other != name)
        elsewhere = {file for entry in others for file in entry.lake_files}
        for file in earlier.lake_files if earlier else ():
            if file not in keep and file not in elsewhere:
                (self._store.audit.lake / file).unlink(missing_ok=True)

    def _clear_interrupted(self) -> None:
        """Remove what a killed ingest wrote without finishing the file."""
        finished = {file for entry in self._ledger.entries.values() for file in entry.lake_files}
        for file in self._ledger.begun:
            if file not in finished:
                with contextlib.suppress(OSError):
                    (self._store.audit.lake / file).unlink(missing_ok=True)

    def _issues_of(self, name: str) -> tuple[IssueCount, ...]:
        entry = self._ledger.entries.get(name)
        return entry.issues if entry else ()

    def _totals(self) -> dict[str, int]:
        totals = {}
        for table in LAKE_TABLES:
            if self._store.audit.lake_files(table):
                rows = self._store.lake(table)
                totals[table] = int(self._store.engine.fetch_rows(rows.aggregate(n=rows.count()))[0]["n"])
        return totals


class _Presets:
    """The presets that may read a file, the user's own first, and the one that must if the user chose."""

    def __init__(self, folder: Path, choice: Choice) -> None:
        self._table = choice.table
        self._maps = tuple(preset for file in choice.map_files for preset in read_presets(file))
        own = tuple(preset for file in sorted(folder.glob("*.toml")) for preset in read_presets(file))
        self._all = (*self._maps, *own, *shipped_presets())
        self._forced = self._chosen(choice)
        described = [preset.model_dump(mode="json") for preset in self._all]
        self.fingerprint = json.dumps([choice.preset, choice.table, described], sort_keys=True, ensure_ascii=False)

    def sniff(self, source: Source) -> Sniffed:
        """Recognise *source*; raises Refusal, or UsageFault where a mapping file is wrong about it."""
        sniffed = sniff(source.path, self._all, self._forced or self._mapped(source))
        if self._table and (lacking := missing_columns(self._table, unique_keys(sniffed.header.cells))):
            raise Refusal(
                f"lacks columns that {self._table} needs: {', '.join(lacking)}",
                "rename its columns to canonical names, or describe it in a mapping file with `--map FILE`",
                "unknown_layout",
            )
        return sniffed

    def _chosen(self, choice: Choice) -> Preset | None:
        if choice.table:
            return canonical_preset(choice.table)
        if choice.preset is None:
            return None
        known = {preset.id: preset for preset in reversed(self._all)}
        if choice.preset not in known:
            raise UsageFault(
                f"no preset is called {choice.preset!r}{did_you_mean(choice.preset, known)}",
                "see `tpaudit list presets`",
            )
        return known[choice.preset]

    def _mapped(self, source: Source) -> Preset | None:
        """The user's preset whose `files` names this file, or that names no condition at all."""
        for preset in self._all:
            if preset.is_users and preset.match.file_fits(source.name):
                return preset
        unconditional = [preset for preset in self._maps if preset.match == type(preset.match)()]
        return unconditional[0] if unconditional else None


def _insist_on_some(files: Sequence[FileIngested], present: set[str]) -> None:
    refused = [outcome for outcome in files if outcome.file in present and outcome.status == "refused"]
    if len(refused) < len(present):
        return
    named = [f"{outcome.file} {outcome.reason}" for outcome in refused[:_NAMED_AT_MOST]]
    if len(refused) > _NAMED_AT_MOST:
        named.append(f"and {len(refused) - _NAMED_AT_MOST} more")
    raise InputFault(f"no file could be read: {'; '.join(named)}", refused[0].hint)


def _unreadable() -> Refusal:
    return Refusal("cannot be read: no permission", "give yourself read access to the file")


def _name_hash(name: str) -> str:
    return mapping_fingerprint(name)
