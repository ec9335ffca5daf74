"""Running the checks: views over the lake, one suite per table, findings and the verdict at the gate."""

# ruff: noqa: S608 - names in SQL come from the model and from definitions, never from data

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast, get_args

from tpaudit.audit import Audit
from tpaudit.audit.settings import FailOn
from tpaudit.checks.adjusting import OWN
from tpaudit.checks.findings import error_row, judged_row, skipped_row, write_findings
from tpaudit.checks.judging import Probe, applies, judging_view
from tpaudit.checks.lake import Lake, first_line
from tpaudit.checks.parameters import audit_parameters, filled
from tpaudit.checks.registry import choose, load_for
from tpaudit.checks.waiving import with_waivers
from tpaudit.errors import ConfigFault, EngineFault, InputFault, UsageFault, did_you_mean
from tpaudit.results import FindingRow, ValidateResult
from tpaudit.store import Store

if TYPE_CHECKING:
    from tpaudit.checks.session import Counts, LakeSession

    # What became of a probe: its counts, or the engine's complaint.
    Outcome = Counts | str


def validate(
    store: Store, *, fail_on: str | None = None, select: Sequence[str] = (), ignore: Sequence[str] = ()
) -> ValidateResult:
    """See `tpaudit.checks.validate`."""
    started = time.perf_counter()
    gate = _gate(fail_on or store.audit.config.settings.validate_.fail_on)
    known = load_for(store.audit.folder)
    chosen = choose(known.definitions, select, ignore)
    probes = [Probe(check, target) for check in chosen for target in check.targets]
    if not probes:
        raise InputFault("no check ran: none is left after --select and --ignore", "see `tpaudit list checks`")
    _refuse_impossible_expectations(store.audit, probes)
    is_whole = not select and not ignore
    findings = [
        with_waivers(finding, known.waivers, store.audit.as_of)
        for finding in _findings(store.audit, probes, keeps_profile=is_whole)
    ]
    _refuse_if_nothing_was_judged(findings)
    # A part of the checks is no verdict on the data: it is shown, not kept.
    if is_whole:
        write_findings(store, findings)
    return ValidateResult(findings=tuple(findings), fail_on=gate, seconds=round(time.perf_counter() - started, 3))


def _refuse_impossible_expectations(audit: Audit, probes: Sequence[Probe]) -> None:
    """Raise ConfigFault for an expectation in the audit's own checks that there is not, or not with its arguments."""
    own = [probe for probe in probes if probe.check.expectation and OWN in probe.check.tags]
    if not own:
        return
    from tpaudit.checks.expectations import complaint_about

    parameters = audit_parameters(audit)
    faults = []
    for probe in own:
        column, type_, kwargs = _expectation(probe, parameters)
        if complaint := complaint_about(type_, column, kwargs):
            faults.append(f"checks/*.yaml: {probe.check.code}.expectation: {complaint}")
    if faults:
        raise ConfigFault(faults, "see docs/checks.md")


def _refuse_if_nothing_was_judged(findings: Sequence[FindingRow]) -> None:
    """Raise InputFault if there was nothing to judge, and EngineFault if every check that had data broke."""
    if all(finding.status == "skipped" for finding in findings):
        raise InputFault(
            f"no check ran: there is nothing in the lake for any of the {len(findings)} selected",
            "run `tpaudit ingest` first, or select other checks",
        )
    reasons = [finding.reason.en for finding in findings if finding.status == "error" and finding.reason]
    if reasons and not any(finding.status in ("passed", "failed") for finding in findings):
        raise EngineFault(f"no check could be evaluated; the first {reasons[0]}", "see the log with --debug")


def _gate(fail_on: str) -> FailOn:
    known = get_args(FailOn)
    if fail_on not in known:
        raise UsageFault(f"fail-on {fail_on!r} is none of {', '.join(known)}{did_you_mean(fail_on, known)}")
    return cast(FailOn, fail_on)


def _findings(audit: Audit, probes: Sequence[Probe], *, keeps_profile: bool) -> list[FindingRow]:
    """One finding per probe, sorted by code, table and column."""
    with lake_session(audit) as session:
        lake = Lake(audit, session.execute)
        lake.prepare(probes, with_profile=keeps_profile)
        reasons = [(probe, lake.reason_to_skip(probe)) for probe in probes]
        findings = [skipped_row(probe, reason) for probe, reason in reasons if reason is not None]
        ready = [probe for probe, reason in reasons if reason is None]
        for probe, outcome in (*_judged_by_query(session, lake, ready), *_judged_in_views(session, lake, ready)):
            if isinstance(outcome, str):
                findings.append(error_row(probe, lake.fault_behind(probe) or outcome))
            else:
                findings.append(judged_row(probe, outcome))
        if keeps_profile:
            lake.keep_profile()
    return sorted(findings, key=lambda finding: (finding.code, finding.table, finding.column or ""))


