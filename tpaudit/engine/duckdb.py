"""DuckDB, the embedded engine: in memory, spilling to the audit's temporary folder, offline."""

from __future__ import annotations

import contextlib
import itertools
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import duckdb
import ibis
import ibis.expr.operations as ops
from ibis.formats.pyarrow import PyArrowTableProxy
from ibis.util import gen_name

from tpaudit.engine.compilers import load_when_used
from tpaudit.engine.settings import EngineSettings
from tpaudit.engine.shared_work import computed_once
from tpaudit.engine.steps import BEYOND_A_ROW, Step
from tpaudit.errors import EngineFault

Result = TypeVar("Result")

# A row group is held in memory by every thread that writes: wide rows make small ones.
_CELLS_OF_A_GROUP = 1 << 19
_LEAST_ROWS, _MOST_ROWS = 8_192, 122_880
_ROW_BY_ROW = (ops.Project, ops.Filter, ops.DropColumns)


class DuckDBEngine:
    """One in-memory DuckDB connection behind Ibis."""

    name = "duckdb"

    def __init__(self, settings: EngineSettings) -> None:
        options: dict[str, Any] = {
            # Extensions must never be fetched at run time: an audit works offline.
            "autoinstall_known_extensions": False,
            "memory_limit": settings.memory_limit,
            "threads": settings.threads,
            "temp_directory": str(settings.temp_directory) if settings.temp_directory else None,
        }
        load_when_used()
        chosen = {key: value for key, value in options.items() if value is not None}
        self._connection = _explained(lambda: ibis.duckdb.connect(**chosen))
        self._connection.raw_sql("SET TimeZone = 'UTC'")
        # DuckDB merges nested projections itself; that Ibis does so first took a tenth of the demo's CPU time.
        ibis.options.sql.fuse_selects = False
        self._number = itertools.count()
        self._viewed: dict[str, Any] = {}
        self._in_file_order: set[str] = set()
        self._steps: dict[str, Step] = {}
        self._codes: dict[tuple[str, ...], Any] = {}
        self._laid_down: dict[str, Path] = {}
        self._temp_directory = settings.temp_directory
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._has_own_limit = settings.memory_limit is not None
        self._own_threads = settings.threads
        self._frugal: int | None = None  # megabytes, while queries are to be frugal

    def scan(self, files: Sequence[Path], schema: Mapping[str, str]) -> Any:
        """Return an Ibis table over Parquet *files* with exactly the columns of *schema*."""
        target = ibis.schema(dict(schema))
        if not files:
            return self.table(target.to_pyarrow().empty_table())
        paths = [str(file) for file in files]
        found = self._explained(lambda: self._connection.read_parquet(paths, union_by_name=True))
        columns = {
            name: found[name].cast(dtype) if name in found.columns else ibis.null(dtype)
            for name, dtype in target.items()
        }
        return self.view(found.select(**columns))

    def read_parquet(self, file: Path) -> Any:
        """Return an Ibis table over one Parquet file as it is."""
        found = self._explained(lambda: self._connection.read_parquet(str(file)))
        self._in_file_order.add(found.op().name)
        return found

    def table(self, data: Any) -> Any:
        """Return an Ibis table over a small Arrow table."""
        # As `ibis.memtable` makes it, which loads pandas to ask whether the data is of one of its kinds.
        schema, proxy = ibis.Schema.from_pyarrow(data.schema), PyArrowTableProxy(data)
        return ops.InMemoryTable(name=gen_name("table"), schema=schema, data=proxy).to_expr()

    def cache(self, expression: Any, *, is_large: bool = False) -> Any:
        """Evaluate *expression* once and keep the result in a temporary table, or file if it *is_large*."""
        name = f"cached_{next(self._number)}"
        if not is_large:
            return self._explained(lambda: self._filled(name, expression))
        file = self._laid_down.setdefault(name, self._temporary_folder() / f"{name}.parquet")
        self.write_parquet(expression, file, is_temporary=True)
        return self._explained(lambda: self._connection.create_view(name, self._connection.read_parquet(str(file))))

    def _filled(self, name: str, expression: Any) -> Any:
        """A temporary table of the result of *expression*.

        Ibis's own `create_table` does the same, but copies the tree of the query to write it once more, and asks for
        the types that it has just set. A table left half filled is begun anew (`_explained`).
        """
        schema = expression.schema()
        columns = schema.to_sqlglot_column_defs(self._connection.dialect)
        declared = ", ".join(column.sql(self._connection.dialect, copy=False) for column in columns)
        query = self._query(self._steps_of(expression), expression)
        self._connection._run_pre_execute_hooks(expression)
        self._connection.raw_sql(f'CREATE OR REPLACE TEMP TABLE "{name}" ({declared})')
        self._connection.raw_sql(f'INSERT INTO "{name}" {query}')
        place = ops.Namespace(catalog="temp", database="main")
        return ops.DatabaseTable(name, schema=schema, source=self._connection, namespace=place).to_expr()

    def _temporary_folder(self) -> Path:
        """A folder of this engine's own, which goes with it."""
        if self._folder is None:
            if self._temp_directory:
                self._temp_directory.mkdir(parents=True, exist_ok=True)
            self._folder = tempfile.TemporaryDirectory(prefix="engine-", dir=self._temp_directory)
        return Path(self._folder.name)

    def coded(self, text: Any, values: Sequence[str]) -> Any:
        """*text* as an enumeration of its *values*, in their order as texts, so that sorting by it stays the same."""
        ordered = tuple(sorted(set(values)))
        if not ordered:
            return text
        if ordered not in self._codes:
            name = f"code_{next(self._number)}"
            listed = ", ".join("'" + value.replace("'", "''") + "'" for value in ordered)
            self._connection.raw_sql(f"CREATE TEMP TYPE {name}_type AS ENUM ({listed})")
            self._connection.raw_sql(f"CREATE TEMP MACRO {name}(text) AS CAST(text AS {name}_type)")
            self._codes[ordered] = ibis.udf.scalar.builtin(
                lambda text: ..., name=name, signature=(("string",), "string")
            )
        return self._codes[ordered](text)

    def view(self, expression: Any) -> Any:
        """Give *expression* a name; what builds on the returned table is not compiled through it again."""
        name = f"view_{next(self._number)}"
        # The view reads tables in memory by their names: they must live as long.
        self._viewed[name] = expression
        return self._explained(lambda: self._connection.create_view(name, expression))

    def step(self, expression: Any) -> Any:
        """Return a table that stands for *expression* in the next file written: DuckDB computes its columns once."""
        operation = expression.op()
        if isinstance(operation, ops.Project) and not any(
            value.find(BEYOND_A_ROW, filter=ops.Value) for value in operation.values.values()
        ):
            expression = computed_once(operation, self._named)
        return self._named(expression)

    def _named(self, expression: Any) -> Any:
        name = f"step_{next(self._number)}"
        self._steps[name] = Step(expression, self._connection)
        if self.keeps_order(expression):
            self._in_file_order.add(name)
        return ops.DatabaseTable(name=name, schema=expression.schema(), source=self._connection).to_expr()

    def keeps_order(self, expression: Any) -> bool:
        """Whether the rows of *expression* come in the order of the file it reads, as DuckDB lets them if nothing but
        the row itself decides about each."""
        operation = expression.op()
        relations, beyond = operation.find(ops.Relation), operation.find(BEYOND_A_ROW)
        sources = [relation for relation in relations if not isinstance(relation, _ROW_BY_ROW)]
        return not beyond and all(
            isinstance(source, ops.DatabaseTable) and source.name in self._in_file_order for source in sources
        )

    def neighbours(
        self,
        rows: Any,
        within: str,
        order_by: Sequence[str] = (),
        *,
        before: Mapping[str, str] | None = None,
        after: Mapping[str, str] | None = None,
    ) -> Any:
        """Return *rows* with further columns: by name, which column they tell of the row *before* and of the row
        *after*, NULL where that is not alike in *within*.

        Rows come out of a sort, or of a file, in its order, and a window without an order of its own lets them pass as
        they come. One that names the order keeps them all in memory, and takes three times as long.
        """
        ordered = rows.order_by(list(order_by)) if order_by else rows
        told = {name: ordered[column].lag() for name, column in (before or {}).items()}
        told |= {name: ordered[column].lead() for name, column in (after or {}).items()}
        beside = ordered.mutate(_before=ordered[within].lag(), _after=ordered[within].lead(), **told)
        is_alike = dict.fromkeys(before or {}, beside["_before"] == beside[within])
        is_alike |= dict.fromkeys(after or {}, beside["_after"] == beside[within])
        kept = {name: ibis.cases((alike, beside[name])) for name, alike in is_alike.items()}
        return beside.mutate(**kept).drop("_before", "_after")

    def numbered_within(self, rows: Any, counted: Any, within: str, order_by: Sequence[str]) -> Any:
        """Return *rows*, in their order, with the `number` of each that is *counted* within the same *within*.

        As in `neighbours` they pass as they come: a running count of all, less what it was where the group began.
        """
        ordered = rows.mutate(_counted=counted.fill_null(False)).order_by(list(order_by))
        so_far = ibis.cumulative_window()
        told = ordered.mutate(
            _count=ordered.count(where=ordered._counted).over(so_far), _within_before=ordered[within].lag()
        )
        is_alike = told[within].identical_to(told._within_before)
        # NULL equals the nothing before the first row, whose group begins with what it counts itself.
        begun = ibis.cases((is_alike, None), else_=told._count - told._counted.cast("int64"))
        based = told.mutate(_base=begun.max().over(so_far).fill_null(0))
        return based.mutate(number=based._counted.ifelse(based._count - based._base, None)).drop(
            "_counted", "_count", "_within_before", "_base"
        )

    @contextlib.contextmanager
    def frugal(self, megabytes: int = 240) -> Iterator[None]:
        """Within, queries get one thread and as much memory as streaming takes, and spill the rest; one that cannot
        gets four times as much, then all. What the user set stays as it is. Two threads would part with what they hold
        so often that they take a third more time of the machine than one."""
        if self._has_own_limit:
            yield
            return
        self._frugal = megabytes * (self._own_threads or 1)
        self._limit_memory(self._frugal)
        if self._own_threads is None:
            self._connection.raw_sql("SET threads = 1")
        try:
            yield
        finally:
            self._frugal = None
            self._limit_memory(None)
            if self._own_threads is None:
                self._connection.raw_sql("RESET threads")

    def release(self, *tables: Any) -> None:
        """Forget what `cache` or `view` returned, and free its memory; nothing may read it any more."""
        for table in tables:
            name = table.op().name
            file = self._laid_down.pop(name, None)
            if self._viewed.pop(name, None) is None and file is None:
                self._connection.raw_sql(f'DROP TABLE temp.main."{name}"')
            else:
                self._connection.raw_sql(f'DROP VIEW "{name}"')
            if file is not None:
                file.unlink()

    def fetch(self, expression: Any) -> Any:
        """Return the result of *expression* as an Arrow table."""
        query = self._query(self._steps_of(expression), expression)
        # Ibis's own `to_pyarrow` does the same, but loads pandas first: half a second, and 40 MB.
        self._connection._run_pre_execute_hooks(expression)
        found = self._explained(lambda: self._connection.con.sql(query).to_arrow_table())
        return found.cast(expression.schema().to_pyarrow())

    def fetch_rows(self, expression: Any) -> list[dict[str, Any]]:
        """Return the result of *expression* as plain Python rows."""
        rows: list[dict[str, Any]] = self.fetch(expression).to_pylist()
        return rows

    def write_parquet(self, expression: Any, file: Path, is_temporary: bool = False) -> int:
        """Write the result of *expression* to *file*, streaming, and return its row count."""
        import pyarrow.parquet as pq

        rows = max(_LEAST_ROWS, min(_MOST_ROWS, _CELLS_OF_A_GROUP // len(expression.columns)))
        packing = {"row_group_size": rows, "compression": "lz4_raw" if is_temporary else "zstd"}
        if not is_temporary:
            # Takes a quarter less time than the usual level 3, and 4 % more room.
            packing["compression_level"] = 1
        steps = self._steps_of(expression)
        query = self._query(steps, expression)
        for name in steps:
            del self._steps[name]
        if self._codes and not is_temporary:
            query = _with_texts(query, expression)
        options = ", ".join(f"{name} {value}" for name, value in packing.items())
        place = str(file).replace("'", "''")
        self._connection._run_pre_execute_hooks(expression)
        statement = f"COPY ({query}) TO '{place}' (FORMAT parquet, {options})"
        self._explained(lambda: self._connection.raw_sql(statement))
        return int(pq.read_metadata(file).num_rows)

    def _steps_of(self, expression: Any) -> dict[str, Step]:
        """The steps that *expression* builds on, each after those it builds on itself."""
        found: dict[str, Step] = {}
        for table in expression.op().find(ops.DatabaseTable):
            if table.name in self._steps:
                step = self._steps[table.name]
                found |= self._steps_of(step.expression) | {table.name: step}
        return found

    def _query(self, steps: Mapping[str, Step], expression: Any) -> str:
        """The text of *expression*, with the *steps* in front of it, each computed once per row."""
        named = [f"{name} AS NOT MATERIALIZED ({step.text})" for name, step in steps.items()]
        query = self._connection.compile(expression)
        if not steps:
            return str(query)
        own = query.removeprefix("WITH ")
        return f"WITH {', '.join(named)}{' ' if own == query else ', '}{own}"

    def from_local(self, naive: Any, zone: str) -> Any:
        """Instant (UTC) of a naive timestamp expression written on a clock in *zone*."""
        return _instant_of(ibis.literal(zone), naive.cast("timestamp(6)"))

    def to_local(self, instant: Any, zone: str) -> Any:
        """Naive timestamp that a clock in *zone* shows at *instant*."""
        return _clock_at(ibis.literal(zone), instant)

    def _explained(self, work: Callable[[], Result]) -> Result:
        """Run *work*; if it was meant to be frugal and cannot, once more with four times as much memory, and at last
        with all there is."""
        try:
            return _explained(work)
        except EngineFault as fault:
            if self._frugal is None or not _short_of_memory(fault):
                raise
        self._limit_memory(4 * self._frugal)
        try:
            return _explained(work)
        except EngineFault as fault:
            if not _short_of_memory(fault):
                raise
            self._limit_memory(None)
            return _explained(work)
        finally:
            self._limit_memory(self._frugal)

    def _limit_memory(self, megabytes: int | None) -> None:
        """Set the limit, or the engine's own; where more is kept already and cannot be put aside, the present stays."""
        with contextlib.suppress(duckdb.OutOfMemoryException):
            self._connection.raw_sql(f"SET memory_limit = '{megabytes}MB'" if megabytes else "RESET memory_limit")

    def close(self) -> None:
        """Drop cached tables and close the connection."""
        self._connection.disconnect()
        if self._folder is not None:
            self._folder.cleanup()


# Ibis drops the zone when it casts for DuckDB, so DuckDB's own function is named; it has one body per direction.
_instant_of = ibis.udf.scalar.builtin(
    lambda zone, naive: ..., name="timezone", signature=(("string", "timestamp(6)"), "timestamp('UTC', 6)")
)
_clock_at = ibis.udf.scalar.builtin(
    lambda zone, instant: ..., name="timezone", signature=(("string", "timestamp('UTC', 6)"), "timestamp(6)")
)


def _with_texts(query: str, expression: Any) -> str:
    """*query* with texts for codes: of an enumeration a file also tells values that none of its rows has, and which
    ones depends on how threads shared the rows. Equal rows would not give equal bytes."""
    names = [name for name, dtype in expression.schema().items() if dtype.is_string()]
    texts = ", ".join(f'CAST("{name}" AS VARCHAR) AS "{name}"' for name in names)
    return f"FROM ({query}) SELECT * REPLACE ({texts})" if names else query


def _explained(work: Callable[[], Result]) -> Result:
    """Run *work*; say in the user's words when the machine, not the query, is at fault."""
    try:
        return work()
    except duckdb.OutOfMemoryException as fault:
        raise EngineFault(
            f"the engine ran out of memory or temporary space: {_first_line(fault)}",
            "raise [engine] memory_limit, or point temp_directory at a disk with more room",
        ) from fault
    except (duckdb.IOException, duckdb.PermissionException) as fault:
        raise EngineFault(
            f"the engine could not read or write a file: {_first_line(fault)}",
            "check free space and permissions of the audit folder",
        ) from fault
    except duckdb.InvalidInputException as fault:
        if ".parquet'" not in str(fault):
            raise
        raise EngineFault(
            f"a file cannot be read as Parquet: {_first_line(fault)}",
            "delete that file and run again: what is missing in the lake is read from the exports",
        ) from fault


def _short_of_memory(fault: EngineFault) -> bool:
    return isinstance(fault.__cause__, duckdb.OutOfMemoryException)


def _first_line(fault: BaseException) -> str:
    return str(fault).splitlines()[0] if str(fault) else type(fault).__name__
