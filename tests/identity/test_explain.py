"""Why two records are one customer: evidence that adds up, and the review of what is in doubt."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.identity.people import person, write_people
from tests.lake import make_store
from tpaudit.errors import UsageFault
from tpaudit.identity import labels, lookup, resolve
from tpaudit.identity.estimation import probability
from tpaudit.identity.explain import explain
from tpaudit.identity.record import customer
from tpaudit.identity.review import review
from tpaudit.store import Store

SURNAMES, GIVEN = "赵钱孙李周吴郑王冯陈", "伟芳娜敏静丽强磊军洋"


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """Sixty persons in two systems each, two of whom share a phone; one record stands alone."""
    store = make_store(tmp_path_factory.mktemp("people"))
    names = [f"{surname}{given}" for surname in SURNAMES for given in GIVEN][:60]
    phones = [f"+86139{n:04d}5678" for n in range(60)]
    phones[1] = phones[0]
    write_people(store, *(person(f"crm:{n}", names[n], phone=phones[n], city="上海") for n in range(60)))
    shop = [person(f"shop:{n}", names[n], phone=phones[n], email=f"p{n}@example.com") for n in range(60)]
    write_people(store, *shop, person("shop:lone", "欧阳修", taobao_nick="tea"), system="shop", export="shop")
    resolve(store)
    return store


def test_the_evidence_adds_up_to_the_probability(store: Store) -> None:
    found = explain(store, "crm:7", "shop:7")
    told = found.prior_bits + sum(each.bits for each in found.evidence) + found.overlap_bits + found.rule_bits
    assert found.total_bits == pytest.approx(told, abs=0.1)
    assert found.probability == pytest.approx(float(probability(np.array([found.total_bits]))[0]), abs=0.01)
    assert found.was_compared
    assert found.same_customer and found.reason == "evidence"
    assert {each.field for each in found.evidence if each.level == "same"} == {"phone"}


def test_nothing_personal_is_told_unless_asked_for(store: Store) -> None:
    hidden = explain(store, "crm:7", "shop:7").model_dump_json()
    assert "钱" not in hidden and "+8613900075678" not in hidden and "p7@example.com" not in hidden
    assert "+8613900075678" in explain(store, "crm:7", "shop:7", show_pii=True).model_dump_json()


def test_a_pair_without_anything_in_common_was_never_compared(store: Store) -> None:
    found = explain(store, "crm:7", "shop:lone")
    assert not found.was_compared and not found.same_customer
    assert found.reason == "too_little"


def test_customers_phones_and_emails_in_any_spelling_are_understood(store: Store) -> None:
    links = {row["contact_id"]: row["customer_id"] for row in store.engine.fetch_rows(store.mart("customer_links"))}
    for spelling in (links["crm:7"], "139 0007 5678", "+86-139-0007-5678", "P7@Example.com", "shop:7"):
        assert lookup.one_customer(lookup.find(store, spelling), spelling) == links["crm:7"]
    assert explain(store, "139 0007 5678", "139 0008 5678").same_customer is False


def test_nobody_and_one_and_the_same_record_are_usage_faults(store: Store) -> None:
    with pytest.raises(UsageFault, match="nobody is known by"):
        explain(store, "crm:7", "+8613911112222")
    with pytest.raises(UsageFault, match="one and the same record"):
        explain(store, "crm:7", "crm:7")


def test_a_household_phone_lists_the_candidates(store: Store) -> None:
    with pytest.raises(UsageFault, match="2 customers share") as fault:
        customer(store, "13900005678")
    assert "13900005678" not in fault.value.message and "赵" not in fault.value.message


def test_a_customer_is_shown_masked_with_the_source_of_every_value(store: Store) -> None:
    found = customer(store, "p7@example.com")
    assert {record.contact_id for record in found.records} == {"crm:7", "shop:7"}
    values = {value.field: value for value in found.values}
    assert values["phone"].value == "+86139****5678"
    assert (values["email"].source_file, values["email"].source_row) == ("shop.csv", 9)
    assert found.sources == ("crm", "shop")
    assert "p7@example.com" not in found.model_dump_json()
    assert customer(store, "p7@example.com", show_pii=True).values[1].value == "+8613900075678"


def test_a_decision_is_told_and_takes_the_pair_off_the_review(store: Store, tmp_path: Path) -> None:
    before = review(store, 5)
    assert len(before.pairs) <= 5
    assert all(pair.contact_a != pair.contact_b for pair in before.pairs)
    file = tmp_path / "week.csv"
    file.write_text("contact_a,contact_b,decision\ncrm:7,shop:7,different\n", encoding="utf-8")
    labels.add(store, file)
    try:
        found = explain(store, "crm:7", "shop:7")
        assert (found.decision, found.reason) == ("different", "decision")
        assert ("crm:7", "shop:7") not in {(pair.contact_a, pair.contact_b) for pair in review(store, 50).pairs}
    finally:
        labels.labels_file(store.audit).unlink()
