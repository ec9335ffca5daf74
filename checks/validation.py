"""Running the checks: views over the lake, one suite per table, findings and the verdict at the gate."""

# ruff: noqa: S608 - names in SQL come from the model and from shipped definitions, never from data

from __future__ import annotations

import contextlib
import itertools
import time
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, cast, get_args

import pyarrow as pa

from tpaudit.audit.settings import FailOn
from tpaudit.checks import texts
from tpaudit.checks.parameters import literals
from tpaudit.checks.registry import choose, load
from tpaudit.checks.views import Probe, create_judging_view, create_lake_views, drop_verdicts
from tpaudit.errors import EngineFault, InputFault, UsageFault, did_you_mean
from tpaudit.model import MARTS
from tpaudit.results import FindingRow, Severity, Status, Titles, ValidateResult
from tpaudit.store import Store

if TYPE_CHECKING:
    from tpaudit.checks.expectations import Counts, LakeSession


def validate(
    store: Store, *, fail_on: str | None = None, select: Sequence[str] = (), ignore: Sequence[str] = ()
) -> ValidateResult:
    """See `tpaudit.checks.validate`."""
    started = time.perf_counter()
    gate = _gate(fail_on or store.audit.config.settings.validate_.fail_on)
    chosen = choose(load(), select, ignore)
    probes = [Probe(check, target) for check in chosen for target in check.targets]
    if not probes:
        raise InputFault("no check ran: none is left after --select and --ignore", "see `tpaudit list checks`")
    findings = _findings(store, probes)
    if all(finding.status == "skipped" for finding in findings):
        raise InputFault(
            f"no check ran: there is nothing in the lake for any of the {len(findings)} selected",
            "run `tpaudit ingest` first, or select other checks",
        )
    _refuse_if_nothing_was_judged(findings)
    _write(store, findings)
    return ValidateResult(findings=tuple(findings), fail_on=gate, seconds=round(time.perf_counter() - started, 3))


def _refuse_if_nothing_was_judged(findings: Sequence[FindingRow]) -> None:
    """Raise EngineFault if every check that had data broke: that is no verdict on the data."""
    reasons = [finding.reason.en for finding in findings if finding.status == "error" and finding.reason]
    if reasons and not any(finding.status in ("passed", "failed") for finding in findings):
        raise EngineFault(f"no check could be evaluated; the first {reasons[0]}", "see the log with --debug")


def _gate(fail_on: str) -> FailOn:
    known = get_args(FailOn)
    if fail_on not in known:
        raise UsageFault(f"fail-on {fail_on!r} is none of {', '.join(known)}{did_you_mean(fail_on, known)}")
    return cast(FailOn, fail_on)


def _findings(store: Store, probes: Sequence[Probe]) -> list[FindingRow]:
    """One finding per probe, sorted by code, table and column."""
    with _session(store) as session:
        create_lake_views(store, session.execute)
        filled_tables = _tables_with_rows(session, probes)
        findings = [_skipped_empty(probe, missing) for probe in probes if (missing := _missing(probe, filled_tables))]
        ready = [probe for probe in probes if not _missing(probe, filled_tables)]
        settings = store.audit.config.settings
        parameters = literals(store.audit.as_of, settings.audit.business_start, settings.audit.timezone)
        ready.sort(key=lambda probe: probe.view)
        for view, judged in itertools.groupby(ready, key=lambda probe: probe.view):
            findings += _judged_in(session, view, list(judged), parameters)
    return sorted(findings, key=lambda finding: (finding.code, finding.table, finding.column or ""))


@contextlib.contextmanager
def _session(store: Store) -> Iterator[LakeSession]:
    from tpaudit.checks.expectations import LakeSession

    settings = store.audit.config.settings.engine
    options = {
        "autoinstall_known_extensions": False,
        "memory_limit": settings.memory_limit,
        "threads": settings.threads,
        "temp_directory": str(store.audit.scratch),
        "TimeZone": "UTC",
    }
    session = LakeSession({name: value for name, value in options.items() if value is not None})
    try:
        yield session
    finally:
        session.close()


def _tables_with_rows(session: LakeSession, probes: Sequence[Probe]) -> set[str]:
    """Those of the tables that *probes* look at which hold any row."""
    tables = sorted({table for probe in probes for table in probe.tables})
    return {table for table in tables if session.execute(f"SELECT 1 FROM exported_{table} LIMIT 1")}


