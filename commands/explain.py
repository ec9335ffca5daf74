"""`tpaudit explain`: what a check, KPI, preset or touchpoint means, and how the ranking works."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Annotated

import typer

from tpaudit.commands.payload import write_json, write_text
from tpaudit.commands.session import Session
from tpaudit.commands.shared import with_shared_options

if TYPE_CHECKING:
    from tpaudit.definitions import Fact

app = typer.Typer(add_completion=False)


@app.command()
@with_shared_options
def explain(
    session: Session,
    id_: Annotated[
        str, typer.Argument(metavar="ID", help="A check's code, the id of a KPI, preset or touchpoint, or golden.")
    ],
) -> None:
    """Explain a check, KPI, preset or touchpoint, or with `golden` the method of the ranking."""
    from tpaudit.definitions import find

    found = find(id_, session.audit.folder)
    if found.kind == "check":
        found = dataclasses.replace(found, facts=(*found.facts, *_sql_facts(session, found.id)))
    if found.kind == "method":
        found = dataclasses.replace(found, facts=(*found.facts, *_settings_facts(session, found.id)))
    if session.format == "json":
        told = [{"label": fact.label.model_dump(), "text": fact.text.model_dump()} for fact in found.facts]
        write_json(session, {"kind": found.kind, "id": found.id, "title": found.title.model_dump(), "facts": told})
        return
    lang = session.lang
    facts = [(getattr(fact.label, lang), getattr(fact.text, lang)) for fact in found.facts]
    title = f"{found.id}  {getattr(found.title, lang)}"
    if session.format != "table" or session.given.output:
        lines = [f"# {title}", "", *(f"- **{label}:** {text}" for label, text in facts)]
        write_text(session, "\n".join(lines) + "\n")
        return
    _draw(session, title, facts)


def _sql_facts(session: Session, code: str) -> list[Fact]:
    """The SQL a check runs in this audit, on each table and column it looks at."""
    from tpaudit import checks
    from tpaudit.definitions import Fact
    from tpaudit.results import Titles

    check = next(check for check in checks.load_for(session.audit.folder).definitions if check.code == code)
    label = Titles(en="SQL", zh="SQL")
    texts = [checks.compiled_sql(check, target, session.audit) for target in check.targets]
    return [Fact(label, Titles(en=text, zh=text)) for text in texts]


def _settings_facts(session: Session, id_: str) -> list[Fact]:
    """The settings a part of the ranking's method depends on, as they apply in this audit."""
    from tpaudit.definitions import Fact
    from tpaudit.ranking.method import methods
    from tpaudit.results import Titles

    wanted = next(method.settings for method in methods() if method.id == id_)
    shown = [
        f"[{setting.section}] {setting.name} = {'unset' if setting.value is None else setting.value} ({setting.origin})"
        for setting in session.audit.config.listing()
        if {setting.section, f"{setting.section}.{setting.name}"} & set(wanted)
    ]
    text = "\n".join(shown)
    return [Fact(Titles(en="In this audit", zh="本审计的设置"), Titles(en=text, zh=text))] if shown else []


def _draw(session: Session, title: str, facts: list[tuple[str, str]]) -> None:
    from rich.table import Table
    from rich.text import Text

    session.out.print(Text(title, style="bold"))
    grid = Table.grid(padding=(0, 2))
    grid.add_column(no_wrap=True, style="dim")
    grid.add_column(overflow="fold")
    for label, text in facts:
        grid.add_row(Text(label), Text(text))
    session.out.print(grid)
