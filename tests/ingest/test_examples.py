"""The mapping files of docs/examples against the real data they are written for."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from tests.lake import make_store
from tpaudit.ingest import ingest
from tpaudit.ingest.reading.container import Container, container_of
from tpaudit.ingest.reading.parts import readings_of

ROOT = Path(__file__).parents[2]
DATA = ROOT.parent / "shared" / "data"
EXAMPLES = ROOT / "docs" / "examples"

needs_data = pytest.mark.skipif(not DATA.is_dir(), reason="needs the third-party files in ../shared/data")


@needs_data
@pytest.mark.parametrize("name", ["receipt.csv", "olist_deals.csv", "olist_leads.csv", "cdnow_transactions.csv"])
def test_files_are_read_as_they_are_written_without_a_hint(name: str, tmp_path: Path) -> None:
    file = DATA / name
    (part,) = next(readings_of(file, container_of(file), tmp_path)).parts
    with file.open(encoding="utf-8", newline="") as text:
        rows = list(csv.reader(text))
    assert (part.container, part.encoding) == (Container.TEXT, "utf-8")
    assert part.shape is not None
    assert (part.shape.place, part.shape.header_rows, part.shape.width) == (0, 1, len(rows[0]))
    assert [list(row) for row in part.found()] == rows


@needs_data
def test_receipt_log_becomes_touches_of_cases(tmp_path: Path) -> None:
    store = make_store(tmp_path)
    result = ingest(store, [DATA / "receipt.csv"], map_files=[EXAMPLES / "receipt.toml"])
    with (DATA / "receipt.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert result.files[0].issues == 0
    touches = store.lake("touches")
    found = store.engine.fetch_rows(
        touches.aggregate(
            rows=touches.count(), cases=touches.contact_id.nunique(), kinds=touches.touchpoint.nunique(),
            dated=touches.occurred_at.count(), channels=touches.channel.nunique(),
        )
    )[0]  # fmt: skip
    assert found == {
        "rows": len(rows),
        "cases": len({row["case:concept:name"] for row in rows}),
        "kinds": len({row["concept:name"] for row in rows}),
        "dated": len(rows),
        "channels": len({row["case:channel"] for row in rows}),
    }


@needs_data
def test_olist_deals_find_the_origin_of_their_lead(tmp_path: Path) -> None:
    store = make_store(tmp_path)
    files = [DATA / "olist_leads.csv", DATA / "olist_deals.csv"]
    result = ingest(store, files, map_files=[EXAMPLES / "olist.toml"])
    assert {file.preset for file in result.files} == {"olist_leads", "olist_deals"}
    with files[0].open(encoding="utf-8", newline="") as file:
        origins = {row["mql_id"]: row["origin"] or None for row in csv.DictReader(file)}
    with files[1].open(encoding="utf-8", newline="") as file:
        won = [origins[row["mql_id"]] for row in csv.DictReader(file)]
    deals = store.lake("deals")
    joined = store.lake("leads").select("contact_id", "touchpoint").join(deals.filter(deals.is_won), "contact_id")
    counted = joined.group_by("touchpoint").agg(won=joined.count())
    found = {row["touchpoint"]: row["won"] for row in store.engine.fetch_rows(counted)}
    assert found == {origin: won.count(origin) for origin in set(won)}
    assert store.engine.fetch_rows(deals.aggregate(dated=deals.closed_at.count()))[0]["dated"] == len(won)
