"""Columns made of bytes are those that pyarrow makes of values."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tpaudit.ingest.reading import arrays

TEXTS = st.lists(st.none() | st.text("a订单😀\n", max_size=4), max_size=40)


@given(TEXTS)
def test_texts(values: list[str | None]) -> None:
    made = arrays.texts(values)
    made.validate(full=True)
    assert made.equals(pa.array(values, pa.string()))


@given(st.lists(st.text("a订单😀\n", max_size=4), max_size=40))
def test_texts_with_an_end(values: list[str]) -> None:
    made = arrays.texts_ended_by(0, "".join(f"{value}\0" for value in values))
    made.validate(full=True)
    assert made.equals(pa.array(values, pa.string()))


@given(st.lists(st.tuples(st.integers(-(2**63), 2**63 - 1), st.booleans()), max_size=40), st.integers(0, 9))
def test_numbers_and_flags(values: list[tuple[int, bool]], cut: int) -> None:
    numbers = np.array([number for number, _ in values], np.int64)
    known = np.array([is_known for _, is_known in values], bool)
    made = arrays.numbers(numbers, known)
    assert made.equals(pa.array([number if is_known else None for number, is_known in values], pa.int64()))
    assert arrays.flags(known).equals(pa.array(known.tolist(), pa.bool_()))
    # Every other number: not one piece of memory.
    assert arrays.numbers(numbers[::2]).to_pylist() == numbers[::2].tolist()
    assert arrays.values_of(arrays.numbers(numbers).slice(cut)).tolist() == numbers[cut:].tolist()


def test_more_text_than_a_column_holds_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arrays, "_MOST_BYTES", 7)
    assert arrays.texts(["1234", "567"]).to_pylist() == ["1234", "567"]
    with pytest.raises(OverflowError, match="8 bytes of text"):
        arrays.texts(["1234", "5678"])
    with pytest.raises(OverflowError, match="8 bytes of text"):
        arrays.texts_ended_by(0, "12345678\0")
