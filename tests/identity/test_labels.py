"""A person's decisions: read from what --review wrote, checked, kept, and obeyed whatever the evidence says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import xlsxwriter
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.identity.people import person, write_people
from tests.lake import make_store
from tpaudit.errors import InputFault
from tpaudit.identity import labels
from tpaudit.identity.clustering import ALWAYS, NEVER, SHIFT, clustered
from tpaudit.store import Store


@pytest.fixture
def store(tmp_path: Path) -> Store:
    store = make_store(tmp_path)
    write_people(store, *(person(name, "张伟", phone=f"+861391234567{n}") for n, name in enumerate("abcd")))
    return store


def sheet(folder: Path, *rows: str, header: str = "contact_a,contact_b,decision", name: str = "week1.csv") -> Path:
    file = folder / name
    file.write_text("\n".join((header, *rows)) + "\n", encoding="utf-8")
    return file


def decided(store: Store) -> set[tuple[str, str, bool]]:
    return {(each.left, each.right, each.same) for each in labels.read(store.audit)}


def test_decisions_are_kept_in_both_languages_and_undecided_rows_are_left_out(store: Store, tmp_path: Path) -> None:
    file = sheet(tmp_path, "b,a,是,x", "a,c,不同,x", "c,d,,x", header="Contact_A,contact_b,decision,概率")
    assert labels.add(store, file) == 2
    assert decided(store) == {("a", "b", True), ("a", "c", False)}
    table = labels.constraints(store.audit)
    assert isinstance(table, pa.Table)
    assert table.to_pylist() == [
        {"left_id": "a", "right_id": "b", "same": True}, {"left_id": "a", "right_id": "c", "same": False},
    ]  # fmt: skip


def test_nothing_decided_is_no_constraint(store: Store) -> None:
    assert labels.constraints(store.audit) is None


def test_a_workbook_is_read_as_well(store: Store, tmp_path: Path) -> None:
    file = tmp_path / "review.xlsx"
    with xlsxwriter.Workbook(str(file)) as book:
        page = book.add_worksheet()
        for line, row in enumerate((("contact_a", "contact_b", "decision"), ("a", "b", "Same"))):
            page.write_row(line, 0, row)
    assert labels.add(store, file) == 1
    assert decided(store) == {("a", "b", True)}


def test_the_newest_decision_about_a_pair_wins(store: Store, tmp_path: Path) -> None:
    labels.add(store, sheet(tmp_path, "a,b,same", "c,d,same"))
    labels.add(store, sheet(tmp_path, "b,a,different"))
    assert decided(store) == {("a", "b", False), ("c", "d", True)}


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (("a,b,same", "a,x9,same"), r"week1.csv row 3: no contact record x9"),
        (("a,b,perhaps",), r"week1.csv row 2: 'perhaps' is no decision"),
        (("a,,same",), r"week1.csv row 2: a decision needs two records"),
        (("a,a,same",), r"week1.csv row 2: contact_a and contact_b are one record"),
        (("a,b,",), r"week1.csv holds no decision"),
        (
            ("a,b,same", "b,c,是", "c,a,no"),
            r"week1.csv row 4: a and c are said to be different, .*\(week1.csv row 2, week1.csv row 3\)",
        ),
    ],
)
def test_what_cannot_be_is_refused_by_file_and_row(
    store: Store, tmp_path: Path, rows: tuple[str, ...], message: str
) -> None:
    with pytest.raises(InputFault, match=message):
        labels.add(store, sheet(tmp_path, *rows))
    assert not labels.labels_file(store.audit).exists()


def test_a_new_decision_that_contradicts_kept_ones_names_both_files(store: Store, tmp_path: Path) -> None:
    labels.add(store, sheet(tmp_path, "a,b,same", "b,c,same"))
    with pytest.raises(InputFault, match=r"week2.csv row 2: a and c .*labels.csv row 2, labels.csv row 3"):
        labels.add(store, sheet(tmp_path, "a,c,different", name="week2.csv"))
    assert len(decided(store)) == 2


def test_a_sheet_without_the_columns_is_told(store: Store, tmp_path: Path) -> None:
    with pytest.raises(InputFault, match=r"week1.csv has no column contact_b, decision"):
        labels.add(store, sheet(tmp_path, "a", header="contact_a"))


# --- labels always hold, whatever the evidence says ------------------------------------------------------------------

PAIRS = st.dictionaries(
    st.tuples(st.integers(0, 6), st.integers(0, 6)).filter(lambda pair: pair[0] < pair[1]),
    st.tuples(st.floats(-40, 40), st.sampled_from([None, None, True, False])),
    max_size=16,
)


@settings(max_examples=60)
@given(pairs=PAIRS, ids=st.lists(st.integers(0, 2), min_size=7, max_size=7))
def test_decided_pairs_end_as_decided(pairs: dict[tuple[int, int], tuple[float, Any]], ids: list[int]) -> None:
    import numpy as np

    same = [pair for pair, (_, said) in pairs.items() if said]
    group = list(range(7))
    for one, other in same:
        group = [group[one] if each == group[other] else each for each in group]
    # "Different" that "same" contradicts is refused before it gets here.
    kept = {pair: said for pair, said in pairs.items() if said[1] is not False or group[pair[0]] != group[pair[1]]}
    packed = np.array([one * SHIFT + other for one, other in kept], dtype=np.int64)
    bits = np.array([{True: ALWAYS, False: NEVER, None: bits}[said] for bits, said in kept.values()], dtype=np.float64)
    label = clustered(7, packed, bits, [np.array(ids)], 0.0, 3).label
    for (one, other), (_, said) in kept.items():
        if said is not None:
            assert (label[one] == label[other]) == said
