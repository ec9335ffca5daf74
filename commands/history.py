"""`tpaudit history`: the runs that are kept."""

from __future__ import annotations

import typer

from tpaudit.commands.listing import Listing, emit_listing
from tpaudit.commands.session import Session
from tpaudit.commands.shared import with_shared_options

app = typer.Typer(add_completion=False)


@app.command()
@with_shared_options
def history(session: Session) -> None:
    """List finished runs, newest first."""
    from tpaudit.audit.runs import list_runs

    rows = [
        {
            "run": manifest["run_id"],
            "begun_at": manifest["begun_at"],
            "as_of": manifest["as_of"],
            "files": len(manifest["inputs"]),
            "seconds": round(sum(stage["seconds"] for stage in manifest["stages"]), 1),
            "exit_code": manifest["exit_code"],
        }
        for manifest in list_runs(session.audit)
    ]
    emit_listing(session, Listing("runs", tuple(rows)))
