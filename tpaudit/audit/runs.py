"""The history: one folder per finished run, with its manifest, results, report and small marts."""

from __future__ import annotations

import hashlib
import json
import platform
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

from tpaudit import __version__
from tpaudit.atomic import replacing_folder
from tpaudit.audit.folder import Audit
from tpaudit.audit.inputs import InputFile, sha256_of
from tpaudit.errors import InputFault, did_you_mean

MANIFEST_VERSION = 1
_KEPT_MARTS = ("findings", "kpis", "journey_map", "attribution", "golden_touchpoints", "experience", "actions")
_LIBRARIES = (
    "duckdb",
    "ibis-framework",
    "great-expectations",
    "pandas",
    "pyarrow",
    "numpy",
    "scipy",
)


@dataclass(frozen=True, slots=True)
class FinishedRun:
    """What is to be kept of a run: when it began, what it read, how its stages went, and its result."""

    command: str
    begun_at: datetime
    exit_code: int
    inputs: Sequence[InputFile]
    stages: Sequence[Mapping[str, Any]]
    result_json: str


def new_run_id(audit: Audit, inputs: Sequence[InputFile], begun_at: datetime) -> str:
    """UTC stamp of the run's beginning and a short hash of what it read."""
    digest = hashlib.sha256(json.dumps([[item.name, item.sha256] for item in inputs]).encode()).hexdigest()
    stamp = f"{begun_at:%Y%m%dT%H%M%SZ}-{digest[:6]}"
    taken = [path.name for path in audit.runs.glob(f"{stamp}*")] if audit.runs.is_dir() else []
    return f"{stamp}-{len(taken) + 1}" if taken else stamp


def record(audit: Audit, run_id: str, run: FinishedRun, report_html: str) -> Path:
    """Keep *run* in the history, in one step, and drop the oldest runs beyond the number to keep."""
    folder = audit.runs / run_id
    with replacing_folder(folder) as unfinished:
        marts = {}
        for name in _KEPT_MARTS:
            source = audit.mart_file(name)
            if source.is_file():
                shutil.copyfile(source, unfinished / source.name)
        for source in sorted(audit.marts.glob("*.parquet")):
            marts[source.stem] = {"bytes": source.stat().st_size, "sha256": sha256_of(source)}
        (unfinished / "result.json").write_text(run.result_json, encoding="utf-8")
        (unfinished / "report.html").write_text(report_html, encoding="utf-8")
        manifest = json.dumps(_manifest(audit, run_id, run, marts), indent=1, ensure_ascii=False, default=str)
        (unfinished / "manifest.json").write_text(manifest + "\n", encoding="utf-8")
    _prune(audit)
    return folder


def list_runs(audit: Audit) -> list[dict[str, Any]]:
    """Manifests of all kept runs, newest first."""
    files = sorted(audit.runs.glob("*/manifest.json"), reverse=True)
    return [json.loads(file.read_text(encoding="utf-8")) for file in files]


def find_run(audit: Audit, run_id: str | None) -> Path:
    """Folder of the run called *run_id*, or of the newest run.

    Raises InputFault if there is none.
    """
    known = sorted((path.parent for path in audit.runs.glob("*/manifest.json")), key=lambda path: path.name)
    if not known:
        raise InputFault(f"no finished run in {audit.runs}", "run `tpaudit run` first")
    if run_id in (None, "latest"):
        return known[-1]
    for folder in known:
        if folder.name == run_id:
            return folder
    names = [folder.name for folder in known]
    raise InputFault(f"no run {run_id!r}{did_you_mean(str(run_id), names)}", "`tpaudit history` lists the runs")


def _manifest(audit: Audit, run_id: str, run: FinishedRun, marts: Mapping[str, Any]) -> dict[str, Any]:
    config = audit.config
    return {
        "manifest_version": MANIFEST_VERSION,
        "run_id": run_id,
        "command": run.command,
        "begun_at": run.begun_at.isoformat(timespec="seconds"),
        "finished_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "as_of": audit.as_of.isoformat(),
        "exit_code": run.exit_code,
        "versions": {"tpaudit": __version__, "python": platform.python_version(), **_library_versions()},
        "config": config.settings.model_dump(mode="json", by_alias=True),
        "config_sha256": config.fingerprint("audit", "engine", "identity", "validate", "journey", "kpi", "rank"),
        "inputs": [
            {"file": item.name, "bytes": item.size, "sha256": item.sha256, "fault": item.fault} for item in run.inputs
        ],
        "stages": [dict(stage) for stage in run.stages],
        "marts": dict(marts),
    }


def _library_versions() -> dict[str, str]:
    return {name: metadata.version(name) for name in _LIBRARIES}


def _prune(audit: Audit) -> None:
    kept = audit.config.settings.runs.keep
    folders = sorted((path.parent for path in audit.runs.glob("*/manifest.json")), key=lambda path: path.name)
    for folder in folders[:-kept]:
        shutil.rmtree(folder, ignore_errors=True)
