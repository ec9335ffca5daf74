"""What `tpaudit sniff` tells: files looked into without an audit, and without loading a row."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from tpaudit.errors import InputFault, UsageFault, did_you_mean
from tpaudit.ingest.issues import redacted
from tpaudit.ingest.layouts.preset import Preset
from tpaudit.ingest.layouts.preset_file import read_presets, shipped_presets
from tpaudit.ingest.layouts.recognise import Candidate
from tpaudit.ingest.reading.container import container_of
from tpaudit.ingest.reading.lines import Line
from tpaudit.ingest.reading.parts import Part
from tpaudit.ingest.refusal import Refusal
from tpaudit.ingest.sniff import Inspected, inspect
from tpaudit.ingest.wording import in_chinese
from tpaudit.results import Confidence, FileSniffed, PartSniffed, PresetFit, SniffResult

_CANONICAL = "canonical"
_PREVIEWED = 3
_FITS_TOLD = 5


def known_presets(folder: Path, map_files: Iterable[Path]) -> tuple[Preset, ...]:
    """The presets of mapping files, of the audit's `presets/` *folder* if there is one, and those shipped."""
    own = sorted(folder.glob("*.toml")) if folder.is_dir() else []
    return (*(preset for file in (*map_files, *own) for preset in read_presets(file)), *shipped_presets())


def look_into(files: Sequence[Path], presets: Sequence[Preset], scratch: Path) -> SniffResult:
    """Look into every one of *files*; what cannot be read is told with its reason."""
    return SniffResult(files=tuple(_file(path, presets, scratch / str(place)) for place, path in enumerate(files)))


def main_part(path: Path, presets: Sequence[Preset], scratch: Path, name: str | None = None) -> Part:
    """The part of *path* called *name*; without a name the one that a preset fits best, or else the first.

    Raises InputFault if the file cannot be read, and UsageFault if no part has that name.
    """
    try:
        found = [entry for entry in inspect(path, presets, None, scratch) if entry.part]
    except Refusal as refusal:
        raise InputFault(f"{path} {refusal.reason}", refusal.hint) from refusal
    if name is not None:
        found = [entry for entry in found if entry.name == name] or _no_such_part(name, found)
    # The first of equals: a file without any preset gives its first table.
    best = max(found, key=lambda entry: entry.best.score if entry.best else 0.0, default=None)
    if best is None or best.part is None:
        raise InputFault(f"{path} holds no table", "look at it in an editor")
    return best.part


def _no_such_part(name: str, found: Sequence[Inspected]) -> list[Inspected]:
    names = [entry.name for entry in found if entry.name]
    known = f"its parts are {', '.join(names)}" if names else "it is all one table"
    raise UsageFault(f"the file has no part {name!r}{did_you_mean(name, names)}", known)


def _file(path: Path, presets: Sequence[Preset], scratch: Path) -> FileSniffed:
    try:
        container = container_of(path)
        parts = tuple(_part(entry) for entry in inspect(path, presets, None, scratch, container))
    except Refusal as refusal:
        return FileSniffed(file=str(path), **_why(refusal.reason, refusal.hint, refusal.reason_zh))
    if not parts:
        return FileSniffed(file=str(path), container=container.value, **_why("is empty", "export it again"))
    return FileSniffed(file=str(path), container=container.value, parts=parts)


def _why(reason: str, hint: str, reason_zh: str | None = None) -> dict[str, str | None]:
    return {
        "reason": reason,
        "reason_zh": reason_zh or in_chinese(reason),
        "hint": hint,
        "hint_zh": in_chinese(hint),
    }


def _part(entry: Inspected) -> PartSniffed:
    part = entry.part
    if part is None:
        return PartSniffed(name=entry.name, **_why(entry.reason or "", entry.hint or ""))
    dialect = part.dialect
    header, header_rows, rows = _table(entry, part)
    return PartSniffed(
        name=entry.name,
        container=part.container.value,
        encoding=part.encoding,
        delimiter=dialect.delimiter if dialect else None,
        quote=dialect.quote if dialect else None,
        escape=(dialect.escape or "doubled") if dialect and dialect.quote else None,
        line_end=dialect.line_end if dialect else None,
        header_row=header.first if header and header.first else None,
        header_rows=header_rows,
        columns=tuple(cell.strip() for cell in header.cells) if header else (),
        width=part.shape.width if part.shape else len(part.lines[0].cells),
        rows_sampled=len(rows),
        preset=entry.best.preset.id if entry.best else None,
        is_close_call=entry.is_close_call,
        fits=tuple(_fit(candidate) for candidate in entry.candidates[:_FITS_TOLD]),
        preview=tuple(tuple(redacted(cell) for cell in line.cells) for line in rows[:_PREVIEWED]),
    )


def _table(entry: Inspected, part: Part) -> tuple[Line | None, int, list[Line]]:
    """The header of a part, the rows it takes, and the first rows below; a preset knows better than the cells."""
    shape = part.shape
    if entry.best:
        header: Line | None = entry.best.line
        rows = entry.best.preset.header.rows
    elif shape is None:
        header, rows = part.lines[0], 1
    else:
        header = part.lines[shape.place] if shape.header_rows else None
        rows = shape.header_rows
    first = header.last if header else part.lines[shape.place].first - 1 if shape else 0
    below = [line for line in part.lines if line.first > first and line.filled]
    return header, rows, below[max(rows - 1, 0) :]


def _fit(candidate: Candidate) -> PresetFit:
    preset = candidate.preset
    return PresetFit(
        preset=preset.id,
        title=preset.title,
        score=round(candidate.score, 3),
        confidence=_confidence(preset),
        missing=candidate.missing,
        header_row=candidate.line.first or None,
    )


def _confidence(preset: Preset) -> Confidence:
    if preset.is_users:
        return "yours"
    return "canonical" if preset.platform == _CANONICAL else preset.confidence
