"""`tpaudit init`: a new audit folder, with every setting explained."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from tpaudit.commands.choices import Template
from tpaudit.commands.session import Session
from tpaudit.commands.shared import with_shared_options
from tpaudit.errors import UsageFault

app = typer.Typer(add_completion=False)


@app.command()
@with_shared_options
def init(
    session: Session,
    directory: Annotated[Path, typer.Argument(metavar="[DIR]", help="Folder of the new audit.")] = Path(),
    template: Annotated[
        Template, typer.Option("--template", help="Trade of the client: the KPIs shown first, and settings that fit.")
    ] = Template.general,
) -> None:
    """Start an audit: write tpaudit.toml with every setting explained, and an exports/ folder."""
    from tpaudit.atomic import explained, replacing
    from tpaudit.audit.config import SETTINGS_FILE
    from tpaudit.audit.template import settings_template
    from tpaudit.commands.payload import write_json

    settings = directory / SETTINGS_FILE
    if settings.exists():
        raise UsageFault(f"{settings} exists already", "edit it, or name another folder")
    exports = directory / "exports"
    with explained(exports):
        exports.mkdir(parents=True, exist_ok=True)
    with replacing(settings) as unfinished:
        unfinished.write_text(settings_template(_presets(session, template)), encoding="utf-8")
    if session.format == "json":
        write_json(session, {"settings": str(settings), "exports": str(exports)})
        return
    session.say(f"wrote {settings}; put the client's files into {exports} and run `tpaudit -C {directory} run`")


def _presets(session: Session, template: Template) -> dict[str, dict[str, Any]]:
    """What the settings file sets: the template with the settings of its trade, and the language asked for."""
    from tpaudit.kpis.templates import templates

    presets = {section: dict(keys) for section, keys in templates()[template].settings.items()}
    if template is not Template.general:
        presets["audit"] = {"template": template.value}
    if session.given.lang:
        presets.setdefault("audit", {})["lang"] = str(session.given.lang)
    return presets
