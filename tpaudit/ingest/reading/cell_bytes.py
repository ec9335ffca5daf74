"""Columns of cells as the bytes they are made of, and as text once these are decoded.

A text may be split into cells before it is decoded if no delimiter can be part of another sign. Then most bytes need
no decoding: columns of digits are ASCII, and columns that repeat a few words are decoded word by word.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tpaudit.ingest.reading import arrays

# Cells that tell whether a column repeats itself.
_SAMPLED = 512
# The least byte that is not ASCII.
_BEYOND_ASCII = 0x80
_LF = 10
_NOTHING_AND_LF = tuple(arrays.texts(["", "\n"]).cast(pa.binary()))


def bytes_of(cells: pa.Array) -> np.ndarray:
    """The bytes of all *cells*, one after the other."""
    _, offsets, values = cells.buffers()
    if values is None or not len(cells):
        return np.empty(0, np.uint8)
    places = np.frombuffer(offsets, np.int32)
    return np.frombuffer(values, np.uint8)[places[cells.offset] : places[cells.offset + len(cells)]]


def lengths_of(cells: pa.Array) -> np.ndarray:
    """The number of bytes of each of *cells*, none of which is NULL."""
    _, offsets, _ = cells.buffers()
    return np.diff(np.frombuffer(offsets, np.int32)[cells.offset : cells.offset + len(cells) + 1])


def repeats(cells: pa.Array) -> bool:
    """Whether a column says the same few things over and over, as its first cells tell."""
    if pa.types.is_dictionary(cells.type):
        return True
    sample = cells.slice(0, _SAMPLED)
    return len(sample.unique()) * 4 <= len(sample)


def decoded(cells: pa.Array, encoding: str) -> pa.Array:
    """The text of *cells* of bytes, none of which is NULL, as a dictionary where the column repeats itself.

    Raises UnicodeDecodeError for a byte that is no text.

    >>> decoded(pa.array(["苏州".encode("gb18030"), b"SZ"]), "gb18030").to_pylist()
    ['苏州', 'SZ']
    """
    if repeats(cells) and bytes_of(cells).size:
        words = cells.dictionary_encode()
        return pa.DictionaryArray.from_arrays(words.indices, _each_decoded(words.dictionary, encoding))
    return _each_decoded(cells, encoding)


def written_out(cells: pa.Array) -> pa.Array:
    """*cells* as plain texts."""
    return cells.dictionary_decode() if pa.types.is_dictionary(cells.type) else cells


def _each_decoded(cells: pa.Array, encoding: str) -> pa.Array:
    """The text of *cells*, decoded as one text in which each ends a line."""
    signs = bytes_of(cells)
    if not signs.size or signs.max() < _BEYOND_ASCII:
        return cells.view(pa.string())
    lines = bytes_of(pc.binary_join_element_wise(cells, *_NOTHING_AND_LF)).tobytes().decode(encoding)
    texts = arrays.texts_ended_by(_LF, lines)
    # Some cells are of several lines.
    is_torn = len(texts) != len(cells)
    return arrays.texts([cell.decode(encoding) for cell in cells.to_pylist()]) if is_torn else texts
