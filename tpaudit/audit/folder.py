"""The audit folder on disk: where everything lies."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from tpaudit.audit.config import SETTINGS_FILE, Config
from tpaudit.model import LAKE_TABLES, MARTS


def find_audit_folder(start: Path) -> Path:
    """Return *start* or its nearest parent that holds a settings file; *start* itself if none does."""
    for folder in (start, *start.parents):
        if (folder / SETTINGS_FILE).is_file():
            return folder
    return start


@dataclass(frozen=True, slots=True)
class Audit:
    """One client's audit: its folder and settings. Paths only; nothing is read or written here."""

    folder: Path
    config: Config

    @property
    def exports(self) -> Path:
        """Folder with the client's files."""
        return self.folder / self.config.settings.audit.exports

    @property
    def presets(self) -> Path:
        """Folder with the audit's own mapping files."""
        return self.folder / "presets"

    @property
    def lake(self) -> Path:
        """Folder of canonical rows: one sub-folder per table."""
        return self.folder / "lake"

    @property
    def marts(self) -> Path:
        """Folder of derived tables."""
        return self.folder / "marts"

    @property
    def runs(self) -> Path:
        """Folder of finished runs: the history."""
        return self.folder / "runs"

    @property
    def private(self) -> Path:
        """Folder of the tool's own records: lock, state, results, log, temporary files."""
        return self.folder / ".tpaudit"

    @property
    def scratch(self) -> Path:
        """Folder for this audit's temporary files alone; emptied at the start of a run."""
        chosen = self.config.settings.engine.temp_directory
        if not chosen:
            return self.private / "tmp"
        owner = hashlib.sha256(str(self.folder.resolve()).encode()).hexdigest()[:12]
        return self.folder / chosen / f"tpaudit-{owner}"

    @property
    def as_of(self) -> date:
        """Day the audit looks back from: the setting, or today in UTC."""
        return self.config.settings.audit.as_of or datetime.now(UTC).date()

    def lake_files(self, table: str) -> list[Path]:
        """Parquet files of one lake table, sorted."""
        if table not in LAKE_TABLES:
            raise KeyError(table)
        return sorted(path for path in (self.lake / table).glob("*.parquet") if not path.name.startswith("."))

    def mart_file(self, mart: str) -> Path:
        """Path of one mart."""
        if mart not in MARTS:
            raise KeyError(mart)
        return self.marts / f"{mart}.parquet"

    def result_file(self, stage: str) -> Path:
        """Path of a stage's last result."""
        return self.private / "results" / f"{stage}.json"

    def missing_marts(self, marts: Iterable[str]) -> list[str]:
        """Those of *marts* that are not on disk."""
        return [mart for mart in marts if not self.mart_file(mart).is_file()]
