"""`tpaudit validate` as a gate: every row of the exit-code table, baselines, and the forms it writes."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner, Result

from tpaudit.audit import hold_lock
from tpaudit.commands.app import app

pytestmark = pytest.mark.xdist_group("great expectations")

SETTINGS = '[audit]\nclient = "Q"\nas_of = 2026-11-16\n[engine]\nthreads = 1\n'

# One negative amount (TPM01, critical), one refund larger than the payment (TPM02, critical), and an unknown currency
# (TPM04, a warning).
ORDERS = """order_id,paid_amount,currency,refunded_amount,created_at,phone
o1,-5,CNY,0,2026-11-10 10:21:00,13857129046
o2,7,RMB,0,2026-11-11 11:42:00,15921837465
o3,7,CNY,9,2026-11-12 12:33:00,18610294756
"""

OWN = """own:
  - {code: BROKEN, title: cannot be evaluated, target: orders.paid_amount, fails_when: "CAST(currency AS INTEGER) < 0"}
"""
WAIVER = "waivers: [{{code: TPM01, max_failed: 1, expires: {expires}, reason: known}}]"
EXPECTED = (
    "own: [{{code: BROKEN, title: x, target: orders.paid_amount, expectation: {{type: {}, kwargs: {{minimum: 3}}}}}}]"
)


@pytest.fixture(scope="module")
def checked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An audit of three orders that has been validated; to be copied."""
    folder = tmp_path_factory.mktemp("gate") / "audit"
    (folder / "exports").mkdir(parents=True)
    (folder / "exports" / "orders.csv").write_text(ORDERS, encoding="utf-8")
    (folder / "tpaudit.toml").write_text(SETTINGS, encoding="utf-8")
    assert run(folder).exit_code == 1
    return folder


@pytest.fixture
def audit(checked: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shutil.copytree(checked, tmp_path / "audit")
    monkeypatch.chdir(tmp_path)
    return tmp_path / "audit"


def run(audit: Path, *options: object) -> Result:
    return CliRunner().invoke(
        app, ["-C", str(audit), "validate", *map(str, options)], env={"LANG": "C.UTF-8", "COLUMNS": "120"}
    )


def write_baseline(audit: Path, **failed: int) -> Path:
    columns = {"TPM01": "paid_amount", "TPM02": "refunded_amount", "TPM04": "currency"}
    findings = [
        {"code": code, "table": "orders", "column": columns[code], "failed": count} for code, count in failed.items()
    ]
    file = audit / "baseline.json"
    file.write_text(json.dumps({"schema_version": 1, "findings": findings}), encoding="utf-8")
    return file


@dataclass(frozen=True)
class Row:
    """A row of the exit-code table: what is done to the audit, how it is called, and what comes of it."""

    what: str
    code: int
    options: Sequence[str] = ()
    baseline: dict[str, int] | None = None
    own: str | None = None
    settings: str = ""
    ends: str = ""


TABLE = [
    Row("nothing fell short", 0, ("--select", "TPV03,TPC01"), ends="exit 0"),
    Row("only warnings", 0, ("--select", "TPM04"), ends="PASSED: nothing at or above critical"),
    Row("only warnings, and they count", 1, ("--select", "TPM04", "--fail-on", "warning"), ends="exit 1"),
    Row("something critical", 1, ends="FAILED: 2 at or above critical (exit 1)"),
    Row("something critical, reported only", 0, ("--fail-on", "never"), ends="exit 0"),
    Row("all of it is known", 0, baseline={"TPM01": 1, "TPM02": 1}, ends="exit 0"),
    Row("baseline grew", 1, baseline={"TPM01": 1, "TPM02": 0}, ends="FAILED: 1 at or above critical"),
    Row("something new beside the baseline", 1, baseline={"TPM01": 1}, ends="FAILED: 1 at or above critical"),
    Row("unknown option", 2, ("--no-such-option",)),
    Row("unknown check", 2, ("--select", "TPM99")),
    Row("unknown setting", 2, settings="[validate]\nfail_no = 'critical'\n"),
    Row("fault in the audit's checks", 2, own="checks: {TPMO1: {}}"),
    Row("no YAML in the audit's checks", 2, own="checks: {TPM01: {severity: info"),
    Row("a list of the audit's checks", 2, own="checks: [TPM01]"),
    Row("a date that no calendar has", 2, own=WAIVER.format(expires="2026-13-01")),
    Row("no such expectation", 2, ("--select", "BROKEN"), own=EXPECTED.format("expect_column_values_to_be_betwen")),
    Row("no such argument", 2, ("--select", "BROKEN"), own=EXPECTED.format("expect_column_values_to_be_between")),
    Row("waived", 0, ("--select", "TPM01"), own=WAIVER.format(expires="2026-11-16"), ends="exit 0"),
    Row("waived until yesterday", 1, ("--select", "TPM01"), own=WAIVER.format(expires="2026-11-15"), ends="exit 1"),
    Row("no such baseline", 2, ("--baseline", "nowhere.json")),
    Row("baseline to update not named", 2, ("--update-baseline",)),
    Row("score card of a part", 2, ("--scorecard", "--select", "TPM01")),
    Row("nothing that could show personal data", 2, ("--show-pii",)),
    Row("no selected check had data", 3, ("--select", "surveys")),
    Row("nothing left to run", 3, ("--select", "TPM01", "--ignore", "orders")),
    Row("one check broke, the others passed", 3, ("--select", "BROKEN,TPV03"), own=OWN, ends="nobody can tell (exit 3)"),
    Row("one check broke, another failed", 1, ("--select", "BROKEN,TPM01"), own=OWN, ends="exit 1"),
    Row("every check broke", 3, ("--select", "BROKEN"), own=OWN),
    Row("engine unreachable", 3, ("--force",), settings="memory_limit = '1KB'\n"),
]  # fmt: skip


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.what)
def test_exit_code(row: Row, audit: Path) -> None:
    options = list(row.options)
    if row.baseline is not None:
        options += ["--baseline", str(write_baseline(audit, **row.baseline))]
    if row.own is not None:
        (audit / "checks").mkdir()
        (audit / "checks" / "own.yaml").write_text(row.own, encoding="utf-8")
    (audit / "tpaudit.toml").write_text(SETTINGS + row.settings, encoding="utf-8")

    done = run(audit, *options)

    assert done.exit_code == row.code, done.output
    if row.ends:
        assert row.ends in done.stdout.rstrip().splitlines()[-1]
    if row.code >= 2 and not row.ends:
        assert done.stdout == ""
        assert "Traceback" not in done.stderr


