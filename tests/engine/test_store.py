"""The store gives each row's newest version, and sees files that come or change after it first looked."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pyarrow as pa

from tests.lake import INGESTED_AT, make_store, write_lake_rows
from tpaudit.store import Store


def scores(store: Store) -> list[tuple[str | None, str | None, float]]:
    rows = store.engine.fetch_rows(store.current("surveys"))
    found = [(row["response_id"], row["question_id"], row["score"]) for row in rows]
    return sorted(found, key=lambda row: (row[0] or "", row[1] or "", row[2]))


def answer(response: str | None, question: str | None, score: float) -> dict[str, object]:
    return {"response_id": response, "question_id": question, "score": score}


def test_the_newest_row_of_a_key_counts_and_unknown_keys_are_all_kept(tmp_path: Path) -> None:
    store = make_store(tmp_path)
    assert scores(store) == []
    write_lake_rows(store, "surveys", [answer("r1", "q1", 1.0), answer("r1", None, 2.0), answer(None, "q1", 3.0)])
    assert scores(store) == [(None, "q1", 3.0), ("r1", None, 2.0), ("r1", "q1", 1.0)]
    later = {"ingested_at": INGESTED_AT + timedelta(days=1)}
    newer = [answer("r1", "q1", 4.0), answer("r1", None, 5.0), answer(None, "q1", 6.0), answer("r2", "q1", 7.0)]
    write_lake_rows(store, "surveys", [row | later for row in newer], export="later")
    assert scores(store) == [
        (None, "q1", 3.0), (None, "q1", 6.0), ("r1", None, 5.0), ("r1", "q1", 4.0), ("r2", "q1", 7.0)
    ]  # fmt: skip


def test_of_one_ingest_the_later_row_counts(tmp_path: Path) -> None:
    store = make_store(tmp_path)
    write_lake_rows(store, "surveys", [answer("r1", "q1", 1.0), answer("r1", "q1", 2.0)])
    assert scores(store) == [("r1", "q1", 2.0)]


def test_a_mart_written_again_is_read_again(tmp_path: Path) -> None:
    store = make_store(tmp_path)
    for share in (0.25, 0.75):
        store.write_mart("paths", store.engine.table(pa.table({"path": ["search > chat"], "share": [share]})))
        assert [row["share"] for row in store.engine.fetch_rows(store.mart("paths"))] == [share]
