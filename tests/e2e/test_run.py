"""`tpaudit run` on the sample exports: every mart, nothing twice, the same bytes again."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from tests.e2e.conftest import document, run_tpaudit
from tpaudit.audit import Audit, load_config
from tpaudit.checks.registry import load as load_checks
from tpaudit.model import MARTS
from tpaudit.pipeline import Ingestion, Pipeline
from tpaudit.results import Result
from tpaudit.stages import Stage
from tpaudit.store import Store

pytestmark = pytest.mark.e2e


def digests(audit: Path) -> dict[str, str]:
    return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in sorted(audit.glob("marts/*.parquet"))}


# Rankings under other assumptions are made where the settings ask for them.
ON_DEMAND = ("golden_sensitivity",)


@pytest.mark.parametrize("name", MARTS)
def test_every_mart_has_its_declared_columns_and_rows(finished_audit: Path, name: str) -> None:
    table = pq.read_table(finished_audit / "marts" / f"{name}.parquet")
    assert table.column_names == list(MARTS[name].column_names)
    assert table.num_rows > 0 or name in ON_DEMAND
    keys = table.select(list(MARTS[name].key)).to_pylist()
    assert len({tuple(row.values()) for row in keys}) == len(keys)


def test_slices_that_do_not_apply_are_null_never_empty(finished_audit: Path) -> None:
    for name in MARTS:
        for column in pq.read_table(finished_audit / "marts" / f"{name}.parquet").itercolumns():
            if str(column.type) == "string":
                assert "" not in column.to_pylist(), name


def test_stdout_carries_one_document_and_stderr_one_line_per_stage(finished_audit: Path) -> None:
    found = json.loads((finished_audit / "first-run.json").read_text(encoding="utf-8"))
    assert (found["schema_version"], found["status"]) == (1, "done")
    told = (finished_audit / "first-run.err").read_text(encoding="utf-8").splitlines()
    assert [line.split()[0] for line in told] == ["ingest", "dedupe", "validate", "journey", "kpi", "rank"]


def test_the_run_is_kept_with_manifest_and_report(finished_audit: Path) -> None:
    found = json.loads((finished_audit / "first-run.json").read_text(encoding="utf-8"))
    folder = finished_audit / "runs" / found["run_id"]
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["exit_code"] == 0
    assert {item["file"] for item in manifest["inputs"]} == {
        file.name for file in (finished_audit / "exports").iterdir()
    }
    assert {stage["stage"] for stage in manifest["stages"]} == {
        "ingest",
        "dedupe",
        "validate",
        "journey",
        "kpi",
        "rank",
    }
    assert {name: entry["sha256"] for name, entry in manifest["marts"].items()} == {
        file.removesuffix(".parquet"): digest for file, digest in digests(finished_audit).items()
    }
    assert "<html" in (folder / "report.html").read_text(encoding="utf-8")


def test_a_second_run_does_nothing_and_loads_no_engine(audit_copy: Path) -> None:
    before = {file: file.stat().st_mtime_ns for file in audit_copy.rglob("*.parquet")}
    program = (
        "import sys\n"
        f"sys.argv = ['tpaudit', '-C', {str(audit_copy)!r}, 'run', '--format', 'json']\n"
        "from tpaudit.commands.app import main\n"
        "try:\n    main()\nexcept SystemExit as end:\n    assert not end.code, end.code\n"
        "loaded = [n for n in ('duckdb', 'ibis', 'pandas', 'pyarrow', 'great_expectations') if n in sys.modules]\n"
        "assert not loaded, loaded\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, encoding="utf-8")
    assert done.returncode == 0, done.stderr
    assert document(done)["status"] == "nothing to do"
    assert before == {file: file.stat().st_mtime_ns for file in audit_copy.rglob("*.parquet")}
    assert len(list((audit_copy / "runs").iterdir())) == 1


def test_another_language_asks_for_another_report_and_no_other_figures(audit_copy: Path) -> None:
    found = document(run_tpaudit("-C", audit_copy, "run", "--lang", "zh", "--format", "json"))
    assert found["status"] == "done"
    assert {stage["status"] for stage in found["stages"]} == {"unchanged"}
    assert 'lang="zh' in Path(found["report_file"]).read_text(encoding="utf-8")
    again = document(run_tpaudit("-C", audit_copy, "run", "--lang", "zh", "--format", "json"))
    assert (again["status"], again["run_id"]) == ("nothing to do", found["run_id"])


def test_marts_of_a_build_that_knew_other_columns_are_derived_again(
    audit_copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    audit = Audit(audit_copy, load_config(audit_copy, {}))
    with Pipeline(audit, Ingestion()) as pipeline:
        assert pipeline.is_unchanged()
    known = MARTS["journey_touches"]
    monkeypatch.setitem(MARTS, "journey_touches", replace(known, columns=known.columns[:-1]))
    with Pipeline(audit, Ingestion()) as pipeline:
        assert not pipeline.is_unchanged()


def test_what_a_stage_lays_down_in_the_engine_goes_with_it(audit_copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Or the last stages of a large audit would lack the memory that the first hold."""
    audit, ran = Audit(audit_copy, load_config(audit_copy, {})), []
    with Pipeline(audit, Ingestion(), forced=frozenset({"journey", "kpi"})) as pipeline:
        saved = {name: pipeline.saved(name) for name in ("journey", "kpi")}

        def laid_down(store: Store) -> int:
            return len(store.engine._connection.raw_sql("FROM duckdb_tables() WHERE temporary").fetchall())

        def run(stage: Stage, store: Store) -> Result | None:
            assert laid_down(store) == 0
            store.engine.cache(store.lake("touches").select("touch_id"))
            assert laid_down(store) == 1
            ran.append(stage.name)
            return saved[stage.name]

        monkeypatch.setattr(Stage, "run", run)
        pipeline.bring_up_to_date("kpi")
    assert ran == ["journey", "kpi"]


