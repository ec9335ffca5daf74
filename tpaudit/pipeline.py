"""The stages in order: what each reads, writes and depends on, and which may be skipped.

`run` and every command go through here. A stage runs again only if something it depends on has changed: the lake, a
setting, an earlier stage or the program. Everything is written atomically and recorded afterwards, so that a killed
run costs its unfinished stage and nothing else.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from tpaudit import __version__
from tpaudit.atomic import clear_unfinished, explained, replacing
from tpaudit.audit import Audit, StageRecord, State
from tpaudit.audit.inputs import InputFile, InputHashes, discover
from tpaudit.errors import InputFault, NobodyFound
from tpaudit.model import MARTS
from tpaudit.results import IngestResult, Result, RunResult, StageOutcome, ValidateResult
from tpaudit.stages import BEFORE_GATE, BEHIND_GATE, INGEST, STAGES, Stage

if TYPE_CHECKING:
    from tpaudit.audit.settings import FailOn
    from tpaudit.ingest.intake import Reading
    from tpaudit.store import Store

__all__ = ["INGEST", "STAGES", "Ingestion", "Pipeline", "StageEvent", "find_exports"]


@dataclass(frozen=True, slots=True)
class Ingestion:
    """What the caller wants ingested, and how; without *paths*, the audit's exports folder."""

    paths: tuple[Path, ...] = ()
    preset: str | None = None
    table: str | None = None
    map_files: tuple[Path, ...] = ()
    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class StageEvent:
    """Something to tell a person who waits: a stage began or ended, or how far the reading of a file has come."""

    stage: str
    moment: Literal["begins", "reads", "ends"]
    outcome: StageOutcome | None = None
    reading: Reading | None = None


