"""The docs say what the code does: reference pages, commands, links."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
import typer

from tpaudit.commands.app import COMMANDS, app
from tpaudit.errors import ExitCode

ROOT = Path(__file__).parent.parent
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("sample_data/*.md")])


def test_reference_pages_are_what_the_code_says() -> None:
    done = subprocess.run([sys.executable, "docs/generate.py", "--check"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_every_command_and_option_is_documented() -> None:
    page = (ROOT / "docs" / "reference" / "commands.md").read_text(encoding="utf-8")
    root = typer.main.get_command(app)
    for name in COMMANDS:
        command = root.get_command(typer.Context(root), name)
        for leaf in getattr(command, "commands", {"": command}).values():
            assert f"## tpaudit {name}" in page
            assert leaf.help, f"{name} has no help text"
            for parameter in leaf.params:
                for flag in parameter.opts if parameter.param_type_name == "option" else ():
                    assert flag == "--help" or f"`{flag}`" in page, f"{name} {flag}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(page: Path) -> None:
    prose = re.sub(r"`[^`]*`", "", page.read_text(encoding="utf-8"))
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", prose):
        if not target.startswith(("http://", "https://")):
            assert (page.parent / target).exists(), target


@pytest.mark.parametrize("readme", ["README.md", "README.zh-CN.md"])
def test_both_readmes_carry_the_two_commands_and_every_exit_code(readme: str) -> None:
    text = (ROOT / readme).read_text(encoding="utf-8")
    assert ".venv/bin/tpaudit demo" in text
    assert "$ python3 -m venv .venv-test && " in text
    for code in ExitCode:
        assert f"| {int(code)} |" in text


def test_the_changelog_names_this_version() -> None:
    from tpaudit import __version__

    assert f"## [{__version__}]" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_settings_of_docs_examples_are_known() -> None:
    """A settings key named in a guide exists."""
    reference = (ROOT / "docs" / "reference" / "settings.md").read_text(encoding="utf-8")
    for page in PAGES:
        if page.name == "mapping.md":  # the sections of a mapping file are its own
            continue
        for section, key in re.findall(r"`\[(\w+)\] (\w+)`", page.read_text(encoding="utf-8")):
            assert f"## [{section}]" in reference and f"| `{key}` |" in reference, f"{page.name}: [{section}] {key}"


def test_the_examples_of_the_mapping_page_are_valid_mappings() -> None:
    from tpaudit.ingest.layouts.preset_file import read_presets

    for file in sorted((ROOT / "docs" / "examples").glob("*.toml")):
        assert read_presets(file)
