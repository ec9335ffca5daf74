"""Definitions are checked when they are read, and chosen by code, table or tag."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tpaudit import checks
from tpaudit.checks.registry import choose, read_catalogue
from tpaudit.errors import ConfigFault, UsageFault

VALID = """
code: TPZ01
severity: warning
threshold: 0.01
targets: orders.paid_amount
tags: [money]
title: {en: Odd amount, zh: 金额异常}
why: {en: It misleads., zh: 会误导。}
remedy: {en: Correct it., zh: 请更正。}
fails_when: '{column} < 0'
"""


def catalogue_with(folder: Path, text: str, name: str = "orders/TPZ01.yaml") -> Path:
    file = folder / name
    file.parent.mkdir(exist_ok=True)
    file.write_text(text, encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    ("written", "instead", "told"),
    [
        ("severity: warning", "severity: grave", "severity 'grave' is none of critical, warning, info"),
        ("threshold: 0.01", "threshold: 1", "threshold 1 is not a share from 0 to below 1"),
        ("orders.paid_amount", "orders.paid_amonut", "column 'orders.paid_amonut'; did you mean 'paid_amount'?"),
        ("orders.paid_amount", "order.paid_amount", "unknown table 'order'; did you mean 'orders'?"),
        (", zh: 金额异常", "", "title has no text in 'zh'"),
        ("{column} < 0", "{column} < {as_off}", "unknown parameter {as_off}; did you mean 'as_of'?"),
        ("fails_when:", "fail_when:", "unknown field 'fail_when'; did you mean 'fails_when'?"),
        ("fails_when: '{column} < 0'", "", "exactly one of fails_when, expectation, query is needed, not 0"),
        ("code: TPZ01", "code: TPZ1", "code 'TPZ1' is not TP, a letter and two digits"),
        ("tags: [money]", "tags: [money", "TPZ01.yaml: while parsing"),
        ("tags: [money]", "tags: [money]\nunit: rows", "unit 'rows' is none of row, channel"),
        ("tags: [money]", "tags: [money]\nnote: {en: x}", "note has no text in 'zh'"),
        ("tags: [money]", "tags: [money]\nneeds: [order]", "needs unknown table 'order'; did you mean 'orders'?"),
    ],
)
def test_a_faulty_definition_is_refused_with_its_file(tmp_path: Path, written: str, instead: str, told: str) -> None:
    folder = catalogue_with(tmp_path, VALID.replace(written, instead))

    with pytest.raises(ConfigFault) as raised:
        read_catalogue(folder)

    assert told in raised.value.message
    assert "orders/TPZ01.yaml" in raised.value.message


def test_a_definition_lies_in_the_folder_of_its_first_table(tmp_path: Path) -> None:
    with pytest.raises(ConfigFault, match="the first table checked is 'orders', but the file lies in 'leads'"):
        read_catalogue(catalogue_with(tmp_path, VALID, "leads/TPZ01.yaml"))


def test_the_faults_of_all_files_are_told_at_once(tmp_path: Path) -> None:
    catalogue_with(tmp_path, VALID.replace("threshold: 0.01", "threshold: -1"))
    second = VALID.replace("TPZ01", "TPZ02").replace("severity: warning", "severity: x")
    catalogue_with(tmp_path, second, "orders/TPZ02.yaml")

    with pytest.raises(ConfigFault) as raised:
        read_catalogue(tmp_path)

    assert len(raised.value.faults) == 2


def test_shipped_checks_speak_both_languages_and_have_distinct_titles() -> None:
    shipped = checks.load()

    assert all({*text} == {"en", "zh"} for check in shipped for text in (check.title, check.why, check.remedy))
    assert all(check.example for check in shipped)
    assert len({check.title["en"] for check in shipped}) == len(shipped)
    assert len({check.title["zh"] for check in shipped}) == len(shipped)


def test_all_checks_of_the_catalogue_are_there() -> None:
    numbers = {"C": 12, "P": 8, "E": 6, "W": 4, "T": 9, "V": 7, "R": 6, "M": 5, "S": 3, "L": 6, "X": 3}
    catalogue = {f"TP{letter}{number:02d}" for letter, last in numbers.items() for number in range(1, last + 1)}

    assert {check.code for check in checks.load()} == catalogue


def test_data_files_are_dated() -> None:
    from tpaudit.checks.parameters import dated

    assert all(dated(file.stem)["as_of"] for file in (Path(checks.__file__).parent / "data").glob("*.toml"))


def test_choice_by_code_table_and_tag() -> None:
    shipped = checks.load()

    assert [check.code for check in choose(shipped, ["TPT02"], [])] == ["TPT02"]
    assert {target.table for check in choose(shipped, ["orders"], []) for target in check.targets} == {"orders"}
    assert {"TPE01", "TPE02"} <= {check.code for check in choose(shipped, ["email"], [])}
    without_orders = choose(shipped, ["TPT02"], ["orders"])
    assert "orders" not in {target.table for check in without_orders for target in check.targets}
    assert choose(shipped, [], [check.code for check in shipped]) == []


def test_an_unknown_word_is_a_usage_fault() -> None:
    with pytest.raises(UsageFault, match="'emial' is no code, table or tag of a check; did you mean 'email'"):
        choose(checks.load(), ["emial"], [])


def test_reading_the_catalogue_imports_no_engine() -> None:
    heavy = ("great_expectations", "duckdb", "ibis", "pandas", "pyarrow", "sqlalchemy", "numpy")
    program = f"import sys; from tpaudit import checks; checks.load(); print([m for m in {heavy} if m in sys.modules])"

    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"
