"""Vectorised text building: every cell of every export is made by these few Arrow kernels, never row by row.

Functions take and return Arrow string arrays of one length; numpy arrays are accepted where numbers go in.
Times are whole seconds since 1970-01-01 00:00 *local* time (Asia/Shanghai), as everywhere in this package.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

Text = Any
"""An Arrow string array, or one string that stands for a constant column."""

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

_NARROW, _WIDE = "0123456789", "０１２３４５６７８９"


def join(*parts: Text, sep: str = "") -> Text:
    """Concatenate columns row by row; NULL counts as empty.

    >>> join(pa.array(["a", None]), "-", pa.array(["b", "c"])).to_pylist()
    ['a-b', '-c']
    """
    return pc.binary_join_element_wise(*parts, sep, null_handling="replace", null_replacement="")


def pick(values: Sequence[str], index: NDArray[Any]) -> Text:
    """The value at each index.

    >>> pick(["red", "green"], np.array([1, 0, 1])).to_pylist()
    ['green', 'red', 'green']
    """
    return pa.array(list(values), pa.string()).take(pa.array(index))


def choose(mask: NDArray[Any], yes: Text, no: Text) -> Text:
    """`yes` where the mask holds, else `no`; `None` gives NULL."""
    return pc.if_else(pa.array(mask), _scalar(yes), _scalar(no))


def of_rows(values: Text, rows: NDArray[Any]) -> Text:
    """The elements of a column at the given row numbers."""
    return values.take(pa.array(rows))


def constant(value: str, rows: int) -> Text:
    """One text in every row."""
    return pa.repeat(pa.scalar(value, pa.string()), rows)


def blank_to(values: Text, placeholder: str) -> Text:
    """NULL replaced by the placeholder an export writes for "no value"."""
    return pc.fill_null(values, placeholder)


def digits(numbers: NDArray[Any], width: int = 0) -> Text:
    """Whole numbers as text, padded with zeros on the left to `width`.

    >>> digits(np.array([7, 1234]), 3).to_pylist()
    ['007', '1234']
    """
    text = pa.array(numbers).cast(pa.string())
    return pc.utf8_lpad(text, width, "0") if width else text


def money(cents: NDArray[Any]) -> Text:
    """Amounts in cents as yuan with two decimals.

    >>> money(np.array([16800, -5])).to_pylist()
    ['168.00', '-0.05']
    """
    whole = np.abs(cents)
    sign = choose(cents < 0, "-", "")
    return join(sign, digits(whole // 100), ".", digits(whole % 100, 2))


def money_with_commas(cents: NDArray[Any]) -> Text:
    """Amounts in yuan with a comma between thousands, below one million.

    >>> money_with_commas(np.array([129900, 6900])).to_pylist()
    ['1,299.00', '69.00']
    """
    thousands, rest = np.divmod(cents, 100_000)
    grouped = join(digits(thousands), ",", digits(rest // 100, 3), ".", digits(rest % 100, 2))
    return choose(thousands > 0, grouped, money(cents))


def date_time(seconds: Ints) -> Text:
    """`YYYY-MM-DD HH:MM:SS`.

    >>> date_time(np.array([86_399])).to_pylist()
    ['1970-01-01 23:59:59']
    """
    return pa.array(seconds).cast(pa.timestamp("s")).cast(pa.string())


def date_only(seconds: Ints) -> Text:
    """`YYYY-MM-DD`."""
    return pc.utf8_slice_codeunits(date_time(seconds), 0, 10)


def date_time_unpadded(seconds: Ints) -> Text:
    """`YYYY/M/D H:MM:SS`, the way a spreadsheet shows it.

    >>> date_time_unpadded(np.array([0])).to_pylist()
    ['1970/1/1 0:00:00']
    """
    moment = pa.array(seconds).cast(pa.timestamp("s"))
    day = join(*(part(moment).cast(pa.string()) for part in (pc.year, pc.month, pc.day)), sep="/")
    minute, second = (pc.utf8_lpad(part(moment).cast(pa.string()), 2, "0") for part in (pc.minute, pc.second))
    return join(day, " ", pc.hour(moment).cast(pa.string()), ":", minute, ":", second)


def full_width(values: Text) -> Text:
    """ASCII digits written full-width, as some input methods do.

    >>> full_width(pa.array(["139"])).to_pylist()
    ['１３９']
    """
    for narrow, wide in zip(_NARROW, _WIDE, strict=True):
        values = pc.replace_substring(values, narrow, wide)
    return values


def masked_phone(phones: Text) -> Text:
    """The middle four digits starred.

    >>> masked_phone(pa.array(["13912345678"])).to_pylist()
    ['139****5678']
    """
    return join(pc.utf8_slice_codeunits(phones, 0, 3), "****", pc.utf8_slice_codeunits(phones, 7, 11))


def _scalar(value: Text) -> Text:
    return pa.scalar(value, pa.string()) if value is None or isinstance(value, str) else value
