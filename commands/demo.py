"""`tpaudit demo`: the whole tool in one command, on a fictional brand's exports."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Annotated

import typer

from tpaudit.commands.run import run_audit
from tpaudit.commands.session import Session
from tpaudit.commands.shared import with_shared_options
from tpaudit.errors import UsageFault

app = typer.Typer(add_completion=False)

DEMO_SETTINGS = """\
# A fictional brand. Its exports hold planted faults, which is why the gate only reports here:
# with fail_on = "critical" this audit would stop at validate and exit with code 1.

[audit]
client = "青禾 Qinghe (demo)"
timezone = "Asia/Shanghai"
currency = "CNY"
as_of = 2026-11-16

[validate]
fail_on = "never"
"""


@app.command()
@with_shared_options
def demo(
    session: Session,
    directory: Annotated[Path, typer.Argument(metavar="[DIR]", help="Folder to write the demo audit into.")] = Path(
        "tpaudit-demo"
    ),
) -> None:
    """Write the sample exports into DIR and audit them."""
    from tpaudit.pipeline import Ingestion

    _lay_out(directory)
    session.audit = session.audit_in(directory)
    run_audit(session, Ingestion(), None, force=False)


def _lay_out(directory: Path) -> None:
    """Write the exports and settings of the demo; an earlier demo in the same place is used again.

    Raises UsageFault if *directory* holds something else.
    """
    from tpaudit.atomic import explained, replacing
    from tpaudit.audit.config import SETTINGS_FILE
    from tpaudit.sample_data import SMALL

    settings = directory / SETTINGS_FILE
    is_demo = settings.is_file() and settings.read_text(encoding="utf-8") == DEMO_SETTINGS
    if directory.exists() and not is_demo and (not directory.is_dir() or any(directory.iterdir())):
        raise UsageFault(f"{directory} already holds something else", "name a new folder: `tpaudit demo DIR`")
    with explained(directory):
        shutil.copytree(SMALL / "exports", directory / "exports", dirs_exist_ok=True)
    with replacing(settings) as unfinished:
        unfinished.write_text(DEMO_SETTINGS, encoding="utf-8")
