"""Progress on stderr: a live line where a person watches, one line per finished stage elsewhere."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tpaudit.pipeline import StageEvent

if TYPE_CHECKING:
    from tpaudit.commands.session import Session


@contextmanager
def progress(session: Session) -> Iterator[Callable[[StageEvent], None]]:
    """Yield the function the pipeline tells its stages to."""
    if session.verbosity < 0:
        yield lambda event: None
    elif session.err.is_terminal and not os.environ.get("CI"):
        with session.err.status("starting") as status:

            def show(event: StageEvent) -> None:
                if event.moment == "begins":
                    status.update(event.stage)
                else:
                    session.err.print(f"[dim]{_line(event)}[/]")

            yield show
    else:
        yield lambda event: session.say(_line(event)) if event.moment == "ends" else None


def _line(event: StageEvent) -> str:
    outcome = event.outcome
    if outcome is None:
        return event.stage
    rows = ", ".join(f"{name} {count:,}" for name, count in outcome.rows.items() if count)
    return f"{outcome.stage:<9} {outcome.status:<9} {outcome.seconds:6.1f} s  {rows}".rstrip()
