"""Explanations, reviews and customers drawn for any terminal; a review that survives a spreadsheet."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime
from pathlib import Path

import pytest
from python_calamine import CalamineWorkbook
from rich.cells import cell_len

from tests.reports.samples import DEDUPE
from tests.reports.test_terminal import drawn
from tpaudit.reports import plain, review_sheet
from tpaudit.reports.language import LANGUAGES, Language, Messages
from tpaudit.results import (
    ContactPoint,
    CustomerResult,
    Evidence,
    Explanation,
    GoldenValue,
    IdentityChanges,
    Money,
    PathStep,
    RecordShown,
    Result,
    ReviewPair,
    ReviewResult,
    SourcePair,
    SourceRecord,
    TimelineEntry,
)

EVIDENCE = (
    Evidence(
        field="phone", level="same, used by several people", left="+86139****5678", right="+86139****5678", bits=10.2
    ),
    Evidence(field="name", level="surname same, given name different", left="张*", right="张**", bits=-7.5),
    Evidence(field="city", level="same, rare", left="上海", right="上海", bits=4.6),
    Evidence(field="email", level=None, left=None, right="w***@163.com", bits=0.0),
)
RECORDS = [
    RecordShown(contact_id=f"{system}:0123456789abcdef0123", customer_id="c0123456789abcde", source_system=system,
                source_file="有赞订单.csv", source_row=1204)
    for system in ("youzan", "sensors")
]  # fmt: skip
EXPLANATION = Explanation(
    left=RECORDS[0], right=RECORDS[1], prior_bits=-11.4, evidence=EVIDENCE, overlap_bits=-0.8, rule_bits=0.0,
    total_bits=-4.9, probability=0.03, threshold=0.5, was_compared=False, decision=None, same_customer=True,
    reason="through_others",
    path=(PathStep(left="a:1", right="b:2", probability=0.99), PathStep(left="b:2", right="c:3", probability=None, decided=True)),
)  # fmt: skip
REVIEW = ReviewResult(
    pairs=tuple(
        ReviewPair(contact_a=f"=cmd:{n}", contact_b=f"b:{n}", customer_a="c1", customer_b="c2", probability=0.46,
                   records=13, same_customer=False, evidence=EVIDENCE)
        for n in range(3)
    ),
    threshold=0.5,
)  # fmt: skip
CUSTOMER = CustomerResult(
    customer_id="c0123456789abcde", asked="1390****5678",
    values=(GoldenValue(field="full_name", value="张*", rule="most frequent", source_system="pos", source_row=9,
                        source_file="会员资料.csv", records=3, others=("大*",)),),
    points=(ContactPoint(type="phone", value="+86139****5678", sources=("pos", "youzan"), records=3, is_masked=False),),
    records=(SourceRecord(contact_id="pos:0123456789abcdef0123", source_system="pos", source_file="会员资料.csv",
                          source_row=9, matched_on="phone", match_probability=0.98),),
    sources=("pos", "youzan"), confidence=0.98, review=True, is_member=True, first_seen=None, last_seen=None,
    orders=2, paid_orders=1, paid=(Money(currency="CNY", amount=88.5),), touches=1, channels={"web": 1},
    timeline=(
        TimelineEntry(at=datetime(2026, 8, 3, 9, 5, tzinfo=UTC), kind="order", what="paid", channel="mini_program",
                      amount=88.5, currency="CNY"),
        TimelineEntry(at=None, kind="survey", what="nps", channel=None, score=8.0),
    ),
)  # fmt: skip
SUMMARY = DEDUPE.model_copy(
    update={
        "changes": IdentityChanges(generation=3, new=12, merged=2, split=1),
        "source_pairs": (SourcePair(one="pos", other="youzan", customers=40),),
        "review_customers": 7, "decisions": 5,
    }
)  # fmt: skip
RESULTS: dict[str, Result] = {
    "explanation": EXPLANATION, "review": REVIEW, "customer": CUSTOMER, "summary": SUMMARY,
    "ruled out": EXPLANATION.model_copy(update={"total_bits": None, "reason": "ruled_out", "path": ()}),
    "nothing to review": ReviewResult(pairs=(), threshold=0.5),
}  # fmt: skip


@pytest.mark.parametrize("ascii", [False, True])
@pytest.mark.parametrize("width", [80, 120])
@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("name", RESULTS)
def test_no_line_is_wider_than_the_terminal(name: str, lang: Language, width: int, ascii: bool) -> None:
    lines = drawn(RESULTS[name], lang, width, ascii).splitlines()
    assert max(cell_len(line) for line in lines) <= width


def test_the_waterfall_ends_where_the_total_says() -> None:
    shown = drawn(EXPLANATION, "en", 120)
    assert "-4.9" in shown and "Said twice" in shown and "never compared" in shown
    assert "a:1 → b:2  99.0%" in shown and "b:2 → c:3  decided by a person" in shown
    assert "ONE CUSTOMER: probability 3.0%, threshold 50.0%" in shown
    assert "ruled out" in drawn(RESULTS["ruled out"])


def test_levels_are_told_in_chinese() -> None:
    shown = drawn(EXPLANATION, "zh", 120)
    assert "姓相同、名不同" in shown and "相同，但由多人使用" in shown


def test_the_summary_tells_what_changed() -> None:
    assert "12 new, 2 merged, 1 split, 0 gone" in drawn(SUMMARY)
    assert "Look at 7 merges" in drawn(SUMMARY)


def test_a_review_runs_no_formula_and_keeps_ids_as_text(tmp_path: Path) -> None:
    rows = list(csv.reader(io.StringIO(review_sheet.to_csv(REVIEW, Messages("en")))))
    assert rows[1][0] == "'=cmd:0"
    file = tmp_path / "review.xlsx"
    review_sheet.write_xlsx(REVIEW, file, Messages("zh"))
    header, first, *_ = CalamineWorkbook.from_path(str(file)).get_sheet_by_index(0).to_python()
    assert header[:3] == ["contact_a", "contact_b", "decision"]
    assert first[:5] == ["=cmd:0", "b:0", "", 0.46, 13.0]


def test_evidence_and_timeline_are_tables_for_programs() -> None:
    assert plain.to_csv(EXPLANATION).startswith("field,level,left,right,bits\n")
    assert "2026-08-03T09:05:00+00:00,order,paid" in plain.to_csv(CUSTOMER)
