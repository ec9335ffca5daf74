"""A fictional retail brand's exports, generated from a seed, with the truth planted in them.

`SMALL` is a committed set of 1,500 customers; `generate` writes sets of any size. The people, the brand and
every identifier are invented.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tpaudit.sample_data.generator import SampleSummary, generate

SMALL = Path(__file__).parent / "small"
"""Folder of the committed small set: `exports/` and `truth/`, as `generate` writes them by default."""

__all__ = ["SMALL", "SampleSummary", "generate"]


def __getattr__(name: str) -> Any:
    # Arrow and numpy load only when a sample is generated: reading SMALL must stay cheap.
    if name in ("generate", "SampleSummary"):
        from tpaudit.sample_data import generator

        return getattr(generator, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
