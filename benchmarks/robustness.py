"""Ingest thousands of damaged exports: `python -m benchmarks.robustness [N=5000] [--seed S] [--only NUMBER]`.

Every file is a small export (the case files of the presets, and the sample exports) that was damaged by seeded
mutations. Each must end in one of two ways within ten seconds: loaded, with every row kept or told as refused, or
refused with a reason and a remedy. Anything else is printed with what reproduces it, and the file is saved.

Damage shows in reading and mapping, which a dry run does in full: only every fifth file is written into a lake. That,
and preferring narrow layouts, brought a file from 0.6 to 0.2 s of CPU; 5,000 take about 20 minutes of CPU.
"""

from __future__ import annotations

import argparse
import gc
import multiprocessing
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import yaml

from benchmarks.mutations import Export, mutated
from tests.ingest.test_presets import CASES, content_of
from tpaudit.audit import Audit, load_config
from tpaudit.engine import EngineSettings, connect
from tpaudit.errors import AuditError, EngineFault
from tpaudit.ingest import ingest
from tpaudit.ingest.ledger import Ledger
from tpaudit.sample_data import SMALL
from tpaudit.store import Store

SECONDS = 10
WORKERS = 2
# Files that a worker takes at a time, with one engine: the statements of an engine's past cost memory.
_CHUNK = 50
_WRITTEN_EVERY = 5
# Objects between two searches for garbage: statements make many that live for one file.
_GARBAGE = 200_000
_SAMPLE_LINES = 25
_SAVED = Path(tempfile.gettempdir()) / "tpaudit-robustness"


@dataclass(frozen=True, slots=True)
class Ending:
    """How one damaged file ended: `loaded`, the code of its refusal, or `FAULT` and what happened; in CPU seconds."""

    number: int
    export: str
    mutations: tuple[str, ...]
    outcome: str
    seconds: float
    rows: int = 0
    told: str = ""

    @property
    def is_fault(self) -> bool:
        return self.outcome == "FAULT"


class TooSlow(Exception):
    """The time for one file is up."""


def exports() -> list[Export]:
    """What is damaged: one small export per case file, and the head of every sample export."""
    found = []
    for file in CASES:
        case = yaml.safe_load(file.read_text(encoding="utf-8"))
        content, encoding = content_of(case), case.get("encoding", "utf-8")
        rows = _one_line_rows(case) if "text" in case else ()
        found.append(Export(file.stem, case["file"], content, encoding, rows))
    for file in sorted((SMALL / "exports").iterdir()):
        content = file.read_bytes()
        if file.suffix == ".csv":
            content = b"".join(content.splitlines(keepends=True)[:_SAMPLE_LINES])
        found.append(Export(f"sample {file.name}", file.name, content))
    return found


def _one_line_rows(case: dict[str, Any]) -> tuple[int, ...]:
    """Lines of the data rows of a case, if each row is one line."""
    rows, lines = case.get("rows"), case["text"].splitlines()
    if not isinstance(rows, list) or any(lines[row - 1].count('"') % 2 for row in rows):
        return ()
    return tuple(rows)


def run(numbers: Sequence[int], seed: int, chosen: Sequence[Export] | None = None) -> Iterator[Ending]:
    """Damage and ingest the files with these *numbers*; each depends on its number and *seed* alone."""
    sources = list(chosen or exports())
    with tempfile.TemporaryDirectory(prefix="tpaudit-robustness-") as folder:
        engine = connect(EngineSettings(threads=1, memory_limit="1GB"))
        for number in numbers:
            audit = Path(folder) / f"audit{number}"
            audit.mkdir()
            yield _ended(Store(Audit(audit, load_config(audit, {})), engine), sources, number, seed)
            shutil.rmtree(audit)
        engine.close()


