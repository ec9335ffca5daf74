"""Several tables in one sheet: below each other with a blank row between them, or beside each other with a blank
column. What stands apart but is no table of its own, such as notes and totals, stays with the table before it."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from tpaudit.ingest.reading.cell_kinds import EMPTY, TEXT
from tpaudit.ingest.reading.grid import Area, Grid
from tpaudit.ingest.reading.shape import begins_table, stands_again

# More groups of rows than this are data with blank rows in it, not tables.
_MOST_GROUPS = 200


def tables_in_sheet(grid: Grid, is_bold: bool = False) -> list[Grid]:
    """The tables of *grid*, at least one: those below each other, and in each of these those beside each other.

    With *is_bold* a blank column parts two tables whenever both have a header. Otherwise it must show that they are
    two: one begins or ends in another row, or has the same columns.
    """
    tables: list[Grid] = []
    for rows in _below_each_other(grid):
        columns = _beside_each_other(rows, is_bold)
        tables += columns if len(columns) == 1 else (table for one in columns for table in _below_each_other(one))
    return tables


# --- below each other -----------------------------------------------------------------------------------------------


def _below_each_other(grid: Grid) -> list[Grid]:
    shape, area = grid.shape, grid.area
    groups = _runs(grid.filled_rows, area.top)
    if shape is None or shape.width < 2 or not 1 < len(groups) <= _MOST_GROUPS:
        return [grid]
    header = grid.lines[shape.place].first
    first = next(place for place, (_, stop) in enumerate(groups) if header < stop)
    before = _block(grid, groups[first])
    starts = [0]
    for place in range(first + 1, len(groups)):
        block = _block(grid, groups[place])
        if _follows(block, before):
            starts.append(_with_title(grid, groups, place, first))
            before = block
    if len(starts) == 1:
        return [grid]
    return [_block(grid, (groups[a][0], groups[b - 1][1])) for a, b in pairwise([*starts, len(groups)])]


def _follows(block: Grid, before: Grid) -> bool:
    """Whether the *block* is a table of its own and not more rows of the table *before* it."""
    known, own = before.shape, block.shape
    if known is None or not known.header_rows or own is None:
        return False
    # Rows of a table may end in blank cells; but only names stand above figures without being such.
    is_wider = block.area.left < before.area.left or block.area.right > before.area.right
    is_apart = is_wider or any(kind not in (EMPTY, TEXT) for kind in own.kinds)
    return begins_table(block.lines, before.lines[known.place].cells, known.kinds, is_apart)


def _with_title(grid: Grid, groups: Sequence[tuple[int, int]], place: int, first: int) -> int:
    """The first group of the table at *place*: lone cells in the groups above are its title."""
    while place - 1 > first and _is_title(_block(grid, groups[place - 1])):
        place -= 1
    return place


def _is_title(block: Grid) -> bool:
    return bool((block.filled.sum(axis=1) <= 1).all())


def _block(grid: Grid, rows: tuple[int, int]) -> Grid:
    """The *rows*, from the first up to but not the last, in the columns they use."""
    area, (top, stop) = grid.area, rows
    used = np.flatnonzero(grid.filled[top - area.top : stop - area.top].any(axis=0))
    return grid.within(Area(top, stop - 1, area.left + int(used[0]), area.left + int(used[-1]) + 1))


# --- beside each other ----------------------------------------------------------------------------------------------


def _beside_each_other(grid: Grid, is_bold: bool) -> list[Grid]:
    area = grid.area
    runs = _runs(grid.filled_columns, area.left)
    if len(runs) < 2 or any(stop - start < 2 for start, stop in runs):
        return [grid]
    blocks = [_in_used_rows(grid, start, stop) for start, stop in runs]
    if not all(map(_is_table, blocks)):
        return [grid]
    is_sure = any(_are_two(left, right) for left, right in pairwise(blocks))
    return blocks if is_bold or is_sure else [grid]


def _is_table(block: Grid) -> bool:
    """Whether the *block* has a header that reads like names of its columns, and rows below it."""
    if block.shape is None:
        return False
    header = block.lines[block.shape.place].first
    groups = _runs(block.filled_rows, block.area.top)
    top, stop = next((top, stop) for top, stop in groups if top <= header < stop)
    return begins_table(_block(block, (top, stop)).lines, (), (), is_apart=True)


def _are_two(left: Grid, right: Grid) -> bool:
    """Whether two blocks with a blank column between them cannot be one table."""
    headers = [block.lines[block.shape.place] for block in (left, right) if block.shape]
    if headers[0].first != headers[1].first or stands_again(headers[0].cells, headers[1].cells):
        return True
    is_whole = all(len(_runs(block.filled_rows, 0)) == 1 for block in (left, right))
    return is_whole and left.area.bottom != right.area.bottom


def _in_used_rows(grid: Grid, left: int, right: int) -> Grid:
    area = grid.area
    used = np.flatnonzero(grid.filled[:, left - area.left : right - area.left].any(axis=1))
    return grid.within(Area(area.top + int(used[0]), area.top + int(used[-1]), left, right))


def _runs(is_filled: np.ndarray, first: int) -> list[tuple[int, int]]:
    """Where the filled places begin and stop, numbered from *first*.

    >>> _runs(np.array([True, True, False, True]), 1)
    [(1, 3), (4, 5)]
    """
    edges = np.flatnonzero(np.diff(np.concatenate(([0], is_filled.astype(np.int8), [0])))) + first
    return [(int(start), int(stop)) for start, stop in zip(edges[::2], edges[1::2], strict=True)]
