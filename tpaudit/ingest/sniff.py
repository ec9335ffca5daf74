"""What a file is before a single row is loaded: container, encoding, dialect, header line and preset."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tpaudit.ingest.layouts.preset import Preset
from tpaudit.ingest.layouts.recognise import Recognised, nearest_preset, recognise, widest
from tpaudit.ingest.names import name_key
from tpaudit.ingest.reading.container import Container, container_of
from tpaudit.ingest.reading.decode import TextSource, text_source
from tpaudit.ingest.reading.delimited import sampled_lines, stage_text
from tpaudit.ingest.reading.json_lines import json_array_fields, json_fields, stage_json_array, stage_json_lines
from tpaudit.ingest.reading.lines import Line
from tpaudit.ingest.reading.parquet import parquet_fields, stage_parquet
from tpaudit.ingest.reading.staged import Staged
from tpaudit.ingest.reading.workbook import Workbook
from tpaudit.ingest.refusal import Refusal

_UNKNOWN_HINT = "name its table with `--as TABLE`, or describe it in a mapping file with `--map FILE`"

_LOOKS_LIKE_DATA = re.compile(r"\d{5}|@|\d-\d")


@dataclass(frozen=True, slots=True)
class Sniffed:
    """A recognised file. `part` is the delimiter of a text or the sheet of a workbook; '' for the rest."""

    path: Path
    container: Container
    preset: Preset
    header: Line
    lines: tuple[Line, ...] = ()
    part: str = ""
    text: TextSource | None = None

    @property
    def encoding(self) -> str | None:
        """Encoding of the text, if it is one."""
        return self.text.encoding if self.text else None

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

    @property
    def _json_names(self) -> list[str]:
        """Fields seen at the start of a JSON file and those the preset reads: a field may first appear far below."""
        read = [source for source in self.preset.columns if "*" not in source]
        seen = {name_key(name) for name in self.header.cells}
        return [*self.header.cells, *(name for name in read if name_key(name) not in seen)]

    def stage(self, file: Path) -> Staged:
        """Write the raw rows to *file*."""
        if self.container in (Container.WORKBOOK, Container.OLD_WORKBOOK):
            return Workbook(self.path).stage(self.part, self.header, self.preset.nulls, file)
        if self.text is None:
            return stage_parquet(self.path, file)
        if self.container is Container.JSON:
            return stage_json_array(self.text, self._json_names, file)
        if self.container in (Container.JSON_LINES, Container.JSON_LINES_GZIP):
            return stage_json_lines(self.text, self._json_names, file)
        return stage_text(self.text, self.part, self.header, self.lines, self.preset.nulls, file)


def sniff(path: Path, presets: Sequence[Preset], forced: Preset | None = None) -> Sniffed:
    """Recognise *path*; raises Refusal, with the nearest preset and the remedy, if nothing fits."""
    container = container_of(path)
    text: TextSource | None = None
    if container in (Container.WORKBOOK, Container.OLD_WORKBOOK):
        book = Workbook(path)
        candidates = {sheet: book.lines(sheet) for sheet in book.sheets}
    elif container is Container.PARQUET:
        candidates = {"": [Line(tuple(parquet_fields(path)), 0, 0)]}
    else:
        text = text_source(path, container.zipped)
        candidates = _text_candidates(text, container)
    part, found = _best(candidates, presets, forced)
    if found is None:
        raise _unknown_layout(candidates, presets)
    return Sniffed(path, container, found.preset, found.line, tuple(candidates[part]), part, text)


def _text_candidates(text: TextSource, container: Container) -> dict[str, list[Line]]:
    if container in (Container.JSON_LINES, Container.JSON_LINES_GZIP):
        return {"": [Line(tuple(json_fields(text)), 0, 0)]}
    if container is Container.JSON:
        return {"": [Line(tuple(json_array_fields(text)), 0, 0)]}
    return sampled_lines(text)


def _best(
    candidates: Mapping[str, Sequence[Line]], presets: Sequence[Preset], forced: Preset | None
) -> tuple[str, Recognised | None]:
    best: tuple[str, Recognised | None] = ("", None)
    for part, lines in candidates.items():
        found = recognise(lines, presets, forced)
        if found and (best[1] is None or found.score > best[1].score):
            best = (part, found)
    return best


def _unknown_layout(candidates: Mapping[str, Sequence[Line]], presets: Sequence[Preset]) -> Refusal:
    lines = [line for part in candidates.values() for line in part]
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
