"""Records linked anew by another threshold, as `rank --sensitivity` does."""

from __future__ import annotations

from pathlib import Path

import pytest

from tpaudit.audit import Audit, load_config
from tpaudit.engine import EngineSettings, connect
from tpaudit.ranking.relinking import relinked
from tpaudit.store import Store

pytestmark = pytest.mark.e2e


def test_a_stricter_threshold_parts_customers_and_leaves_the_audit_as_it_is(audit_copy: Path) -> None:
    audit = Audit(audit_copy, load_config(audit_copy, {}))
    store = Store(audit, connect(EngineSettings(threads=2)))
    before = {file: file.read_bytes() for file in audit_copy.rglob("*") if file.is_file()}
    strict = audit.config.settings.model_copy(
        update={"identity": audit.config.settings.identity.model_copy(update={"match_threshold": 0.99})}
    )

    def counted(tables: Store) -> tuple[int, int]:
        records, customers = tables.mart("customer_links"), tables.mart("customers")
        totals = tables.engine.fetch_rows(
            records.aggregate(records=records.count(), people=records.customer_id.nunique())
        )
        assert tables.engine.fetch_rows(customers.aggregate(n=customers.count()))[0]["n"] == totals[0]["people"]
        assert tables.engine.fetch(tables.mart("journeys").limit(1)).num_rows == 1
        return totals[0]["records"], totals[0]["people"]

    records, people = counted(store)
    with relinked(store, strict) as other:
        other_records, other_people = counted(other)
    store.close()

    assert other_records == records
    assert other_people > people
    assert {file: file.read_bytes() for file in audit_copy.rglob("*") if file.is_file()} == before
