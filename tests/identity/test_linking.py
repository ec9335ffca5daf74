"""Linking any table: what the data hold is found, order does not matter, and bad input ends well."""

from __future__ import annotations

import random
from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.identity.tables import Rows, engine, linked, sets
from tpaudit.errors import UsageFault
from tpaudit.identity.fields import Field, found
from tpaudit.identity.weights import Patterns

PHONE = Field("phone", "phone", ("phone",))
USER = Field("user_id", "strong_id", ("user_id",), exclusive=True)
NAME = Field("name", "name", ("name",))
CITY = Field("city", "place", ("city",))


def people(count: int, copies: int, seed: int = 1) -> list[dict[str, str | None]]:
    """Made-up persons with names, birth dates and towns, each in several records with slips."""
    rng = random.Random(seed)
    syllables = ("ba", "do", "fi", "gu", "ka", "lo", "mi", "nu", "pe", "ra", "so", "tu", "vi", "wo", "za")
    rows: list[dict[str, str | None]] = []
    for number in range(count):
        given, surname = ("".join(rng.choice(syllables) for _ in range(3)) for _ in range(2))
        born = f"{rng.randint(1940, 2005)}-{rng.randint(1, 12):02d}-{rng.randint(1, 28):02d}"
        town = rng.choice(syllables) + rng.choice(syllables)
        for copy in range(copies):
            row: dict[str, str | None] = {"given_name": given, "surname": surname, "dob": born, "town": town}
            slip = rng.choice(list(row))
            if copy:
                row[slip] = None if rng.random() < 0.5 else str(row[slip])[:-1] + rng.choice("0123456789")
            rows.append({"record_id": f"{number:04d}-{copy}", **row})
    return rows


def test_a_table_without_any_id_is_linked_by_names_dates_and_places() -> None:
    rows = people(150, 3)
    result = linked(rows)
    true = {frozenset(f"{number:04d}-{copy}" for copy in range(3)) for number in range(150)}
    assert len(true & sets(result)) >= 140
    chance = {row["record_id"]: row["match_probability"] for row in result.records.to_pylist()}
    assert np.mean(list(chance.values())) > 0.95


@settings(max_examples=4)
@given(seed=st.integers(0, 999))
def test_the_order_of_rows_does_not_matter(seed: int) -> None:
    rows = people(20, 2, seed)
    shuffled = random.Random(seed).sample(rows, len(rows))
    one, other = linked(rows), linked(shuffled)
    assert one.records.equals(other.records)


def test_kinds_of_fields_are_found_from_names_and_values() -> None:
    rows = [
        {"row_no": str(n), "mobile": f"139{n:08d}", "FirstName": "x", "first_name": f"g{n % 7}", "dob": f"19{n % 80:02d}-01-01",
         "colour": "red" if n % 2 else "blue", "always": "same"}
        for n in range(200)
    ]  # fmt: skip
    running = engine()
    table = running.table(pa.Table.from_pylist([{"record_id": str(n), **row} for n, row in enumerate(rows)]))
    kinds = {field.name: field.kind for field in found(running, table, {"colour": "ignore"})}
    assert kinds == {"mobile": "phone", "first_name": "given", "dob": "birth_date"}
    with pytest.raises(UsageFault, match="did you mean 'colour'"):
        found(running, table, {"color": "free"})
    with pytest.raises(UsageFault, match="did you mean 'phone'"):
        found(running, table, {"mobile": "fone"})


# --- bad input --------------------------------------------------------------------------------------------------------


def singles(rows: Rows) -> set[frozenset[str]]:
    return {frozenset({str(row["record_id"])}) for row in rows}


def test_a_hundred_thousand_records_with_one_phone_are_not_one_person() -> None:
    rows = [{"record_id": f"{n:06d}", "phone": "+8613912345678", "user_id": f"u{n}"} for n in range(100_000)]
    result = linked(rows, [PHONE, USER])
    assert max(len(group) for group in sets(result)) == 1
    (worst,) = result.shared.worst
    assert (worst.field, worst.records, worst.is_key) == ("phone", 100_000, False)


