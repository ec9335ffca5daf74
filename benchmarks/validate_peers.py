"""The same forty rules in each tool: `python benchmarks/validate_peers.py TOOL FOLDER`, a process of its own.

Needs nothing of tpaudit, so that tools which cannot be installed beside it run in an environment of their own. Prints
the number of failing rows per rule as JSON.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

MOJIBAKE = "锟斤拷|烫烫烫|屯屯屯|\ufffd"
CARD = "(^|[^0-9])(62[0-9]{14})([^0-9]|$)"
MOBILE = "(^|[^0-9])1[3-9][0-9]{9}([^0-9]|$)"
JUNK = ["测试", "test", "无", "未知", "匿名", "null"]
MISSPELT = ["a@gamil.com", "a@gmial.com", "a@qq.con"]

# Name -> table, column, kind, argument. NULL is judged by `known` alone.
RULES: dict[str, tuple[str, str, str, Any]] = {
    "R01": ("touches", "touch_id", "known", None),
    "R02": ("touches", "occurred_at", "known", None),
    "R03": ("touches", "occurred_at", "before", "2026-11-17 00:00:00"),
    "R04": ("touches", "occurred_at", "from", "2000-01-01 00:00:00"),
    "R05": ("touches", "channel", "in", ["web", "mini_program", "sms", "phone", "chat"]),
    "R06": ("touches", "source", "in", ["baidu", "douyin", "direct"]),
    "R07": ("touches", "text", "without", MOJIBAKE),
    "R08": ("touches", "text", "without", CARD),
    "R09": ("touches", "text", "without", MOBILE),
    "R10": ("touches", "user_id", "matching", "^user[0-9]+$"),
    "R11": ("touches", "page_url", "matching", "^/page/[0-9]+$"),
    "R12": ("touches", "medium", "in", ["cpc", "organic", "social"]),
    "R13": ("contacts", "contact_id", "known", None),
    "R14": ("contacts", "full_name", "not in", JUNK),
    "R15": ("contacts", "full_name", "without", MOJIBAKE),
    "R16": ("contacts", "address", "matching", "^.{4,}$"),
    "R17": ("contacts", "nickname", "without", MOJIBAKE),
    "R18": ("contact_points", "value", "without", "[０-９Ａ-Ｚａ-ｚ＠]"),
    "R19": ("contact_points", "value", "without", r"\*"),
    "R20": ("contact_points", "value_norm", "not in", MISSPELT),
    "R21": ("touches", "touch_id", "unique", None),
    "R22": ("touches", "touch_id", "matching", "^[0-9a-f]{32}$"),
    "R23": ("touches", "contact_id", "matching", "^contact[0-9]+$"),
    "R24": ("touches", "user_id", "without", "[\u200b\ufeff\u3000 ]"),
    "R25": ("touches", "event", "matching", "^View[0-9]+$"),
    "R26": ("touches", "campaign", "matching", "^campaign[0-9]+$"),
    "R27": ("touches", "campaign_id", "matching", "^c[0-9]+$"),
    "R28": ("touches", "direction", "in", ["inbound", "outbound"]),
    "R29": ("touches", "content_type", "in", ["promo", "care"]),
    "R30": ("touches", "occurred_at", "from", "1980-01-01 00:00:00"),
    "R31": ("touches", "page_url", "without", " "),
    "R32": ("touches", "text", "without", "Ã|â€"),
    "R33": ("contacts", "user_id", "unique", None),
    "R34": ("contacts", "full_name", "without", "^[0-9]+$"),
    "R35": ("contacts", "nickname", "without", "^(test|qa|demo)"),
    "R36": ("contacts", "address", "not in", ["我家", "同上", "不详"]),
    "R37": ("contact_points", "value_norm", "without", "@(example|test)"),
    "R38": ("contact_points", "value_norm", "without", "[.](con|cmo)$"),
    "R39": ("contact_points", "value", "without", "0{8}|1{8}|2{8}|8{8}|12345678"),
    "R40": ("contact_points", "type", "in", ["phone", "email"]),
}  # fmt: skip
TABLES = ("touches", "contacts", "contact_points")


def files_of(folder: Path, table: str) -> list[str]:
    return [str(file) for file in sorted((folder / "lake" / table).glob("*.parquet"))]


def columns_of(table: str) -> list[str]:
    return sorted({column for name, column, _, _ in RULES.values() if name == table})


def of_table(table: str) -> dict[str, tuple[str, str, Any]]:
    return {name: rule[1:] for name, rule in RULES.items() if rule[0] == table}


def pandas_frame(folder: Path, table: str) -> Any:
    import pandas as pd

    frame = pd.concat([pd.read_parquet(file, columns=columns_of(table)) for file in files_of(folder, table)])
    return frame.reset_index(drop=True)


def great_expectations(folder: Path) -> dict[str, int]:
    """As its documentation shows: a pandas batch and a suite per table."""
    import great_expectations as gx
    import pandas as pd
    from great_expectations.data_context.types.base import ProgressBarsConfig

    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    made: dict[str, Callable[[str, Any], Any]] = {
        "known": lambda column, _: gx.expectations.ExpectColumnValuesToNotBeNull(column=column),
        "before": lambda column, at: gx.expectations.ExpectColumnValuesToBeBetween(
            column=column, max_value=pd.Timestamp(at, tz="UTC"), strict_max=True
        ),
        "from": lambda column, at: gx.expectations.ExpectColumnValuesToBeBetween(
            column=column, min_value=pd.Timestamp(at, tz="UTC")
        ),
        "in": lambda column, values: gx.expectations.ExpectColumnValuesToBeInSet(column=column, value_set=values),
        "not in": lambda column, values: gx.expectations.ExpectColumnValuesToNotBeInSet(
            column=column, value_set=values
        ),
        "unique": lambda column, _: gx.expectations.ExpectColumnValuesToBeUnique(column=column),
        "matching": lambda column, regex: gx.expectations.ExpectColumnValuesToMatchRegex(column=column, regex=regex),
        "without": lambda column, regex: gx.expectations.ExpectColumnValuesToNotMatchRegex(column=column, regex=regex),
    }
    source = context.data_sources.add_pandas("frames")
    failing = {}
    for table in TABLES:
        rules = of_table(table)
        definition = source.add_dataframe_asset(table).add_batch_definition_whole_dataframe("all")
        batch = definition.get_batch({"dataframe": pandas_frame(folder, table)})
        suite = gx.ExpectationSuite(name=table)
        for name, (column, kind, arg) in rules.items():
            expectation = made[kind](column, arg)
            expectation.meta = {"rule": name}
            suite.add_expectation(expectation)
        # Results come in an order of their own.
        for result in batch.validate(suite, result_format="BASIC").results:
            failing[result.expectation_config.meta["rule"]] = int(result.result["unexpected_count"])
    return failing


def pandera(folder: Path) -> dict[str, int]:
    """Lazy validation of a pandas frame: all failures are gathered."""
    import pandas as pd
    import pandera.pandas as pa

    def at(text: str) -> Any:
        return pd.Timestamp(text, tz="UTC")

    made: dict[str, Callable[[str, Any], Any]] = {
        "before": lambda name, arg: pa.Check.lt(at(arg), error=name),
        "from": lambda name, arg: pa.Check.ge(at(arg), error=name),
        "in": lambda name, arg: pa.Check.isin(arg, error=name),
        "not in": lambda name, arg: pa.Check.notin(arg, error=name),
        "matching": lambda name, arg: pa.Check.str_matches(arg, error=name),
        "without": lambda name, arg: pa.Check(lambda texts: ~texts.str.contains(arg, regex=True), error=name),
    }
    failing = dict.fromkeys(RULES, 0)
    for table in TABLES:
        rules = of_table(table)
        columns = {}
        for column in columns_of(table):
            checks = [made[kind](name, arg) for name, (of, kind, arg) in rules.items() if of == column and kind in made]
            kinds = {kind for of, kind, _ in rules.values() if of == column}
            columns[column] = pa.Column(checks=checks, nullable="known" not in kinds, unique="unique" in kinds)
        try:
            pa.DataFrameSchema(columns).validate(pandas_frame(folder, table), lazy=True)
        except pa.errors.SchemaErrors as found:
            for name, rows in found.failure_cases.groupby("check")["index"].nunique().items():
                failing[str(name)] = int(rows)
    return failing


def pointblank(folder: Path) -> dict[str, int]:
    """On polars frames, its fastest. It counts a NULL as failing where a value is to be in or out of a set."""
    import pointblank as pb
    import polars as pl

    failing = {}
    for table in TABLES:
        rules = of_table(table)
        frame = pl.read_parquet(files_of(folder, table), columns=columns_of(table))
        plan = pb.Validate(data=frame)
        for column, kind, arg in rules.values():
            if kind in ("before", "from"):
                at = pl.Series([arg]).str.to_datetime(time_unit="us", time_zone="UTC")[0]
                judge = plan.col_vals_lt if kind == "before" else plan.col_vals_ge
                plan = judge(columns=column, value=at, na_pass=True)
            elif kind == "unique":
                plan = plan.rows_distinct(columns_subset=column)
            elif kind == "known":
                plan = plan.col_vals_not_null(columns=column)
            elif kind in ("in", "not in"):
                judge = plan.col_vals_in_set if kind == "in" else plan.col_vals_not_in_set
                plan = judge(columns=column, set=arg)
            elif kind == "matching":
                plan = plan.col_vals_regex(columns=column, pattern=arg, na_pass=True)
            else:
                plan = plan.col_vals_regex(columns=column, pattern=arg, na_pass=True, inverse=True)
        counts = plan.interrogate(collect_extracts=False, get_first_n=1).n_failed()
        failing |= {name: int(counts[number]) for number, name in enumerate(rules, start=1)}
    return failing


def soda(folder: Path) -> dict[str, int]:
    """SodaCL on DuckDB views of the files."""
    import duckdb
    from soda.scan import Scan

    condition: dict[str, Callable[[str, Any], str]] = {
        "known": lambda column, _: f"{column} IS NULL",
        "before": lambda column, at: f"{column} >= TIMESTAMPTZ '{at}+00'",
        "from": lambda column, at: f"{column} < TIMESTAMPTZ '{at}+00'",
        "in": lambda column, values: f"{column} NOT IN ({', '.join(map(repr, values))})",
        "not in": lambda column, values: f"{column} IN ({', '.join(map(repr, values))})",
        "matching": lambda column, regex: f"NOT regexp_matches({column}, '{regex}')",
        "without": lambda column, regex: f"regexp_matches({column}, '{regex}')",
    }
    connection = duckdb.connect()
    checks = []
    for table in TABLES:
        connection.execute(f"CREATE VIEW {table} AS FROM read_parquet({files_of(folder, table)})")
        checks.append(f"checks for {table}:")
        for name, (column, kind, arg) in of_table(table).items():
            if kind == "unique":
                checks += [f"  - duplicate_count({column}) = 0:", f"      name: {name}", "      samples limit: 0"]
                continue
            expression = f"count(CASE WHEN {condition[kind](column, arg)} THEN 1 END)"
            checks += [f"  - {name} = 0:", f"      {name} expression: {json.dumps(expression, ensure_ascii=False)}"]
    scan = Scan()
    scan.set_verbose(False)
    scan.disable_telemetry()
    scan.add_duckdb_connection(connection)
    scan.set_data_source_name("duckdb")
    scan.add_sodacl_yaml_str("\n".join(checks))
    scan.execute()
    results = scan.get_scan_results()["checks"]
    return {check["name"].split()[0]: int(check["diagnostics"]["value"]) for check in results}


TOOLS: dict[str, Callable[[Path], dict[str, int]]] = {
    "great_expectations": great_expectations, "pandera": pandera, "pointblank": pointblank, "soda": soda,
}  # fmt: skip

if __name__ == "__main__":
    print(json.dumps(TOOLS[sys.argv[1]](Path(sys.argv[2]))))
