"""Progress on stderr: a live line where a person watches, one line per finished stage elsewhere."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.markup import escape

from tpaudit.pipeline import StageEvent
from tpaudit.reports.figures import printable

if TYPE_CHECKING:
    from tpaudit.commands.session import Session

_MEGABYTE = 1_000_000
# Shorter files are read before anybody could follow.
_LONG_FILE = 5 * _MEGABYTE


@contextmanager
def progress(session: Session) -> Iterator[Callable[[StageEvent], None]]:
    """Yield the function the pipeline tells its stages to."""
    if session.verbosity < 0:
        yield lambda event: None
    elif session.err.is_terminal and not os.environ.get("CI"):
        with session.err.status("starting") as status:

            def show(event: StageEvent) -> None:
                if event.moment == "ends":
                    session.err.print(f"[dim]{_line(event)}[/]")
                else:
                    status.update(progress_line(event))

            yield show
    else:
        yield lambda event: session.say(_line(event)) if event.moment == "ends" else None


def progress_line(event: StageEvent) -> str:
    """What is being done: the stage, and how much of a file that takes long has been read."""
    reading = event.reading
    if reading is None or reading.size < _LONG_FILE:
        return event.stage
    share = min(reading.done / reading.size, 1)
    megabytes = f"{reading.done / _MEGABYTE:,.0f} of {reading.size / _MEGABYTE:,.0f} MB"
    return f"{event.stage}  {escape(printable(reading.file))}  {megabytes}  {share:.0%}"


def _line(event: StageEvent) -> str:
    outcome = event.outcome
    if outcome is None:
        return event.stage
    rows = ", ".join(f"{name} {count:,}" for name, count in outcome.rows.items() if count)
    return f"{outcome.stage:<9} {outcome.status:<9} {outcome.seconds:6.1f} s  {rows or outcome.reason or ''}".rstrip()
