"""Great Expectations on DuckDB: an execution engine, the metrics it lacks there, and expectations that only count.

Importing this module imports Great Expectations (about 2 CPU seconds); `validate` does so when it has work to do.
What is relied on is held by tests/checks/test_contract.py.
"""

# Great Expectations comes without types that mypy may follow, and its hooks are base classes and decorators.
# mypy: disallow-subclassing-any=False, disallow-untyped-decorators=False

from __future__ import annotations

import contextlib
import functools
import itertools
import logging
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from tpaudit.checks.deferred import deferring

with warnings.catch_warnings():
    # Great Expectations and SQLAlchemy warn of their own deprecations while they are imported.
    warnings.simplefilter("ignore")
    with deferring("altair", "scipy.stats"):
        import duckdb_engine
        import great_expectations as gx
        import sqlalchemy as sa
        from great_expectations.compatibility import pydantic
        from great_expectations.data_context.data_context.context_factory import set_context
        from great_expectations.data_context.types.base import (
            DataContextConfig,
            InMemoryStoreBackendDefaults,
            ProgressBarsConfig,
        )
        from great_expectations.datasource.fluent import SQLDatasource
        from great_expectations.datasource.fluent.sql_datasource import QueryAsset, TableAsset
        from great_expectations.execution_engine import SqlAlchemyExecutionEngine
        from great_expectations.expectations.metrics import ColumnMapMetricProvider
        from great_expectations.expectations.metrics.map_metric_provider import column_condition_partial
        from great_expectations.expectations.metrics.metric_provider import metric_value
        from great_expectations.expectations.metrics.table_metric_provider import TableMetricProvider
        from great_expectations.expectations.registry import get_expectation_impl
        from great_expectations.validator.metric_configuration import MetricConfiguration

# The namespace of a module whose functions outlive it is never cleared at exit, and DuckDB then reports its types as
# leaked on stderr. SQLAlchemy keeps functions of the dialect; the reference keeps the module until its turn comes.
duckdb_engine.__itself__ = duckdb_engine

_database_numbers = itertools.count()


