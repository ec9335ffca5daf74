"""The checks as expectation suites of Great Expectations, in its own JSON, to run wherever it runs.

A check stated by a built-in expectation keeps it. One stated in SQL becomes an `unexpected_rows_expectation`, which
Great Expectations runs on any SQL source that has tables named like the lake's; `regexp_like(text, pattern)` is known
to most engines, `local_time(instant)` is to be replaced by the engine's way of giving a time on the audit's clock.
"""

# ruff: noqa: S608 - names in SQL come from the model and from definitions, never from data

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from tpaudit.checks import derived
from tpaudit.checks.definition import CheckDefinition
from tpaudit.checks.history import HISTORY_TABLES
from tpaudit.checks.judging import Probe, applies, words_in, words_of
from tpaudit.checks.parameters import filled

# What only tpaudit's own runs know: earlier runs, the lake's files, texts decoded in Python.
_NOT_PORTABLE = HISTORY_TABLES | {"lake_columns", "double_decoded", "has_id_check_digit"}
_EQUALITY = re.compile(r"([a-z_]+) = '([^']*)'")


def expectation_suites(checks: Sequence[CheckDefinition], parameters: Mapping[str, str]) -> list[dict[str, Any]]:
    """One suite per table, each ready for `great_expectations.ExpectationSuite(**suite)`.

    `meta` of a suite names the checks that are left out because they need tpaudit itself.
    """
    by_table: dict[str, list[Probe]] = {}
    for check in checks:
        for target in check.targets:
            by_table.setdefault(target.table, []).append(Probe(check, target))
    return [_suite(table, probes, parameters) for table, probes in sorted(by_table.items())]


def _suite(table: str, probes: Sequence[Probe], parameters: Mapping[str, str]) -> dict[str, Any]:
    portable = [probe for probe in probes if not words_of([probe], parameters) & _NOT_PORTABLE]
    left_out = sorted({probe.check.code for probe in probes if probe not in portable})
    return {
        "name": f"tpaudit_{table}",
        "expectations": [_configuration(probe, parameters) for probe in portable],
        "meta": {"table": table, "left_out": left_out},
    }


def _configuration(probe: Probe, parameters: Mapping[str, str]) -> dict[str, Any]:
    check = probe.check
    native = _native(probe, parameters)
    type_, kwargs = native or ("unexpected_rows_expectation", {"unexpected_rows_query": _query(probe, parameters)})
    return {
        "type": type_,
        "kwargs": kwargs,
        "severity": check.severity,
        "description": check.title["en"],
        "meta": {
            "code": check.code,
            "column": probe.target.column,
            "threshold": check.threshold,
            "title": dict(check.title),
            "why": dict(check.why),
            "remedy": dict(check.remedy),
        },
    }


def _native(probe: Probe, parameters: Mapping[str, str]) -> tuple[str, dict[str, Any]] | None:
    """The built-in expectation and its arguments, if it can say which rows the check is for."""
    expectation = probe.check.expectation
    if expectation is None:
        return None
    kwargs = {
        name: filled(value, parameters) if isinstance(value, str) else value
        for name, value in expectation.kwargs.items()
    }
    if probe.target.column:
        kwargs = {"column": probe.target.column, "mostly": 1 - probe.check.threshold, **kwargs}
    if condition := probe.check.applies_when:
        column, value = _required_equality(condition, probe)
        kwargs |= {"row_condition": f'col("{column}") == "{value}"', "condition_parser": "great_expectations"}
    return expectation.type, kwargs


def _required_equality(condition: str, probe: Probe) -> tuple[str, str]:
    found = _EQUALITY.fullmatch(condition.strip())
    if found is None:
        raise ValueError(f"{probe.check.code}: a built-in expectation can apply where a column has one value only")
    return found[1], found[2]


def _query(probe: Probe, parameters: Mapping[str, str]) -> str:
    """Rows or units that fall short, or none while their share is within the threshold."""
    check, table = probe.check, probe.target.table
    if check.query:
        judged = f"SELECT * FROM ({probe.sql('query', parameters)}) AS units"
        failing = "failed"
    else:
        verdict = f"CASE WHEN {probe.sql('fails_when', parameters)} THEN TRUE ELSE FALSE END AS failed"
        judged = f"SELECT {table}.*, {verdict} FROM <batch> AS {table} WHERE {applies(probe, parameters)}"
        failing = "failed"
    needed = [(name, filled(derived.DERIVED[name].query, parameters)) for name in derived.needed(words_in(judged))]
    parts = ", ".join(f"{name} AS ({' '.join(query.split())})" for name, query in (*needed, ("judged", judged)))
    tolerated = f"{check.threshold} * (SELECT count(*) FROM judged)"
    sql = (
        f"WITH {parts} SELECT * FROM judged WHERE {failing} "
        f"AND (SELECT count(*) FROM judged WHERE {failing}) > {tolerated}"
    )
    # Elsewhere there is one row per key: nothing was exported twice.
    sql = re.sub(r"\bexported_", "", " ".join(sql.split()))
    batch = sql.replace("{", "{{").replace("}", "}}").replace("<batch>", "{batch}")
    return batch if "{batch}" in batch else re.sub(rf"\bFROM {table}\b", "FROM {batch}", batch, count=1)
