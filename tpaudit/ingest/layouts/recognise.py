"""Which line is the header, and which preset knows it: presets are matched by name sets, never by position."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tpaudit.ingest.layouts.canonical import canonical_preset, canonical_table_of
from tpaudit.ingest.layouts.preset import Preset
from tpaudit.ingest.names import name_key, unique_keys, without_unit
from tpaudit.ingest.reading.lines import HEADER_SEARCH, Line

# A canonical layout claims only plain column names; a preset that fits says more about the file.
_CANONICAL_SCORE = 0.5
# No header has more names: a spreadsheet has no more columns.
_MOST_NAMES = 16_384
# A layout whose required names are not all there is worth telling if this many names are known.
_LEAST_SHARED = 2


@dataclass(frozen=True, slots=True)
class Candidate:
    """A preset and the line it would take for the header.

    `score` is the share of the header that the preset knows, lessened by required names that are `missing`; a
    candidate that misses none `fits`. `marked`: a text the preset asks for stands above the header. `named`: the
    file's name is one the preset expects.
    """

    line: Line
    preset: Preset
    score: float
    missing: tuple[str, ...] = ()
    marked: bool = False
    named: bool = False

    @property
    def fits(self) -> bool:
        """Whether the file can be read by the preset."""
        return not self.missing

    @property
    def rank(self) -> tuple[bool, bool, bool, float, bool, int]:
        """What decides between candidates: greater is better. The user's own presets go before the shipped ones, one
        whose marker is found before one without; among equals the one that asks for more names."""
        return (self.fits, self.preset.is_users, self.marked, self.score, self.named, len(self.preset.match.all))


Recognised = Candidate


@dataclass(frozen=True, slots=True)
class _Header:
    """A line as a header: its keys, the same and without units as a set, and the texts above it."""

    line: Line
    keys: tuple[str, ...]
    known_as: frozenset[str]
    above: tuple[str, ...]


def candidates(
    lines: Iterable[Line], presets: Sequence[Preset], forced: Preset | None = None, file: str = ""
) -> list[Candidate]:
    """The presets that fit, or nearly fit, some of the first *lines*, each with its best line; the best one first.

    With *forced* only that preset, on the line it claims most of. *file* is the file's name, if it has one.
    """
    headers = _headers(lines)
    if forced:
        return _forced(headers, forced)
    found: dict[str, Candidate] = {}
    for header in headers:
        for candidate in _fits(header, presets, file):
            known = found.get(candidate.preset.id)
            if known is None or candidate.rank > known.rank:
                found[candidate.preset.id] = candidate
    return sorted(found.values(), key=lambda candidate: candidate.rank, reverse=True)


def recognise(
    lines: Iterable[Line], presets: Sequence[Preset], forced: Preset | None = None, file: str = ""
) -> Candidate | None:
    """The best preset that fits; with *forced* the best line for that one preset."""
    best = next(iter(candidates(lines, presets, forced, file)), None)
    return best if best and best.fits else None


def nearest_preset(lines: Iterable[Line], presets: Sequence[Preset]) -> tuple[Preset, list[str]] | None:
    """The preset that nearly fits some line, and the names that are missing."""
    best = next(iter(candidates(lines, presets)), None)
    return (best.preset, list(best.missing)) if best else None


def widest(lines: Iterable[Line]) -> Line | None:
    """The line with the most filled cells: the likeliest header of an unknown layout."""
    first = list(lines)[:HEADER_SEARCH]
    return max(first, key=lambda line: sum(bool(name_key(cell)) for cell in line.cells), default=None)


def _headers(lines: Iterable[Line]) -> list[_Header]:
    headers: list[_Header] = []
    above: tuple[str, ...] = ()
    for line in list(lines)[:HEADER_SEARCH]:
        if len(line.cells) > _MOST_NAMES:
            continue
        keys = unique_keys(line.cells)
        headers.append(_Header(line, tuple(keys), frozenset(keys).union(map(without_unit, keys)), above))
        above = (*above, *(cell for cell in line.cells if cell.strip()))
    return headers


def _fits(header: _Header, presets: Sequence[Preset], file: str) -> list[Candidate]:
    found = [candidate for preset in presets if (candidate := _fit(header, preset, file))]
    if any(candidate.fits for candidate in found):
        return found
    table = canonical_table_of(header.keys)
    return [*found, Candidate(header.line, canonical_preset(table), _CANONICAL_SCORE)] if table else found


def _fit(header: _Header, preset: Preset, file: str) -> Candidate | None:
    match = preset.match
    required = len(match.all) + bool(match.any)
    missing = preset.missing(header.known_as)
    if not required or len(missing) == required or match.forbids(header.known_as):
        return None
    if not match.markers_fit(header.above):
        return None
    claimed = sum(preset.claims(key) for key in header.keys)
    if missing and claimed < _LEAST_SHARED:
        return None
    share = (1 + claimed) / (1 + len(header.keys)) * (1 - len(missing) / required)
    return Candidate(
        header.line, preset, share, tuple(missing), bool(match.marker), bool(file) and match.file_fits(file)
    )


def _forced(headers: Sequence[_Header], preset: Preset) -> list[Candidate]:
    fits = [fit for header in headers if (fit := _forced_fit(header, preset))]
    if fits:
        return [max(fits, key=lambda fit: fit.score)]
    if preset.is_users and (likeliest := widest(header.line for header in headers)):
        # The user's own mapping is never set aside: the columns it misses are told later, by name.
        return [Candidate(likeliest, preset, 0.0)]
    return []


def _forced_fit(header: _Header, preset: Preset) -> Candidate | None:
    """The share of the cells that the preset claims decides, so that notices above the header lose."""
    claimed = sum(preset.claims(key) for key in header.keys)
    sources = preset.all_columns
    return Candidate(header.line, preset, claimed / len(sources)) if claimed and sources else None