def _judged_by_query(session: LakeSession, lake: Lake, probes: Sequence[Probe]) -> Iterator[tuple[Probe, Outcome]]:
    """Outcomes of the probes that have a query of their own."""
    queried = [probe for probe in probes if probe.check.query]
    if queried:
        session.execute("CREATE VIEW nothing AS SELECT NULL AS nothing")
        queries = {probe.column: probe.sql("query", lake.parameters) for probe in queried}
        outcomes = session.judge_queries("nothing", queries)
        yield from ((probe, outcomes[probe.column]) for probe in queried)


def _judged_in_views(session: LakeSession, lake: Lake, probes: Sequence[Probe]) -> Iterator[tuple[Probe, Outcome]]:
    """Outcomes of the probes that judge rows, one pass per table, and of those that judge a table as a whole."""
    views: dict[str, list[Probe]] = {}
    for probe in probes:
        if probe.check.query:
            continue
        try:
            if _judges_rows(probe):
                views.setdefault(probe.view, []).append(probe)
            else:
                yield probe, _judged_as_a_whole(session, lake, probe)
        # Whatever the engine or Great Expectations raises belongs to this check, and the others still have to report.
        except Exception as fault:
            yield probe, first_line(fault)
    for view, judged in views.items():
        yield from _judged_rows(session, lake, view, judged)


def _judges_rows(probe: Probe) -> bool:
    from tpaudit.checks.expectations import judges_values

    return probe.check.expectation is None or judges_values(probe.check.expectation.type)


def _judged_as_a_whole(session: LakeSession, lake: Lake, probe: Probe) -> Outcome:
    """Outcome of an expectation on the rows the check applies to, taken together."""
    name, type_, kwargs = _expectation(probe, lake.parameters)
    rows = f"SELECT * FROM {probe.target.table} WHERE {applies(probe, lake.parameters)}"
    session.execute(f'CREATE VIEW "{name}" AS {rows}')
    return session.judge_view(name, type_, kwargs)


def _judged_rows(
    session: LakeSession, lake: Lake, view: str, probes: Sequence[Probe]
) -> Iterator[tuple[Probe, Outcome]]:
    """Outcomes of the probes of one view, judged together; if that fails, one by one, so that faults stay alone."""
    outcomes: dict[str, Outcome]
    try:
        session.execute(f'CREATE VIEW "{view}" AS {judging_view(probes, lake.parameters)}')
        outcomes = dict(session.judge_columns(view, [_expectation(probe, lake.parameters) for probe in probes]))
        judged = [probe for probe in probes if probe.check.expectation and _fell_short(outcomes[probe.column])]
        places = _places(session, lake, view, judged)
    except Exception as fault:
        outcomes, places = {probe.column: first_line(fault) for probe in probes}, {}
    if len(probes) > 1 and any(isinstance(outcome, str) for outcome in outcomes.values()):
        for probe in probes:
            yield from _judged_rows(session, lake, f"{view}_{probe.column}", [probe])
        return
    for probe in probes:
        outcome = outcomes[probe.column]
        if not isinstance(outcome, str) and probe.column in places:
            outcome = replace(outcome, places=places[probe.column])
        yield probe, outcome


def _expectation(probe: Probe, parameters: Mapping[str, str]) -> tuple[str, str, dict[str, Any]]:
    """Column, type and arguments of the expectation that judges a probe."""
    declared = probe.check.expectation
    if declared:
        kwargs = {name: _filled(value, parameters) for name, value in declared.kwargs.items()}
        return probe.column, declared.type, kwargs
    return probe.column, "expect_verdicts_to_hold", {}


def _filled(value: Any, parameters: Mapping[str, str]) -> Any:
    return filled(value, parameters) if isinstance(value, str) else value


def _fell_short(outcome: Outcome) -> bool:
    return not isinstance(outcome, str) and outcome.failed > 0


def _places(
    session: LakeSession, lake: Lake, view: str, probes: Sequence[Probe]
) -> dict[str, tuple[tuple[str, int], ...]]:
    """How many failing rows of built-in expectations each file has, per probe column, in one more pass."""
    if not probes:
        return {}
    conditions = (session.failing_condition(view, *_expectation(probe, lake.parameters)) for probe in probes)
    counts = ", ".join(f"count(*) FILTER (WHERE {condition})" for condition in conditions)
    rows = session.execute(f'SELECT place, {counts} FROM "{view}" GROUP BY place')
    return {
        probe.column: tuple((row[0], row[number]) for row in rows if row[number])
        for number, probe in enumerate(probes, start=1)
    }


@contextlib.contextmanager
def lake_session(audit: Audit) -> Iterator[LakeSession]:
    """A database for the views of the lake of *audit*, and Great Expectations looking at it."""
    from tpaudit.checks.session import LakeSession

    session = LakeSession(engine_options(audit))
    try:
        yield session
    finally:
        session.close()


def engine_options(audit: Audit) -> dict[str, Any]:
    """Options of a DuckDB database under the limits of *audit*."""
    settings = audit.config.settings.engine
    options = {
        "autoinstall_known_extensions": False,
        "memory_limit": settings.memory_limit,
        "threads": settings.threads,
        "temp_directory": str(audit.scratch),
        "TimeZone": "UTC",
    }
    return {name: value for name, value in options.items() if value is not None}
