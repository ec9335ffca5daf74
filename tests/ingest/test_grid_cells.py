"""Cells of a sheet become the text a platform would have written into CSV."""

from __future__ import annotations

import itertools
from datetime import datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tpaudit.ingest.reading.grid import Cells, as_text

NUMBERS = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False), st.integers(-(10**17), 10**17).map(float), st.integers(0, 999)
)
MONEY = st.decimals(-9_999, 99_999, places=2).map(float)


@settings(max_examples=150)
@given(
    st.one_of(*(st.lists(cell) for cell in (MONEY, NUMBERS, st.one_of(MONEY, st.sampled_from(["", "合计", "1.50"])))))
)
def test_numbers_are_written_without_needless_digits(cells: list[float | int | str]) -> None:
    assert as_text(cells).to_pylist() == [cell if isinstance(cell, str) else written(cell) for cell in cells]


def written(number: float) -> str:
    """Whole numbers without a point, others as short as they can be, and what lost digits in powers of ten."""
    if abs(number) >= 1e15:
        return f"{number:.15G}"
    return str(round(number)) if number == round(number) else repr(number)


@given(st.lists(st.text(st.sampled_from("a订单 \0\n,")), max_size=8))
def test_texts_stay_as_they_are(cells: list[str]) -> None:
    assert as_text(cells).to_pylist() == cells


@pytest.mark.parametrize("kinds", list(itertools.permutations(("订单", 7.5, "a\0b", True), 2)))
def test_a_column_may_change_its_kind_below(kinds: tuple[object, ...]) -> None:
    """Rows are read part by part: each part stays what it is beside others."""
    column = [kind for kind in kinds for _ in range(700)]
    read = Cells(([cell] for cell in column), 1, len(column), None)
    assert [cell for batch in read.batches() for cell in batch.column(0).to_pylist()] == [
        text for kind in kinds for text in as_text([kind]).to_pylist() * 700
    ]


def test_what_is_neither_number_nor_text() -> None:
    assert as_text([None, True, datetime(2026, 5, 1, 8), "x"]).to_pylist() == ["", "true", "2026-05-01 08:00:00", "x"]
    assert as_text(["a", None]).to_pylist() == ["a", ""]
    assert as_text([]).to_pylist() == []
