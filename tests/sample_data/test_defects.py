"""Every planted defect is counted again, by reading the file alone."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta, timezone

import pytest

from tests.sample_data.conftest import Sample

TAOBAO, YOUZAN, YOUZAN_ORDERS = "ExportOrderList202611160901.csv", "有赞客户.csv", "有赞订单.csv"
SENSORS, GA4 = "sensors_events.jsonl.gz", "ga4_events.parquet"
OCEAN = "巨量引擎_账户1688001_投放数据.csv"
AUDIT_DAY = "2026-11-16"
AUDIT_SECOND = datetime(2026, 11, 16, tzinfo=timezone(timedelta(hours=8))).timestamp()
PREFIX = re.compile(r"^(\+?86[- ]?)")


def bare(phone: str) -> str:
    return re.sub(r"[ \-]", "", PREFIX.sub("", unicodedata.normalize("NFKC", phone).lstrip("'")))


def matching(title: str, test: Callable[[str], object]) -> Callable[[Sample, str], int]:
    return lambda sample, file: sum(bool(test(cell)) for cell in sample.column(file, title))


def pairs(first: str, second: str, test: Callable[[str, str], bool]) -> Callable[[Sample, str], int]:
    return lambda sample, file: sum(
        test(a, b) for a, b in zip(sample.column(file, first), sample.column(file, second), strict=True)
    )


def full_width(phone: str) -> bool:
    return any("０" <= character <= "９" for character in phone)


def wrong_shape(phone: str) -> bool:
    return phone.strip() != "" and "*" not in phone and not re.fullmatch(r"1[3-9]\d{9}", bare(phone))


def amount(cell: str) -> float:
    return float(cell) if cell not in ("", "NULL") else 0.0


def millis(sample: Sample, test: Callable[[int], bool]) -> int:
    return sum(test(event["time"]) for event in sample.events() if event["type"] == "track")


def repeated_lines(sample: Sample, _: str) -> int:
    counts = Counter(line for line in sample.event_lines() if '"type":"track"' in line)
    return sum(count - 1 for count in counts.values())


def bot_events(sample: Sample, _: str) -> int:
    hours = Counter((event["distinct_id"], event["time"] // 3_600_000) for event in sample.events())
    busy = {cookie for (cookie, _), count in hours.items() if count > 100}
    return sum(event["distinct_id"] in busy for event in sample.events())


def late_ga4_events(sample: Sample, _: str) -> int:
    return sum(at > AUDIT_SECOND * 1e6 for at in sample.table(GA4)["event_timestamp"].to_pylist())


def unknown_members(sample: Sample, file: str) -> int:
    known = set(sample.table("persons.parquet")["member_id"].to_pylist()) | {""}
    return sum(member not in known for member in sample.column(file, "user_id"))


def unknown_orders(sample: Sample, file: str) -> int:
    orders = {number.strip("=\"'\t") for number in sample.column(TAOBAO, "订单编号")}
    orders |= set(sample.column(YOUZAN_ORDERS, "订单号")) | {""}
    orders |= {number.strip() for number in sample.column("1763254861_抖店订单.csv", "主订单编号")}
    return sum(order not in orders for order in sample.column(file, "Requester external id"))


def unreachable_wecom(sample: Sample, file: str) -> int:
    return pairs("手机", "邮箱", lambda phone, email: not phone and not email)(sample, file)


COUNTERS: dict[tuple[str, str, str], Callable[[Sample, str], int]] = {
    ("TPC03", YOUZAN, "客户手机号"): matching("客户手机号", lambda phone: not phone.strip()),
    ("TPC03", "企业微信客户.xlsx", "手机"): unreachable_wecom,
    ("TPC05", YOUZAN, "客户姓名"): matching("客户姓名", {"测试", "test", "未知", "aaa", "123"}.__contains__),
    ("TPC06", YOUZAN, "客户姓名"): matching("客户姓名", lambda name: "锟斤拷" in name),
    ("TPC08", TAOBAO, "联系手机"): matching("联系手机", full_width),
    ("TPC08", "企业微信客户.xlsx", "手机"): matching("手机", full_width),
    ("TPC08", "会员资料.csv", "联系电话"): matching("联系电话", full_width),
    ("TPC08", "悟空线索.xlsx", "手机"): matching("手机", full_width),
    ("TPC10", "会员资料.csv", "联系地址"): matching("联系地址", "我家".__eq__),
    ("TPC12", YOUZAN, "客户生日"): matching("客户生日", "1900-01-01".__eq__),
    ("TPE02", "会员资料.csv", "Email"): matching("Email", {"a@a.com", "123@qq.com", "test@qq.com"}.__contains__),
    ("TPE05", "会员资料.csv", "Email"): matching("Email", lambda email: email.endswith("@gamil.com")),
    ("TPL02", "consents.csv", "purpose"): pairs("purpose", "status", lambda p, s: p == "" and s == "granted"),
    ("TPL05", "zendesk_tickets.csv", "Subject"): matching("Subject", re.compile(r"1[3-9]\d{9}").search),
    ("TPM01", YOUZAN_ORDERS, "订单实付金额"): matching("订单实付金额", lambda cell: amount(cell) < 0),
    ("TPM02", TAOBAO, "退款金额"): pairs("退款金额", "买家实际支付金额", lambda r, p: amount(r) > amount(p)),
    ("TPM02", YOUZAN_ORDERS, "订单已退款金额"): pairs(
        "订单已退款金额", "订单实付金额", lambda r, p: amount(r) > amount(p) >= 0
    ),
    ("TPM03", YOUZAN_ORDERS, "订单实付金额"): pairs(
        "订单实付金额", "应收订单金额", lambda paid, due: amount(paid) > 2 * amount(due)
    ),
    ("TPM05", OCEAN, "点击数"): pairs("点击数", "展示数", lambda clicks, shows: int(clicks) > int(shows)),
    ("TPM05", OCEAN, "消耗"): matching("消耗", lambda cell: float(cell) < 0),
    ("TPP02", YOUZAN, "客户手机号"): matching("客户手机号", wrong_shape),
    ("TPP02", "企业微信客户.xlsx", "手机"): matching("手机", wrong_shape),
    ("TPP03", TAOBAO, "联系手机"): matching("联系手机", lambda phone: "*" in phone),
    ("TPP03", YOUZAN, "客户手机号"): matching("客户手机号", lambda phone: "*" in phone),
    ("TPP06", YOUZAN, "客户手机号"): matching("客户手机号", "13800138000".__eq__),
    ("TPP06", "会员资料.csv", "联系电话"): matching("联系电话", "13800138000".__eq__),
    ("TPP07", "会员资料.csv", "联系电话"): matching("联系电话", "13917720486".__eq__),
    ("TPR01", "messages.csv", "user_id"): unknown_members,
    ("TPR06", "zendesk_tickets.csv", "Requester external id"): unknown_orders,
    ("TPT02", "messages.csv", "occurred_at"): matching("occurred_at", lambda at: at > AUDIT_DAY),
    ("TPT02", "通话记录.csv", "通话开始时间"): matching("通话开始时间", lambda at: at > AUDIT_DAY),
    ("TPT02", SENSORS, "time"): lambda sample, _: millis(sample, lambda at: at > AUDIT_SECOND * 1e3),
    ("TPT02", GA4, "event_timestamp"): late_ga4_events,
    ("TPT03", "通话记录.csv", "通话开始时间"): matching("通话开始时间", lambda at: at < "2000"),
    ("TPT03", SENSORS, "time"): lambda sample, _: millis(sample, lambda at: at < 10**9),
    ("TPT06", SENSORS, "time"): lambda sample, _: millis(sample, lambda at: 10**9 <= at < 10**10),
    ("TPT07", "zendesk_tickets.csv", "Solved at"): pairs(
        "Created at", "Solved at", lambda created, solved: solved != "" and solved < created
    ),
    ("TPV03", "messages.csv", "touch_id"): lambda sample, file: (
        len(sample.column(file, "touch_id")) - len(set(sample.column(file, "touch_id")))
    ),
    ("TPV04", SENSORS, "event"): repeated_lines,
    ("TPV05", SENSORS, "event"): bot_events,
    ("TPX01", YOUZAN, "客户姓名"): matching("客户姓名", lambda name: name.startswith("测试账号")),
}
for survey in ("问卷_按文本.csv", "问卷_按序号.csv"):
    nps, csat = "1、您有多大可能把我们推荐给朋友或同事？", "2、您对这次体验的总体满意程度是？"
    COUNTERS["TPS01", survey, nps] = matching(nps, "11".__eq__)
    COUNTERS["TPS02", survey, csat] = matching(csat, "9".__eq__)


def test_every_planted_defect_has_an_independent_count(small: Sample) -> None:
    planted = {(row["code"], row["file"], row["column"]) for row in small.truth_rows("defects.csv")}
    assert planted == set(COUNTERS)


@pytest.mark.parametrize("key", sorted(COUNTERS), ids="-".join)
def test_a_planted_defect_is_there_as_often_as_recorded(small: Sample, key: tuple[str, str, str]) -> None:
    recorded = {(row["code"], row["file"], row["column"]): int(row["rows"]) for row in small.truth_rows("defects.csv")}
    assert COUNTERS[key](small, key[1]) == recorded[key] > 0


@pytest.mark.parametrize("key", sorted(COUNTERS), ids="-".join)
def test_a_clean_sample_has_none_of_them(clean: Sample, key: tuple[str, str, str]) -> None:
    assert COUNTERS[key](clean, key[1]) == 0


def test_a_clean_sample_records_no_defect_and_no_consent_violation(clean: Sample) -> None:
    assert clean.truth_rows("defects.csv") == []
    assert clean.facts()["messages"]["after_withdrawal"] == 0
    assert clean.facts()["messages"]["without_consent"] == 0
