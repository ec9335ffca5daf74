"""Small exports read by a preset of the audit's own."""

from __future__ import annotations

from typing import Any

from tpaudit.ingest import ingest
from tpaudit.store import Store


def load(store: Store, preset: str, text: str, file: str = "export.csv") -> Store:
    """Ingest a file of *text* by the audit's own *preset*."""
    store.audit.presets.mkdir(exist_ok=True)
    (store.audit.presets / "own.toml").write_text(preset, encoding="utf-8")
    store.audit.exports.mkdir(exist_ok=True)
    (store.audit.exports / file).write_text(text, encoding="utf-8")
    ingest(store, [store.audit.exports / file])
    return store


def column(store: Store, table: str, *names: str) -> list[Any]:
    rows = store.lake(table)
    found = store.engine.fetch_rows(rows.order_by("source_row").select(*dict.fromkeys(("source_row", *names))))
    return [row[names[0]] if len(names) == 1 else tuple(row[name] for name in names) for row in found]


def issues(store: Store) -> list[tuple[int | None, str]]:
    return [(row, code) for row, code in column(store, "ingest_issues", "source_row", "code")]


def numbers(values: list[Any]) -> list[float | None]:
    return [None if value is None else float(value) for value in values]
