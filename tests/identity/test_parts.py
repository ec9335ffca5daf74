"""The parts of identity, each against a calculation by hand."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path

import pyarrow as pa
import pytest

from tests.lake import make_store
from tpaudit.identity.prepare import name_key
from tpaudit.identity.reliability import reliability
from tpaudit.privacy import masked


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("张伟", "张伟"),
        (" 张 伟 ", "张伟"),
        ("欧阳娜娜", "欧阳娜娜"),
        ("买买提·艾力", "买买提·艾力"),
        ("张女士", None),
        ("李总", None),
        ("张**", None),
        ("T**", None),
        ("Zhang  Wei", "zhang wei"),
        ("O'Neil-Smith Anna", "o'neil-smith anna"),
        ("tea_lover99", None),
        ("anna", None),
        ("13912345678", None),
    ],
)
def test_only_legal_names_have_a_key(tmp_path: Path, name: str, key: str | None) -> None:
    engine = make_store(tmp_path).engine
    rows = engine.table(pa.table({"full_name": [name]}))
    assert engine.fetch_rows(rows.select(key=name_key(rows.full_name))) == [{"key": key}]


def test_reliability_equals_counting_pairs_one_by_one(tmp_path: Path) -> None:
    held = {
        "a": {"phone": "1", "user_id": "x"},
        "b": {"phone": "1", "user_id": "x"},
        "c": {"phone": "1", "user_id": "y", "email": "p"},
        "d": {"phone": "2", "email": "p"},
        "e": {"phone": "2", "email": "q"},
        "f": {"user_id": "z"},
    }
    rows = [{"contact_id": name, "type": t, "key": key} for name, points in held.items() for t, key in points.items()]
    engine = make_store(tmp_path).engine
    found = {row["type"]: row for row in engine.fetch_rows(reliability(engine.table(pa.Table.from_pylist(rows))))}
    for type_ in ("phone", "user_id", "email"):
        pairs = agree = 0
        for one, two in combinations(held.values(), 2):
            if one.get(type_) and one.get(type_) == two.get(type_):
                for other in set(one) & set(two) - {type_}:
                    pairs += 1
                    agree += one[other] == two[other]
        if pairs:
            assert (found[type_]["pairs"], found[type_]["agree"]) == (pairs, agree)
            assert found[type_]["reliability"] == pytest.approx((agree + 0.5) / (pairs + 1))
        else:
            assert type_ not in found


@pytest.mark.parametrize(
    ("value", "shown"),
    [("+8613812345678", "+86138****5678"), ("wei@163.com", "w***@163.com"), ("abc", "***"), ("oABCDEF", "o****F")],
)
def test_masking_hides_the_middle(value: str, shown: str) -> None:
    assert masked(value) == shown
