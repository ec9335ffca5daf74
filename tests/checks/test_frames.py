"""A pandas frame is judged as the same rows in a lake are, NULLs included."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.checks.case import SETTINGS, store_of
from tpaudit import checks
from tpaudit.errors import InputFault, UsageFault

pytestmark = pytest.mark.xdist_group("great expectations")

CONTACTS: list[dict[str, Any]] = [
    {"contact_id": "a", "full_name": "测试", "birthdate": date(1900, 1, 1), "address": "静安区桂花路1号"},
    {"contact_id": "b", "full_name": "张伟", "birthdate": None, "address": "无"},
    {"contact_id": None, "full_name": None, "birthdate": date(1990, 5, 1), "address": None},
]
POINTS: list[dict[str, Any]] = [
    {"contact_id": "a", "type": "phone", "value": "139****5670", "is_masked": True},
    {"contact_id": "b", "type": "email", "value": "a@a.com", "value_norm": "a@a.com"},
    {"contact_id": "c", "type": "wechat_unionid", "value": "x", "value_norm": "short"},
]


@pytest.mark.parametrize(("table", "rows"), [("contacts", CONTACTS), ("contact_points", POINTS)])
def test_a_frame_and_a_lake_give_the_same_counts(tmp_path: Path, table: str, rows: list[dict[str, Any]]) -> None:
    store = store_of(tmp_path, {table: rows}, SETTINGS)
    codes = sorted({check.code for check in checks.load() if table in check.tables} - {"TPX02", "TPV01", "TPC11"})

    on_lake = checks.validate(store, select=codes).findings
    on_frame = checks.validate_frame(pd.DataFrame(rows), table).findings

    expected = {(f.code, f.column): (f.status, f.checked, f.failed) for f in on_lake if f.table == table}
    counted = {
        (f.code, f.column): (f.status, f.checked, f.failed) for f in on_frame if f.code in codes and f.table == table
    }
    assert counted == expected
    assert any(failed for _, _, failed in counted.values())


VALUES = st.sampled_from(["x", "y", None])


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(st.tuples(VALUES, VALUES), min_size=1, max_size=7))
def test_null_equals_null_in_keys_of_several_columns_on_both_engines(rows: list[tuple[str | None, str | None]]) -> None:
    import great_expectations as gx

    from tpaudit.checks.session import LakeSession, quiet_context

    keys = {"column_list": ["first", "second"], "ignore_row_if": "never"}
    twins = sum(rows.count(row) > 1 for row in rows)

    session = LakeSession({"threads": 1})
    written = ", ".join("(" + ", ".join("NULL" if v is None else f"'{v}'" for v in row) + ")" for row in rows)
    session.execute(
        "CREATE VIEW keyed AS SELECT CAST(first AS VARCHAR) AS first, CAST(second AS VARCHAR) AS second "
        f"FROM (VALUES {written}) AS rows (first, second)"
    )
    on_duckdb = session.judge_view("keyed", "expect_compound_columns_to_be_unique", keys)
    session.close()
    asset = quiet_context().data_sources.add_pandas("frames").add_dataframe_asset("frame")
    batch = asset.add_batch_definition_whole_dataframe("all").get_batch(
        {"dataframe": pd.DataFrame(rows, columns=["first", "second"], dtype=object)}
    )
    on_pandas = batch.validate(gx.expectations.ExpectCompoundColumnsToBeUnique(**keys)).result

    assert on_duckdb.failed == on_pandas["unexpected_count"] == twins
    assert on_duckdb.checked == on_pandas["element_count"] == len(rows)


def test_an_unknown_table_or_a_frame_of_strange_columns_is_a_fault() -> None:
    with pytest.raises(UsageFault, match="there is no table 'order'; did you mean 'orders'"):
        checks.validate_frame(pd.DataFrame({"order_id": ["a"]}), "order")
    with pytest.raises(InputFault, match="none of the columns of orders"):
        checks.validate_frame(pd.DataFrame({"Bestellung": ["a"]}), "orders")


def test_checks_of_a_frame_are_chosen_by_code_or_tag() -> None:
    frame = pd.DataFrame({"order_id": ["a", None], "paid_amount": [-1.0, 2.0]})

    found = checks.validate_frame(frame, "orders", select=["TPM01"]).findings

    assert {one.code for one in found} == {"TPM01"}
    assert next((one.checked, one.failed) for one in found if one.column == "paid_amount") == (2, 1)