class DuckDBExecutionEngine(SqlAlchemyExecutionEngine):
    """Keeps one connection open: a DuckDB cursor is empty once its connection is closed."""

    _connection: Any

    @contextlib.contextmanager
    def get_connection(self) -> Iterator[Any]:
        """The one connection; after a fault it is ready for the next statement."""
        if self._connection is None:
            self._connection = self.engine.connect()
        try:
            yield self._connection
        except Exception:
            self._connection.rollback()
            raise

    def get_inspector(self) -> ViewInspector:
        """What tells the columns of a view."""
        return ViewInspector(self)

    def close(self) -> None:
        """Close the connection and its engine."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        super().close()


class ViewInspector:
    """Tells the columns of a view by DESCRIBE.

    SQLAlchemy's own inspector asks the PostgreSQL catalogue that DuckDB imitates: slowly, and in a cache that holds the
    database, and with it DuckDB's types, until after exit.
    """

    _TYPES: ClassVar[Mapping[str, Any]] = {
        "BOOLEAN": sa.Boolean, "VARCHAR": sa.String, "BIGINT": sa.BigInteger, "DOUBLE": sa.Float, "DATE": sa.Date,
        "TIMESTAMP WITH TIME ZONE": sa.TIMESTAMP,
    }  # fmt: skip

    def __init__(self, engine: DuckDBExecutionEngine) -> None:
        self._engine = engine
        self.dialect = engine.engine.dialect

    def get_columns(self, table_name: str, schema: str | None = None) -> list[dict[str, Any]]:
        """Name and type of each column; a type no check judges is left open."""
        with self._engine.get_connection() as connection:
            described = connection.exec_driver_sql(f'DESCRIBE "{table_name}"').fetchall()
        return [{"name": row[0], "type": self._type(row[1]), "nullable": True, "default": None} for row in described]

    def get_pk_constraint(self, table_name: str, schema: str | None = None) -> dict[str, Any]:
        """A view has no primary key."""
        return {"constrained_columns": [], "name": None}

    def _type(self, name: str) -> Any:
        return sa.Numeric() if name.startswith("DECIMAL") else self._TYPES.get(name, sa.types.NullType)()


class ColumnValuesMatchRegex(ColumnMapMetricProvider):
    """Regular expressions on DuckDB, which Great Expectations does not know; registered for this engine only."""

    condition_metric_name = "column_values.match_regex"
    condition_value_keys = ("regex",)

    @column_condition_partial(engine=DuckDBExecutionEngine)
    def _duckdb(cls, column: Any, regex: str, **kwargs: Any) -> Any:  # noqa: N805 - called on the class
        return sa.func.regexp_matches(column, sa.literal(regex))


class ColumnValuesNotMatchRegex(ColumnMapMetricProvider):
    """The opposite of `ColumnValuesMatchRegex`."""

    condition_metric_name = "column_values.not_match_regex"
    condition_value_keys = ("regex",)

    @column_condition_partial(engine=DuckDBExecutionEngine)
    def _duckdb(cls, column: Any, regex: str, **kwargs: Any) -> Any:  # noqa: N805 - called on the class
        return sa.not_(sa.func.regexp_matches(column, sa.literal(regex)))


class TableRowCount(TableMetricProvider):
    """Not counted: every metric on a column asks for the number of rows, and none of those used here reads it."""

    metric_name = "table.row_count"

    @metric_value(engine=DuckDBExecutionEngine)
    def _duckdb(cls, **kwargs: Any) -> None:  # noqa: N805 - called on the class
        return None

    @classmethod
    def _get_evaluation_dependencies(cls, *arguments: Any, **named: Any) -> dict[str, Any]:
        return {}


class JudgingView(TableAsset):
    """A view that was bound when it was created: testing it again would cost a pass over the lake."""

    def test_connection(self) -> None:
        """Nothing to test."""


class LakeDatasource(SQLDatasource):
    """DuckDB as a data source whose engine is ours."""

    type: Literal["lake"] = "lake"
    execution_engine_override: ClassVar[Any] = DuckDBExecutionEngine
    asset_types: ClassVar[list[Any]] = [JudgingView, QueryAsset]
    _TableAsset: Any = pydantic.PrivateAttr(JudgingView)


class _CountsOnly:
    """Mixed into a column-map expectation: two counts, in the one query that all expectations of a view share.

    Great Expectations would also count the view's rows and fetch values that fell short: a query of its own each, and
    values may be personal.
    """

    map_metric: str

    def get_validation_dependencies(self, *arguments: Any, **named: Any) -> Any:
        """The metrics needed: values that are known, and those of them that fell short."""
        dependencies = super().get_validation_dependencies(*arguments, **named)  # type: ignore[misc]
        failed = dependencies.metric_configurations[f"{self.map_metric}.unexpected_count"]
        known = MetricConfiguration(_KNOWN_VALUES, metric_domain_kwargs=failed.metric_domain_kwargs)
        dependencies.metric_configurations = {_KNOWN_VALUES: known, failed.metric_name: failed}
        return dependencies

    def _validate(self, metrics: Mapping[str, Any], *arguments: Any, **named: Any) -> dict[str, Any]:
        # A sum over no rows is NULL.
        checked = metrics[_KNOWN_VALUES] or 0
        failed = metrics[f"{self.map_metric}.unexpected_count"] or 0
        return {"success": failed == 0, "result": {"element_count": checked, "unexpected_count": failed}}


# What is unexpected to a column that should be null: the values that are known.
_KNOWN_VALUES = "column_values.null.unexpected_count"


@dataclass(frozen=True, slots=True)
class Counts:
    """Rows an expectation was applied to, and those of them that fell short."""

    checked: int
    failed: int


class LakeSession:
    """A DuckDB database in memory that holds views only, and Great Expectations looking at it."""

    def __init__(self, options: Mapping[str, Any]) -> None:
        """Open the database with DuckDB *options*; close it by `close`."""
        name = f":memory:checks_{next(_database_numbers)}"
        context = gx.get_context(mode="ephemeral", project_config=_quiet_project())
        add_lake: Any = context.data_sources.add_lake
        self._source = add_lake(
            "lake", connection_string=f"duckdb:///{name}", kwargs={"connect_args": {"config": dict(options)}}
        )
        self._engine: Any = self._source.get_execution_engine()

    def execute(self, sql: str) -> Sequence[Sequence[Any]]:
        """Run one statement and return its rows."""
        with self._engine.get_connection() as connection:
            rows: Sequence[Sequence[Any]] = connection.exec_driver_sql(sql).fetchall()
            connection.commit()
        return rows

    def count(self, view: str, expectations: Iterable[tuple[str, str, Mapping[str, Any]]]) -> dict[str, Counts | str]:
        """Counts, or the engine's complaint, per column of *view*.

        *expectations* holds column, expectation type and arguments; all run as one suite, in one query.
        """
        asset = self._source.add_table_asset(view, table_name=view)
        try:
            batch = asset.add_batch_definition_whole_table("all rows").get_batch()
            judges = [counting(type_)(column=column, **kwargs) for column, type_, kwargs in expectations]
            suite = gx.ExpectationSuite(name=view, expectations=judges)
            with _silent():
                results = batch.validate(suite, result_format="BASIC").results
        finally:
            self._source.delete_asset(view)
        return {result.expectation_config.kwargs["column"]: _counted(result) for result in results}

    def close(self) -> None:
        """Close every connection; the database is gone with the last of them."""
        self._engine.close()
        self._source.get_engine().dispose()
        # The current context outlives everything; DuckDB types within it would be reported as leaked at exit.
        set_context(None)


def _quiet_project() -> DataContextConfig:
    """Settings of a Great Expectations project that keeps to itself: no analytics, no progress bars, no files."""
    return DataContextConfig(
        store_backend_defaults=InMemoryStoreBackendDefaults(init_temp_docs_sites=False),
        analytics_enabled=False,
        progress_bars=ProgressBarsConfig(globally=False),
    )


@functools.cache
def counting(type_: str) -> Any:
    """The expectation class registered as *type_*, made to count only.

    Raises ValueError if there is none, or if it does not judge row by row.
    """
    base = get_expectation_impl(type_)
    if not getattr(base, "map_metric", None):
        raise ValueError(f"{type_} does not judge row by row")
    return type(f"Counting{base.__name__}", (_CountsOnly, base), {"__module__": __name__})


def _counted(result: Any) -> Counts | str:
    counts = result.result
    if "unexpected_count" not in counts:
        return _complaint(result.exception_info)
    return Counts(counts["element_count"], counts["unexpected_count"])


def _complaint(exception_info: Mapping[str, Any]) -> str:
    """First line of the first exception; Great Expectations nests one per metric."""
    infos = [exception_info] if "exception_message" in exception_info else list(exception_info.values())
    messages = [str(info["exception_message"]) for info in infos if info.get("exception_message")]
    return messages[0].splitlines()[0] if messages else "the engine gave no reason"


@contextlib.contextmanager
def _silent() -> Iterator[None]:
    """No warnings and no log records of Great Expectations while the block runs: faults come back as results."""
    logger = logging.getLogger("great_expectations")
    level = logger.level
    logger.setLevel(logging.CRITICAL + 1)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)
