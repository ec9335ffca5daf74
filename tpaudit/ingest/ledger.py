"""The ledger: which files the lake holds, with the content and the mapping they were read by."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from tpaudit.atomic import replacing
from tpaudit.results import FileIngested, IssueCount

# Part of every fingerprint: a new way of reading makes every file be read again.
READING_VERSION = 3


@dataclass(frozen=True, slots=True)
class Twin:
    """Another file with the same rows, and the content it had when both were read."""

    file: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One file of the lake, or one part of a file: what its rows depend on, the lake files they lie in, what was said.

    `source` and `source_sha256` are the name and the hash of the whole file, `place` where it lies. `twin` is the file
    that has brought the same rows already, `codes` the one whose codes gave answers of this one their numbers.
    """

    sha256: str
    mapping: str
    lake_files: tuple[str, ...]
    outcome: FileIngested
    source: str
    source_sha256: str
    place: str
    issues: tuple[IssueCount, ...] = ()
    responses: str | None = None
    twin: Twin | None = None
    codes: Twin | None = None
    is_chosen: bool = False  # read by a preset, table or mapping file that the user named


@dataclass(slots=True)
class Ledger:
    """Entries by the name of the file or part, kept in one small file that is replaced in one step.

    `begun` names the lake files of the export being written: after a crash they are no rows of any entry.
    """

    path: Path
    entries: dict[str, Entry] = field(default_factory=dict)
    begun: tuple[str, ...] = ()

    @classmethod
    def load(cls, path: Path) -> Ledger:
        """Read the ledger at *path*; a missing or unreadable one costs a new reading of all files, nothing else."""
        try:
            saved = json.loads(path.read_text(encoding="utf-8"))
            entries = {name: _entry(name, content) for name, content in saved["files"].items()}
            return cls(path, entries, tuple(saved["begun"]))
        except (OSError, ValueError, TypeError, KeyError):
            return cls(path)

    def begin(self, lake_files: tuple[str, ...]) -> None:
        """Note which lake files are about to be written."""
        self.begun = lake_files
        self._write()

    def save(self) -> None:
        """Write all entries; call it only after every lake file of the newest one is written."""
        self.begun = ()
        self._write()

    def _write(self) -> None:
        files = {name: _as_json(entry) for name, entry in sorted(self.entries.items())}
        with replacing(self.path) as unfinished:
            unfinished.write_text(
                json.dumps({"begun": self.begun, "files": files}, indent=1, ensure_ascii=False), encoding="utf-8"
            )


def mapping_fingerprint(*parts: str) -> str:
    """Hash of everything besides the file's bytes that its lake rows depend on."""
    return hashlib.sha256("\0".join((str(READING_VERSION), *parts)).encode()).hexdigest()


def _as_json(entry: Entry) -> dict[str, Any]:
    return {
        **{name: value for name, value in asdict(entry).items() if name not in ("outcome", "issues")},
        "outcome": entry.outcome.model_dump(mode="json"),
        "issues": [issue.model_dump(mode="json") for issue in entry.issues],
    }


def _entry(name: str, content: dict[str, Any]) -> Entry:
    """The saved entry; of version 0.1 it lacks where the file lies, so that the file is never taken for gone."""
    outcome = {key: value for key, value in content["outcome"].items() if key in FileIngested.model_fields}
    twin, codes = content.get("twin"), content.get("codes")
    return Entry(
        content["sha256"],
        content["mapping"],
        tuple(content["lake_files"]),
        FileIngested.model_validate(outcome),
        content.get("source", name),
        content.get("source_sha256", content["sha256"]),
        content.get("place", ""),
        tuple(IssueCount.model_validate(issue) for issue in content["issues"]),
        content.get("responses"),
        Twin(**twin) if twin else None,
        Twin(**codes) if codes else None,
        bool(content.get("is_chosen")),
    )
