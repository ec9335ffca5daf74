"""Text that is split as the bytes it is made of gives what it gives when it is decoded first."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tpaudit.ingest.reading.cell_bytes import decoded, written_out
from tpaudit.ingest.reading.decode import Undecodable
from tpaudit.ingest.reading.dialect import Dialect
from tpaudit.ingest.reading.splitting import rows_of

# 丂 and 镕 end in bytes that are @ and F; 𠮷 is four bytes in GB18030, two of them digits.
SIGNS = st.sampled_from([*"ab19,;\t\"'\n\r|@ \x1e", "\r\n", "苏州", "丂镕", "𠮷", "，", "é", '","'])
DIALECTS = st.builds(Dialect, st.sampled_from(["", ",", ";", "\t", "|", ", "]), st.sampled_from(["", '"', "'"]))


@settings(max_examples=150)
@given(st.lists(SIGNS, max_size=60).map("".join), DIALECTS, st.integers(1, 4), st.integers(1, 9))
def test_bytes_of_gb18030_split_like_text(text: str, dialect: Dialect, width: int, piece: int) -> None:
    encoding = "gb18030" if dialect.splits("gb18030") else "utf-8"
    assert split(text, encoding, dialect, width, piece) == split(text, "utf-8", dialect, width, len(text) + 1)


def split(text: str, encoding: str, dialect: Dialect, width: int, piece: int) -> tuple[list[Any], list[Any], list[Any]]:
    """Numbers, cells and odd records of *text*, read in pieces of so many bytes."""
    data = text.encode(encoding)
    pieces = (data[start : start + piece] for start in range(0, len(data), piece))
    rows = list(rows_of(pieces, encoding, dialect, width, 1))
    cells = [[cell for block in rows for cell in block.columns[place].to_pylist()] for place in range(width)]
    return [number for block in rows for number in block.numbers], cells, [odd for block in rows for odd in block.odd]


@pytest.mark.parametrize(
    ("sign", "encoding", "splits"),
    [(",", "gb18030", True), ("|", "gb18030", False), ("1", "big5", False), ("|", "cp1252", False),
     ("|", "utf-8", True), (",", "utf-16-le", False)],
)  # fmt: skip
def test_a_sign_that_may_be_part_of_another_splits_no_bytes(sign: str, encoding: str, splits: bool) -> None:
    assert Dialect(sign).splits(encoding) is splits


@pytest.mark.parametrize(("encoding", "data"), [("gb18030", b"a,\xb6\n\xa9,b\n"), ("utf-8", b"a,\xe4\xb8\nb,c\n")])
def test_a_sign_cut_by_a_line_end_is_told(encoding: str, data: bytes) -> None:
    with pytest.raises(Undecodable):
        list(rows_of(iter([data]), encoding, Dialect(), 2, 1))


@pytest.mark.parametrize("cells", [["苏州", "SZ", ""], ["一\n二", "三"], ["词"] * 600, ["1", "2"], []])
def test_cells_are_decoded(cells: list[str]) -> None:
    found = decoded(pa.array([cell.encode("gb18030") for cell in cells], pa.binary()), "gb18030")
    assert (written_out(found).type, written_out(found).to_pylist()) == (pa.string(), cells)