def test_records_of_one_name_and_nothing_else_are_not_one_person() -> None:
    rows = [{"record_id": str(n), "name": "张伟", "city": "上海"} for n in range(200)]
    assert sets(linked(rows, [NAME, CITY])) == singles(rows)


def test_empty_records_stay_apart() -> None:
    rows: list[dict[str, str | None]] = [{"record_id": str(n), "name": None, "phone": ""} for n in range(5)]
    result = linked(rows, [NAME, PHONE])
    assert sets(result) == singles(rows)
    assert result.records["match_probability"].to_pylist() == [1.0] * 5


def test_a_single_record_is_itself() -> None:
    assert sets(linked([{"record_id": "a", "phone": "+8613912345678"}], [PHONE])) == {frozenset("a")}


@pytest.mark.parametrize(
    ("left", "right", "together"),
    [
        ({"phone": "139****5678"}, {"phone": "139****5678"}, False),
        ({"phone": "139****5678"}, {"phone": "+8613912345678"}, False),
        ({"phone": "+8613912345678"}, {"phone": "+8613912345678"}, True),
        ({"phone": "+8613912345678", "user_id": "u1"}, {"phone": "+8613912345678", "user_id": "u2"}, False),
        ({"phone": "+8613912345678", "name": "张伟"}, {"phone": "+8613912345678", "name": "李娜"}, False),
        ({"phone": "+8613912345678", "name": "张伟"}, {"phone": "+8613912345678", "name": "Wei Zhang"}, True),
    ],
)
def test_two_records_in_a_small_table(left: dict[str, str], right: dict[str, str], together: bool) -> None:
    rows: Rows = [{"record_id": "a", **left}, {"record_id": "b", **right}, {"record_id": "c", "name": "王芳"}]
    assert (frozenset("ab") in sets(linked(rows, [PHONE, USER, NAME]))) is together


def test_two_ids_of_one_app_never_meet_through_others() -> None:
    rows = [
        {"record_id": "a", "user_id": "u1", "phone": "+8613912345678"},
        {"record_id": "b", "phone": "+8613912345678", "email": "wei@163.com"},
        {"record_id": "c", "user_id": "u2", "email": "wei@163.com"},
    ]
    groups = sets(linked(rows, [PHONE, USER, Field("email", "email", ("email",))]))
    assert not any({"a", "c"} <= group for group in groups)


def test_ids_in_scientific_notation_are_told_apart_by_what_else_is_known() -> None:
    """1.23457E+15 stands for many ids: held under many names or by many records it is nobody's."""
    rows = [{"record_id": f"{n:03d}", "member_id": "1.23457E+15", "phone": f"+86139{n:08d}"} for n in range(60)]
    assert sets(linked(rows, [PHONE, Field("member_id", "strong_id", ("member_id",))])) == singles(rows)


# --- decisions --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("same", [True, False])
def test_a_decision_holds_against_the_evidence(same: bool) -> None:
    rows = [
        {"record_id": "a", "phone": "+8613912345678", "name": "张伟"},
        {
            "record_id": "b",
            "phone": "+8613912345678" if not same else "+8613712345678",
            "name": "张伟" if not same else "李娜",
        },
    ]
    said = pa.table({"left_id": ["b", "b"], "right_id": ["a", "nobody"], "same": [same, True]})
    assert (frozenset("ab") in sets(linked(rows, [PHONE, NAME], said))) is same


def test_patterns_count_every_compared_pair() -> None:
    result = linked(people(30, 2))
    rows = result.encoded.engine.fetch_rows(result.evidence.agg(n=result.evidence.count()))
    seen: Patterns = result.patterns
    levels: Sequence[int] = [len(each.labels) for each in result.model.comparisons]
    assert seen.pairs.sum() == rows[0]["n"]
    assert (seen.levels >= -1).all() and (seen.levels < np.array(levels)).all()
