"""The golden record: declared rules, and where every value comes from."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.identity.people import person, write_people
from tests.lake import make_store
from tpaudit.identity import resolve
from tpaudit.identity.survive import RULES
from tpaudit.model import MARTS
from tpaudit.model.marts import GOLDEN_RULES

PHONE, OTHER = "+8613912345678", "+8613712345678"


def golden(folder: Path, settings: str = "") -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
    """The one customer of three records in two systems, and the provenance of its values by field."""
    store = make_store(folder, settings)
    write_people(
        store,
        person("a", "张伟", user_id="u1", phone=PHONE, city="上海", day="1"),
        person("b", "张伟", user_id="u1", phone=OTHER, city="北京", day="9"),
    )
    write_people(
        store, person("c", "大伟", user_id="u1", phone=PHONE, city="广州", day="3"), system="shop", export="shop"
    )
    resolve(store)
    (customer,) = store.engine.fetch_rows(store.mart("customers"))
    return customer, {row["field"]: row for row in store.engine.fetch_rows(store.mart("customer_values"))}


def test_every_value_tells_its_rule_its_source_and_what_was_passed_over(tmp_path: Path) -> None:
    customer, values = golden(tmp_path)
    assert (customer["full_name"], customer["phone"], customer["city"]) == ("张伟", OTHER, "北京")
    told = {
        field: (row["rule"], row["source_row"], row["records"], row["alternatives"]) for field, row in values.items()
    }
    assert told == {
        "full_name": ("most frequent", 3, 2, 1),
        "phone": ("most recent", 3, 1, 1),
        "city": ("most recent", 3, 1, 2),
    }
    assert {row["source_system"] for row in values.values()} == {"crm"}
    assert {row["customer_id"] for row in values.values()} == {customer["customer_id"]}


def test_a_trusted_source_is_believed_before_newer_and_commoner_values(tmp_path: Path) -> None:
    customer, values = golden(tmp_path, '[identity]\ntrusted_sources = ["shop", "crm"]\n')
    assert (customer["phone"], customer["city"]) == (PHONE, "广州")
    assert values["phone"]["rule"] == values["city"]["rule"] == "trusted source"
    assert (values["city"]["source_system"], values["city"]["source_file"]) == ("shop", "shop.csv")


def test_a_value_nobody_contradicts_is_the_only_one(tmp_path: Path) -> None:
    store = make_store(tmp_path)
    write_people(store, person("a", "张伟", phone=PHONE, city="上海"), person("b", "张伟", phone=PHONE, city="上海"))
    resolve(store)
    rows = store.engine.fetch_rows(store.mart("customer_values"))
    assert {(row["rule"], row["alternatives"]) for row in rows} == {("only value", 0)}
    assert {row["records"] for row in rows} == {2}


def test_every_rule_names_a_column_of_customers_and_every_criterion_is_declared() -> None:
    assert set(RULES) <= set(MARTS["customers"].column_names)
    assert {criterion for rule in RULES.values() for criterion in rule.criteria} <= set(GOLDEN_RULES)
