"""Which files an ingest reads, what they are called, and where they lie."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from tpaudit.audit import Audit
from tpaudit.audit.inputs import InputFile, InputHashes, discover
from tpaudit.errors import InputFault


def inputs_of(audit: Audit, paths: Sequence[Path], remember: bool = True) -> list[InputFile]:
    """The files that *paths* mean, hashed, sorted by name, each once; raises InputFault if there are none.

    Without *remember* nothing is written, not even the memory of the hashes.
    """
    for path in paths:
        if not path.exists() and not path.is_symlink():
            raise InputFault(f"no such file or folder: {path}", "check the name")
    found = discover(paths, audit.exports)
    if not found:
        named = ", ".join(str(path) for path in paths) or "no path was given"
        raise InputFault(f"no file to read in {named}", "put the client's exports there, or name another folder")
    return InputHashes(audit.private / "hashes.json").of(found, remember)


def place_of(path: Path, audit: Audit) -> str:
    """Where *path* lies: relative to the audit's folder if it is inside, so that an audit may be moved, else absolute.

    Symbolic links are not followed: what a folder shows is what lies in it.
    """
    place, folder = (Path(os.path.normpath(where.absolute())) for where in (path, audit.folder))
    return place.relative_to(folder).as_posix() if place.is_relative_to(folder) else place.as_posix()


class WholeFolders:
    """The folders that are ingested as a whole: a file that lay in one of them and is there no more is gone.

    A folder that shows no file at all does not count: it is more likely not mounted than emptied.
    """

    def __init__(self, audit: Audit, paths: Iterable[Path], inputs: Iterable[InputFile]) -> None:
        self._present = {place_of(file.path, audit) for file in inputs}
        folders = [Path(place_of(path, audit)) for path in paths if path.is_dir()]
        self._folders = [
            folder for folder in folders if any(Path(place).is_relative_to(folder) for place in self._present)
        ]

    def lack(self, place: str) -> bool:
        """Whether a file that lay at *place* is gone."""
        return place not in self._present and any(Path(place).is_relative_to(folder) for folder in self._folders)
