"""The method in words: complete in both languages, about settings that exist, and found by its names."""

from __future__ import annotations

from pathlib import Path

import pytest

from tpaudit.audit import load_config
from tpaudit.definitions import find
from tpaudit.errors import UsageFault
from tpaudit.model.marts import BREAKPOINT_SIGNS, QUADRANTS, VERDICTS
from tpaudit.ranking.method import methods

NOWHERE = Path("no/such/audit")


def test_every_part_is_told_in_both_languages() -> None:
    for method in methods():
        texts = [method.title, *(text for fact in method.facts for text in fact)]
        assert all(text.en.strip() and text.zh.strip() for text in texts)
        assert any(not text.zh.isascii() for text in texts)


def test_every_setting_named_exists() -> None:
    listing = load_config(NOWHERE, {}).listing()
    known = {setting.section for setting in listing} | {f"{setting.section}.{setting.name}" for setting in listing}
    assert {name for method in methods() for name in method.settings} <= known


@pytest.mark.parametrize("id_", [method.id for method in methods()])
def test_each_part_is_found_by_its_id_and_kind(id_: str) -> None:
    assert find(id_, NOWHERE).id == find(f"method.{id_}", NOWHERE).id == id_


def test_every_verdict_quadrant_and_sign_is_explained() -> None:
    told = {method.id: " ".join(f"{label.en} {text.en}" for label, text in method.facts) for method in methods()}
    assert all(verdict in told["golden"] for verdict in VERDICTS)
    assert all(quadrant in told["golden.experience"] for quadrant in QUADRANTS)
    assert all(sign in told["golden.breakpoint"] for sign in BREAKPOINT_SIGNS)


def test_a_near_name_is_offered() -> None:
    with pytest.raises(UsageFault, match="did you mean 'golden"):
        find("golden.breakpoints", NOWHERE)
