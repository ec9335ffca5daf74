"""`tpaudit config show`: every setting, its value and where it came from."""

from __future__ import annotations

from typing import Annotated

import typer

from tpaudit.commands.listing import Listing, emit_listing
from tpaudit.commands.session import Session
from tpaudit.commands.shared import with_shared_options

app = typer.Typer(no_args_is_help=True, add_completion=False)


@app.callback()
def config() -> None:
    """Show the settings of the audit."""


@app.command()
@with_shared_options
def show(
    session: Session,
    origin: Annotated[bool, typer.Option("--origin", help="Also say where each value came from.")] = False,
) -> None:
    """Show every setting with its value."""
    rows = []
    for setting in session.audit.config.listing():
        value = setting.value if isinstance(setting.value, int | float | str | None) else str(setting.value)
        row = {"setting": f"{setting.section}.{setting.name}", "value": value}
        if origin:
            row["origin"] = setting.origin
        rows.append({**row, "meaning": setting.meaning})
    emit_listing(session, Listing("settings", tuple(rows)))
