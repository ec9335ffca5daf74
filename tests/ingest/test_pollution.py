"""Polluted files are read as a person would read them."""

from __future__ import annotations

from collections import defaultdict
from itertools import pairwise
from pathlib import Path

import pytest

from tests.ingest.pollution import Table, Variant, cell_f1, clean_table, record_f1, variants
from tpaudit.ingest.sniff import inspect

EVERY: dict[str, list[Variant]] = defaultdict(list)
for variant in variants(clean_table()):
    EVERY[variant.family].append(variant)
# A delimiter too few joins two cells, and nothing tells where they were joined: the other rows must be whole.
BLEMISHED = "delimiter too few"


Found = dict[tuple[str, str], Table]


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Found:
    """What is found in every variant."""
    folder = tmp_path_factory.mktemp("polluted")
    return {(each.family, each.name): found_in(each, folder) for family in EVERY.values() for each in family}


def found_in(variant: Variant, folder: Path) -> Table:
    file = folder / "polluted.csv"
    file.write_bytes(variant.content)
    first = next(iter(inspect(file, (), None, folder / "scratch")))
    assert first.part
    return [list(row) for row in first.part.found()]


@pytest.mark.parametrize("family", [family for family in EVERY if family != BLEMISHED])
def test_the_clean_table_comes_out(family: str, found: Found) -> None:
    wrong = {each.name: found[family, each.name] for each in EVERY[family] if found[family, each.name] != each.wanted}
    assert wrong == {}


def test_a_delimiter_too_few_costs_no_other_row(found: Found) -> None:
    for each in EVERY[BLEMISHED]:
        row = int(each.name.split()[1])
        rows = found[BLEMISHED, each.name]
        assert len(rows) == len(each.wanted), each.name
        assert rows[:row] + rows[row + 1 :] == each.wanted[:row] + each.wanted[row + 1 :], each.name


def test_scores_in_the_manner_of_the_pollock_benchmark(found: Found) -> None:
    """Mean F1 of cells and records over all variants."""
    scores = [
        (measure(each.wanted, found[family, each.name])) for family in EVERY for each in EVERY[family]
        for measure in (cell_f1, record_f1)
    ]  # fmt: skip
    assert sum(scores) / len(scores) >= 0.98


def test_every_family_of_pollution_is_there() -> None:
    assert len(EVERY) >= 14
    assert all(left.name != right.name for family in EVERY.values() for left, right in pairwise(family))
