"""What an engine needs to start, and what it offers the rooms above."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from tpaudit.errors import UsageFault


@dataclass(frozen=True, slots=True)
class EngineSettings:
    """Which engine, and its resources; NULL-like defaults leave the choice to it.

    Raises UsageFault for an engine that is not built.
    """

    name: str = "duckdb"
    memory_limit: str | None = None
    threads: int | None = None
    temp_directory: Path | None = None

    def __post_init__(self) -> None:
        if self.name != "duckdb":
            raise UsageFault(
                f"engine {self.name!r} is not available in this version",
                "use --engine duckdb, the embedded default",
            )


class Engine(Protocol):
    """The seam between the rooms above and an engine (DuckDB embedded; Spark when a client outgrows one machine)."""

    name: str

    def scan(self, files: Sequence[Path], schema: Mapping[str, str]) -> Any:
        """Return an Ibis table over Parquet *files* with exactly the columns of *schema*.

        A column the files lack is NULL; no files at all give an empty table of that schema.
        """

    def read_parquet(self, file: Path) -> Any:
        """Return an Ibis table over one Parquet file as it is."""

    def table(self, data: Any) -> Any:
        """Return an Ibis table over a small Arrow table."""

    def cache(self, expression: Any, *, is_large: bool = False) -> Any:
        """Evaluate *expression* once, inside the engine, and return an Ibis table over the result.

        What is large is kept on disk, to be read by columns, and not in memory.
        """

    def coded(self, text: Any, values: Sequence[str]) -> Any:
        """Return the expression *text*, each of whose values is NULL or one of *values*, such that the engine may carry
        a small number instead: cheaper to sort, group and write, and the same text wherever it is read."""

    def view(self, expression: Any) -> Any:
        """Return an Ibis table that stands for *expression*, unevaluated: queries on it are short to build."""

    def step(self, expression: Any) -> Any:
        """Return an Ibis table over *expression* on which further expressions build without repeating it."""

    def keeps_order(self, expression: Any) -> bool:
        """Whether the rows of *expression* are sure to come in the order of the one file it reads."""

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

        *order_by* tells the order, and keeps rows alike in *within* together. Without it rows come in their order, as
        those of a mart do, and what is made of them row by row.
        """

    def numbered_within(self, rows: Any, counted: Any, within: str, order_by: Sequence[str]) -> Any:
        """Return *rows*, in their order, with a column `number` more: of those for which *counted* is true, the first
        alike in *within* is 1, and so on; NULL for the others. *order_by* tells the order, and keeps rows alike in
        *within* together.
        """

    def frugal(self, megabytes: int = 240) -> AbstractContextManager[None]:
        """Within, queries get no more memory than rows that stream by take, *megabytes* per thread, as far as they can
        do with it.
        """

    def release(self, *tables: Any) -> None:
        """Forget tables that `cache` or `view` returned, and free their memory; nothing may read them any more."""

    def fetch(self, expression: Any) -> Any:
        """Return the result of *expression* as an Arrow table; for small, finished frames."""

    def fetch_rows(self, expression: Any) -> list[dict[str, Any]]:
        """Return the result of *expression* as plain Python rows; for small, finished frames."""

    def write_parquet(self, expression: Any, file: Path, is_temporary: bool = False) -> int:
        """Write the result of *expression* to *file* (Parquet), streaming, and return its row count.

        A temporary file is packed to be read again soon, others to be small.
        """

    def from_local(self, naive: Any, zone: str) -> Any:
        """Instant (UTC) of the naive timestamp expression *naive*, written on a clock in *zone*."""

    def to_local(self, instant: Any, zone: str) -> Any:
        """Naive timestamp that a clock in *zone* shows at the expression *instant*."""

    def close(self) -> None:
        """Release the engine's memory and temporary files."""
