"""Touches as columns: who met which touchpoint when, with the two questions the outcomes ask of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tpaudit.sample_data.text import Bools, Ints
from tpaudit.sample_data.touchpoints import CODE, TOUCHPOINTS

NEVER = np.iinfo(np.int64).max


@dataclass(frozen=True)
class Touches:
    """One element per touch: row of the person in the chunk, touchpoint code, local time in seconds."""

    person: Ints
    touchpoint: Ints
    at: Ints

    def __len__(self) -> int:
        return len(self.person)

    @classmethod
    def of(cls, touchpoint: str, person: Ints, at: Ints) -> Touches:
        """Touches of one touchpoint."""
        return cls(person, np.full(len(person), CODE[touchpoint], dtype=np.int64), at)

    @classmethod
    def union(cls, parts: Sequence[Touches]) -> Touches:
        """All touches of the parts, in their order."""
        return cls(
            np.concatenate([part.person for part in parts]),
            np.concatenate([part.touchpoint for part in parts]),
            np.concatenate([part.at for part in parts]),
        )

    def where(self, keep: Bools) -> Touches:
        """The touches for which `keep` holds."""
        return Touches(self.person[keep], self.touchpoint[keep], self.at[keep])

    def select(self, *touchpoints: str) -> Touches:
        """The touches of these touchpoints, ordered by time."""
        chosen = self.where(np.isin(self.touchpoint, [CODE[name] for name in touchpoints]))
        order = np.argsort(chosen.at, kind="stable")
        return Touches(chosen.person[order], chosen.touchpoint[order], chosen.at[order])

    def before(self, limit: Ints) -> Touches:
        """The touches before each person's limit."""
        return self.where(self.at < limit[self.person])

    def counts(self, people: int) -> NDArray[np.int64]:
        """Matrix people × touchpoints: how often each person met each touchpoint."""
        size = len(TOUCHPOINTS)
        cells = np.bincount(self.person * size + self.touchpoint, minlength=people * size)
        return cells.reshape(people, size)

    def first(self, touchpoint: str, people: int) -> Ints:
        """When each person first met the touchpoint; NEVER for those who did not."""
        chosen = self.select(touchpoint)
        first = np.full(people, NEVER)
        np.minimum.at(first, chosen.person, chosen.at)
        return first

    def last(self, touchpoint: str, people: int) -> Ints:
        """When each person last met the touchpoint; -1 for those who did not."""
        chosen = self.select(touchpoint)
        last = np.full(people, -1, dtype=np.int64)
        np.maximum.at(last, chosen.person, chosen.at)
        return last

    def follows(self, later: str, earlier: str, people: int) -> Bools:
        """Whether some touch of `later` comes after some touch of `earlier`."""
        return self.last(later, people) > self.first(earlier, people)
