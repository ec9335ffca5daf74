"""DuckDB as an execution engine of Great Expectations, and the metrics that are missing or differ there.

Importing this module imports Great Expectations (about 2.5 CPU seconds); `validate` does so when it has work to do.
What is relied on is held by tests/checks/test_contract.py.
"""

# Great Expectations comes without types that mypy may follow, and its hooks are base classes and decorators.
# mypy: disallow-subclassing-any=False, disallow-untyped-decorators=False

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, Literal

from tpaudit.checks.deferred import deferring

with warnings.catch_warnings():
    # Great Expectations and SQLAlchemy warn of their own deprecations while they are imported.
    warnings.simplefilter("ignore")
    with deferring("altair", "scipy.stats"):
        import duckdb_engine
        import sqlalchemy as sa
        from great_expectations.compatibility import pydantic
        from great_expectations.datasource.fluent import SQLDatasource
        from great_expectations.datasource.fluent.sql_datasource import QueryAsset, TableAsset
        from great_expectations.execution_engine import SqlAlchemyExecutionEngine
        from great_expectations.expectations.metrics import ColumnAggregateMetricProvider, ColumnMapMetricProvider
        from great_expectations.expectations.metrics.column_aggregate_metric_provider import column_aggregate_partial
        from great_expectations.expectations.metrics.map_metric_provider import (
            MulticolumnMapMetricProvider,
            column_condition_partial,
            multicolumn_condition_partial,
        )
        from great_expectations.expectations.metrics.metric_provider import metric_value
        from great_expectations.expectations.metrics.table_metric_provider import TableMetricProvider

# The namespace of a module whose functions outlive it is never cleared at exit, and DuckDB then reports its types as
# leaked on stderr. SQLAlchemy keeps functions of the dialect; the reference keeps the module until its turn comes.
duckdb_engine.__itself__ = duckdb_engine


class DuckDBExecutionEngine(SqlAlchemyExecutionEngine):
    """Keeps one connection open: a DuckDB cursor is empty once its connection is closed.

    `counts_rows` is false while expectations run that ask for the number of rows without reading it: every metric on
    a column does, and the answer costs a query.
    """

    _connection: Any
    counts_rows = True

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


class CompoundColumnsUnique(MulticolumnMapMetricProvider):
    """Rows whose combination of values occurs once; NULL is equal to NULL, as it is on pandas.

    Great Expectations joins the counts of the combinations back by `=`, which drops every row with a NULL key: the
    same data would have fewer duplicates on SQL than on pandas.
    """

    condition_metric_name = "compound_columns.unique"
    condition_domain_keys = (
        "batch_id", "table", "column_list", "row_condition", "condition_parser", "ignore_row_if",
    )  # fmt: skip

    @multicolumn_condition_partial(engine=DuckDBExecutionEngine)
    def _duckdb(cls, column_list: Any, **kwargs: Any) -> Any:  # noqa: N805 - called on the class
        twins = sa.func.count().over(partition_by=column_list).label("twins")
        # Great Expectations adds no FROM to the condition of this metric: the condition brings its own.
        counted = sa.select(sa.literal_column("*"), twins).select_from(kwargs["_table"]).alias("counted")
        return counted.c.twins < 2


class TableRowCount(TableMetricProvider):
    """The number of rows, where it is asked for in earnest: see `DuckDBExecutionEngine.counts_rows`."""

    metric_name = "table.row_count"

    @metric_value(engine=DuckDBExecutionEngine)
    def _duckdb(cls, execution_engine: Any, metric_domain_kwargs: Any, **kwargs: Any) -> int | None:  # noqa: N805
        if not execution_engine.counts_rows:
            return None
        selectable, _, _ = execution_engine.get_compute_domain(metric_domain_kwargs, "table")
        rows = execution_engine.execute_query(sa.select(sa.func.count()).select_from(selectable)).fetchone()
        return int(rows[0])

    @classmethod
    def _get_evaluation_dependencies(cls, *arguments: Any, **named: Any) -> dict[str, Any]:
        return {}


class Verdicts(ColumnAggregateMetricProvider):
    """How many rows have a verdict, TRUE or FALSE; asked in the one query of all verdicts of a view."""

    metric_name = "column.verdicts"

    @column_aggregate_partial(engine=DuckDBExecutionEngine)
    def _duckdb(cls, column: Any, **kwargs: Any) -> Any:  # noqa: N805 - called on the class
        return sa.func.count(column)


class FailedByPlace(ColumnAggregateMetricProvider):
    """How many rows have the verdict FALSE per `place`, another column of the view; an unknown place is ''."""

    metric_name = "column.failed_by_place"

    @column_aggregate_partial(engine=DuckDBExecutionEngine)
    def _duckdb(cls, column: Any, **kwargs: Any) -> Any:  # noqa: N805 - called on the class
        return sa.func.histogram(sa.func.coalesce(sa.column("place"), "")).filter(column.is_(False))


class UnitsByPlace(TableMetricProvider):
    """What the query of a check judges, summed up per place: (place, units checked, units that fell short)."""

    metric_name = "query.units_by_place"
    value_keys = ("units_query",)

    @metric_value(engine=DuckDBExecutionEngine)
    def _duckdb(cls, execution_engine: Any, metric_value_kwargs: Any, **kwargs: Any) -> list[tuple[Any, int, int]]:  # noqa: N805
        query = metric_value_kwargs["units_query"]
        summed = f"SELECT place, count(*), count(*) FILTER (WHERE failed) FROM ({query}) AS units GROUP BY place"  # noqa: S608
        with execution_engine.get_connection() as connection:
            return [(row[0], row[1], row[2]) for row in connection.exec_driver_sql(summed).fetchall()]

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