def test_an_audit_without_exports_cannot_be_evaluated(tmp_path: Path) -> None:
    assert run(tmp_path).exit_code == 3


def test_exports_without_rows_cannot_be_evaluated(tmp_path: Path) -> None:
    (tmp_path / "exports").mkdir()
    (tmp_path / "exports" / "orders.csv").write_text(ORDERS.splitlines()[0] + "\n", encoding="utf-8")

    done = run(tmp_path)

    assert done.exit_code == 3
    assert "a header and no row" in done.stderr


def test_an_empty_lake_cannot_be_evaluated(audit: Path) -> None:
    (audit / "exports" / "orders.csv").unlink()
    shutil.rmtree(audit / "lake")

    assert run(audit).exit_code == 3


def test_a_table_that_lost_its_rows_falls_short(audit: Path) -> None:
    (audit / "exports" / "orders.csv").unlink()
    for file in audit.glob("lake/*/*.parquet"):
        pq.write_table(pq.read_table(file).slice(0, 0), file)

    done = run(audit)

    assert done.exit_code == 1
    assert "FAIL  TPV01  orders" in done.stdout


def test_exports_without_any_person_are_judged(audit: Path) -> None:
    spend = "date,platform,campaign_id,impressions,clicks,spend,currency\n2026-11-10,baidu,c1,100,300,12.5,CNY\n"
    (audit / "exports" / "orders.csv").unlink()
    (audit / "exports" / "ad_spend.csv").write_text(spend, encoding="utf-8")

    done = run(audit, "--format", "json")

    assert done.exit_code == 1, done.output
    found = {(one["code"], one["table"]): one for one in json.loads(done.stdout)["findings"]}
    assert found["TPM05", "ad_spend"]["failed"] == 1
    assert found["TPC03", "contacts"]["status"] == "skipped"
    assert "no rows in contacts" in found["TPC03", "contacts"]["reason"]["en"]
    # What was said of the people of earlier exports is not said of these.
    assert not (audit / "marts" / "customer_links.parquet").exists()
    assert run(audit, "--select", "TPM05").exit_code == 1


def test_an_unreadable_lake_cannot_be_evaluated_until_the_file_is_deleted(audit: Path) -> None:
    (file,) = audit.glob("lake/orders/*.parquet")
    file.write_bytes(b"PAR1 but nothing else")

    done = run(audit, "--select", "TPM01")
    file.unlink()

    assert done.exit_code == 3
    assert file.name in done.stderr
    assert "delete that file" in done.stderr
    # The export is still there and is read again.
    assert "FAILED: 1 at or above critical" in run(audit, "--select", "TPM01").stdout


