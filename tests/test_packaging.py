"""The package list is the disk, the wheel holds one top-level package, and what ships runs without test extras."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
LINKED = ("commands", "checks", "sample_data")


def packages_on_disk() -> set[str]:
    found = set()
    for top, prefix in (
        (ROOT / "tpaudit", "tpaudit"),
        *((ROOT / name, f"tpaudit.{name}") for name in LINKED),
    ):
        for init in top.rglob("__init__.py"):
            if not any((ROOT / "tpaudit" / name) in init.parents for name in LINKED):
                parts = init.parent.relative_to(top).parts
                found.add(".".join((prefix, *parts)))
    return found


def test_every_package_on_disk_is_listed() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    listed = project["tool"]["setuptools"]["packages"]
    assert set(listed) == packages_on_disk()
    assert listed == sorted(listed)


def test_the_links_point_at_the_top_level_folders() -> None:
    for name in LINKED:
        link = ROOT / "tpaudit" / name
        assert link.is_symlink()
        assert str(link.readlink()) == f"../{name}"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    # From a copy: a build leaves a folder behind, and a stale one would end up in the next wheel.
    source = folder / "source"
    left_out = shutil.ignore_patterns(".git", ".venv*", "build", "dist", "*.egg-info", "__pycache__", ".*_cache")
    shutil.copytree(ROOT, source, symlinks=True, ignore=left_out)
    build = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-cache-dir", "-w", str(folder), str(source)]
    subprocess.run(build, check=True, capture_output=True)
    return next(folder.glob("*.whl"))


def test_the_wheel_has_one_top_level_package(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    tops = {name.split("/")[0] for name in names if ".dist-info/" not in name}
    assert tops == {"tpaudit"}


def test_the_wheel_carries_all_data_files(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    patterns = (
        "tpaudit/**/*.toml",
        "tpaudit/**/*.jinja",
        "tpaudit/**/*.css",
        "checks/**/*.yaml",
        "sample_data/small/**/*",
        "sample_data/*.toml",
        "sample_data/*.txt",
    )
    for pattern in patterns:
        for file in ROOT.glob(pattern):
            inside = file.relative_to(ROOT).as_posix().removeprefix("tpaudit/")
            is_data = file.is_file() and "__pycache__" not in file.parts
            if is_data:
                assert f"tpaudit/{inside}" in names


@pytest.mark.e2e
def test_a_plain_install_runs_the_demo(wheel: Path, tmp_path: Path) -> None:
    """The wheel, its declared dependencies and nothing else: the test extras are kept out of reach."""
    blocked = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
    names = [requirement.split(">=")[0] for requirement in blocked["test"]]
    modules = {"types-PyYAML": "yaml-stubs", "import-linter": "importlinter", "pytest-xdist": "xdist"}
    site = tmp_path / "site"
    subprocess.run(
        [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--target", str(site), str(wheel)],
        check=True,
        capture_output=True,
    )
    program = (
        "import sys\n"
        f"sys.path.insert(0, {str(site)!r})\n"
        f"for name in {[modules.get(name, name).replace('-', '_') for name in names]!r}: sys.modules[name] = None\n"
        "from tpaudit.commands.app import main\n"
        "import tpaudit\n"
        f"assert tpaudit.__file__.startswith({str(site)!r}), tpaudit.__file__\n"
        f"sys.argv = ['tpaudit', 'demo', {str(tmp_path / 'demo')!r}, '--quiet']\n"
        "main()\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "Qinghe" in done.stdout
