"""The score card and back-fill suggestions, worked out by hand on a few records."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.checks.case import store_of
from tests.lake import write_lake_rows
from tpaudit import checks
from tpaudit.checks.assessment import with_assessment
from tpaudit.results import ScoreRow, ValidateResult

pytestmark = pytest.mark.xdist_group("great expectations")


def contact(contact_id: str, **values: Any) -> dict[str, Any]:
    return {"contact_id": contact_id, "full_name": "王芳", **values}


def phone(contact_id: str, value: str) -> dict[str, Any]:
    return {"contact_id": contact_id, "type": "phone", "value": value, "value_norm": value}


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> ValidateResult:
    store = store_of(
        tmp_path_factory.mktemp("scores"),
        {
            "customer_links": [
                {"contact_id": contact_id, "customer_id": customer}
                for contact_id, customer in (("a", "1"), ("b", "1"), ("c", "2"), ("d", "3"), ("e", "2"))
            ],
        },
    )
    # Ann answers for four records of the crm: a and b are one customer, c and d have no phone.
    crm = [contact(name, owner_name="Ann", city="上海" if name in "ab" else None) for name in "abcd"]
    write_lake_rows(store, "contacts", crm, export="crm", system="crm")
    write_lake_rows(store, "contact_points", [phone("a", "+8613900000001"), phone("b", "+8613900000001")], system="crm")
    write_lake_rows(store, "contacts", [contact("e", city="北京")], export="shop", system="shop")
    write_lake_rows(store, "contact_points", [phone("e", "+8613900000005")], system="shop")
    leads = [
        {"lead_id": "l1", "owner_name": "Ann", "lead_source": "web", "last_activity_at": "2026-11-01"},
        {"lead_id": "l2", "owner_name": "Ann", "lead_source": "web"},
        {"lead_id": "l3", "owner_name": "Bob", "first_response_at": "2026-11-01"},
    ]
    write_lake_rows(store, "leads", [_timed(row) for row in leads], export="leads", system="crm")
    write_lake_rows(store, "tickets", [{"ticket_id": "t", "channel": "web"}], export="tickets", system="desk")
    return checks.assess(store)


def _timed(row: dict[str, Any]) -> dict[str, Any]:
    return {
        name: datetime.fromisoformat(value).replace(tzinfo=UTC) if name.endswith("_at") else value
        for name, value in row.items()
    }


def row(result: ValidateResult, scope: str, name: str) -> ScoreRow:
    return next(one for one in result.scorecard if (one.scope, one.name) == (scope, name))


def test_parts_are_counted_over_the_records_an_owner_answers_for(result: ValidateResult) -> None:
    ann = row(result, "owner", "A**")

    # Contacts: name and city are the fields the crm fills (4 + 2 of 8); leads: lead_source (2 of 2).
    assert (ann.records, ann.filled_of, ann.filled) == (6, 10, 0.8)
    assert (ann.followed_up, ann.followed_up_of) == (0.5, 2)
    assert (ann.customer_records, ann.zombies, ann.duplicates) == (4, 0.5, 0.25)


def test_owners_are_masked_told_apart_and_shown_on_request(tmp_path: Path) -> None:
    owners = ("王芳", "王明", "客服一组", "Ann Lee", "kf-017", "ann@shop.cn")
    tickets = [{"ticket_id": name, "channel": "web", "assignee_name": name, "assignee_team": team}
               for name, team in zip(owners, ("Alpha", "Alpha", "客服一组", "Ann Lee", "Alpha", "Alpha"), strict=True)]  # fmt: skip
    store = store_of(tmp_path, {"tickets": tickets})
    result = checks.validate(store)

    def names(scope: str, **options: bool) -> set[str]:
        return {one.name for one in with_assessment(store, result, **options).scorecard if one.scope == scope}

    assert names("owner") == {"王* 1", "王* 2", "客服一组", "A** L**", "kf-017", "a***@shop.cn"}
    # A team is no person, unless one of the owners is called so.
    assert names("team") == {"Alpha", "客服一组", "A** L**"}
    assert names("owner", show_pii=True) == {*owners}


def test_the_score_is_the_mean_of_the_known_parts(result: ValidateResult) -> None:
    for one in result.scorecard:
        good = [part for part in (one.filled, one.followed_up) if part is not None]
        bad = [1 - part for part in (one.zombies, one.duplicates, one.failing) if part is not None]
        assert one.score == pytest.approx(100 * sum([*good, *bad]) / len([*good, *bad]), abs=0.05)


def test_what_a_source_never_tells_is_unknown_not_bad(result: ValidateResult) -> None:
    assert row(result, "source", "desk").followed_up is None
    assert row(result, "table", "tickets").zombies is None


def test_a_failing_record_weighs_as_much_as_its_worst_failure(result: ValidateResult) -> None:
    findings = {one.code: one for one in result.findings if one.table == "contacts" and one.failed}
    assert {code: (one.severity, one.failed) for code, one in findings.items()}["TPC03"] == ("warning", 2)

    # c and d fall short of warnings at worst; a, b and e of nothing but notes, if at all.
    assert row(result, "table", "contacts").failing == pytest.approx(2 * 0.5 / 5, abs=0.07)


def test_zombies_are_those_of_the_check(result: ValidateResult) -> None:
    finding = next(one for one in result.findings if one.code == "TPC03")
    contacts = row(result, "table", "contacts")

    assert contacts.customer_records == finding.checked
    assert contacts.zombies == finding.share


def test_a_field_another_source_knows_is_suggested(result: ValidateResult) -> None:
    found = {
        (one.field, one.source, one.from_source): (one.customers, one.missing, one.fillable) for one in result.backfill
    }

    # Of the three customers of the crm, 2 and 3 lack phone and city; the shop knows 2.
    assert found == {("phone", "crm", "shop"): (3, 2, 1), ("city", "crm", "shop"): (3, 2, 1)}


def test_without_resolved_customers_nothing_is_suggested(tmp_path: Path) -> None:
    store = store_of(tmp_path, {"contacts": [contact("a"), contact("b", city="上海")]})

    found = checks.assess(store)

    assert found.backfill == ()
    assert row(found, "table", "contacts").duplicates == 0
