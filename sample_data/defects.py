"""Planted data-quality defects, and the exact count of each.

A writer asks a `Picker` for rows to spoil. The picker never spoils a row twice, so each count in the ledger
can be checked by reading the file alone. In a clean world it hands out no rows.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

import numpy as np

from tpaudit.sample_data.text import Bools, Ints


@dataclass
class Ledger:
    """How many rows carry which defect, by (code, file, column, note)."""

    clean: bool
    rows: Counter[tuple[str, str, str, str]] = field(default_factory=Counter)

    def picker(self, file: str, rng: np.random.Generator, rows: int) -> Picker:
        """A picker for the next rows of one file."""
        return Picker(self, file, rng, np.ones(rows, dtype=bool))


@dataclass
class Picker:
    """Chooses rows of one file to spoil; `free` are those still sound."""

    ledger: Ledger
    file: str
    rng: np.random.Generator
    free: Bools

    def mask(self, code: str, column: str, share: float, note: str, among: Bools | None = None) -> Bools:
        """Mark about `share` of the sound rows (at least one, if any) to carry the defect; record how many.

        Args:
            code: A check code of the catalogue where one fits, else a plain name.
            column: The column whose cell will be spoilt.
            share: Wanted share of the rows.
            note: What the defect looks like.
            among: Rows in which the defect is possible; all by default.
        """
        chosen = np.zeros(len(self.free), dtype=bool)
        candidates = np.flatnonzero(self.free if among is None else self.free & among)
        if self.ledger.clean or not len(candidates):
            return chosen
        wanted = min(len(candidates), max(1, round(share * len(self.free))))
        chosen[self.rng.choice(candidates, wanted, replace=False)] = True
        self.free &= ~chosen
        self.ledger.rows[code, self.file, column, note] += wanted
        return chosen

    def rows(self, code: str, column: str, share: float, note: str, among: Bools | None = None) -> Ints:
        """Like `mask`, as row numbers: for rows to be written a second time."""
        return np.flatnonzero(self.mask(code, column, share, note, among))
