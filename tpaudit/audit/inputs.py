"""The client's files: found, named and hashed, each file's bytes read once."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tpaudit.atomic import replacing

_IGNORED_NAMES = frozenset({"thumbs.db", "desktop.ini"})


@dataclass(frozen=True, slots=True)
class InputFile:
    """One exported file: its path, its name in the audit, and the hash of its bytes (None if unreadable)."""

    path: Path
    name: str
    size: int
    sha256: str | None
    fault: str | None = None


def discover(paths: Sequence[Path], exports: Path) -> list[tuple[Path, str]]:
    """Files that *paths* mean, each once, with the name it goes by: relative to *exports* or to the folder given.

    Hidden files and the lock files of office programs are no exports. Sorted by name, so that the order never
    depends on the disk; files of one name in different folders are told apart by their parent folder.
    """
    found: dict[Path, tuple[Path, str]] = {}
    for path in paths:
        for file, name in _below(path):
            found.setdefault(file.resolve(), (file, _relative(file, exports) or name))
    names = [name for _, name in found.values()]
    named = [
        (file, f"{file.resolve().parent.name}/{name}" if names.count(name) > 1 else name)
        for file, name in found.values()
    ]
    return sorted(named, key=lambda item: (item[1], str(item[0])))


def _below(path: Path) -> Iterator[tuple[Path, str]]:
    if not path.is_dir():
        yield path, path.name
        return
    for folder, _, names in os.walk(path, followlinks=True):
        for name in names:
            inside = (Path(folder) / name).relative_to(path)
            if _is_export(inside):
                yield path / inside, inside.as_posix()


def _relative(path: Path, folder: Path) -> str | None:
    try:
        return path.resolve().relative_to(folder.resolve()).as_posix()
    except ValueError:
        return None


def sha256_of(path: Path) -> str:
    """SHA-256 of the bytes of *path*; raises OSError if it cannot be read."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


class InputHashes:
    """SHA-256 per file, remembered by size and modification time so that unchanged files are not read again."""

    def __init__(self, memory: Path) -> None:
        self._memory = memory
        self._known: dict[str, list[object]] = {}
        try:
            self._known = json.loads(memory.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            self._known = {}

    def of(self, files: Iterable[tuple[Path, str]], remember: bool = True) -> list[InputFile]:
        """Hash *files*; an unreadable file comes back with its fault. Without *remember* nothing is written."""
        inputs = [self._hash(path, name) for path, name in files]
        if remember:
            with replacing(self._memory) as unfinished:
                unfinished.write_text(json.dumps(self._known, sort_keys=True), encoding="utf-8")
        return inputs

    def _hash(self, path: Path, name: str) -> InputFile:
        try:
            status = path.stat()
            signature = [status.st_size, status.st_mtime_ns]
            key = str(path.resolve())
            known = self._known.get(key)
            if known is None or known[:2] != signature or not os.access(path, os.R_OK):
                self._known[key] = known = [*signature, sha256_of(path)]
            return InputFile(path, name, status.st_size, str(known[2]))
        except OSError as fault:
            return InputFile(path, name, 0, None, fault.strerror or str(fault))


def _is_export(name: Path) -> bool:
    if any(part.startswith(".") for part in name.parts):
        return False
    return not name.name.startswith("~$") and name.name.lower() not in _IGNORED_NAMES
