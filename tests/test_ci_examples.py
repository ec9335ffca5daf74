"""The commands of the CI examples in the docs, taken from their YAML and run by a shell on an audit."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import yaml

from tests.commands.test_validate import ORDERS, SETTINGS

pytestmark = pytest.mark.e2e

EXAMPLES = Path(__file__).parent.parent / "docs" / "examples"
INSTALL = "pip install tpaudit"


def steps_of(example: str) -> list[str]:
    """Shell steps of an example, but for the installation, in their order."""
    found: Any = yaml.safe_load((EXAMPLES / example).read_text(encoding="utf-8"))
    if example.startswith("github"):
        steps = [step["run"] for step in found["jobs"]["validate"]["steps"] if "run" in step]
    else:
        # GitLab joins a job's commands into one script.
        job = found["data-quality"]
        steps = [*job["before_script"], "\n".join(job["script"])]
    assert steps[0] == INSTALL
    return steps[1:]


@pytest.fixture(scope="module")
def validated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository with an audit whose data fall short, validated once, and an empty baseline; to be copied."""
    if shutil.which("bash") is None:
        pytest.skip("no bash")
    folder = tmp_path_factory.mktemp("repository") / "checkout"
    (folder / "audit" / "exports").mkdir(parents=True)
    (folder / "audit" / "exports" / "orders.csv").write_text(ORDERS, encoding="utf-8")
    (folder / "audit" / "tpaudit.toml").write_text(SETTINGS, encoding="utf-8")
    (folder / "audit" / "baseline.json").write_text('{"schema_version": 1, "findings": []}', encoding="utf-8")
    (folder / "bin").mkdir()
    program = folder / "bin" / "tpaudit"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m tpaudit "$@"\n', encoding="utf-8")
    program.chmod(0o755)
    assert run("tpaudit -C audit validate", folder).returncode == 1
    return folder


@pytest.fixture
def checkout(validated: Path, tmp_path: Path) -> Path:
    """The repository, with `tpaudit` on the path; a validation finds that nothing has changed."""
    return shutil.copytree(validated, tmp_path / "checkout")


def run(step: str, checkout: Path) -> subprocess.CompletedProcess[str]:
    """Run a step as both services do: bash that stops at the first command that fails."""
    environment = {
        **os.environ,
        "CI": "true",
        "LANG": "C.UTF-8",
        "PATH": f"{checkout / 'bin'}{os.pathsep}{os.environ['PATH']}",
        "GITHUB_STEP_SUMMARY": str(checkout / "summary.md"),
    }
    return subprocess.run(
        ["bash", "-eo", "pipefail", "-c", step],
        cwd=checkout,
        capture_output=True,
        text=True,
        env=environment,
        timeout=300,
    )


def test_github_actions(checkout: Path) -> None:
    gate, files = (run(step, checkout) for step in steps_of("github-actions.yml"))

    assert gate.returncode == 1, gate.stderr
    assert "::error file=audit/exports/orders.csv,line=2" in gate.stdout
    assert files.returncode == 0, files.stderr
    assert json.loads((checkout / "findings.sarif").read_text(encoding="utf-8"))["version"] == "2.1.0"
    assert "exit 1" in (checkout / "summary.md").read_text(encoding="utf-8")
    assert (checkout / "quarantine" / "manifest.json").is_file()


def test_gitlab(checkout: Path) -> None:
    (step,) = steps_of("gitlab-ci.yml")
    done = run(step, checkout)

    assert done.returncode == 1, done.stderr
    assert len(list(ElementTree.parse(checkout / "junit.xml").iter("failure"))) == 2  # noqa: S314 - our own document
    assert (checkout / "quarantine" / "manifest.json").is_file()


def test_a_fault_of_the_job_is_not_taken_for_the_verdict(checkout: Path) -> None:
    (checkout / "audit" / "tpaudit.toml").write_text("[audit]\nclinet = 'Q'\n", encoding="utf-8")

    assert run(steps_of("github-actions.yml")[1], checkout).returncode not in (0,)
    assert run(steps_of("gitlab-ci.yml")[0], checkout).returncode not in (0,)


def test_reports_and_artifacts_named_in_the_examples_are_those_written() -> None:
    github = yaml.safe_load((EXAMPLES / "github-actions.yml").read_text(encoding="utf-8"))
    gitlab = yaml.safe_load((EXAMPLES / "gitlab-ci.yml").read_text(encoding="utf-8"))["data-quality"]
    commands = "\n".join(steps_of("github-actions.yml"))
    uploads = [step["with"] for step in github["jobs"]["validate"]["steps"] if "upload" in step.get("uses", "")]

    assert f"-o {uploads[0]['sarif_file']}" in commands
    assert f"--quarantine {uploads[1]['path'].rstrip('/')}" in commands
    assert f"-o {gitlab['artifacts']['reports']['junit']}" in gitlab["script"][0]
