"""What `benchmarks.validate` measures of tpaudit itself: `python -m benchmarks.validate_ours WHAT FOLDER`."""

from __future__ import annotations

import sys
from pathlib import Path

from benchmarks.validate import CONDITIONS, PER_CONTACT
from benchmarks.validate_peers import RULES


def write(folder: Path, touches: int) -> str:
    """The lake, and a second audit on it that has the rules of the peers as checks of its own."""
    from benchmarks.validate_data import SETTINGS, write_lake

    write_lake(folder, touches, touches // PER_CONTACT)
    (folder / "own" / "checks").mkdir(parents=True)
    (folder / "own" / "tpaudit.toml").write_text(SETTINGS, encoding="utf-8")
    (folder / "own" / "lake").symlink_to(folder / "lake")
    own = "\n".join(_own_check(name) for name in RULES)
    (folder / "own" / "checks" / "bench.yaml").write_text(f"own:\n{own}\n", encoding="utf-8")
    return "written"


def _own_check(name: str) -> str:
    table, column, kind, argument = RULES[name]
    lines = [f"  - code: BENCH_{name}", f"    title: {name}", f"    target: {table}.{column}"]
    if kind == "unique":
        return "\n".join([*lines, "    expectation: {type: expect_column_values_to_be_unique, kwargs: {}}"])
    given = ", ".join(map(repr, argument)) if isinstance(argument, list) else str(argument)
    condition = CONDITIONS[kind].replace("<arg>", given).replace("'", "''")
    return "\n".join([*lines, f"    checks_null: {str(kind == 'known').lower()}", f"    fails_when: '{condition}'"])


def import_(_: Path) -> str:
    """Great Expectations, imported as it comes."""
    import great_expectations

    return f"version {great_expectations.__version__}"


def sql(folder: Path) -> str:
    """The checks' own SQL by DuckDB alone: one statement per table, and one per check that has a query."""
    import duckdb

    from tpaudit.audit import Audit, load_config
    from tpaudit.checks.judging import Probe, judged_column
    from tpaudit.checks.lake import Lake
    from tpaudit.checks.registry import load

    audit = Audit(folder, load_config(folder, {}))
    probes = [Probe(check, target) for check in load() for target in check.targets if check.expectation is None]
    failed = judged = 0
    with duckdb.connect(config={"threads": 2}) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        lake = Lake(audit, lambda text: connection.execute(text).fetchall())
        lake.prepare(probes)
        ready = [probe for probe in probes if lake.reason_to_skip(probe) is None]
        statements = [
            f"SELECT count(*), count(*) FILTER (WHERE failed) FROM ({probe.sql('query', lake.parameters)})"
            for probe in ready if probe.check.query
        ]  # fmt: skip
        for table in sorted({probe.target.table for probe in ready if not probe.check.query}):
            columns = [
                judged_column(probe, lake.parameters)
                for probe in ready if probe.target.table == table and not probe.check.query
            ]  # fmt: skip
            verdicts = ", ".join(f"{column} AS v{number}" for number, column in enumerate(columns))
            numbers = range(len(columns))
            counts = ", ".join(f"count(v{number}), count(*) FILTER (WHERE NOT v{number})" for number in numbers)
            statements.append(f"SELECT {counts} FROM (SELECT {verdicts} FROM {table})")
        for statement in statements:
            row = connection.execute(statement).fetchall()[0]
            judged += sum(checked > 0 for checked in row[::2])
            failed += sum(row[1::2])
    return f"{judged} judged, {failed:,} units fell short"


def tpaudit(folder: Path) -> str:
    """The shipped checks, as `tpaudit validate` runs them."""
    return _validated(folder)


def own(folder: Path) -> str:
    """The rules of the peers, as the audit's own checks."""
    return _validated(folder / "own", select=["own"])


def _validated(folder: Path, **chosen: list[str]) -> str:
    from tpaudit import checks
    from tpaudit.audit import Audit, load_config
    from tpaudit.engine import EngineSettings, connect
    from tpaudit.store import Store

    store = Store(Audit(folder, load_config(folder, {})), connect(EngineSettings(threads=2)))
    result = checks.validate(store, **chosen)
    store.engine.close()
    judged = [finding for finding in result.findings if finding.checked]
    failing = [finding for finding in judged if finding.failed]
    return (
        f"{len(judged)} judged, {len(failing)} with failures, {sum(f.failed or 0 for f in failing):,} units fell "
        f"short, {result.count('error')} broke"
    )


if __name__ == "__main__":
    what = {"import": import_, "sql": sql, "tpaudit": tpaudit, "own": own}
    if sys.argv[1] == "write":
        print(write(Path(sys.argv[2]), int(sys.argv[3])))
    else:
        print(what[sys.argv[1]](Path(sys.argv[2])))
