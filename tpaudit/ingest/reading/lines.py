"""Lines: the first rows of a file as cells, among which the header is found."""

from __future__ import annotations

from dataclasses import dataclass

HEADER_SEARCH = 60


@dataclass(frozen=True, slots=True)
class Line:
    """A candidate header: its cells, the physical row it starts on and the one it ends on."""

    cells: tuple[str, ...]
    first: int
    last: int

    @property
    def filled(self) -> int:
        """How many cells hold something."""
        return sum(map(bool, map(str.strip, self.cells)))
