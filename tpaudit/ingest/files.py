"""Which files an ingest reads, and what they are called."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tpaudit.audit.inputs import discover
from tpaudit.errors import InputFault


@dataclass(frozen=True, slots=True)
class Source:
    """A file to read and its name in the lake: the path relative to the exports folder or the folder given."""

    path: Path
    name: str


def sources_of(paths: Sequence[Path], exports: Path) -> list[Source]:
    """The files that *paths* mean, sorted by name, each once; raises InputFault if there are none."""
    for path in paths:
        if not path.exists() and not path.is_symlink():
            raise InputFault(f"no such file or folder: {path}", "check the name")
    found = [Source(path, name) for path, name in discover(paths, exports)]
    if not found:
        named = ", ".join(str(path) for path in paths) or "no path was given"
        raise InputFault(f"no file to read in {named}", "put the client's exports there, or name another folder")
    return found
