"""Expressions that put texts together, against the same done in Python."""

from __future__ import annotations

import json
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tpaudit.engine import Engine, EngineSettings, connect
from tpaudit.engine.portable import joined, json_object

CELLS = st.none() | st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=6)


@pytest.fixture(scope="module")
def engine() -> Engine:
    return connect(EngineSettings(threads=1))


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cells=st.lists(CELLS, min_size=1, max_size=6), known_to_be_null=st.lists(st.booleans(), min_size=6, max_size=6))
def test_joined_reads_null_and_none_as_nothing(
    engine: Engine, cells: list[str | None], known_to_be_null: list[bool]
) -> None:
    rows = _one_row(engine, cells)
    texts = [
        None if cell is None and is_told else rows[f"c{place}"]
        for place, (cell, is_told) in enumerate(zip(cells, known_to_be_null, strict=False))
    ]
    (found,) = engine.fetch_rows(rows.select(text=joined(texts, "\x1f")))
    assert found["text"] == "\x1f".join(cell or "" for cell in cells)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cells=st.dictionaries(st.text(min_size=1, max_size=4), CELLS, max_size=5))
def test_json_object_says_what_the_texts_say(engine: Engine, cells: dict[str, str | None]) -> None:
    rows = _one_row(engine, [*cells.values(), "x"])
    told = json_object({name: rows[f"c{place}"] for place, name in enumerate(cells)})
    (found,) = engine.fetch_rows(rows.select(text=told))
    assert (found["text"] and json.loads(found["text"])) == (cells or None)


def _one_row(engine: Engine, cells: list[str | None]) -> Any:
    return engine.table(pa.table({f"c{place}": pa.array([cell], pa.string()) for place, cell in enumerate(cells)}))
