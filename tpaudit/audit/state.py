"""What was done before: per stage, the fingerprint of everything its result depends on."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from tpaudit.atomic import replacing


@dataclass(frozen=True, slots=True)
class StageRecord:
    """A finished stage: what it depended on, when it ended and how long it took."""

    fingerprint: str
    finished_at: str
    seconds: float
    rows: dict[str, int] = field(default_factory=dict)


class State:
    """The record of finished stages, kept in one small file and written after each stage."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._stages: dict[str, StageRecord] = {}
        try:
            saved = json.loads(path.read_text(encoding="utf-8"))
            self._stages = {name: StageRecord(**record) for name, record in saved["stages"].items()}
            self.last_run: str | None = saved.get("last_run")
            self.last_shown: list[str] | None = saved.get("last_shown")
        except (OSError, ValueError, TypeError, KeyError, AttributeError):
            # Missing or unreadable state costs a recomputation, nothing else.
            self._stages = {}
            self.last_run = self.last_shown = None

    def get(self, stage: str) -> StageRecord | None:
        """The record of *stage*, or None if it has not finished yet."""
        return self._stages.get(stage)

    def finish(self, stage: str, record: StageRecord) -> None:
        """Remember that *stage* has finished."""
        self._stages[stage] = record
        self._save()

    def forget(self, stage: str) -> None:
        """Make *stage* run again."""
        if self._stages.pop(stage, None) is not None:
            self._save()

    def finish_run(self, run: str, shown: Sequence[str]) -> None:
        """Remember the newest run, and how its report was *shown*: what no figure depends on, but every reader sees."""
        self.last_run, self.last_shown = run, list(shown)
        self._save()

    def _save(self) -> None:
        stages = {name: asdict(record) for name, record in self._stages.items()}
        with replacing(self._path) as unfinished:
            unfinished.write_text(
                json.dumps(
                    {"last_run": self.last_run, "last_shown": self.last_shown, "stages": stages},
                    indent=1,
                    ensure_ascii=False,
                    sort_keys=True,
                ),
                encoding="utf-8",
            )
