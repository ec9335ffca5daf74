"""One run at a time: a lock that names its holder."""

from __future__ import annotations

import contextlib
import getpass
import json
import os
import socket
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock, Timeout

from tpaudit.atomic import explained
from tpaudit.errors import LockHeld


@contextlib.contextmanager
def hold_lock(folder: Path, command: str, timeout: float) -> Iterator[None]:
    """Hold the audit's lock while the block runs; wait up to *timeout* seconds for another holder.

    The operating system frees the lock when its holder dies, so a killed run never blocks the next one.
    Raises LockHeld naming the holder's command, process, host and start.
    """
    holder_file = folder / "lock.json"
    with explained(folder):
        folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(folder / "lock", timeout=timeout)
        try:
            lock.acquire()
        except Timeout:
            raise LockHeld(
                f"another run holds this audit: {_describe(holder_file)}",
                "wait for it to finish, or pass --lock-timeout SECONDS to wait longer",
            ) from None
        holder_file.write_text(json.dumps(_holder(command)), encoding="utf-8")
    try:
        yield
    finally:
        holder_file.unlink(missing_ok=True)
        lock.release()


def _holder(command: str) -> dict[str, str | int]:
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # a container may run under a user id that has no name
        user = "unknown"
    return {
        "command": command,
        "pid": os.getpid(),
        "host": socket.gethostname(),
        "user": user,
        "since": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def _describe(holder_file: Path) -> str:
    try:
        holder = json.loads(holder_file.read_text(encoding="utf-8"))
        return "`{command}` (process {pid} of {user} on {host}, since {since})".format(**holder)
    except (OSError, ValueError, KeyError):  # the holder is just starting or just finishing
        return "a process that has not named itself yet"
