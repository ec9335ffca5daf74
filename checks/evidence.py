"""What fell short, row by row, and the SQL that says so: for quarantine, and for `explain`."""

# ruff: noqa: S608 - names in SQL come from the model and from definitions, never from data

from __future__ import annotations

import contextlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

from tpaudit.audit import Audit
from tpaudit.checks.definition import CheckDefinition, Target
from tpaudit.checks.judging import Probe, applies
from tpaudit.checks.lake import Lake
from tpaudit.checks.parameters import audit_parameters, filled
from tpaudit.checks.registry import load_for
from tpaudit.errors import UsageFault
from tpaudit.model import LAKE_TABLES
from tpaudit.results import FindingRow, RowPlace

if TYPE_CHECKING:
    from tpaudit.checks.connection import LakeConnection
    from tpaudit.checks.session import LakeSession


class Evidence:
    """The rows behind findings. Open it by `evidence_of`; it holds for as long as that block runs."""

    def __init__(
        self, session: LakeSession | LakeConnection, lake: Lake, probes: Mapping[tuple[str, str, str | None], Probe]
    ) -> None:
        self._session = session
        self._lake = lake
        self._probes = probes

    def sql(self, finding: FindingRow) -> str:
        """A query for what fell short.

        Its rows are those of the finding's table, with all columns, where the check judges rows; otherwise they have a
        column `place` (file, source, channel or day) and whatever else the check's query tells of its units.
        """
        probe = self._probes[finding.code, finding.table, finding.column]
        parameters = self._lake.parameters
        if probe.check.query:
            return self._failing_units(probe)
        if probe.check.expectation is None:
            return failing_rows_sql(probe.check, probe.target, parameters)
        return f"SELECT * FROM {probe.target.table} WHERE {self.condition(finding)}"

    def condition(self, finding: FindingRow) -> str | None:
        """SQL condition of the rows that fell short; None of a check whose units are no rows of the table."""
        probe = self._probes[finding.code, finding.table, finding.column]
        parameters = self._lake.parameters
        if probe.check.fails_when:
            return f"{applies(probe, parameters)} AND ({probe.sql('fails_when', parameters)})"
        expectation = probe.check.expectation
        if expectation is None or not _judges_values(expectation.type):
            return None
        judge = cast("LakeSession", self._session)
        failing = judge.failing_condition(
            probe.target.table,
            probe.target.column or "",
            expectation.type,
            _filled(expectation.kwargs, parameters),
        )
        return f"{applies(probe, parameters)} AND ({failing})"

    def names_rows(self, finding: FindingRow) -> bool:
        """Whether what fell short are rows of an export, which have a file and a number."""
        check = self._probes[finding.code, finding.table, finding.column].check
        return check.unit == "row" and (check.expectation is None or _judges_values(check.expectation.type))

    def first_rows(self, finding: FindingRow) -> tuple[RowPlace, ...]:
        """The first row that fell short in each file, the file with the most of them first."""
        if not self.names_rows(finding):
            return ()
        failing = self.sql(finding)
        if not {"source_file", "source_row"} <= self._columns(failing):
            return ()
        found = self._session.execute(
            f"SELECT source_file, min(source_row) FROM ({failing}) AS failing "
            "WHERE source_file IS NOT NULL AND source_row IS NOT NULL GROUP BY 1 ORDER BY count(*) DESC, 1"
        )
        return tuple(RowPlace(file=place, row=row) for place, row in found)

    def rows(self, finding: FindingRow, limit: int | None = None) -> Any:
        """What fell short as a pyarrow.Table, at most *limit* rows of it; unmasked: mask before showing any."""
        cut = f" LIMIT {limit}" if limit is not None else ""
        return self._session.fetch(f"SELECT * FROM ({self.sql(finding)}) AS failing{cut}")

    def batches(self, finding: FindingRow) -> contextlib.AbstractContextManager[Any]:
        """What fell short as a pyarrow.RecordBatchReader, open within a `with` block: there may be more than fits."""
        return self._session.stream(self.sql(finding))

    def _failing_units(self, probe: Probe) -> str:
        """Query for the units of a check's query that fell short: whole rows of its table where it tells them."""
        query = f"({probe.sql('query', self._lake.parameters)}) AS units WHERE failed"
        known = self._columns(f"SELECT * FROM {query}")
        if "source_file" not in known:
            return f"SELECT * EXCLUDE (failed) FROM {query}"
        declared = ", ".join(f'"{name}"' for name in LAKE_TABLES[probe.target.table].column_names if name in known)
        return f"SELECT {declared} FROM {query}"

    def _columns(self, sql: str) -> set[str]:
        return {row[0] for row in self._session.execute(f"DESCRIBE {sql}")}

    def execute(self, sql: str) -> Sequence[Sequence[Any]]:
        """Run one query on the lake as the checks see it."""
        return self._session.execute(sql)


@contextlib.contextmanager
def evidence_of(audit: Audit, findings: tuple[FindingRow, ...], also: Collection[str] = ()) -> Iterator[Evidence]:
    """Open the lake of *audit* to look at the rows behind *findings* (failed ones; the others have none).

    *also* names tables, and relations of `tpaudit.checks.derived`, that will be read besides.
    """
    wanted = {(finding.code, finding.table, finding.column) for finding in findings if finding.failed}
    probes = {
        key: Probe(check, target)
        for check in load_for(audit.folder).definitions
        for target in check.targets
        if (key := (check.code, target.table, target.column)) in wanted
    }
    with _opened(audit, judges=any(probe.check.expectation for probe in probes.values())) as session:
        lake = Lake(audit, session.execute)
        lake.prepare(list(probes.values()), also=also)
        yield Evidence(session, lake, probes)


@contextlib.contextmanager
def _opened(audit: Audit, *, judges: bool) -> Iterator[LakeSession | LakeConnection]:
    """A database for the lake; only what an expectation *judges* needs Great Expectations, which takes its time."""
    from tpaudit.checks.connection import LakeConnection
    from tpaudit.checks.validation import engine_options, lake_session

    if judges:
        with lake_session(audit) as session:
            yield session
    else:
        with contextlib.closing(LakeConnection(engine_options(audit))) as connection:
            yield connection


def compiled_sql(check: CheckDefinition, target: Target, audit: Audit) -> str:
    """The SQL of a check as it runs on *audit*, for people to read; imports neither an engine nor Great Expectations.

    An expectation is told by its name and arguments, with the rows it is for.
    """
    parameters = audit_parameters(audit)
    if check.query:
        return Probe(check, target).sql("query", parameters)
    return failing_rows_sql(check, target, parameters)


def failing_rows_sql(check: CheckDefinition, target: Target, parameters: Mapping[str, str]) -> str:
    """SELECT of the rows that fall short, or, of an expectation, of those it judges."""
    probe = Probe(check, target)
    rows = f"SELECT * FROM {target.table} WHERE {applies(probe, parameters)}"
    if check.fails_when:
        return f"{rows} AND ({probe.sql('fails_when', parameters)})"
    if check.expectation is None:
        raise UsageFault(f"{check.code} judges units of its own, not rows")
    told = ", ".join(f"{name}={value!r}" for name, value in _filled(check.expectation.kwargs, parameters).items())
    return f"{rows}  -- {check.expectation.type}({told})"


def _judges_values(type_: str) -> bool:
    from tpaudit.checks.expectations import judges_values

    return judges_values(type_)


def _filled(kwargs: Mapping[str, Any], parameters: Mapping[str, str]) -> dict[str, Any]:
    return {name: filled(value, parameters) if isinstance(value, str) else value for name, value in kwargs.items()}
