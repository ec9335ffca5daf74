"""What a file is before a single row is loaded: container, encoding, dialect, tables, header lines and presets."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from tpaudit.ingest.layouts.preset import Preset
from tpaudit.ingest.layouts.recognise import Candidate, candidates, nearest_preset, widest
from tpaudit.ingest.names import name_key
from tpaudit.ingest.reading.archive import members_of
from tpaudit.ingest.reading.container import Container, container_of
from tpaudit.ingest.reading.lines import HEADER_SEARCH, Line
from tpaudit.ingest.reading.parts import Layout, Part, readings_of
from tpaudit.ingest.reading.staged import Staged
from tpaudit.ingest.refusal import Refusal

_UNKNOWN_HINT = "name its table with `--as TABLE`, or describe it in a mapping file with `--map FILE`"
_LOOKS_LIKE_DATA = re.compile(r"\d{5}|@|\d-\d")
# Of several parts that a preset was forced on, those are meant that it claims at least so much of, beside the best.
_LEAST_SHARE_FORCED = 0.5
# Two presets that score this near to each other are a close call.
CLOSE_CALL = 0.05


@dataclass(frozen=True, slots=True)
class Inspected:
    """One part of a file with the presets that fit it, or nearly do, the best first. `reason` and `hint` say why a
    member of an archive could not be read; then there is no part."""

    name: str
    part: Part | None
    candidates: tuple[Candidate, ...] = ()
    reason: str | None = None
    hint: str | None = None

    @property
    def best(self) -> Candidate | None:
        """The preset that fits best, if one fits."""
        return self.candidates[0] if self.candidates and self.candidates[0].fits else None

    @property
    def runner_up(self) -> Candidate | None:
        """The preset that fits next to the best."""
        return next((candidate for candidate in self.candidates[1:] if candidate.fits), None)

    @property
    def is_close_call(self) -> bool:
        """Whether the two best presets fit nearly equally well."""
        best, other = self.best, self.runner_up
        if best is None or other is None:
            return False
        is_rival = (best.preset.is_users, best.marked) == (other.preset.is_users, other.marked)
        return is_rival and best.score - other.score <= CLOSE_CALL


@dataclass(frozen=True, slots=True)
class Sniffed:
    """A recognised part of a file. `part_name` is '' if nothing else in the file was recognised; `unrecognised` names
    the parts that no preset knows."""

    part: Part
    preset: Preset
    header: Line
    score: float = 0.0
    part_name: str = ""
    unrecognised: tuple[str, ...] = ()

    @property
    def path(self) -> Path:
        """The file that holds the part: for members of an archive the unpacked one."""
        return self.part.path

    @property
    def container(self) -> Container:
        """What kind of file holds the part."""
        return self.part.container

    @property
    def encoding(self) -> str | None:
        """Encoding of the text, if it is one."""
        return self.part.encoding

    @property
    def lines(self) -> Sequence[Line]:
        """The first rows."""
        return self.part.lines

    @property
    def header_rows(self) -> int:
        """How many rows the header takes: as many as the preset says, and those that only repeat it."""
        below = [line for line in self.lines if line.first > self.header.last]
        rows = self.preset.header.rows
        while len(below) >= rows and any(self.header.cells) and below[rows - 1].cells == self.header.cells:
            rows += 1
        return rows

    @property
    def coded_share(self) -> float:
        """Share of a survey's first answers that are bare numbers: of two twin files the worded one says more."""
        if self.preset.survey is None:
            return 0.0
        asked = re.compile(self.preset.survey.questions)
        places = [place for place, name in enumerate(self.header.cells) if asked.match(name.strip())]
        below = [line.cells for line in self.lines if line.first > self.header.last]
        answers = [cells[place] for cells in below for place in places if place < len(cells)]
        return sum(bool(re.fullmatch(r"\s*-?\d+\s*", answer)) for answer in answers) / max(len(answers), 1)

    def stage(self, file: Path, progress: Callable[[int], None] | None = None) -> Staged:
        """Write the raw rows to *file*; *progress* is told the bytes consumed so far."""
        seen = {name_key(name) for name in self.header.cells}
        wanted = (name for name in self.preset.all_columns if "*" not in name and name_key(name) not in seen)
        layout = Layout(self.header, self.header_rows, self.preset.nulls, tuple(wanted))
        return self.part.stage(layout, file, progress)


