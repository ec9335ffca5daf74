"""Rows that are no data: broken lines, totals and what stands below them, tests, and rows that feed no table."""

from __future__ import annotations

import re
from typing import Any

import ibis

from tpaudit.engine import Engine
from tpaudit.engine.portable import is_one_of
from tpaudit.ingest.layouts.parts import SLOT_MARK
from tpaudit.ingest.layouts.preset import Preset
from tpaudit.ingest.names import name_key
from tpaudit.ingest.reading.staged import ROW
from tpaudit.ingest.rows.cells import BROKEN, Cells
from tpaudit.ingest.rows.readings import holds

_FOOTER_CELLS = 3
# Blanks and colons within a total's label: "合 计：" is 合计.
_MARKS = r"[:：\s]"


def reject_code(cells: Cells, preset: Preset, engine: Engine) -> Any:
    """Code of the issue that keeps a whole row out of the lake tables, or NULL."""
    cases = [(cells.table[BROKEN], ibis.literal("invalid_json"))]
    if preset.footer.words:
        total = _is_total(cells, preset.footer.words)
        cases.append((total, ibis.literal("total_row")))
        if preset.footer.to_end and (first := _first_row(cells, total, engine)) is not None:
            cases.append((cells.table[ROW] > first, ibis.literal("footer_row")))
    if preset.skip:
        cases.append((holds(cells, preset.skip), ibis.literal("test_row")))
    own = [slot for slot in preset.slots if SLOT_MARK not in slot]
    if preset.rows and all(slot in preset.rows for slot in own):
        fed = [*preset.rows.values(), *(emit.when for emit in preset.emit if emit.when)]
        cases.append((~ibis.or_(*(holds(cells, condition) for condition in fed)), ibis.literal("row_not_mapped")))
    return ibis.cases(*cases, else_=ibis.null("string"))


def _is_total(cells: Cells, words: tuple[str, ...]) -> Any:
    """Whether one of the first cells is a word for total; a word that ends in * stands for any ending."""
    whole = [_bare(word) for word in words if not word.endswith("*")]
    starts = [_bare(word) for word in words if word.endswith("*")]
    leading = [cells.table[column.field] for column in cells.columns[:_FOOTER_CELLS]]
    bare = [cell.re_replace(_MARKS, "").lower() for cell in leading]
    found = [is_one_of(cell, whole) for cell in bare]
    found += [cell.startswith(start) for cell in bare for start in starts]
    return ibis.or_(*(hit.fill_null(False) for hit in found))


def _bare(word: str) -> str:
    return re.sub(_MARKS, "", name_key(word))


def _first_row(cells: Cells, total: Any, engine: Engine) -> int | None:
    first = engine.fetch_rows(cells.table.filter(total).aggregate(first=cells.table[ROW].min()))
    return first[0]["first"] if first else None
