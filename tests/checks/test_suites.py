"""The checks leave the house as suites that Great Expectations reads and runs by itself."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from tests.checks.case import store_of
from tpaudit import checks
from tpaudit.audit import Audit, load_config
from tpaudit.checks.views import SQL_TYPES
from tpaudit.model import LAKE_TABLES

pytestmark = pytest.mark.xdist_group("great expectations")


@pytest.fixture(scope="module")
def suites(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("audit")
    (folder / "tpaudit.toml").write_text("[audit]\nas_of = 2026-11-16\n", encoding="utf-8")
    written = json.dumps(checks.expectation_suites(Audit(folder, load_config(folder, {}))))
    return {suite["meta"]["table"]: suite for suite in json.loads(written)}


def test_every_check_is_in_a_suite_or_said_to_be_left_out(suites: dict[str, Any]) -> None:
    told = {expectation["meta"]["code"] for suite in suites.values() for expectation in suite["expectations"]}
    left_out = {code for suite in suites.values() for code in suite["meta"]["left_out"]}

    assert told | left_out == {check.code for check in checks.load()}
    assert left_out == {"TPC07", "TPC11", "TPV01", "TPV02", "TPV06", "TPV07", "TPX02", "TPX03"}


def test_great_expectations_reads_every_suite(suites: dict[str, Any]) -> None:
    import great_expectations as gx

    for suite in suites.values():
        assert len(gx.ExpectationSuite(**suite).expectations) == len(suite["expectations"])


def test_built_in_expectations_run_on_pandas_without_tpaudit(suites: dict[str, Any], tmp_path: Path) -> None:
    frame = pd.DataFrame({"metric": ["nps", "nps", "csat", "nps"], "score": [10.0, 11.0, 11.0, None]})
    frame.to_pickle(tmp_path / "surveys.pickle")
    native = [one for one in suites["surveys"]["expectations"] if one["meta"]["code"] == "TPS01"]
    (tmp_path / "suite.json").write_text(json.dumps({**suites["surveys"], "expectations": native}), encoding="utf-8")
    program = f"""
import json, sys, pandas as pd, great_expectations as gx
context = gx.get_context(mode="ephemeral")
suite = gx.ExpectationSuite(**json.load(open({str(tmp_path / "suite.json")!r})))
asset = context.data_sources.add_pandas("p").add_dataframe_asset("a")
batch = asset.add_batch_definition_whole_dataframe("b").get_batch({{"dataframe": pd.read_pickle({str(tmp_path / "surveys.pickle")!r})}})
result = batch.validate(suite).results[0]
print(json.dumps([result.success, result.result["unexpected_count"], "tpaudit" in sys.modules]))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert json.loads(done.stdout.splitlines()[-1]) == [False, 1, False]


def test_sql_expectations_find_the_rows_the_checks_find(suites: dict[str, Any], tmp_path: Path) -> None:
    """The suite of orders, run on tables of its own by DuckDB, agrees with the checks on which of them fall short."""
    import duckdb

    rows = [
        {"order_id": "o1", "paid_amount": 10, "refunded_amount": 12, "total_amount": 10, "currency": "CNY"},
        {"order_id": "o2", "paid_amount": 10, "refunded_amount": 1, "total_amount": 10, "currency": "CNY"},
        {"order_id": " o3", "paid_amount": 7900, "total_amount": 79, "contact_id": "z", "currency": "CNY"},
    ]
    store = store_of(tmp_path, {"orders": rows, "contacts": [{"contact_id": "a"}]})
    found = checks.validate(store).findings
    judged = {
        (one.code, one.column): one.status
        for one in found
        if one.table == "orders" and one.status in ("passed", "failed")
    }

    with duckdb.connect() as connection:
        connection.execute("CREATE MACRO regexp_like(txt, pattern) AS regexp_matches(txt, pattern)")
        connection.execute("CREATE MACRO local_time(instant) AS timezone('Asia/Shanghai', instant)")
        for table in LAKE_TABLES.values():
            columns = ", ".join(f'"{column.name}" {SQL_TYPES[column.type]}' for column in table)
            connection.execute(f"CREATE TABLE {table.name} ({columns})")
            for file in store.audit.lake_files(table.name):
                connection.execute(f"INSERT INTO {table.name} BY NAME FROM '{file}'")
        for expectation in suites["orders"]["expectations"]:
            where = (expectation["meta"]["code"], expectation["meta"]["column"])
            query = expectation["kwargs"].get("unexpected_rows_query")
            if query and where in judged:
                failing = connection.execute(f"SELECT count(*) FROM ({query.format(batch='orders')})").fetchall()[0][0]
                assert bool(failing) == (judged[where] == "failed"), where
