"""Cells read by the expressions under test, many in one statement."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import pyarrow as pa
from hypothesis import settings

from tpaudit.engine import Engine, EngineSettings, connect

# An example is a list that one statement reads: planning costs more than reading.
FEW = settings(max_examples=8)
ENGINE: Engine = connect(EngineSettings(threads=1))


def evaluate(texts: list[str], how: Any) -> list[Any]:
    return evaluate_all(texts, [how])[0]


def evaluate_all(texts: list[str], hows: Sequence[Any]) -> list[list[Any]]:
    """The values of all *texts* by each of *hows*, in one statement."""
    table = ENGINE.table(pa.table({"place": range(len(texts)), "text": pa.array(texts, pa.string())}))
    values = {f"v{number}": how(table.text) for number, how in enumerate(hows)}
    found = ENGINE.fetch_rows(table.select("place", **values).order_by("place"))
    return [[row[name] for row in found] for name in values]


@cache
def read_at_once(texts: tuple[str, ...], how: Callable[[Any], Any]) -> dict[str, Any]:
    """What each of *texts* is read as; asked for by many tests, read once."""
    return dict(zip(texts, evaluate(list(texts), how), strict=True))
