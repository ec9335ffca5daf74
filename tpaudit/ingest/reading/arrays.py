"""Arrow columns out of values of Python and NumPy, made of their bytes.

`pyarrow.array` and `pyarrow.scalar` load pandas with the first value they are given, as `to_numpy` does: a tenth of
what it takes to ingest a small file. Nothing that every file passes through uses them.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

_MOST_BYTES = 2**31 - 1


def texts_ended_by(end: int, written: str) -> pa.Array:
    """The texts of which each ends with the ASCII sign *end* where they are *written* one after the other.

    >>> texts_ended_by(10, "苏州\\n\\nSZ\\n").to_pylist()
    ['苏州', '', 'SZ']
    """
    signs = np.frombuffer(written.encode("utf-8"), np.uint8)
    is_end = signs == end
    ends = np.flatnonzero(is_end)
    places = _places(ends - np.arange(len(ends)))
    return pa.StringArray.from_buffers(len(ends), places, pa.py_buffer(signs[~is_end]))


def texts(values: Sequence[str | None]) -> pa.Array:
    """A column of texts.

    >>> texts(["苏州", None, ""]).to_pylist()
    ['苏州', None, '']
    """
    written = [(value or "").encode("utf-8") for value in values]
    places = _places(np.cumsum([len(value) for value in written], dtype=np.int64))
    known = _bits(np.array([value is not None for value in values], bool))
    return pa.StringArray.from_buffers(len(values), places, pa.py_buffer(b"".join(written)), known)


def text_of(signs: bytes) -> pa.Array:
    """A column of one large text in UTF-8, whose *signs* are not looked at.

    >>> text_of("苏州".encode()).to_pylist()
    ['苏州']
    """
    places = np.array([0, len(signs)])
    return pa.LargeStringArray.from_buffers(1, pa.py_buffer(places), pa.py_buffer(signs))


def numbers(values: np.ndarray, known: np.ndarray | None = None) -> pa.Array:
    """A column of whole numbers or fractions; NULL where it is not *known*.

    >>> numbers(np.array([7, 8]), np.array([True, False])).to_pylist()
    [7, None]
    """
    kind = pa.from_numpy_dtype(values.dtype)
    return pa.Array.from_buffers(kind, len(values), [None if known is None else _bits(known), _buffer(values)])


def flags(values: np.ndarray) -> pa.Array:
    """A column of yes and no.

    >>> flags(np.array([True, False])).to_pylist()
    [True, False]
    """
    return pa.Array.from_buffers(pa.bool_(), len(values), [None, _bits(values)])


def values_of(column: pa.Array) -> np.ndarray:
    """The numbers of a *column* that knows all of them.

    >>> values_of(numbers(np.array([7, 8, 9])).slice(1))
    array([8, 9])
    """
    _, values = column.buffers()
    return np.frombuffer(values, column.type.to_pandas_dtype())[column.offset : column.offset + len(column)]


def _places(ends: np.ndarray) -> pa.Buffer:
    """Where each text begins and the last one *ends*; raises OverflowError where a column cannot hold so many bytes."""
    if len(ends) and ends[-1] > _MOST_BYTES:
        raise OverflowError(f"{ends[-1]:,} bytes of text in one column of a batch, {_MOST_BYTES:,} are the most")
    return pa.py_buffer(np.concatenate(([0], ends)).astype(np.int32))


def _bits(values: np.ndarray) -> pa.Buffer:
    return pa.py_buffer(np.packbits(values, bitorder="little"))


def _buffer(values: np.ndarray) -> pa.Buffer:
    return pa.py_buffer(np.ascontiguousarray(values))
