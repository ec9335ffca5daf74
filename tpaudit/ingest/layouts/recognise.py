"""Which line is the header, and which preset knows it: presets are matched by name sets, never by position."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tpaudit.ingest.layouts.canonical import canonical_preset, canonical_table_of
from tpaudit.ingest.layouts.preset import Preset
from tpaudit.ingest.names import name_key, unique_keys
from tpaudit.ingest.reading.lines import HEADER_SEARCH, Line

# A canonical layout claims only plain column names; a preset that fits says more about the file.
_CANONICAL_SCORE = 0.5


@dataclass(frozen=True, slots=True)
class Recognised:
    """A header line and the preset that fits it, with a score from 0 to 1."""

    line: Line
    preset: Preset
    score: float


def recognise(lines: Iterable[Line], presets: Sequence[Preset], forced: Preset | None = None) -> Recognised | None:
    """The best fit of any preset to any of the first *lines*; with *forced* the best line for that one preset."""
    best: Recognised | None = None
    candidates = list(lines)[:HEADER_SEARCH]
    for line in candidates:
        found = _forced_fit(line, forced) if forced else _best_fit(line, presets)
        if found and (best is None or found.score > best.score):
            best = found
    if best is None and forced and forced.is_users and (likeliest := widest(candidates)):
        # The user's own mapping is never set aside: the columns it misses are told later, by name.
        return Recognised(likeliest, forced, 0.0)
    return best


def _best_fit(line: Line, presets: Sequence[Preset]) -> Recognised | None:
    keys = unique_keys(line.cells)
    fits = [Recognised(line, preset, score) for preset in presets if (score := preset.score(keys)) > 0]
    if fits:
        # The user's own presets go before the shipped ones; among equals the one that asks for more names.
        return max(fits, key=lambda fit: (fit.preset.is_users, fit.score, len(fit.preset.match.all)))
    table = canonical_table_of(keys)
    return Recognised(line, canonical_preset(table), _CANONICAL_SCORE) if table else None


def _forced_fit(line: Line, preset: Preset) -> Recognised | None:
    """The share of the cells that the preset claims decides, so that notices above the header lose."""
    keys = unique_keys(line.cells)
    claimed = sum(preset.claims(key) for key in keys)
    return Recognised(line, preset, claimed / len(preset.columns)) if claimed and preset.columns else None


def nearest_preset(lines: Iterable[Line], presets: Sequence[Preset]) -> tuple[Preset, list[str]] | None:
    """The preset that shares most required names with some line, and the names that are missing."""
    best: tuple[float, Preset, list[str]] | None = None
    for line in list(lines)[:HEADER_SEARCH]:
        keys = unique_keys(line.cells)
        for preset in presets:
            missing = preset.missing(keys)
            shared = sum(preset.claims(key) for key in keys)
            score = shared / max(len(keys), 1) - len(missing) / max(len(preset.match.all), 1) / 2
            if shared >= 2 and (best is None or score > best[0]):
                best = (score, preset, missing)
    return (best[1], best[2]) if best else None


def widest(lines: Iterable[Line]) -> Line | None:
    """The line with the most filled cells: the likeliest header of an unknown layout."""
    candidates = list(lines)[:HEADER_SEARCH]
    return max(candidates, key=lambda line: sum(bool(name_key(cell)) for cell in line.cells), default=None)