def test_an_unreadable_file_that_only_checks_read_is_named(audit: Path) -> None:
    broken = audit / "lake" / "ad_spend" / "broken.parquet"
    broken.parent.mkdir()
    broken.write_bytes(b"PAR1 but nothing else")

    done = run(audit, "--select", "ad_spend")

    assert done.exit_code == 3
    assert "broken.parquet" in done.stderr
    assert "bug" not in done.stderr


def test_a_held_lock_is_told_apart(audit: Path) -> None:
    with hold_lock(audit / ".tpaudit", "another", 0):
        assert run(audit).exit_code == 4


def test_a_baseline_is_written_passes_and_is_outgrown(audit: Path) -> None:
    file = audit / "baseline.json"

    assert run(audit, "--baseline", file, "--update-baseline").exit_code == 0
    again = run(audit, "--baseline", file)
    assert again.exit_code == 0
    assert "KNOWN" in again.stdout
    assert "3 known, 0 grown" in " ".join(again.stdout.split())
    with (audit / "exports" / "orders.csv").open("a", encoding="utf-8") as orders:
        orders.write("o4,-1,CNY,0,2026-11-13 13:54:00,13761540982\n")
    grown = run(audit, "--baseline", file)
    assert grown.exit_code == 1
    assert "2 known, 1 grown" in " ".join(grown.stdout.split())


def test_a_part_updates_its_own_entries_only(audit: Path) -> None:
    file = write_baseline(audit, TPM02=1, TPM04=9)

    run(audit, "--baseline", file, "--update-baseline", "--select", "TPM04")

    found = {one["code"]: one["failed"] for one in json.loads(file.read_text(encoding="utf-8"))["findings"]}
    assert found == {"TPM02": 1, "TPM04": 1}


def test_json_is_one_versioned_document_with_everything(audit: Path) -> None:
    done = run(audit, "--format", "json", "--quarantine", audit / "q")

    document = json.loads(done.stdout)
    assert document["schema_version"] == 1
    assert {row["scope"] for row in document["scorecard"]} >= {"table", "source"}
    assert {file["code"] for file in document["quarantine"]["files"]} == {"TPM01", "TPM02", "TPM04"}


@pytest.mark.parametrize(
    ("form", "told"),
    [
        ("junit", "first in orders.csv row 2"),
        ("sarif", '"uri": "audit/exports/orders.csv"'),
        ("github", "::error file=audit/exports/orders.csv,line=2,title=TPM01"),
        ("md", "| FAIL | TPM01 |"),
        ("csv", "TPM01,Negative amount"),
        ("table", "FAIL  TPM01"),
    ],
)
def test_every_form_shows_where_to_look_and_keeps_the_exit_code(audit: Path, form: str, told: str) -> None:
    done = run(audit, "--format", form)

    assert done.exit_code == 1
    assert told in done.stdout


@pytest.mark.parametrize(
    ("form", "told"), [("junit", "<error"), ("sarif", "toolExecutionNotifications"), ("github", "::error")]
)
def test_a_fault_is_told_in_the_form_that_was_asked_for(audit: Path, form: str, told: str) -> None:
    done = run(audit, "--format", form, "--baseline", "nowhere.json")

    assert done.exit_code == 2
    assert told in done.stdout
    assert "no baseline nowhere.json" in done.stdout


@pytest.mark.parametrize("form", ["json", "junit", "sarif", "github"])
def test_settings_that_cannot_be_read_are_told_in_the_form_that_was_asked_for(tmp_path: Path, form: str) -> None:
    (tmp_path / "tpaudit.toml").write_text("[validate]\nfail_no = 'critical'\n", encoding="utf-8")

    done = run(tmp_path, "--format", form)

    assert done.exit_code == 2
    assert "fail_no" in done.stdout


def test_the_score_card_is_shown_on_request(audit: Path) -> None:
    assert "Score card" not in run(audit).stdout
    assert "Score card" in run(audit, "--scorecard").stdout


def test_owners_are_named_on_request_only(audit: Path) -> None:
    tickets = "ticket_id,created_at,assignee_name,phone\nt1,2026-11-10 10:21:00,王小芳,13857129046\n"
    (audit / "exports" / "tickets.csv").write_text(tickets, encoding="utf-8")

    assert "王**" in run(audit, "--scorecard").stdout
    assert "王小芳" in run(audit, "--scorecard", "--show-pii").stdout
    assert "王小芳" not in run(audit, "--format", "json").stdout


def test_forms_of_a_gate_are_refused_elsewhere_before_any_work(audit: Path) -> None:
    done = CliRunner().invoke(app, ["-C", str(audit), "kpi", "--format", "sarif"])

    assert done.exit_code == 2
    assert not (audit / "marts" / "kpis.parquet").exists()
