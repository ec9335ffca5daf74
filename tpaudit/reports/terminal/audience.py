"""An audience: who is in it, what they are worth, when they were last met, and who answers for them."""

from __future__ import annotations

from pathlib import Path
from shlex import quote

from rich.console import RenderableType

from tpaudit.reports.language import Messages
from tpaudit.reports.terminal.grid import Columns, Grid
from tpaudit.reports.terminal.view import View, indented, joined, stacked
from tpaudit.results import AudienceResult, AudienceRow


def render_audience(result: AudienceResult, view: View) -> RenderableType:
    """The customers, the most valuable first, and where the whole list goes."""
    name = view.messages.name("segment", result.audience)
    shown, more = view.cut(result.rows)
    grid = Grid(view, _columns(view))
    for row in shown:
        grid.add(*_cells(row, view))
    text = "audience.masked" if result.is_masked else "audience.open"
    return stacked(
        view.title(
            view.messages.text("audience.title"), name, view.messages.count("customers", len(result.rows)),
            view.messages.text("audience.as_of", day=result.as_of, zone=result.timezone),
        ),
        joined(grid.render(), more) if shown else indented(view.say("audience.nobody")),
        joined(
            indented(view.say("audience.silent", "dim", days=result.silent_days)) if result.silent_days else None,
            indented(view.say(text, "dim")),
        ),
        view.next(f"tpaudit kpi --audience {quote(result.audience)} -o audience.csv"),
    )  # fmt: skip


def audience_written(result: AudienceResult, file: Path, messages: Messages) -> str:
    """What to tell whoever asked for the list in a file."""
    return messages.text("audience.wrote", customers=messages.count("customers", len(result.rows)), file=file)


def _columns(view: View) -> Columns:
    heading = view.messages.text
    detail: Columns = ((heading("audience.email"), "text"), (heading("audience.segment"), "label"))
    owner: Columns = ((heading("audience.owner"), "text"),)
    return (
        (heading("audience.customer"), "label"),
        (heading("audience.name"), "text"),
        (heading("audience.phone"), "label"),
        *(detail if view.wide else ()),
        (heading("audience.amount"), "number"),
        (heading("audience.last_order"), "label"),
        (heading("audience.last_touch"), "label"),
        *(owner if view.wide else ()),
    )


def _cells(row: AudienceRow, view: View) -> list[str]:
    unknown = view.figures.unknown
    detail = [row.email or unknown, view.messages.name("segment", row.segment)]
    return [
        row.customer_id,
        row.full_name or unknown,
        row.phone or unknown,
        *(detail if view.wide else []),
        view.figures.measure(row.net_amount, "currency"),
        str(row.last_order or unknown),
        str(row.last_touch or unknown),
        *([row.lead_owner or unknown] if view.wide else []),
    ]