def sniff_parts(path: Path, presets: Sequence[Preset], forced: Preset | None, scratch: Path) -> tuple[Sniffed, ...]:
    """The parts of *path* that a preset knows: the file itself, or its sheets, members or tables.

    Members of an archive and large workbooks are laid down in the folder *scratch*, which must outlive the staging.
    Raises Refusal, with the nearest preset and the remedy, if nothing fits.
    """
    container = container_of(path)
    found = list(inspect(path, presets, forced, scratch, container))
    known = [(entry, entry.part, entry.best) for entry in found if entry.part and entry.best]
    if forced:
        least = _LEAST_SHARE_FORCED * max((best.score for _, _, best in known), default=0.0)
        known = [one for one in known if one[2].score >= least and one[2].score > 0] or known[:1]
    if not known:
        raise _unknown(container, found, presets)
    chosen = [entry for entry, _, _ in known]
    others = tuple(entry.name for entry in found if entry not in chosen)
    return tuple(
        Sniffed(part, best.preset, best.line, best.score, entry.name if len(known) > 1 else "", others)
        for entry, part, best in known
    )


def inspect(
    path: Path, presets: Sequence[Preset], forced: Preset | None, scratch: Path, container: Container | None = None
) -> Iterator[Inspected]:
    """Every part of *path* with its candidates, whether a preset fits or not.

    Raises Refusal for what cannot be read; a member of an archive that cannot be read is told as such.
    """
    container = container or container_of(path)
    if container is not Container.ZIP:
        yield from _inspected(path, container, presets, forced, scratch)
        return
    for member in members_of(path, scratch):
        try:
            kind = container_of(member.path)
            if kind is Container.ZIP:
                raise Refusal("is a zip archive within a zip archive", "unpack it")
            for entry in _inspected(member.path, kind, presets, forced, scratch, member.name):
                yield replace(entry, name=f"{member.name}#{entry.name}" if entry.name else member.name)
        except Refusal as refusal:
            yield Inspected(member.name, None, (), refusal.reason, refusal.hint)


def _inspected(
    path: Path, container: Container, presets: Sequence[Preset], forced: Preset | None, scratch: Path, name: str = ""
) -> list[Inspected]:
    """The parts of one file, in the reading that a preset fits best; in the likeliest one if none does."""
    best: list[Inspected] = []
    spare: list[Inspected] = []
    for reading in readings_of(path, container, scratch):
        file = name or path.name
        found = [Inspected(part.name, part, _candidates(part, presets, forced, file)) for part in reading.parts]
        if reading.is_bold and not all(entry.best and entry.best.score > 0 for entry in found):
            spare = found
            continue
        if not best or _rank(found) > _rank(best):
            best = found
        if any(entry.best and entry.best.score > 0 for entry in best):
            # The likeliest of the readings in which a preset fits.
            break
    return spare if _rank(best) < 0 <= _rank(spare) else best


def _candidates(part: Part, presets: Sequence[Preset], forced: Preset | None, file: str) -> tuple[Candidate, ...]:
    """The presets for *part*, looked for down to where its cells say the header is, and below if none fits there."""
    if part.shape and not forced:
        above = candidates(part.lines[: part.shape.place + part.shape.header_rows + 1], presets, None, file)
        if above and above[0].fits:
            return tuple(above)
    return tuple(candidates(part.lines[:HEADER_SEARCH], presets, forced, file))


def _rank(found: Sequence[Inspected]) -> float:
    return max((entry.best.score if entry.best else -1.0 for entry in found), default=-1.0)


def _unknown(container: Container, found: Sequence[Inspected], presets: Sequence[Preset]) -> Refusal:
    if container is Container.ZIP and not any(entry.part for entry in found):
        told = "; ".join(f"{entry.name} {entry.reason}" for entry in found[:3])
        return Refusal(
            f"is a zip archive without an export{f': {told}' if told else ''}", "unpack it and look at the files inside"
        )
    lines = [line for entry in found if entry.part for line in entry.part.lines[:HEADER_SEARCH]]
    reason = "has a layout no preset knows"
    if near := nearest_preset(lines, presets):
        preset, missing = near
        lacking = f", but lacks {', '.join(missing)}" if missing else ""
        reason += f"; nearest is {preset.id}{lacking}"
    elif header := widest(lines):
        named = [cell.strip() for cell in header.cells if cell.strip()]
        if any(_LOOKS_LIKE_DATA.search(cell) for cell in named):
            # Cells of a row must not be shown: they may be names and phones.
            reason += "; its first lines look like data without a header"
        else:
            reason += f"; its columns are {', '.join(named[:8])}{' …' if len(named) > 8 else ''}"
    return Refusal(reason, _UNKNOWN_HINT, "unknown_layout")
