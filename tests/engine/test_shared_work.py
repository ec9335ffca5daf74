"""Values that several columns share are computed in a step of their own, and nothing else about the rows changes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import ibis
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tpaudit.engine import Engine, EngineSettings, connect
from tpaudit.engine.portable import joined
from tpaudit.engine.shared_work import computed_once

_TEXTS = ["  Li Wei ", None, "Anna", "", "張 三"]


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    opened = connect(EngineSettings(threads=1))
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def rows(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Any:
    file = tmp_path_factory.mktemp("rows") / "rows.parquet"
    pq.write_table(pa.table({"row": range(5), "text": pa.array(_TEXTS, pa.string())}), file)
    return engine.read_parquet(file)


def columns_of(rows: Any) -> Any:
    bare = rows.text.strip().lower()
    compact = bare.replace(" ", "")
    first = compact.substr(0, 1)
    listed = ibis.array([compact]).map(lambda one: one.upper() + one.upper())[0]
    return rows.select(
        "row", bare=bare, initial=(first == "").ifelse("?", first), again=first + compact, listed=listed,
        is_there=rows.text.notnull(), twice=first + compact, length=compact.length(),
    )  # fmt: skip


def test_each_shared_value_is_computed_in_one_place(rows: Any) -> None:
    steps: list[Any] = []

    def step(expression: Any) -> Any:
        steps.append(expression)
        name = f"step{len(steps)}"
        return ibis.table(expression.schema(), name=name)

    last = computed_once(columns_of(rows).op(), step)
    written = [ibis.to_sql(expression, dialect="duckdb").upper() for expression in (*steps, last)]
    assert sum(text.count("LOWER(") for text in written) == 1
    assert sum(text.count("REPLACE(") for text in written) == 1
    assert sum(text.count("SUBSTRING(") for text in written) == 1
    # What depends on the element of a list has no value outside of it.
    assert "UPPER(" in written[-1]


def test_steps_give_the_same_rows_in_the_same_order(engine: Engine, rows: Any, tmp_path: Path) -> None:
    plain = columns_of(rows)
    stepped = engine.step(plain)
    assert engine.keeps_order(stepped)
    assert engine.fetch_rows(stepped) == engine.fetch_rows(plain)
    assert stepped.schema() == plain.schema()
    engine.write_parquet(stepped.filter(stepped.row > 0), tmp_path / "some.parquet")
    assert pq.read_table(tmp_path / "some.parquet").to_pylist() == engine.fetch_rows(plain.filter(plain.row > 0))


def test_a_projection_that_shares_nothing_stays_as_it_is(rows: Any) -> None:
    def refuse(expression: Any) -> Any:
        raise AssertionError(expression)

    projection = rows.select("row", length=rows.text.length(), is_there=rows.text.notnull())
    assert computed_once(projection.op(), refuse).equals(projection)


def test_texts_are_joined_with_nothing_for_null(engine: Engine, rows: Any) -> None:
    found = engine.fetch_rows(rows.select("row", text=joined([rows.text, rows.row.cast("string"), rows.text], "|")))
    assert [row["text"] for row in found] == [f"{text or ''}|{row}|{text or ''}" for row, text in enumerate(_TEXTS)]
