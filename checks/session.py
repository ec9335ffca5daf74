"""A database that holds views of the lake only, and Great Expectations looking at it."""

from __future__ import annotations

import contextlib
import itertools
import logging
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tpaudit.checks.connection import BATCH_ROWS
from tpaudit.checks.execution import LakeDatasource
from tpaudit.checks.expectations import ExpectQueryToFindNoFailingUnits, counting, judges_values, registered

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import great_expectations as gx
    from great_expectations.data_context.data_context.context_factory import set_context
    from great_expectations.data_context.types.base import (
        DataContextConfig,
        InMemoryStoreBackendDefaults,
        ProgressBarsConfig,
    )
    from great_expectations.validator.metric_configuration import MetricConfiguration
    from great_expectations.validator.metrics_calculator import MetricsCalculator

_database_numbers = itertools.count()


@dataclass(frozen=True, slots=True)
class Counts:
    """Units an expectation was applied to, those of them that fell short, and these by place where it is known."""

    checked: int
    failed: int
    places: tuple[tuple[str, int], ...] = ()


class LakeSession:
    """A DuckDB database in memory that holds views only, and Great Expectations looking at it."""

    def __init__(self, options: Mapping[str, Any]) -> None:
        """Open the database with DuckDB *options*; close it by `close`."""
        name = f":memory:checks_{next(_database_numbers)}"
        context = quiet_context()
        add_lake: Any = context.data_sources.add_lake
        self._source = add_lake(
            LakeDatasource.__fields__["type"].default,
            connection_string=f"duckdb:///{name}",
            kwargs={"connect_args": {"config": dict(options)}},
        )
        self._engine: Any = self._source.get_execution_engine()

    def execute(self, sql: str) -> Sequence[Sequence[Any]]:
        """Run one statement and return its rows."""
        with self._engine.get_connection() as connection:
            rows: Sequence[Sequence[Any]] = connection.exec_driver_sql(sql).fetchall()
            connection.commit()
        return rows

    def fetch(self, sql: str) -> Any:
        """Run one query and return its rows as a pyarrow.Table."""
        with self._engine.get_connection() as connection:
            return connection.connection.driver_connection.sql(sql).to_arrow_table()

    @contextlib.contextmanager
    def stream(self, sql: str) -> Iterator[Any]:
        """Run one query and yield its rows as a pyarrow.RecordBatchReader."""
        with self._engine.get_connection() as connection:
            yield connection.connection.driver_connection.sql(sql).to_arrow_reader(BATCH_ROWS)

    def judge_columns(
        self, view: str, expectations: Iterable[tuple[str, str, Mapping[str, Any]]]
    ) -> dict[str, Counts | str]:
        """Counts, or the engine's complaint, per column of *view*; those of verdicts by place.

        *expectations* holds column, expectation type and arguments; all run as one suite, in one query.
        """
        judges = [
            (counting if judges_values(type_) else registered)(type_)(column=column, **kwargs)
            for column, type_, kwargs in expectations
        ]
        results = self._validate(view, judges, counts_rows=False)
        return {result.expectation_config.kwargs["column"]: _counted(result) for result in results}

    def judge_queries(self, view: str, queries: Mapping[str, str]) -> dict[str, Counts | str]:
        """Counts by place, or the engine's complaint, per name of a query; *view* is any view, and is not read."""
        judges = [
            ExpectQueryToFindNoFailingUnits(units_query=query, meta={"name": name}) for name, query in queries.items()
        ]
        results = self._validate(view, judges, counts_rows=False)
        return {result.expectation_config.meta["name"]: _counted(result) for result in results}

    def judge_view(self, view: str, type_: str, kwargs: Mapping[str, Any]) -> Counts | str:
        """Counts of any expectation on *view*; one that does not count rows has one unit, the view itself."""
        results = self._validate(view, [registered(type_)(**kwargs)], counts_rows=True)
        return _counted(results[0])

    def failing_condition(self, view: str, column: str, type_: str, kwargs: Mapping[str, Any]) -> str:
        """The SQL by which Great Expectations tells that a known value of *column* falls short."""
        with self._batch(view) as batch:
            metric = MetricConfiguration(
                f"{registered(type_).map_metric}.condition",
                metric_domain_kwargs={"column": column, "batch_id": batch.id},
                metric_value_kwargs={name: value for name, value in kwargs.items() if name != "mostly"},
            )
            metric.metric_dependencies = {}
            self._engine.counts_rows = False
            self._engine.batch_manager.load_batch_list([batch])
            with _silent():
                condition = MetricsCalculator(self._engine).get_metric(metric)[0]
        dialect = self._engine.engine.dialect
        return str(condition.compile(dialect=dialect, compile_kwargs={"literal_binds": True}))

    def close(self) -> None:
        """Close every connection; the database is gone with the last of them."""
        self._engine.close()
        self._source.get_engine().dispose()
        # The current context outlives everything; DuckDB types within it would be reported as leaked at exit.
        set_context(None)

    def _validate(self, view: str, judges: Sequence[Any], *, counts_rows: bool) -> Sequence[Any]:
        """Results of *judges*, run as one suite on *view*."""
        self._engine.counts_rows = counts_rows
        with self._batch(view) as batch, _silent():
            suite = gx.ExpectationSuite(name=view, expectations=list(judges))
            results: Sequence[Any] = batch.validate(suite, result_format="BASIC").results
        return results

    @contextlib.contextmanager
    def _batch(self, view: str) -> Iterator[Any]:
        asset = self._source.add_table_asset(view, table_name=view)
        try:
            yield asset.add_batch_definition_whole_table("all rows").get_batch()
        finally:
            self._source.delete_asset(view)


def quiet_context() -> Any:
    """A Great Expectations project that keeps to itself: no analytics, no progress bars, no files."""
    settings = DataContextConfig(
        store_backend_defaults=InMemoryStoreBackendDefaults(init_temp_docs_sites=False),
        analytics_enabled=False,
        progress_bars=ProgressBarsConfig(globally=False),
    )
    return gx.get_context(mode="ephemeral", project_config=settings)


def judge_frame(frame: Any, type_: str, kwargs: Mapping[str, Any]) -> Counts:
    """Counts of an expectation on column `judged` of a pandas frame; raises ValueError with the engine's complaint."""
    context = quiet_context()
    batches = context.data_sources.add_pandas("frames").add_dataframe_asset("frame")
    batch = batches.add_batch_definition_whole_dataframe("all rows").get_batch({"dataframe": frame})
    try:
        with _silent():
            result = batch.validate(registered(type_)(column="judged", **kwargs), result_format="BASIC")
    finally:
        set_context(None)
    counts = _counted(result)
    if isinstance(counts, str):
        raise ValueError(counts)
    return counts


def _counted(result: Any) -> Counts | str:
    counts = result.result
    if result.exception_info.get("raised_exception", True) and "unexpected_count" not in counts:
        return _complaint(result.exception_info)
    if "unexpected_count" not in counts:
        return Counts(1, 0 if result.success else 1)
    checked = (counts["element_count"] or 0) - (counts.get("missing_count") or 0)
    return Counts(checked, counts["unexpected_count"], tuple(counts.get("details", {}).get("failed_by_place", ())))


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
