"""The views are the store's tables: the same rows, whether seen by Ibis or by SQL."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.checks.case import store_of
from tests.lake import INGESTED_AT, write_lake_rows
from tpaudit.checks.parameters import filled, literals
from tpaudit.checks.views import create_lake_views
from tpaudit.model import LAKE_TABLES

ROW = st.fixed_dictionaries(
    {
        "touch_id": st.sampled_from(["t1", "t2", None]),
        "event": st.sampled_from(["a", "b"]),
        "ingested_at": st.sampled_from([INGESTED_AT, INGESTED_AT + timedelta(days=7), None]),
        "source_file": st.sampled_from(["x.csv", "y.csv", None]),
    }
)


def opened(store: Any) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    create_lake_views(store.audit, lambda sql: connection.execute(sql).fetchall())
    return connection


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(ROW, max_size=8))
def test_a_table_holds_the_rows_the_store_calls_current(
    tmp_path_factory: pytest.TempPathFactory, rows: list[Any]
) -> None:
    store = store_of(tmp_path_factory.mktemp("audit"), {"touches": rows})
    columns = ["touch_id", "event", "source_file", "source_row"]

    current = store.engine.fetch(store.current("touches").select(columns)).to_pylist()
    with opened(store) as connection:
        seen = connection.execute(f"SELECT {', '.join(columns)} FROM touches").fetchall()

    assert sorted(map(repr, seen)) == sorted(repr(tuple(row.values())) for row in current)
    store.engine.close()


def test_a_contact_is_replaced_by_what_the_same_kind_of_export_tells_later(tmp_path: Path) -> None:
    told = [("members", 0, "old"), ("members", 7, "new"), ("orders", 8, None)]
    rows = [
        {
            "contact_id": "a",
            "source_export": export,
            "ingested_at": INGESTED_AT + timedelta(days=day),
            "full_name": name,
        }
        for export, day, name in told
    ]

    with opened(store_of(tmp_path, {"contacts": rows})) as connection:
        seen = connection.execute("SELECT source_export, full_name FROM contacts ORDER BY 1").fetchall()

    assert seen == [("members", "new"), ("orders", None)]


def test_every_lake_table_has_both_views_with_the_declared_columns_even_if_empty(tmp_path: Path) -> None:
    with opened(store_of(tmp_path, {})) as connection:
        for declared in LAKE_TABLES.values():
            for view in (declared.name, f"exported_{declared.name}"):
                described = connection.execute(f"DESCRIBE {view}").fetchall()
                assert [row[0] for row in described] == list(declared.column_names)


def test_a_column_that_older_files_lack_is_unknown_there(tmp_path: Path) -> None:
    store = store_of(tmp_path, {"touches": [{"touch_id": "t1", "event": "a"}]})
    file = write_lake_rows(store, "touches", [{"touch_id": "t2", "event": "b"}])
    with duckdb.connect() as connection:
        connection.execute(f"COPY (SELECT * EXCLUDE (event) FROM '{file}') TO '{file}.new' (FORMAT parquet)")
    Path(f"{file}.new").replace(file)

    with opened(store) as connection:
        assert connection.execute("SELECT touch_id, event FROM touches ORDER BY touch_id").fetchall() == [
            ("t1", "a"),
            ("t2", None),
        ]


def test_local_time_is_the_audits_clock(tmp_path: Path) -> None:
    with opened(store_of(tmp_path, {})) as connection:
        shown = connection.execute("SELECT local_time(TIMESTAMPTZ '2026-11-15 16:00:00+00:00')").fetchall()

    assert shown == [(datetime(2026, 11, 16),)]


def test_parameters_are_instants_of_the_audits_clock() -> None:
    values = literals(datetime(2026, 3, 8).date(), datetime(2000, 1, 1).date(), "America/New_York")

    # On 8 March 2026 New York puts its clocks forward: the day ends at 04:00 UTC, not 05:00.
    with duckdb.connect() as connection:
        ends = connection.execute(filled("SELECT epoch({as_of_end})", values)).fetchall()[0][0]
    assert ends == datetime(2026, 3, 9, 4, tzinfo=UTC).timestamp()
