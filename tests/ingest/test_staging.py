"""Staged cells: what becomes of blanks, spreadsheet wrappers and null markers, and which columns are blank or full."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import given
from hypothesis import strategies as st

from tpaudit.ingest.reading.staged import NULL_MARKERS, StageWriter, source_columns

BLANKS = " \t\x1f\x85\xa0\u1680\u2003\u2028\u202f\u205f\u3000"
PARTS = st.sampled_from([*NULL_MARKERS, '="', '"', "'", "`", "=", "12", "2026-05-01", "张伟", "、", *BLANKS])
CELLS = st.lists(st.lists(PARTS, max_size=5).map("".join), min_size=1, max_size=40)


def staged(columns: list[list[str]], nulls: tuple[str, ...] = ()) -> tuple[list[list[str | None]], StageWriter]:
    names = source_columns([f"n{place}" for place in range(len(columns))])
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "raw.parquet"
        with StageWriter(file, names, nulls) as writer:
            writer.write(np.arange(len(columns[0])), [pa.array(cells, pa.string()) for cells in columns])
        table = pq.read_table(file)
    return [column.to_pylist() for column in table.columns[1:]], writer


def bare(cell: str) -> str | None:
    """One cell as it is to be staged, by plain Python."""
    text = cell.strip()
    if text.startswith('="'):
        text = text[2:].rstrip('"').strip()
    if text.startswith(("'", "`")):
        text = text[1:].strip()
    return None if text in NULL_MARKERS else text


@given(CELLS)
def test_cells_are_bared_as_plain_python_does(cells: list[str]) -> None:
    (found, _), _ = staged([cells, ["x"] * len(cells)])
    assert found == [bare(cell) for cell in cells]


def test_a_marker_of_the_preset_means_nothing_too() -> None:
    (found, _), _ = staged([["0", "10", "暂无"], ["x"] * 3], nulls=("0", "暂无"))
    assert found == [None, "10", None]


@given(st.lists(st.tuples(*[st.sampled_from(["", "-", "1"])] * 3), min_size=1, max_size=6))
def test_blank_columns_are_those_in_which_no_row_has_anything(rows: list[tuple[str, str, str]]) -> None:
    columns, writer = staged([list(column) for column in zip(*rows, strict=True)])
    filled = {f"c{place}": [cell is not None for cell in column] for place, column in enumerate(columns)}
    assert writer.blank == {name for name, cells in filled.items() if not any(cells)}
