"""Attribution of paths that somebody else made: one row per path, with its journeys counted.

The file is CSV (also gzipped) or Parquet with the columns

path                     touchpoints in order, joined by " > "
total_conversions        journeys along the path that converted, a whole number
total_conversion_value   what those conversions were worth together; the column, or a cell of it, may be missing
total_null               journeys along the path that did not convert, a whole number

Nothing in it says when touches were, so there is no time decay, and its window is that of whoever made it. Resampling
draws journeys, not rows: each journey of a row is put into a random block, the same on every run and in any order of
the rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ibis
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from ibis import _
from numpy.typing import NDArray

from tpaudit.audit.settings import RankSection
from tpaudit.engine import Engine
from tpaudit.errors import InputFault
from tpaudit.ranking.attribution import attribute
from tpaudit.ranking.paths_table import COUNTS, PATH, SEPARATOR, VALUE, read_table
from tpaudit.results import AttributionBasis, AttributionResult
from tpaudit.stats.bootstrap import BLOCKS, block_weights

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

# Journeys put into blocks at a time.
_JOURNEYS = 1 << 22


@dataclass(frozen=True, slots=True)
class _Paths:
    """Distinct paths in the order of their texts. `value` is NaN where it is unknown."""

    path: pa.Array
    conversions: Integers
    nulls: Integers
    value: Floats


def attribute_paths(engine: Engine, file: Path, rules: RankSection) -> AttributionResult:
    """Attribute the conversions of the paths in *file* by every model that needs no times.

    Raises InputFault for a file that cannot be read, naming row, column and remedy.
    """
    paths = _distinct(read_table(file))
    if not (paths.conversions.any() or paths.nulls.any()):
        raise InputFault(f"{file}: no row counts a journey", f"fill in {' and '.join(COUNTS)}")
    steps = engine.cache(_steps(engine, paths, rules.seed))
    met = engine.fetch_rows(steps.group_by("touchpoint").agg(steps=_.count()).order_by("touchpoint"))
    basis = AttributionBasis(outcome="conversion", window_days=None)
    found = attribute(
        engine, steps, [row["touchpoint"] for row in met], block_weights(rules.replicates, rules.seed), basis,
        number=sum(row["steps"] for row in met),
    )  # fmt: skip
    conversions = int(paths.conversions.sum())
    known = ~np.isnan(paths.value[paths.conversions > 0])
    return AttributionResult(
        attribution=tuple(found.rows),
        basis=found.basis,
        source=file.name,
        models=tuple(dict.fromkeys(row.model for row in found.rows)),
        journeys=conversions + int(paths.nulls.sum()),
        conversions=conversions,
        attributed=float(conversions),
        value=float(np.nansum(paths.value)) if known.any() else None,
        replicates=rules.replicates,
        currency=None,
    )


def _distinct(table: pa.Table) -> _Paths:
    """Rows of the same path added up; a value unknown in all of them stays unknown."""
    sums = [(name, "sum") for name in COUNTS] + [(VALUE, "sum", pc.ScalarAggregateOptions(min_count=1))]
    merged = table.group_by(PATH).aggregate(sums).sort_by(PATH)
    return _Paths(
        path=merged[PATH].combine_chunks(),
        conversions=merged[f"{COUNTS[0]}_sum"].to_numpy().astype(np.int64),
        nulls=merged[f"{COUNTS[1]}_sum"].to_numpy().astype(np.int64),
        value=merged[f"{VALUE}_sum"].fill_null(np.nan).to_numpy(),
    )


def _steps(engine: Engine, paths: _Paths, seed: int) -> Any:
    """Steps (see `steps.STEP`) of the journeys of each path, those of one block and outcome together."""
    path, block, times, converted = (np.concatenate(column) for column in zip(*_groups(paths, seed), strict=True))
    worth = paths.value / np.maximum(paths.conversions, 1)
    journeys = engine.table(
        pa.table(
            {
                "journey": np.arange(len(path)),
                "number": path,
                "block": block.astype(np.int16),
                "converted": converted,
                "times": times,
                "value": pa.array(np.where(converted, worth[path] * times, np.nan), from_pandas=True),
            }
        )
    )
    walked = engine.table(pa.table({"number": np.arange(len(paths.path)), "path": paths.path}))
    # Unnested as a column: as a table, with an offset, it takes ten times as long.
    along = walked.path.split(SEPARATOR).map(lambda name, place: ibis.struct({"name": name, "place": place}))
    walked = walked.select("number", step=along.unnest())
    walked = walked.select("number", touchpoint=_.step["name"].strip(), position=_.step["place"].cast("int32"))
    return walked.join(journeys, "number").drop("number").mutate(hours_before=ibis.null("float64"))


def _groups(paths: _Paths, seed: int) -> list[tuple[Any, ...]]:
    """Path, block, number and outcome of journeys that are alike, some paths at a time."""
    chance = np.random.default_rng(seed)
    groups: list[tuple[Any, ...]] = []
    for counts, converted in ((paths.conversions, True), (paths.nulls, False)):
        begun = np.concatenate([[0], np.cumsum(counts)])
        first = 0
        while first < len(counts):
            stop = max(first + 1, int(np.searchsorted(begun, begun[first] + _JOURNEYS, side="right")) - 1)
            path, block, times = _in_blocks(counts[first:stop], chance)
            groups.append((path + first, block, times, np.full(len(path), converted)))
            first = stop
    return groups


def _in_blocks(counts: Integers, chance: np.random.Generator) -> tuple[Integers, Integers, Integers]:
    """Path, block and number of the journeys of some paths, each journey in a block by chance."""
    if len(counts) == 1:
        drawn = chance.multinomial(counts[0], np.full(BLOCKS, 1 / BLOCKS))
        block = np.flatnonzero(drawn)
        return np.zeros_like(block), block, drawn[block]
    journeys = np.repeat(np.arange(len(counts)), counts)
    cells, times = np.unique(journeys * BLOCKS + chance.integers(BLOCKS, size=len(journeys)), return_counts=True)
    path, block = np.divmod(cells, BLOCKS)
    return path, block, times
