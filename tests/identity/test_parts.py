"""The parts of identity, each against a calculation by hand."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pyarrow as pa
import pytest

from tests.identity.tables import engine
from tpaudit.identity import blocking, encoding
from tpaudit.identity.comparison import RARITIES, Value, rarity
from tpaudit.identity.estimation import prior_bits, probability
from tpaudit.identity.evidence import compared
from tpaudit.identity.fields import Field
from tpaudit.identity.weights import Model, Tie, patterns
from tpaudit.privacy import masked

FIELDS = (
    Field("name", "name", ("name",)),
    Field("phone", "phone", ("phone",)),
    Field("born", "birth_date", ("born",)),
    Field("address", "address", ("address",)),
    Field("email", "email", ("email",)),
)


def encoded(*rows: dict[str, str | None]) -> encoding.Encoded:
    running = engine()
    names = [column for field in FIELDS for column in field.columns]
    table = pa.table(
        {
            "record_id": [str(n) for n in range(len(rows))],
            **{name: pa.array([row.get(name) for row in rows], pa.string()) for name in names},
        }
    )
    return encoding.encode(running, running.table(table), FIELDS)


def level(left: dict[str, str | None], right: dict[str, str | None], field: str) -> str | None:
    """Label of the level on which two records agree on *field*."""
    found = encoded(left, right)
    pair = found.engine.cache(found.engine.table(pa.table({"pair": [1]})))
    row = found.engine.fetch(compared(found, pair))
    seen = patterns(found.comparisons, row["pattern"].to_numpy(), np.ones(1))
    number = [each.name for each in found.comparisons].index(field)
    place = seen.levels[0, number]
    return None if place < 0 else found.comparisons[number].labels[place]


@pytest.mark.parametrize(
    ("field", "one", "other", "label"),
    [
        ("name", "张伟", "Wei Zhang", "same, very rare"),
        ("name", "张伟", "张薇", "same sound, other characters"),
        ("name", "张伟", "张女士", "surname same, given name unknown"),
        ("name", "张伟", "李娜", "surname different, given name different"),
        ("name", "Jon Smith", "John Smith", "surname same, given name very alike"),
        ("name", "Smith John", "John Smith", "turned round"),
        ("name", "张伟", "一只猫", None),
        ("phone", "+8613912345678", "+8613912345678", "same"),
        ("phone", "+8613912345678", "139****5678", "same visible digits"),
        ("phone", "+8613912345678", "+8613912345687", "one slip"),
        ("phone", "+8613912345678", "+8613712340000", "different"),
        ("born", "1980-02-13", "1980-02-13", "same, very rare"),
        ("born", "1980-02-13", "1980-02-18", "one slip"),
        ("born", "1980-02-03", "1980-03-02", "two parts of three"),
        ("born", "1980-02-13", "1980-11-27", "same year"),
        ("born", "1980-02-13", None, None),
        ("address", "江苏省无锡市梁溪区香樟路19号3栋2009室", "无锡市香樟路19号3幢2009", "same, very rare"),
        ("address", "江苏省无锡市梁溪区香樟路19号3栋2009室", "无锡市香樟路204号1单元7室", "same area"),
        ("email", "wei@163.com", "WEI@163.com", "same"),
        ("email", "wei@163.com", "wei@qq.com", "same mailbox name"),
        ("email", "wei.zhang@163.com", "wei.zhnag@163.com", "one slip"),
    ],
)
def test_levels_by_hand(field: str, one: str | None, other: str | None, label: str | None) -> None:
    assert level({field: one}, {field: other}, field) == label
    assert level({field: other}, {field: one}, field) == label


def test_a_phone_under_two_names_is_several_peoples() -> None:
    found = encoded({"name": "张伟", "phone": "+8613912345678"}, {"name": "李娜", "phone": "+8613912345678"})
    assert [row["phone:shared"] for row in found.engine.fetch_rows(found.table)] == [True, True]


def test_rarity_counts_holders_in_powers_of_four() -> None:
    running = engine()
    rows = running.table(pa.table({"holders": [1, 4, 5, 16, 17, 1024, 1025]}))
    found = [row["r"] for row in running.fetch_rows(rows.select(r=rarity(rows.holders)))]
    assert found == [5, 5, 4, 4, 3, 1, 0] and max(found) == RARITIES - 1


def test_weights_are_log_ratios_and_ties_are_taken_off() -> None:
    city, area = (Value(name, (name,), ()) for name in ("city", "area"))
    m = tuple(np.array([0.1, *[0.15] * 6]) for _ in range(2))
    u = tuple(np.array([0.94, *[0.01] * 6]) for _ in range(2))
    levels = np.array([[1, 1], [0, 1], [-1, 1], [-1, -1]])
    free = Model((city, area), m, u, 0.001)
    agree, differ = np.log2(15), np.log2(0.1 / 0.94)
    assert free.bits(levels) == pytest.approx([2 * agree, differ + agree, agree, 0.0])
    tie = Tie(0, 1, np.array([False, *[True] * 6]), np.array([-1.0, *[3.0] * 6]))
    tied = Model((city, area), m, u, 0.001, (tie,))
    assert tied.bits(levels) == pytest.approx([2 * agree - 3, differ + agree, agree, 0.0])
    assert probability(np.array([prior_bits(0.25)])) == pytest.approx([0.25])


def test_blocking_finds_exactly_the_pairs_that_agree_on_a_key() -> None:
    rows: list[dict[str, str | None]] = [
        {"name": name, "phone": phone}
        for name, phone in (("张伟", "1"), ("张伟", "2"), ("李娜", "2"), ("王芳", None), ("王芳", "3"), (None, "3"))
    ]
    found = encoded(*rows)
    pairs, dropped = blocking.pairs(found, [("phone",), ("name:key",)], cap=60)
    numbers = {row["pair"] for row in found.engine.fetch_rows(pairs)}
    by_hand = {
        low * blocking.SHIFT + high
        for (low, one), (high, other) in combinations(enumerate(rows), 2)
        if any(one[key] is not None and one[key] == other[key] for key in ("name", "phone"))
    }
    assert numbers == by_hand and not dropped
    _, dropped = blocking.pairs(found, [("phone",)], cap=1)
    assert [(each.key, each.blocks, each.records, each.largest) for each in dropped] == [(("phone",), 2, 4, 2)]


@pytest.mark.parametrize(
    ("value", "shown"),
    [("+8613812345678", "+86138****5678"), ("wei@163.com", "w***@163.com"), ("abc", "***"), ("oABCDEF", "o****F")],
)
def test_masking_hides_the_middle(value: str, shown: str) -> None:
    assert masked(value) == shown