def test_only_what_depends_on_a_change_runs_again(audit_copy: Path) -> None:
    settings = audit_copy / "tpaudit.toml"
    settings.write_text(settings.read_text(encoding="utf-8").replace("replicates = 200", "replicates = 100"))
    done = run_tpaudit("-C", audit_copy, "run", "--format", "json")
    assert done.returncode == 0, done.stderr
    status = {stage["stage"]: stage["status"] for stage in document(done)["stages"]}
    assert [stage for stage, outcome in status.items() if outcome == "done"] == ["kpi", "rank"]


def test_a_forced_run_stopped_by_the_gate_says_why_gives_the_same_bytes_and_needs_no_second(audit_copy: Path) -> None:
    """That the later stages give the same bytes, too, test_kill shows."""
    before = digests(audit_copy)
    settings = audit_copy / "tpaudit.toml"
    settings.write_text(settings.read_text(encoding="utf-8").replace('"never"', '"critical"'), encoding="utf-8")
    done = run_tpaudit("-C", audit_copy, "run", "--force", "--format", "json")
    assert done.returncode == 1, done.stderr
    found = document(done)
    assert found["status"] == "stopped at validate"
    assert any(f["status"] == "failed" and f["severity"] == "critical" for f in found["validation"]["findings"])
    assert Path(found["report_file"]).is_file()
    status = {stage["stage"]: stage["status"] for stage in found["stages"]}
    assert [name for name, one in status.items() if one == "done"] == ["ingest", "dedupe", "validate"]
    assert status["journey"] == "not run"
    assert digests(audit_copy) == before
    runs = sorted((audit_copy / "runs").iterdir())
    assert len(runs) == 2
    again = run_tpaudit("-C", audit_copy, "run", "--format", "json")
    assert again.returncode == 1, again.stderr
    assert document(again)["status"] == "nothing to do"
    assert sorted((audit_copy / "runs").iterdir()) == runs


PAYLOAD_COMMANDS = [
    ["run"], ["ingest"], ["ingest", "--dry-run"], ["dedupe"], ["validate", "--fail-on", "never"], ["journey"],
    ["kpi"], ["rank"], ["report"], ["report", "--to", "html,json,md"], ["history"], ["list", "checks"],
    ["list", "kpis"], ["list", "presets"], ["list", "touchpoints"], ["explain", "nps"], ["config", "show", "--origin"],
]  # fmt: skip


@pytest.mark.parametrize("arguments", PAYLOAD_COMMANDS, ids=" ".join)
def test_json_is_one_document_and_nothing_else(audit_copy: Path, arguments: list[str]) -> None:
    done = run_tpaudit("-C", audit_copy, *arguments, "--format", "json")
    assert done.returncode == 0, done.stderr
    assert document(done)["schema_version"] == 1


@pytest.mark.parametrize(
    "arguments", [["kpi"], ["rank"], ["journey"], ["validate", "--fail-on", "never"]], ids=" ".join
)
def test_csv_markdown_and_parquet_are_written_too(audit_copy: Path, tmp_path: Path, arguments: list[str]) -> None:
    csv = run_tpaudit("-C", audit_copy, *arguments, "--format", "csv")
    assert csv.returncode == 0 and csv.stdout.count("\n") > 3, csv.stderr
    for suffix in ("md", "parquet"):
        file = tmp_path / f"out.{suffix}"
        done = run_tpaudit("-C", audit_copy, *arguments, "-o", file)
        assert done.returncode == 0, done.stderr
        assert (done.stdout, file.stat().st_size > 100) == ("", True)


def test_no_personal_data_leaves_the_lake_unmasked(audit_copy: Path) -> None:
    customers = pq.read_table(audit_copy / "marts" / "customers.parquet").to_pylist()
    report = next(audit_copy.glob("runs/*/report.html")).read_text(encoding="utf-8")
    payloads = report + "".join(
        run_tpaudit("-C", audit_copy, *arguments, "--format", "json").stdout
        for arguments in (["ingest"], ["dedupe"], ["validate", "--fail-on", "never"], ["report"])
    )
    # What the definition of a check gives as an example is nobody's address, even if somebody typed it into a form.
    examples = str(load_checks())
    values = [customer[column] for customer in customers for column in ("phone", "email") if customer[column]]
    assert len(values) > len(customers) / 2
    for value in values:
        assert value in examples or value not in payloads
