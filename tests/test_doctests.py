"""Examples in docstrings do what they show."""

from __future__ import annotations

import doctest
import importlib
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FOLDERS = {
    "tpaudit": "tpaudit",
    "commands": "tpaudit.commands",
    "checks": "tpaudit.checks",
    "sample_data": "tpaudit.sample_data",
}
LINKS = {ROOT / "tpaudit" / name for name in ("commands", "checks", "sample_data")}


def modules_with_examples() -> list[str]:
    names = []
    for folder, package in FOLDERS.items():
        for file in sorted((ROOT / folder).rglob("*.py")):
            inside_a_link = any(link in file.parents for link in LINKS)
            if not inside_a_link and ">>>" in file.read_text(encoding="utf-8"):
                parts = file.relative_to(ROOT / folder).with_suffix("").parts
                names.append(".".join((package, *(part for part in parts if part != "__init__"))))
    return names


@pytest.mark.parametrize("name", modules_with_examples())
def test_examples_hold(name: str) -> None:
    found = doctest.testmod(importlib.import_module(name))
    assert found.attempted > 0
    assert found.failed == 0