@dataclass
class Pipeline:
    """One pass over the stages of an audit.

    *tell* hears of every stage; stages named in *forced* run although nothing has changed. Outcomes and results
    gather in the order in which the stages ran.
    """

    audit: Audit
    ingestion: Ingestion = field(default_factory=Ingestion)
    forced: frozenset[str] = frozenset()
    tell: Callable[[StageEvent], None] = lambda event: None
    outcomes: list[StageOutcome] = field(default_factory=list)
    results: dict[str, Result] = field(default_factory=dict)
    inputs: list[InputFile] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.state = State(self.audit.private / "state.json")
        self._store: Store | None = None

    def __enter__(self) -> Pipeline:
        with explained(self.audit.private):
            for folder in (self.audit.lake, self.audit.marts, self.audit.runs, self.audit.private):
                clear_unfinished(folder)
            shutil.rmtree(self.audit.scratch, ignore_errors=True)
            self.audit.scratch.mkdir(parents=True, exist_ok=True)
        return self

    def __exit__(self, *_: object) -> None:
        self._close_store()
        shutil.rmtree(self.audit.scratch, ignore_errors=True)

    @property
    def store(self) -> Store:
        """The audit's tables; the engine starts when the first of them is asked for, and ends with the stage."""
        if self._store is None:
            from tpaudit.engine import EngineSettings
            from tpaudit.store import Store

            wanted = self.audit.config.settings.engine
            settings = EngineSettings(wanted.name, wanted.memory_limit, wanted.threads, self.audit.scratch)
            self._store = Store(self.audit, settings)
        return self._store

    def bring_up_to_date(self, target: str) -> Result:
        """Return the result of stage *target*, running it and what it depends on only where something has changed."""
        if target not in self.results:
            if target == INGEST:
                self._ingest()
            else:
                self._derive(STAGES[target])
        return self.results[target]

    def prepare(self, target: str) -> None:
        """Bring up to date what stage *target* depends on.

        Raises NobodyFound if that needs people, there are none, and the stage cannot do without.
        """
        stage = STAGES[target]
        for earlier in stage.after:
            try:
                self.bring_up_to_date(earlier)
            except NobodyFound as fault:
                if not stage.judges_nobody:
                    raise
                self._leave_out(STAGES[earlier], fault.message)

    def is_unchanged(self, fail_on: FailOn | None = None) -> bool:
        """Whether a whole run would find every stage up to date; costs no engine and no heavy import.

        Data that fell short of the gate before falls short again: then the stages behind the gate do not count.
        """
        if self.forced or self.ingestion.dry_run:
            return False
        self.inputs = self._inputs()
        if self.inputs and not self._is_fresh(INGEST, self._ingest_fingerprint()):
            return False
        if not all(self._is_up_to_date(STAGES[name]) for name in BEFORE_GATE):
            return False
        judged = self.saved("validate")
        if isinstance(judged, ValidateResult) and not self._gated(judged, fail_on).passed:
            return True
        return all(self._is_up_to_date(STAGES[name]) for name in BEHIND_GATE)

    def saved(self, stage: str) -> Result | None:
        """The last result of *stage*, or None if there is none that this version can read."""
        kind = IngestResult if stage == INGEST else STAGES[stage].result
        saved: Result | None = _load(kind, self.audit.result_file(stage))
        return saved

    def _ingest(self) -> None:
        self.inputs = self.inputs or self._inputs()
        if self.ingestion.dry_run:
            self.results[INGEST] = self._read_files()
            return
        # Without files to read the lake stands as earlier, explicit ingests left it.
        if (
            INGEST not in self.forced
            and (not self.inputs or self._is_fresh(INGEST, self._ingest_fingerprint()))
            and (saved := self.saved(INGEST))
        ):
            self._keep(INGEST, saved)
        else:
            self._run(INGEST, self._ingest_fingerprint, (), self._read_files)

    def _derive(self, stage: Stage) -> None:
        self.prepare(stage.name)
        if stage.name not in self.forced and self._is_up_to_date(stage) and (saved := self.saved(stage.name)):
            self._keep(stage.name, saved)
        else:
            self._run(stage.name, lambda: self._fingerprint(stage), stage.marts, lambda: stage.run(self.store))

    def run(self, fail_on: FailOn | None = None) -> RunResult:
        """Bring every stage up to date; stop before the journeys if the data falls short of *fail_on*."""
        if self.is_unchanged(fail_on):
            for name in (INGEST, *STAGES):
                is_known = name == INGEST or self._is_up_to_date(STAGES[name])
                if is_known and (saved := self.saved(name)) is not None:
                    self._keep(name, saved)
            return self._whole("nothing to do", fail_on)
        self.bring_up_to_date("validate")
        if not self._validation(fail_on).passed:
            for name in BEHIND_GATE:
                reason = "the data fell short at validate"
                self.outcomes.append(StageOutcome(stage=name, status="not run", seconds=0.0, reason=reason))
            return self._whole("stopped at validate", fail_on)
        for name in BEHIND_GATE:
            self.bring_up_to_date(name)
        return self._whole("done", fail_on)

    def _validation(self, fail_on: FailOn | None) -> ValidateResult:
        result = self.results["validate"]
        if not isinstance(result, ValidateResult):
            raise TypeError(f"stage validate returned {type(result).__name__}")
        return self._gated(result, fail_on)

    def _gated(self, result: ValidateResult, fail_on: FailOn | None) -> ValidateResult:
        """*result* judged by the gate of this run, not by that of the run that found it."""
        return result.model_copy(update={"fail_on": fail_on or self.audit.config.settings.validate_.fail_on})

    def _whole(
        self, status: Literal["done", "nothing to do", "stopped at validate"], fail_on: FailOn | None
    ) -> RunResult:
        return RunResult.model_validate(
            {
                "run_id": None,
                "status": status,
                "client": self.audit.config.settings.audit.client,
                "as_of": self.audit.as_of,
                "engine": self.audit.config.settings.engine.name,
                "stages": tuple(self.outcomes),
                "validation": self._validation(fail_on) if "validate" in self.results else None,
                **{name: self.results.get(name) for name in (INGEST, "dedupe", "journey", "kpi", "rank")},
            }
        )

    # --- how a stage is run and remembered ---------------------------------------------------------------------------

    def _run(self, name: str, fingerprint: Callable[[], str], marts: Sequence[str], work: Callable[[], Result]) -> None:
        self.tell(StageEvent(name, "begins"))
        self.state.forget(name)
        begun = time.perf_counter()
        result = work()
        # What a stage lays down in the engine is of no use to the next, and takes the memory that it needs.
        self._close_store()
        seconds = round(time.perf_counter() - begun, 3)
        rows = dict(result.tables) if isinstance(result, IngestResult) else self._mart_rows(marts)
        with replacing(self.audit.result_file(name)) as unfinished:
            unfinished.write_text(result.model_dump_json(), encoding="utf-8")
        finished_at = datetime.now(UTC).isoformat(timespec="seconds")
        self.state.finish(name, StageRecord(fingerprint(), finished_at, seconds, rows))
        self._note(StageOutcome(stage=name, status="done", seconds=seconds, rows=rows), result)

    def _close_store(self) -> None:
        if self._store is not None:
            self._store.close()
            self._store = None

    def _keep(self, name: str, saved: Result) -> None:
        known = self.state.get(name)
        rows = known.rows if known else {}
        self._note(StageOutcome(stage=name, status="unchanged", seconds=0.0, rows=rows), saved)

    def _leave_out(self, stage: Stage, reason: str) -> None:
        """Go on without *stage*: what it said of earlier data is no longer so."""
        for mart in stage.marts:
            self.audit.mart_file(mart).unlink(missing_ok=True)
        outcome = StageOutcome(stage=stage.name, status="not run", seconds=0.0, reason=reason)
        self.outcomes.append(outcome)
        self.tell(StageEvent(stage.name, "ends", outcome))

    def _note(self, outcome: StageOutcome, result: Result) -> None:
        self.outcomes.append(outcome)
        self.results[outcome.stage] = result
        self.tell(StageEvent(outcome.stage, "ends", outcome))

    def _mart_rows(self, marts: Sequence[str]) -> dict[str, int]:
        import pyarrow.parquet as pq

        files = {mart: self.audit.mart_file(mart) for mart in marts}
        return {mart: pq.read_metadata(file).num_rows for mart, file in files.items() if file.is_file()}

    def _read_files(self) -> IngestResult:
        from tpaudit.ingest import ingest

        chosen = self.ingestion
        return ingest(
            self.store,
            self._roots(),
            preset=chosen.preset,
            table=chosen.table,
            map_files=chosen.map_files,
            dry_run=chosen.dry_run,
            force=INGEST in self.forced,
            inputs=self.inputs or None,
            tell=lambda reading: self.tell(StageEvent(INGEST, "reads", reading=reading)),
        )

    # --- what a stage depends on --------------------------------------------------------------------------------------

    def _roots(self) -> tuple[Path, ...]:
        return _roots(self.audit, self.ingestion)

    def _inputs(self) -> list[InputFile]:
        found = find_exports(self.audit, self.ingestion)
        return InputHashes(self.audit.private / "hashes.json").of(found, remember=not self.ingestion.dry_run)

    def _is_up_to_date(self, stage: Stage) -> bool:
        return self._is_fresh(stage.name, self._fingerprint(stage)) and not self.audit.missing_marts(stage.marts)

    def _is_fresh(self, stage: str, fingerprint: str) -> bool:
        known = self.state.get(stage)
        return known is not None and known.fingerprint == fingerprint

    def _ingest_fingerprint(self) -> str:
        chosen = self.ingestion
        recipes = [*chosen.map_files, *sorted(self.audit.presets.glob("*.toml"))]
        return _hash(
            __version__,
            [[item.name, item.sha256, item.fault] for item in self.inputs],
            [_digest(path) for path in recipes],
            [chosen.preset, chosen.table],
            self.audit.config.fingerprint("audit"),
            # A file that was taken out of the lake is read again.
            [[folder, name] for folder, name, *_ in self._lake_signature()],
        )

    def _fingerprint(self, stage: Stage) -> str:
        return _hash(
            __version__,
            stage.name,
            # Marts of a build that knew other columns would be read as if these were unknown.
            [MARTS[mart].column_names for mart in stage.marts],
            self._lake_signature(),
            [
                known.fingerprint if (known := self.state.get(name)) else None
                for name in (*stage.after, *stage.sees)
                if name != INGEST
            ],
            self.audit.config.fingerprint(*stage.settings),
            self.audit.as_of,
            [
                [file.name, _digest(file)]
                for name in ("touchpoints.toml", *stage.files)
                for file in sorted(self.audit.folder.glob(name))
            ],
        )

    def _lake_signature(self) -> list[list[object]]:
        signature: list[list[object]] = []
        for path in sorted(self.audit.lake.glob("*/*.parquet")):
            status = path.stat()
            signature.append([path.parent.name, path.name, status.st_size, status.st_mtime_ns])
        return signature


