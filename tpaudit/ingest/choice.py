"""How the user wants files read: by one preset, as one canonical table, by mapping files, or as recognised."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tpaudit.audit.inputs import InputFile
from tpaudit.errors import UsageFault, did_you_mean
from tpaudit.ingest.layouts.canonical import canonical_preset, missing_columns
from tpaudit.ingest.layouts.preset import Preset
from tpaudit.ingest.layouts.preset_file import read_presets, shipped_presets
from tpaudit.ingest.names import unique_keys
from tpaudit.ingest.refusal import Refusal
from tpaudit.ingest.sniff import Sniffed, sniff_parts


@dataclass(frozen=True, slots=True)
class Choice:
    """What the user named: a preset, a canonical table, mapping files, or nothing."""

    preset: str | None = None
    table: str | None = None
    map_files: tuple[Path, ...] = ()


class PresetsInUse:
    """The presets that may read a file, the user's own first, and the one that must if the user chose."""

    def __init__(self, folder: Path, choice: Choice) -> None:
        self._table = choice.table
        self._maps = tuple(preset for file in choice.map_files for preset in read_presets(file))
        own = tuple(preset for file in sorted(folder.glob("*.toml")) for preset in read_presets(file))
        self._all = (*self._maps, *own, *shipped_presets())
        self._forced = self._chosen(choice)
        parts = (choice.preset or "", choice.table or "", _described((*self._maps, *own)), _shipped_described())
        self.fingerprint = "\0".join(parts)

    def sniff(self, file: InputFile, scratch: Path) -> tuple[Sniffed, ...]:
        """The recognised parts of *file*; raises Refusal, or UsageFault where a mapping file is wrong about it.

        Members of an archive are extracted into *scratch*.
        """
        parts = sniff_parts(file.path, self._all, self._forced or self._mapped(file), scratch)
        if self._table:
            for part in parts:
                self._insist_on_columns(self._table, part)
        return parts

    def _insist_on_columns(self, table: str, part: Sniffed) -> None:
        if lacking := missing_columns(table, unique_keys(part.header.cells)):
            raise Refusal(
                f"lacks columns that {table} needs: {', '.join(lacking)}",
                "rename its columns to canonical names, or describe it in a mapping file with `--map FILE`",
                "unknown_layout",
            )

    def _chosen(self, choice: Choice) -> Preset | None:
        if choice.table:
            return canonical_preset(choice.table)
        if choice.preset is None:
            return None
        known = {preset.id: preset for preset in reversed(self._all)}
        if choice.preset not in known:
            raise UsageFault(
                f"no preset is called {choice.preset!r}{did_you_mean(choice.preset, known)}",
                "see `tpaudit list presets`",
            )
        return known[choice.preset]

    def _mapped(self, file: InputFile) -> Preset | None:
        """The user's preset whose `files` names this file, or that names no condition at all."""
        for preset in self._all:
            if preset.is_users and preset.match.file_fits(file.name):
                return preset
        unconditional = [preset for preset in self._maps if preset.match == type(preset.match)()]
        return unconditional[0] if unconditional else None


def _described(presets: Iterable[Preset]) -> str:
    return json.dumps([preset.model_dump(mode="json") for preset in presets], sort_keys=True, ensure_ascii=False)


@cache
def _shipped_described() -> str:
    return hashlib.sha256(_described(shipped_presets()).encode()).hexdigest()
