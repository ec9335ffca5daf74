"""Atomic files: a reader sees the old file or the whole new one, never a half; a crash leaves no partial output."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from tpaudit.errors import EngineFault

_UNFINISHED = ".unfinished"


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a temporary sibling of *path* to write; on success it takes *path*'s place in one step.

    Raises EngineFault naming the file and the remedy if the disk is full or the folder is not writable.

    >>> import tempfile
    >>> target = Path(tempfile.mkdtemp()) / "note.txt"
    >>> with replacing(target) as unfinished:
    ...     _ = unfinished.write_text("whole")
    >>> target.read_text()
    'whole'
    """
    unfinished = path.with_name(f".{path.name}{_UNFINISHED}")
    try:
        with explained(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            yield unfinished
            with unfinished.open("rb+") as written:
                os.fsync(written.fileno())
            unfinished.replace(path)
            _sync_folder(path.parent)
    finally:
        # Clearing up must not hide the fault that made it necessary.
        with contextlib.suppress(OSError):
            unfinished.unlink(missing_ok=True)


@contextlib.contextmanager
def replacing_folder(path: Path) -> Iterator[Path]:
    """Yield a temporary sibling folder to fill; on success it becomes *path* in one step."""
    unfinished = path.with_name(f".{path.name}{_UNFINISHED}")
    try:
        with explained(path):
            shutil.rmtree(unfinished, ignore_errors=True)
            unfinished.mkdir(parents=True)
            yield unfinished
            unfinished.replace(path)
            _sync_folder(path.parent)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def clear_unfinished(folder: Path) -> None:
    """Remove what a killed run left half-written below *folder*."""
    for leftover in folder.rglob(f".*{_UNFINISHED}"):
        if leftover.is_dir():
            shutil.rmtree(leftover, ignore_errors=True)
        else:
            with contextlib.suppress(OSError):
                leftover.unlink(missing_ok=True)


@contextlib.contextmanager
def explained(path: Path) -> Iterator[None]:
    """Turn the operating system's refusal to write *path* into a fault with a remedy."""
    try:
        yield
    except PermissionError as fault:
        raise EngineFault(
            f"no permission to write {path}", "give yourself write access, or use another folder"
        ) from fault
    except OSError as fault:
        raise EngineFault(
            f"could not write {path}: {fault.strerror or fault}",
            "free some disk space, or use another folder",
        ) from fault


def _sync_folder(folder: Path) -> None:
    """Make a rename survive a power cut; not every platform lets a folder be opened."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