def _ended(store: Store, sources: Sequence[Export], number: int, seed: int) -> Ending:
    random = Random(f"{seed}:{number}")
    # Wide tables cost most and show least.
    export = random.choices(sources, [1 / (10 + source.width) ** 2 for source in sources])[0]
    is_written = number % _WRITTEN_EVERY == 0
    content, mutations, rows_added = mutated(export, random)
    file = store.audit.exports / export.file
    file.parent.mkdir()
    file.write_bytes(content)
    begun = time.process_time()
    outcome, told, rows = "FAULT", "", 0
    try:
        with time_limit(SECONDS):
            outcome, told, rows = _ingested(store, file, is_written)
        if outcome == "loaded" and rows_added is not None:
            file.write_bytes(export.content)
            sound = _ingested(store, file, is_written)[2]
            if rows != sound + rows_added:
                outcome, told = "FAULT", f"{rows} rows in, but {sound} of the sound file and {rows_added} added"
    except TooSlow:
        told = f"took longer than {SECONDS} s"
    except Exception as fault:
        told = f"{type(fault).__name__}: {fault}".splitlines()[0][:300]
    ending = Ending(number, export.name, mutations, outcome, time.process_time() - begun, rows, told)
    if ending.is_fault:
        _SAVED.mkdir(exist_ok=True)
        (_SAVED / f"{seed}-{number}-{export.file}").write_bytes(content)
    return ending


def _ingested(store: Store, file: Path, is_written: bool) -> tuple[str, str, int]:
    """Outcome, words and rows of one ingest; an exception other than a clear refusal passes through."""
    try:
        result = ingest(store, [file], dry_run=not is_written)
    except EngineFault:
        raise
    except AuditError as fault:
        if not is_written:
            # The ledger, which a dry run leaves alone, has the code.
            return _ingested(store, file, is_written=True)
        if not fault.hint:
            return "FAULT", f"refused without a remedy: {fault.message}", 0
        entries = Ledger.load(store.audit.private / "ingested.json").entries.values()
        codes = {entry.outcome.code or "" for entry in entries if entry.outcome.status == "refused"}
        if any(not entry.outcome.reason for entry in entries):
            return "FAULT", "refused without a reason", 0
        return ", ".join(sorted(codes)) or type(fault).__name__, fault.message, 0
    for part in result.files:
        if part.rows_in != part.rows_kept + part.rows_refused or (part.status == "refused" and not part.reason):
            return "FAULT", f"{part.file}: rows do not add up, or no reason is given", 0
    return "loaded", "", sum(part.rows_in for part in result.files)


@contextmanager
def time_limit(seconds: int) -> Iterator[None]:
    """Raise TooSlow in the block once *seconds* of this process's time are over: what others do does not count."""

    def stop(*_: object) -> None:
        raise TooSlow

    before = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def _in_parallel(count: int, seed: int) -> Iterator[Ending]:
    chunks = [range(start, min(start + _CHUNK, count)) for start in range(0, count, _CHUNK)]
    with ProcessPoolExecutor(WORKERS, multiprocessing.get_context("spawn")) as workers:
        for work in as_completed([workers.submit(_chunk, numbers, seed) for numbers in chunks]):
            yield from work.result()


def _chunk(numbers: Sequence[int], seed: int) -> list[Ending]:
    gc.set_threshold(_GARBAGE)
    return list(run(numbers, seed))


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.robustness")
    parser.add_argument("count", nargs="?", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--only", type=int, metavar="NUMBER", help="only this file, in this process")
    given = parser.parse_args(arguments)
    begun = time.perf_counter()
    endings = []
    is_one = given.only is not None
    for ending in run([given.only], given.seed) if is_one else _in_parallel(given.count, given.seed):
        endings.append(ending)
        if ending.is_fault or is_one:
            print(f"{ending.outcome}: {ending.export} ({', '.join(ending.mutations)}): {ending.told}")
            print(f"  python -m benchmarks.robustness --seed {given.seed} --only {ending.number}", flush=True)
        if len(endings) % (5 * _CHUNK) == 0:
            print(f"… {len(endings)} files, {time.perf_counter() - begun:.0f} s", file=sys.stderr, flush=True)
    _summarise(endings, time.perf_counter() - begun)
    return 1 if any(ending.is_fault for ending in endings) else 0


def _summarise(endings: Sequence[Ending], seconds: float) -> None:
    print(f"\n{len(endings)} damaged files in {seconds:.0f} s")
    for outcome, number in Counter(ending.outcome for ending in endings).most_common():
        print(f"{number:6,}  {outcome}")
    print("slowest:")
    for ending in sorted(endings, key=lambda ending: -ending.seconds)[:5]:
        print(f"{ending.seconds:6.2f} s  {ending.outcome:<16} {ending.export} ({', '.join(ending.mutations)})")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
