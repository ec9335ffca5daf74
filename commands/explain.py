"""`tpaudit explain`: what a check, KPI, preset or touchpoint means."""

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
    id_: Annotated[str, typer.Argument(metavar="ID", help="A check's code, or a KPI's, preset's or touchpoint's id.")],
) -> None:
    """Explain a check, KPI, preset or touchpoint: what it means, why it matters, what to do."""
    from tpaudit.definitions import find

    found = find(id_, session.audit.folder)
    if found.kind == "check":
        found = dataclasses.replace(found, facts=(*found.facts, *_sql_facts(session, found.id)))
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
