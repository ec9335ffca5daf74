"""One survey downloaded by text and by code: the responses count once, with the words of one file and the numbers of
the other."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.lake import make_store
from tpaudit.ingest import ingest
from tpaudit.results import FileIngested
from tpaudit.store import Store

HEAD = "序号,提交答卷时间,所用时间,1、您有多大可能把我们推荐给朋友？,2、请评价—口味,2、请评价—包装,3、在哪里看到我们"
WHEN = ("2026/5/21 21:35:16,9秒", "2026/5/22 21:35:16,9秒")
WORDED = f"{HEAD}\n1,{WHEN[0]},极有可能,满意,挺好,小红书┋其他\n2,{WHEN[1]},不太可能,一般,(空),抖音\n"
CODED = f"{HEAD}(小红书),3(抖音),3(其他)\n1,{WHEN[0]},10,4,5,1,0,1\n2,{WHEN[1]},2,3,-3,0,1,0\n"


@pytest.fixture
def store(tmp_path: Path) -> Store:
    store = make_store(tmp_path)
    store.audit.exports.mkdir()
    write(store, worded=WORDED, coded=CODED)
    return store


def write(store: Store, **files: str) -> None:
    for name, text in files.items():
        (store.audit.exports / f"{name}.csv").write_text(text, "gb18030")


def taken(store: Store, **options: bool) -> dict[str, FileIngested]:
    return {file.file: file for file in ingest(store, [store.audit.exports], **options).files}  # type: ignore[arg-type]


def statuses(store: Store) -> dict[str, str]:
    return {name: file.status for name, file in taken(store).items()}


def answers(store: Store) -> dict[tuple[int, str], Any]:
    """Answer, its number, its score and the top of the scale, by row and question."""
    return {
        (row["source_row"], row["question_id"]): (
            row["answer_raw"],
            row["answer_value"],
            row["score"],
            row["scale_max"],
        )
        for row in store.engine.fetch_rows(store.lake("surveys"))
    }


JOINED = {
    (2, "Q1"): ("极有可能", 10.0, 10.0, 10.0),
    (2, "Q2"): ("满意", 4.0, None, None),
    (2, "Q2_2"): ("挺好", 5.0, None, None),
    (2, "Q3"): ("小红书┋其他", None, None, None),
    (3, "Q1"): ("不太可能", 2.0, 2.0, 10.0),
    (3, "Q2"): ("一般", 3.0, None, None),
    (3, "Q2_2"): (None, None, None, None),
    (3, "Q3"): ("抖音", None, None, None),
}


def test_words_keep_their_text_and_get_the_numbers_of_the_codes(store: Store) -> None:
    result = ingest(store, [store.audit.exports])
    assert {
        file.file: (file.status, file.rows_in, file.rows_kept, file.rows_by_table.get("surveys"))
        for file in result.files
    } == {
        "worded.csv": ("loaded", 2, 2, 8),
        "coded.csv": ("loaded", 2, 2, None),
    }
    assert answers(store) == JOINED
    (issue,) = (issue for issue in result.issues if issue.code == "scores_by_code")
    assert issue.message == "its codes gave 3 answers of worded.csv their numbers"
    assert issue.message_zh == "其选项序号为 worded.csv 的 3 个答案提供了数值"


def test_nothing_is_read_again_while_both_stay(store: Store) -> None:
    statuses(store)
    assert set(statuses(store).values()) == {"unchanged"}
    assert answers(store) == JOINED


def test_codes_that_come_later_are_joined_to_the_words_in_the_lake(store: Store) -> None:
    (store.audit.exports / "coded.csv").unlink()
    assert statuses(store) == {"worded.csv": "loaded"}
    assert answers(store)[2, "Q1"] == ("极有可能", None, None, 10.0)
    write(store, coded=CODED)
    assert statuses(store) == {"worded.csv": "unchanged", "coded.csv": "loaded"}
    assert answers(store) == JOINED


def test_numbers_go_with_the_file_that_told_them(store: Store) -> None:
    statuses(store)
    (store.audit.exports / "coded.csv").unlink()
    assert statuses(store)["worded.csv"] == "loaded"
    assert answers(store)[2, "Q1"] == ("极有可能", None, None, 10.0)
    assert answers(store)[2, "Q2"] == ("满意", 4.0, None, None)


def test_codes_alone_are_loaded_as_numbers(store: Store) -> None:
    statuses(store)
    (store.audit.exports / "worded.csv").unlink()
    assert statuses(store) == {"worded.csv": "removed", "coded.csv": "loaded"}
    assert answers(store)[2, "Q1"] == ("10", 10.0, 10.0, 10.0)
    assert answers(store)[2, "Q3"][0] == "小红书┋其他"


def test_changed_codes_replace_the_numbers(store: Store) -> None:
    statuses(store)
    write(store, coded=CODED.replace(",10,4,", ",9,4,"))
    assert set(statuses(store).values()) == {"loaded"}
    assert answers(store)[2, "Q1"] == ("极有可能", 9.0, 9.0, 10.0)


def test_changed_words_are_joined_again(store: Store) -> None:
    statuses(store)
    write(store, worded=WORDED.replace("极有可能", "非常可能"))
    assert set(statuses(store).values()) == {"loaded"}
    assert answers(store)[2, "Q1"] == ("非常可能", 10.0, 10.0, 10.0)


def test_codes_that_contradict_the_words_are_places_in_a_list_and_no_numbers(store: Store) -> None:
    head = "序号,提交答卷时间,所用时间,1、总体满意度"
    write(
        store,
        worded=f"{head}\n1,{WHEN[0]},非常满意\n2,{WHEN[1]},还过得去\n",
        coded=f"{head}\n1,{WHEN[0]},1\n2,{WHEN[1]},3\n",
    )
    files = taken(store)
    assert files["coded.csv"].reason == "holds the same responses as worded.csv"
    assert {row: value[1] for row, value in answers(store).items()} == {(2, "Q1"): 5.0, (3, "Q1"): None}


def test_a_dry_run_tells_the_same_and_writes_nothing(store: Store) -> None:
    assert {name: file.status for name, file in taken(store, dry_run=True).items()} == statuses(store)
    assert not list(store.audit.scratch.glob("ingest-*"))


def test_a_longer_scale_of_the_codes_is_the_scale(store: Store) -> None:
    head = "序号,提交答卷时间,所用时间,1、总体满意度"
    write(
        store,
        worded=f"{head}\n1,{WHEN[0]},很好\n2,{WHEN[1]},还过得去\n",
        coded=f"{head}\n1,{WHEN[0]},10\n2,{WHEN[1]},6\n",
    )
    taken(store)
    assert list(answers(store).values()) == [("很好", 10.0, 10.0, 10.0), ("还过得去", 6.0, 6.0, 10.0)]
