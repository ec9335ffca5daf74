"""Amounts that models are fitted to do not depend on the order in which they are added up."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

from tests.kpis.marts import write_mart_rows
from tests.lake import make_store
from tpaudit.kpis.definitions.loyalty.clv_predicted import _histories
from tpaudit.kpis.facts import Facts


def test_mean_amounts_are_those_of_exact_sums(tmp_path: Path) -> None:
    """Floats of these amounts, added up in one order or another, end in other digits."""
    store = make_store(tmp_path, '[audit]\nas_of = 2026-11-16\ntimezone = "UTC"\n')
    amounts = [Decimal(n * 7919 % 99_991) / 100 + Decimal("0.01") for n in range(300)]
    write_mart_rows(
        store,
        "customer_orders",
        [{"order_id": f"o{n}", "customer_id": "c", "sequence": n + 1, "net_amount": amount,
          "ordered_at": datetime(2026, 1, 1) + timedelta(days=n)} for n, amount in enumerate(amounts)],
    )  # fmt: skip
    (history,) = store.engine.fetch_rows(_histories(Facts(store)))
    assert history["mean_amount"] == float(sum(amounts[1:])) / 299
    assert sum(float(amount) for amount in amounts[1:]) != float(sum(amounts[1:]))
