"""Errors a user can act on, and the exit codes they lead to.

Library code raises these; the command line turns each into one line, a remedy and an exit code. Anything else that
escapes is a bug of ours.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from enum import IntEnum


class ExitCode(IntEnum):
    """Exit codes of every command: 1 always means the data, 2 and above the tool or its set-up."""

    OK = 0
    DATA_FELL_SHORT = 1
    USAGE = 2
    CANNOT_EVALUATE = 3
    LOCKED = 4
    INTERRUPTED = 130


class AuditError(Exception):
    """Something the user can mend: a message that names the place, and a hint that names the remedy."""

    exit_code = ExitCode.CANNOT_EVALUATE

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageFault(AuditError):
    """A wrong option, argument or setting."""

    exit_code = ExitCode.USAGE


class ConfigFault(UsageFault):
    """Faults in a settings file, collected so that all are told at once.

    >>> print(ConfigFault(["tpaudit.toml:3: unknown key 'theads'; did you mean 'threads'?"]).message)
    tpaudit.toml:3: unknown key 'theads'; did you mean 'threads'?
    """

    def __init__(self, faults: Sequence[str], hint: str | None = None) -> None:
        super().__init__("\n".join(faults), hint)
        self.faults = tuple(faults)


class InputFault(AuditError):
    """Input that cannot be read or holds nothing."""


class NobodyFound(InputFault):
    """Exports that hold no person: what is about people cannot be worked out, and the rest can."""


class LockHeld(AuditError):
    """Another run holds the audit's lock."""

    exit_code = ExitCode.LOCKED


class EngineFault(AuditError):
    """The engine gave up: out of memory, disk full, no permission."""


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return ``"; did you mean 'x'?"`` for the nearest known name, or an empty string.

    >>> did_you_mean("theads", ["threads", "memory_limit"])
    "; did you mean 'threads'?"
    """
    nearest = get_close_matches(name, list(known), n=1, cutoff=0.6)
    return f"; did you mean {nearest[0]!r}?" if nearest else ""