def find_exports(audit: Audit, ingestion: Ingestion) -> list[tuple[Path, str]]:
    """The files an ingest would read, with their names; none is fine if the lake holds rows already.

    Raises InputFault if a path does not exist, or if there is neither a file nor a lake.
    """
    for path in ingestion.paths:
        if not path.exists():
            raise InputFault(f"no such file or folder: {path}", "check the path")
    files = discover(_roots(audit, ingestion), audit.exports)
    if not files and (ingestion.paths or not any(audit.lake.glob("*/*.parquet"))):
        places = ", ".join(str(path) for path in ingestion.paths) or str(audit.exports)
        raise InputFault(
            f"no exports found in {places}",
            f"put the client's files into {audit.exports}, or name files and folders: `tpaudit run PATH`",
        )
    return files


def _roots(audit: Audit, ingestion: Ingestion) -> tuple[Path, ...]:
    if ingestion.paths:
        return ingestion.paths
    return (audit.exports,) if audit.exports.is_dir() else ()


def _load(kind: type[Any], file: Path) -> Any:
    """The saved result in *file*, or None if it is missing or from a version with other fields."""
    from pydantic import ValidationError

    try:
        return kind.model_validate_json(file.read_bytes())
    except (OSError, ValidationError):
        return None


def _digest(file: Path) -> str | None:
    return hashlib.sha256(file.read_bytes()).hexdigest() if file.is_file() else None


def _hash(*parts: Any) -> str:
    return hashlib.sha256(json.dumps(parts, sort_keys=True, default=str).encode()).hexdigest()
