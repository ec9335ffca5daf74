"""The truth files agree with the exports they describe."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter, defaultdict
from datetime import datetime, timedelta

import pytest

from tests.sample_data.conftest import PREAMBLE, Sample

TAOBAO = "ExportOrderList202611160901.csv"
# file → how far its first data row lies below the top, and the column that holds a phone
PHONE_COLUMNS = {
    TAOBAO: "联系手机",
    "有赞客户.csv": "客户手机号",
    "有赞订单.csv": "买家手机号",
    "企业微信客户.xlsx": "手机",
    "会员资料.csv": "联系电话",
    "悟空线索.xlsx": "手机",
    "messages.csv": "phone",
    "consents.csv": "phone",
    "问卷_按文本.csv": "6、手机号（选填）",
}


def owners(sample: Sample, file: str) -> dict[int, int | None]:
    """Physical row → person id, as the truth has it."""
    table = sample.table("links.parquet").to_pylist()
    return {row["row"]: row["person_id"] for row in table if row["file"] == file}


def persons(sample: Sample) -> dict[int, dict[str, object]]:
    return {row["person_id"]: row for row in sample.table("persons.parquet").to_pylist()}


@pytest.mark.parametrize("file", sorted(PHONE_COLUMNS))
def test_links_name_the_person_whose_phone_stands_in_the_row(small: Sample, file: str) -> None:
    everyone, links = persons(small), owners(small, file)
    first = PREAMBLE.get(file, 0) + 2
    same = other = 0
    for row, cell in enumerate(small.column(file, PHONE_COLUMNS[file]), start=first):
        phone = re.sub(r"^86|[^0-9]", "", unicodedata.normalize("NFKC", cell).replace("+86", ""))
        owner = links[row]
        if owner is None or not re.fullmatch(r"1\d{10}", phone):
            continue
        if everyone[owner]["phone"] == phone:
            same += 1
        else:
            other += 1
    # The rest are second phones, typing errors and clerks' phones.
    assert same > 0
    assert other <= 0.2 * (same + other)


def test_links_cover_every_row_that_could_be_a_persons(small: Sample) -> None:
    counts = Counter(row["file"] for row in small.table("links.parquet").to_pylist())
    assert dict(counts) == small.facts()["rows_per_file"]
    for file in PHONE_COLUMNS:
        assert counts[file] == len(small.cells(file)) - PREAMBLE.get(file, 0) - 1
    assert counts["sensors_events.jsonl.gz"] == len(small.events())
    assert counts["ga4_events.parquet"] == small.table("ga4_events.parquet").num_rows


def test_rows_of_testers_zombies_and_bots_belong_to_nobody(small: Sample) -> None:
    links = owners(small, "有赞客户.csv")
    names = small.column("有赞客户.csv", "客户姓名")
    testers = [row for row, name in enumerate(names, start=2) if name.startswith("测试账号")]
    assert testers
    assert {links[row] for row in testers} == {None}
    events = owners(small, "sensors_events.jsonl.gz")
    bot = [n for n, event in enumerate(small.events(), start=1) if event["distinct_id"].startswith("9999999999")]
    assert {events[row] for row in bot} == {None}


def test_a_member_logged_in_on_a_cookie_is_the_person_of_the_link(small: Sample) -> None:
    everyone, links = persons(small), owners(small, "sensors_events.jsonl.gz")
    for row, event in enumerate(small.events(), start=1):
        if event["distinct_id"].startswith("QH"):
            assert everyone[links[row] or 0]["member_id"] == event["distinct_id"]


def test_converted_persons_are_those_with_a_paid_order(small: Sample) -> None:
    paid: set[int | None] = set()
    columns = {TAOBAO: "订单付款时间 ", "有赞订单.csv": "买家付款时间", "1763254861_抖店订单.csv": "支付完成时间"}
    for file, title in columns.items():
        links = owners(small, file)
        for row, cell in enumerate(small.column(file, title), start=2):
            if cell not in ("", "-"):
                paid.add(links[row])
    assert paid == {number for number, person in persons(small).items() if person["converted"]}


def test_households_share_an_address_and_hold_two_to_four(small: Sample) -> None:
    sizes = Counter(person["household_id"] for person in persons(small).values())
    assert max(sizes.values()) <= 4
    shared = sum(size for size in sizes.values() if size > 1)
    assert 0.10 <= shared / sum(sizes.values()) <= 0.20


def test_shares_are_those_of_a_plausible_shop(small: Sample) -> None:
    counts = small.facts()["counts"]
    assert 0.22 <= counts["converted"] / counts["persons"] <= 0.35
    assert 0.22 <= counts["repeat_buyers"] / counts["converted"] <= 0.38
    scores = [int(cell) for cell in small.column("问卷_按序号.csv", small.header("问卷_按序号.csv")[6])]
    valid = [score for score in scores if score <= 10]
    nps = 100 * (sum(score >= 9 for score in valid) - sum(score <= 6 for score in valid)) / len(valid)
    assert 15 <= nps <= 45


def test_nothing_but_planted_defects_happens_after_the_period(clean: Sample) -> None:
    last = datetime(2026, 11, 16) - timedelta(seconds=1)
    moments = [
        *clean.column("通话记录.csv", "通话开始时间"),
        *clean.column("有赞订单.csv", "订单创建时间"),
        *clean.column("53KF对话记录.xlsx", "对话时间"),
        *clean.column("企业微信客户.xlsx", "添加时间"),
        *(cell[:19] for cell in clean.column("messages.csv", "occurred_at")),
        *(cell[:19] for cell in clean.column("zendesk_tickets.csv", "Solved at") if cell),
    ]
    assert max(moments).replace("T", " ") <= last.isoformat(sep=" ")
    assert max(event["time"] for event in clean.events()) < 1_794_758_400_000
    assert min(moments) >= "2026-05-18"


def test_hand_off_gaps_can_be_counted_in_the_lead_list(small: Sample) -> None:
    file, facts = "悟空线索.xlsx", small.facts()["handoffs"]
    rows = list(zip(*(small.column(file, title) for title in ("创建时间", "跟进状态", "最后跟进时间")), strict=True))
    ignored = [row for row in rows if row[1] == "未跟进"]
    late = [
        row
        for row in rows
        if row[2] and datetime.fromisoformat(row[2]) - datetime.fromisoformat(row[0]) > timedelta(days=3)
    ]
    assert (len(rows), len(ignored), len(late)) == (
        facts["leads"],
        facts["never_followed"],
        facts["followed_after_3_days"],
    )
    assert all(row[2] == "" for row in ignored)
    mailed = small.column("messages.csv", "campaign").count("double11_mass_mailing")
    assert mailed == facts["mass_mailed"] > 0


def test_duplicate_messages_are_an_sms_and_a_wecom_message_of_one_day(small: Sample) -> None:
    links = owners(small, "messages.csv")
    days: dict[tuple[object, ...], set[str]] = defaultdict(set)
    columns = (small.column("messages.csv", title) for title in ("channel", "occurred_at", "content_type"))
    for row, (channel, at, content) in enumerate(zip(*columns, strict=True), start=2):
        days[links[row], at[:10], content].add(channel)
    doubled = sum({"sms", "wecom"} <= channels for channels in days.values())
    planted = small.facts()["messages"]["duplicates"]
    assert 0.9 * planted <= doubled <= 1.1 * planted


def test_consent_violations_can_be_counted_from_consents_and_messages(small: Sample) -> None:
    asked = owners(small, "consents.csv")
    columns = (small.column("consents.csv", title) for title in ("status", "revoked_at"))
    standing = {asked[row]: pair for row, pair in enumerate(zip(*columns, strict=True), start=2)}
    links, touch_ids = owners(small, "messages.csv"), small.column("messages.csv", "touch_id")
    late = unasked = 0
    for row, at in enumerate(small.column("messages.csv", "occurred_at"), start=2):
        # Rows of unknown members are another defect, repeated rows and future dates too.
        is_repeat = touch_ids[row - 2] in touch_ids[: row - 2]
        if links[row] is None or is_repeat or at > "2026-11-16":
            continue
        status, revoked = standing.get(links[row], ("unknown", ""))
        late += status == "withdrawn" and at >= revoked
        unasked += status in ("denied", "unknown")
    facts = small.facts()["messages"]
    assert (late, unasked) == (facts["after_withdrawal"], facts["without_consent"])


def test_the_checkout_breaks_on_android_in_the_planted_weeks(small: Sample) -> None:
    trouble = small.facts()["breakpoint"]
    assert trouble["weeks"] == [10, 14]
    inside = trouble["paid"] / trouble["checkouts"]
    otherwise = trouble["paid_otherwise"] / trouble["checkouts_otherwise"]
    assert inside < otherwise - 0.15


def test_the_null_world_has_the_same_people_and_no_effects(small: Sample, null: Sample) -> None:
    for column in ("full_name", "phone", "email", "member_id", "household_id"):
        assert null.table("persons.parquet")[column] == small.table("persons.parquet")[column]
    assert null.column("悟空线索.xlsx", "创建时间") == small.column("悟空线索.xlsx", "创建时间")
    effects = null.truth_rows("effects.csv")
    assert {float(row["effect"]) for row in effects} == {0.0}
    assert {row["is_golden"] for row in effects} == {"false"}


@pytest.mark.parametrize("outcome", ["conversion", "retention", "satisfaction"])
def test_each_outcome_has_a_few_golden_two_harmful_and_many_idle_touchpoints(small: Sample, outcome: str) -> None:
    rows = [row for row in small.truth_rows("effects.csv") if row["outcome"] == outcome]
    golden = [float(row["effect"]) for row in rows if row["is_golden"] == "true"]
    harmful = [float(row["effect"]) for row in rows if row["is_negative"] == "true"]
    rest = [float(row["effect"]) for row in rows if row["is_golden"] == row["is_negative"]]
    assert 4 <= len(golden) <= 6
    assert min(golden) > 0.05
    assert len(harmful) == 2
    assert max(harmful) < -0.05
    assert max(abs(effect) for effect in rest) < 0.05
    assert sum(effect == 0 for effect in rest) >= 8
