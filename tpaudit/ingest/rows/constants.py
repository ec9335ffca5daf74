"""Values that every row of a file shares: set by the preset, written above the header, or part of the file's name."""

from __future__ import annotations

import contextlib
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import PurePath
from typing import Any

from tpaudit.ingest.layouts.preset import Preset
from tpaudit.ingest.names import name_key

_COMMENT_SIGNS = "# \t"
# A report's range of days as its notes above the header tell it.
_RANGES = (
    (re.compile(r"(\d{4}-\d{2}-\d{2})\s*(?:至|到|to|~|-)\s*(\d{4}-\d{2}-\d{2})"), "%Y-%m-%d"),
    (re.compile(r"([A-Z][a-z]+ \d{1,2}, \d{4})\s*[-–]\s*([A-Z][a-z]+ \d{1,2}, \d{4})"), "%B %d, %Y"),
)


def shared_values(preset: Preset, preamble: Sequence[str], file: str, has_no_day: bool = False) -> dict[str, str]:
    """Constant by `slot.column`; what the file says of itself goes before what the preset sets.

    A report whose rows have no day (`has_no_day`) covers the range of days named above its header.
    """
    found = {**dict(_from_preamble(preset, preamble)), **dict(_from_name(preset, file))}
    told = {name: _meaning(preset.values.get(name, {}), text) for name, text in found.items()}
    if has_no_day and f"{preset.table}.date" not in told and (days := days_above(preamble)):
        told |= {f"{preset.table}.date": days[0], f"{preset.table}.date_end": days[1]}
    return {**{name: str(value) for name, value in preset.all_constants.items()}, **told}


def days_above(preamble: Sequence[str]) -> tuple[str, str] | None:
    """First and last day, in ISO form, of the range that the notes above the header name; None if they name none.

    >>> days_above(["Campaign report", "May 3, 2026 - May 30, 2026"])
    ('2026-05-03', '2026-05-30')
    >>> days_above(["时间范围：2026-05-18 至 2026-05-24"])
    ('2026-05-18', '2026-05-24')
    """
    for pattern, form in _RANGES:
        for cell in preamble:
            if found := pattern.search(cell):
                with contextlib.suppress(ValueError):
                    first, last = (datetime.strptime(day, form).date() for day in found.groups())
                    return first.isoformat(), last.isoformat()
    return None


def _from_preamble(preset: Preset, preamble: Sequence[str]) -> Iterator[tuple[str, str]]:
    """A label and its value stand in one cell, `Start date: 20260801`, or in two cells side by side."""
    cells = [unicodedata.normalize("NFKC", cell).strip(_COMMENT_SIGNS) for cell in preamble]
    for label, name in preset.preamble.items():
        wanted = name_key(label)
        for place, cell in enumerate(cells):
            written, _, value = cell.partition(":")
            if name_key(written) != wanted:
                continue
            value = value.strip() or (cells[place + 1] if place + 1 < len(cells) else "")
            if value:
                yield name, value
                break


def _from_name(preset: Preset, file: str) -> Iterator[tuple[str, str]]:
    for name, pattern in preset.filename.items():
        if match := re.search(pattern, PurePath(file).name):
            yield name, match[1] if match.groups() else match[0]


def _meaning(vocabulary: Mapping[str, Any], text: str) -> str:
    """What the preset says *text* means; *text* itself where it says nothing."""
    meanings = {name_key(word): str(meaning) for word, meaning in vocabulary.items() if word != "*"}
    return meanings.get(name_key(text), str(vocabulary.get("*", text)))
