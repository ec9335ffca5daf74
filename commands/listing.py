"""Plain listings: rows of named values, in every output form."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tpaudit.commands.payload import write_json, write_text
from tpaudit.commands.session import Session
from tpaudit.errors import UsageFault


@dataclass(frozen=True, slots=True)
class Listing:
    """Rows with the same keys, under a name."""

    name: str
    rows: tuple[Mapping[str, Any], ...]


def emit_listing(session: Session, listing: Listing) -> None:
    """Write *listing* as the session wants it."""
    match session.format:
        case "json":
            write_json(session, {listing.name: [dict(row) for row in listing.rows]})
        case "csv":
            write_text(session, _csv(listing))
        case "md":
            write_text(session, _markdown(listing))
        case "parquet":
            raise UsageFault(f"{listing.name} cannot be written as Parquet", "choose --format json or csv")
        case _:
            _draw(session, listing)


def _csv(listing: Listing) -> str:
    text = io.StringIO()
    if listing.rows:
        writer = csv.DictWriter(text, fieldnames=list(listing.rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(listing.rows)
    return text.getvalue()


def _markdown(listing: Listing) -> str:
    if not listing.rows:
        return ""
    names = list(listing.rows[0])
    lines = [names, ["---"] * len(names), *([_shown(row[name]) for name in names] for row in listing.rows)]
    return "".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |\n" for line in lines)


def _draw(session: Session, listing: Listing) -> None:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    if not listing.rows:
        session.say(f"no {listing.name}")
        return
    table = Table(box=box.ASCII2 if session.is_ascii else box.SIMPLE_HEAD, pad_edge=False)
    for name in listing.rows[0]:
        table.add_column(name.replace("_", " "), overflow="fold")
    for row in listing.rows:
        table.add_row(*(Text(_shown(value)) for value in row.values()))
    session.out.print(table)


def _shown(value: Any) -> str:
    return "—" if value is None else str(value)
