"""What `benchmarks.validate` measures of tpaudit itself: `python -m benchmarks.validate_ours WHAT FOLDER`."""

from __future__ import annotations

import gc
import json
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.validate import CONDITIONS, PER_CONTACT
from benchmarks.validate_peers import RULES

if TYPE_CHECKING:
    from tpaudit.results import FindingRow


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

    return json.dumps({"version": great_expectations.__version__})


def sql(folder: Path) -> str:
    """The checks written by hand in SQL."""
    from benchmarks.validate_sql import count

    return json.dumps(count(folder))


def pandas(folder: Path) -> str:
    """The checks in Great Expectations on pandas; counts only."""
    from benchmarks.validate_pandas import count

    return json.dumps(count(folder, names_rows=False))


def pandas_rows(folder: Path) -> str:
    """The checks in Great Expectations on pandas, with file and row of what fell short."""
    from benchmarks.validate_pandas import count

    return json.dumps(count(folder, names_rows=True))


def tpaudit(folder: Path) -> str:
    """The shipped checks, as `tpaudit validate` runs them: with counts per file, kept in the mart and the history."""
    judged = [finding for finding in _validated(folder) if finding.checked]
    return json.dumps({_name(finding): (finding.checked, finding.failed) for finding in judged})


def quarantined(folder: Path) -> str:
    """The same, and every row that fell short written into a quarantine."""
    from tpaudit.audit import Audit, load_config
    from tpaudit.checks.quarantine import write_quarantine

    findings = _validated(folder)
    with tempfile.TemporaryDirectory() as place:
        write_quarantine(Audit(folder, load_config(folder, {})), findings, Path(place))
    return json.dumps({_name(one): (one.checked, one.failed) for one in findings if one.checked})


def own(folder: Path) -> str:
    """The rules of the peers, as the audit's own checks."""
    findings = _validated(folder / "own", select=["own"])
    return json.dumps({finding.code.removeprefix("BENCH_"): finding.failed for finding in findings})


def _name(finding: FindingRow) -> str:
    return " ".join(part for part in (finding.table, finding.code, finding.column) if part)


def _validated(folder: Path, select: Sequence[str] = ()) -> tuple[FindingRow, ...]:
    from tpaudit import checks
    from tpaudit.audit import Audit, load_config
    from tpaudit.engine import EngineSettings
    from tpaudit.store import Store

    # As the command line sets it.
    gc.set_threshold(500_000, 50, 1_000)
    store = Store(Audit(folder, load_config(folder, {})), EngineSettings(threads=2))
    result = checks.validate(store, select=select)
    store.close()
    return result.findings


if __name__ == "__main__":
    if sys.argv[1] == "write":
        print(write(Path(sys.argv[2]), int(sys.argv[3])))
    else:
        measured = {
            "import": import_, "sql": sql, "pandas": pandas, "pandas_rows": pandas_rows, "tpaudit": tpaudit,
            "quarantined": quarantined, "own": own,
        }  # fmt: skip
        print(measured[sys.argv[1]](Path(sys.argv[2])))
