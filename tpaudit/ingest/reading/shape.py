"""The shape of a table among lines: how wide it is, where its header stands, and what kinds its columns are of.

No preset is asked. Where one fits a line, that line is the header whatever is found here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from tpaudit.ingest.reading.cell_kinds import EMPTY, TEXT, column_kinds, conflicts, kind_of
from tpaudit.ingest.reading.lines import Line

# A group of lines above the body with less than this share of the weight of the heaviest one is a list of notes.
_LEAST_WEIGHT = 0.2
_MOST_HEADER_ROWS = 3
_LONGEST_NAME = 60


@dataclass(frozen=True, slots=True)
class Shape:
    """The table in some lines: its `width` in cells, the place of its first row among the lines (the header's, or that
    of the first data row if there is no header), the number of `header_rows`, and the `kinds` of its columns."""

    width: int
    place: int
    header_rows: int
    kinds: tuple[str, ...]


def shape_of(lines: Sequence[Line]) -> Shape | None:
    """The shape of the first table of weight in *lines*; None if they hold nothing."""
    filled = [place for place, line in enumerate(lines) if line.filled]
    if not filled:
        return None
    start, width = _body(lines, filled)
    rows = [line.cells for line in lines[start:] if len(line.cells) == width and line.filled]
    place = _ragged_header(lines, start, width, column_kinds(rows, width))
    if place is None:
        place = start
        kinds = column_kinds(rows[1:], width)
        if not _is_header(lines[start].cells, rows[1:], kinds):
            return Shape(width, start, 0, column_kinds(rows, width))
    header_rows = _header_rows(lines, place, width)
    below = [line.cells for line in lines[place + header_rows :] if len(line.cells) == width]
    return Shape(width, place, header_rows, column_kinds(below, width))


def is_header_over(cells: Sequence[str], rows: Sequence[Sequence[str]]) -> bool:
    """Whether *cells* read like names of the columns of *rows* and not like one row more."""
    return _is_header(cells, rows, column_kinds(rows, len(cells)))


def begins_table(lines: Sequence[Line], header: Sequence[str], kinds: Sequence[str], is_apart: bool) -> bool:
    """Whether *lines*, which stand apart from a table with this *header* and columns of these *kinds*, are a table of
    their own and not more of it: they have a header that reads like names of other columns.

    *is_apart*: they take other columns than the table.
    """
    shape = shape_of(lines)
    group = lines[: next((place for place, line in enumerate(lines) if not line.filled), len(lines))]
    if shape is None or not shape.header_rows or shape.width < 2 or len(group) < 2 or shape.place >= len(group):
        return False
    own = lines[shape.place].cells
    rows = [line.cells for line in group[shape.place + 1 :] if len(line.cells) == shape.width]
    # A second table has other columns, or its header reads like names where the first one has figures.
    differs = is_apart or conflicts(own, kinds) > 0 or stands_again(header, own)
    return differs and bool(rows) and is_header_over(own, rows) and not any(map(_is_figure, own))


def stands_again(header: Sequence[str], cells: Sequence[str]) -> bool:
    """Whether *cells* are the names of *header*, or most of them."""
    names = {cell.strip() for cell in header if cell.strip()}
    again = {cell.strip() for cell in cells if cell.strip()}
    return len(names) >= 2 and len(names & again) >= 0.6 * max(len(names), len(again))


def _is_figure(cell: str) -> bool:
    return kind_of(cell) not in (EMPTY, TEXT, "id")


def _body(lines: Sequence[Line], filled: Sequence[int]) -> tuple[int, int]:
    """Place of the first line of the table, and its width: that of the first group of lines with enough cells in it.

    Blank lines separate groups; a line that is padded with empty cells weighs little.
    """
    groups: list[list[int]] = [[]]
    for before, place in zip([filled[0], *filled], filled, strict=False):
        if place > before + 1:
            groups.append([])
        groups[-1].append(place)
    weighed = [(*_heaviest(lines, group), group) for group in groups]
    most = max(weight for weight, _, _ in weighed)
    for weight, width, group in weighed:
        if weight < _LEAST_WEIGHT * most:
            continue
        least = min(2, width)
        for place in group:
            line = lines[place]
            if len(line.cells) == width and line.filled >= max(least, _half(width)):
                return place, width
        return next(place for place in group if len(lines[place].cells) == width), width
    raise AssertionError("some group weighs as much as the heaviest")


def _heaviest(lines: Sequence[Line], group: Sequence[int]) -> tuple[float, int]:
    """The greatest number of filled cells that lines of one width have in *group*, and the first width of weight."""
    weights: Counter[int] = Counter()
    for place in group:
        line = lines[place]
        weights[len(line.cells)] += line.filled if line.filled > 1 or len(line.cells) == 1 else 0
    # Of a table and one that follows without a gap, the first counts.
    most = max(weights.values())
    width = next(width for width, weight in weights.items() if weight >= most / 2)
    return most or 0.5, width


def _half(width: int) -> int:
    return (width + 1) // 2 if width < 20 else width // 4


def _ragged_header(lines: Sequence[Line], start: int, width: int, kinds: Sequence[str]) -> int | None:
    """The line right above the body if it is a header with a cell too many or too few, and the body has none itself."""
    above = start - 1
    if above < 0 or width < 3 or conflicts(lines[start].cells, kinds):
        return None
    cells = lines[above].cells
    near = abs(len(cells) - width) <= max(2, width // 4) and lines[above].filled >= 2
    named = all(kind_of(cell) in (EMPTY, TEXT) for cell in cells)
    return above if near and named and any(kind not in (EMPTY, TEXT) for kind in kinds) else None


def _is_header(cells: Sequence[str], rows: Sequence[Sequence[str]], kinds: Sequence[str]) -> bool:
    """Names are texts above columns of numbers or dates; above columns of text they are short and do not recur."""
    names = [cell.strip().casefold() for cell in cells if cell.strip()]
    if not names:
        return False
    evidence = 0
    for cell, column in zip(cells, kinds, strict=False):
        kind = kind_of(cell)
        if kind == EMPTY:
            continue
        if column not in (EMPTY, TEXT):
            evidence += 1 if kind == TEXT or (kind == "id" != column) else -1
        elif kind not in (TEXT, "id"):
            evidence -= 1
    if evidence:
        return evidence > 0
    recurs = any(place < len(row) and row[place] == cell for row in rows for place, cell in enumerate(cells) if cell)
    return len(set(names)) == len(names) and not recurs and max(map(len, names)) <= _LONGEST_NAME


def _header_rows(lines: Sequence[Line], place: int, width: int) -> int:
    """How many rows the header at *place* takes: repeated names, or names again where the columns hold figures."""
    rows = 1
    while rows < _MOST_HEADER_ROWS and place + rows < len(lines) - 1:
        line = lines[place + rows]
        body = [below.cells for below in lines[place + rows + 1 :] if len(below.cells) == width and below.filled]
        same = line.cells == lines[place].cells
        if not same and not (len(line.cells) == width and _names_figures(line, column_kinds(body, width), len(body))):
            break
        rows += 1
    return rows


def _names_figures(line: Line, kinds: Sequence[str], rows: int) -> bool:
    """Whether *line* has texts, and nothing else, above columns of figures; one odd row of few proves nothing."""
    figures = [kind_of(cell) for cell, kind in zip(line.cells, kinds, strict=True) if kind not in (EMPTY, TEXT)]
    told = [kind for kind in figures if kind != EMPTY]
    return rows >= 2 and len(told) >= 2 and all(kind == TEXT for kind in told)
