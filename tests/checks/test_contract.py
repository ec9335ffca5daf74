"""What is relied on in Great Expectations: a release that changes it shows here first."""

from __future__ import annotations

import logging
import subprocess
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy
from sqlalchemy import event

from tests.lake import make_store, write_lake_rows

pytestmark = pytest.mark.xdist_group("great expectations")


@pytest.fixture
def session() -> Iterator[object]:
    from tpaudit.checks.session import LakeSession

    opened = LakeSession({"threads": 1})
    opened.execute("CREATE VIEW seen AS SELECT * FROM (VALUES ('a1', 1, TRUE), ('b2', 2, FALSE), (NULL, 30, NULL)) "
                   "AS rows (text, number, verdict)")  # fmt: skip
    yield opened
    opened.close()


def test_our_engine_runs_the_data_source(session) -> None:  # type: ignore[no-untyped-def]
    from tpaudit.checks.execution import DuckDBExecutionEngine

    assert isinstance(session._source.get_execution_engine(), DuckDBExecutionEngine)
    assert session._source.get_execution_engine() is session._source.get_execution_engine()


def test_built_in_expectations_count_known_and_failing_values(session) -> None:  # type: ignore[no-untyped-def]
    from tpaudit.checks.session import Counts

    counted = session.judge_columns(
        "seen",
        [
            ("text", "expect_column_values_to_match_regex", {"regex": "^a"}),
            ("number", "expect_column_values_to_be_between", {"min_value": 1, "max_value": 2}),
            ("verdict", "expect_column_values_to_be_in_set", {"value_set": [True]}),
        ],
    )

    assert counted == {"text": Counts(2, 1), "number": Counts(3, 1), "verdict": Counts(2, 1)}


def test_negated_regular_expressions_work_too(session) -> None:  # type: ignore[no-untyped-def]
    from tpaudit.checks.session import Counts

    assert session.judge_columns("seen", [("text", "expect_column_values_to_not_match_regex", {"regex": "^a"})]) == {
        "text": Counts(2, 1)
    }


def test_all_expectations_of_a_view_share_one_query_over_its_values(session) -> None:  # type: ignore[no-untyped-def]
    statements: list[str] = []

    def remember(*arguments: object) -> None:
        statements.append(str(arguments[2]))

    event.listen(sqlalchemy.Engine, "before_cursor_execute", remember)
    try:
        session.judge_columns(
            "seen",
            [
                ("text", "expect_column_values_to_match_regex", {"regex": "^a"}),
                ("number", "expect_column_values_to_be_between", {"min_value": 1, "max_value": 2}),
            ],
        )
    finally:
        event.remove(sqlalchemy.Engine, "before_cursor_execute", remember)

    assert len([text for text in statements if "sum(CASE" in text]) == 1
    assert not [text for text in statements if text.lower().startswith("select text") or "LIMIT" in text]


def test_queries_are_counted_by_place_and_a_broken_one_stays_alone(session) -> None:  # type: ignore[no-untyped-def]
    from tpaudit.checks.session import Counts

    counted = session.judge_queries(
        "seen",
        {
            "numbers": "SELECT text AS place, number > 1 AS failed FROM seen",
            "broken": "SELECT nothing AS place, TRUE AS failed FROM seen",
            "none": "SELECT text AS place, TRUE AS failed FROM seen WHERE FALSE",
        },
    )

    numbers = counted["numbers"]
    assert (numbers.checked, numbers.failed, sorted(numbers.places, key=str)) == (3, 2, [("b2", 1), (None, 1)])
    assert "nothing" in counted["broken"]
    assert counted["none"] == Counts(0, 0)


def test_expectations_on_a_whole_table_count_its_rows_or_themselves(session) -> None:  # type: ignore[no-untyped-def]
    from tpaudit.checks.session import Counts

    assert session.judge_view("seen", "expect_table_row_count_to_be_between", {"min_value": 4}) == Counts(1, 1)
    assert session.judge_view(
        "seen", "expect_column_max_to_be_between", {"column": "number", "max_value": 30}
    ) == Counts(1, 0)
    assert session.judge_view("seen", "expect_column_values_to_be_unique", {"column": "text"}) == Counts(2, 0)


@pytest.mark.parametrize(
    ("type_", "kwargs", "failing"),
    [
        ("expect_column_values_to_match_regex", {"regex": "^a"}, ["b2"]),
        ("expect_column_values_to_not_be_in_set", {"value_set": ["a1", "it's"]}, ["a1"]),
        ("expect_column_value_lengths_to_be_between", {"max_value": 1}, ["a1", "b2"]),
    ],
)
def test_the_condition_of_an_expectation_can_be_had_as_sql(session, type_, kwargs, failing) -> None:  # type: ignore[no-untyped-def]
    condition = session.failing_condition("seen", "text", type_, kwargs)

    assert [row[0] for row in session.execute(f"SELECT text FROM seen WHERE {condition} ORDER BY text")] == failing


def test_a_missing_column_is_a_complaint_and_not_an_exception(session) -> None:  # type: ignore[no-untyped-def]
    counted = session.judge_columns("seen", [("nothing", "expect_column_values_to_be_in_set", {"value_set": [True]})])

    assert isinstance(counted["nothing"], str)
    assert "nothing" in counted["nothing"]


def test_an_expectation_that_judges_the_whole_column_is_refused() -> None:
    from tpaudit.checks.expectations import counting

    with pytest.raises(ValueError, match="does not judge row by row"):
        counting("expect_column_mean_to_be_between")


def test_logging_and_warnings_are_as_before_afterwards(session) -> None:  # type: ignore[no-untyped-def]
    logger = logging.getLogger("great_expectations")
    before = (logger.level, list(logger.handlers), list(warnings.filters))

    session.judge_columns("seen", [("nothing", "expect_column_values_to_be_in_set", {"value_set": [True]})])

    assert (logger.level, list(logger.handlers), list(warnings.filters)) == before


def test_checks_import_neither_plotting_nor_distributions_nor_the_engine_of_the_other_stages(tmp_path: Path) -> None:
    write_lake_rows(make_store(tmp_path), "touches", [{"touch_id": "one"}])
    program = f"""
import sys
from pathlib import Path
from tpaudit import checks
from tpaudit.audit import Audit, load_config
from tpaudit.engine import EngineSettings
from tpaudit.store import Store
folder = Path({str(tmp_path)!r})
store = Store(Audit(folder, load_config(folder, {{}})), EngineSettings())
assert checks.validate(store).findings
store.close()
from great_expectations.expectations.core import expect_column_kl_divergence_to_be_less_than as uses_them
print(*(name in sys.modules for name in ("altair", "scipy.stats", "ibis")), type(uses_them.alt), type(uses_them.stats))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    stand_in = "<class 'tpaudit.checks.deferred._Deferred'>"
    assert done.stdout.strip() == f"False False False {stand_in} {stand_in}"


def test_what_was_spared_is_imported_when_it_is_first_used() -> None:
    from tpaudit.checks.deferred import deferring

    sys.modules.pop("colorsys", None)
    with deferring("colorsys"):
        import colorsys as stand_in

    assert "colorsys" not in sys.modules
    assert stand_in.rgb_to_hsv(1, 0, 0) == (0, 1, 1)
    assert sys.modules["colorsys"].rgb_to_hsv is stand_in.rgb_to_hsv