def _judged_in(
    session: LakeSession, view: str, probes: Sequence[Probe], parameters: dict[str, str]
) -> Iterator[FindingRow]:
    """Findings of the probes of one view, judged together; if that fails, one by one, so that faults stay alone."""
    judged = _counted(session, view, probes, parameters)
    if len(probes) > 1 and any(isinstance(outcome, str) for outcome in judged.values()):
        for probe in probes:
            yield from _judged_in(session, f"{view}_{probe.column}", [probe], parameters)
        return
    places = _places(session, view, [probe for probe in probes if _fell_short(judged[probe.column])])
    drop_verdicts(view, probes, session.execute)
    for probe in probes:
        outcome = judged[probe.column]
        if isinstance(outcome, str):
            yield _row(probe, "error", reason=texts.engine_fault(outcome))
        else:
            yield _finding(probe, outcome, places.get(probe.column))


def _counted(
    session: LakeSession, view: str, probes: Sequence[Probe], parameters: dict[str, str]
) -> dict[str, Counts | str]:
    """Counts, or the engine's complaint, per probe column."""
    try:
        create_judging_view(view, probes, parameters, session.execute)
        return session.count(view, [_expectation(probe) for probe in probes])
    # Whatever the engine or Great Expectations raises belongs to these checks, and the others still have to report.
    except Exception as fault:
        return {probe.column: _first_line(fault) for probe in probes}


def _expectation(probe: Probe) -> tuple[str, str, dict[str, Any]]:
    """Column, type and arguments of the expectation that judges a probe."""
    declared = probe.check.expectation
    if declared:
        return probe.column, declared.type, dict(declared.kwargs)
    return probe.column, "expect_column_values_to_be_in_set", {"value_set": [True]}


def _fell_short(outcome: Counts | str) -> bool:
    return not isinstance(outcome, str) and outcome.failed > 0


def _finding(probe: Probe, counts: Counts, places: str | None) -> FindingRow:
    if counts.checked == 0:
        return _row(probe, "skipped", reason=texts.nothing_to_check(probe.check, probe.target))
    share = counts.failed / counts.checked
    status: Status = "failed" if share > probe.check.threshold else "passed"
    return _row(probe, status, checked=counts.checked, failed=counts.failed, share=share, detail=places)


def _places(session: LakeSession, view: str, probes: Sequence[Probe]) -> dict[str, str]:
    """Where most failing rows come from, such as `orders.csv: 12, members.xlsx: 3`, per probe column.

    An expectation's view column holds values instead of verdicts: where they come from is not known.
    """
    judged = [probe.column for probe in probes if not probe.check.expectation]
    if not judged:
        return {}
    counts = ", ".join(f'count(*) FILTER (WHERE NOT "{column}")' for column in judged)
    rows = session.execute(f"SELECT place, {counts} FROM {view} WHERE place IS NOT NULL GROUP BY place")
    return {
        column: texts.largest_places({row[0]: row[number] for row in rows})
        for number, column in enumerate(judged, start=1)
    }


def _missing(probe: Probe, filled_tables: set[str]) -> list[str]:
    """Tables the probe cannot do without and that hold no rows."""
    return [table for table in probe.tables if table not in filled_tables]


def _skipped_empty(probe: Probe, missing: Sequence[str]) -> FindingRow:
    return _row(probe, "skipped", reason=texts.no_rows(missing))


def _row(
    probe: Probe,
    status: Status,
    *,
    checked: int | None = None,
    failed: int | None = None,
    share: float | None = None,
    detail: str | None = None,
    reason: Titles | None = None,
) -> FindingRow:
    check = probe.check
    return FindingRow(
        code=check.code,
        title=Titles(**check.title),
        table=probe.target.table,
        column=probe.target.column,
        severity=cast(Severity, check.severity),
        status=status,
        checked=checked,
        failed=failed,
        share=share,
        threshold=check.threshold,
        detail=reason.en if reason else detail,
        reason=reason,
        why=Titles(**check.why),
        remedy=Titles(**check.remedy),
    )


def _write(store: Store, findings: Sequence[FindingRow]) -> None:
    """Write mart `findings`, its texts in the audit's language."""
    language = "zh" if store.audit.config.settings.audit.lang == "zh" else "en"
    declared = MARTS["findings"].column_names
    rows = [
        {
            **finding.model_dump(include={*declared}),
            "title": getattr(finding.title, language),
            "detail": getattr(finding.reason, language) if finding.reason else finding.detail,
        }
        for finding in findings
    ]
    store.write_mart("findings", store.engine.table(pa.Table.from_pylist(rows, schema=_SCHEMA)))


_SCHEMA = pa.schema(
    [(name, pa.string()) for name in ("code", "title", "table", "column", "severity", "status", "detail")]
    + [(name, pa.int64()) for name in ("checked", "failed")]
    + [(name, pa.float64()) for name in ("share", "threshold")]
)


def _first_line(fault: Exception) -> str:
    return str(fault).splitlines()[0] if str(fault) else type(fault).__name__
