"""What a writer declares: the file, how it is opened, and the rows a chunk contributes to it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tpaudit.sample_data.defects import Ledger
from tpaudit.sample_data.sinks import Sink
from tpaudit.sample_data.text import Ints, Text
from tpaudit.sample_data.world import Chunk

NOBODY = 0
"""Person id of rows that belong to no customer: test accounts, zombies, orphans."""


@dataclass(frozen=True)
class Rows:
    """Rows of one file: columns in the order of its header, and whose each row is (`NOBODY`: no one's)."""

    columns: Sequence[Text]
    person_id: Ints


@dataclass(frozen=True)
class Export:
    """One file of the sample."""

    name: str
    open: Callable[[Path], Sink]
    rows: Callable[[Chunk, Ledger], Rows]
