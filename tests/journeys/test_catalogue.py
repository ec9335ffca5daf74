"""The catalogue: what ships, how an audit extends it, and which rule catches what."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import ibis
import pyarrow as pa
import pytest

from tpaudit.engine import EngineSettings, connect
from tpaudit.errors import ConfigFault
from tpaudit.journeys import spend_touchpoint
from tpaudit.journeys.catalogue import RULE_COLUMNS, SPEND_RULE_COLUMNS, Catalogue, load
from tpaudit.journeys.classify import TAG_MARK, touchpoint_of
from tpaudit.journeys.derivations import derivations
from tpaudit.model import LAKE_TABLES

THE_33 = {
    "social_media",
    "short_video",
    "word_of_mouth",
    "search",
    "online_ads",
    "content",
    "event",
    "website",
    "lead_form",
    "product_page",
    "cart",
    "checkout",
    "coupon",
    "trial",
    "sales_conversation",
    "store_visit",
    "pos",
    "delivery",
    "onboarding",
    "mini_program",
    "self_service",
    "chat",
    "hotline",
    "field_service",
    "returns",
    "survey",
    "review",
    "community",
    "membership",
    "care_message",
    "renewal_reminder",
    "cross_sell",
    "referral",
}


@pytest.fixture(scope="module")
def declared() -> Catalogue:
    return load(Path("no/such/audit"))


def own(folder: Path, text: str) -> Catalogue:
    (folder / "touchpoints.toml").write_text(text, encoding="utf-8")
    return load(folder)


def classified(catalogue: Catalogue, *touches: dict[str, Any]) -> list[str | None]:
    """Touchpoint of each touch; cells left out are empty, tags are given as a list."""
    columns = ("given_touchpoint", *RULE_COLUMNS)
    shaped = [
        {**touch, "tags": TAG_MARK + TAG_MARK.join(touch["tags"]) + TAG_MARK} if "tags" in touch else touch
        for touch in touches
    ]
    cells = {name: pa.array([touch.get(name) for touch in shaped], pa.string()) for name in columns}
    return fetched(pa.table({**cells, "place": list(range(len(touches)))}), lambda rows: touchpoint_of(rows, catalogue))


def fetched(table: pa.Table, touchpoint: Any) -> list[str | None]:
    engine = connect(EngineSettings(threads=1))
    rows = engine.table(table)
    found = engine.fetch_rows(rows.mutate(found=touchpoint(rows)).order_by("place"))
    engine.close()
    return [row["found"] for row in found]


def test_the_33_touchpoints_ship_with_titles_in_both_languages(declared: Catalogue) -> None:
    assert set(declared.touchpoints) == THE_33
    assert all(touchpoint.title.en and touchpoint.title.zh for touchpoint in declared)
    assert {touchpoint.stage for touchpoint in declared} == {
        "awareness",
        "consideration",
        "purchase",
        "service",
        "loyalty",
    }
    assert declared.definitional == {"checkout", "pos", "delivery"}


def test_an_unknown_touchpoint_is_called_by_its_own_text(declared: Catalogue) -> None:
    assert declared.title("T04 Determine confirmation of receipt").zh == "T04 Determine confirmation of receipt"


def test_derivations_name_columns_their_tables_have() -> None:
    for derivation in derivations():
        table = LAKE_TABLES[derivation.table]
        named = {derivation.at, *derivation.record, *derivation.columns.values(), *derivation.when}
        assert named <= set(table.column_names), derivation
        assert set(derivation.columns) <= set(RULE_COLUMNS), derivation


@pytest.mark.parametrize(
    ("touch", "touchpoint"),
    [
        ({"event": "session_start", "source": "(direct)", "medium": "(none)"}, "website"),
        ({"event": "session_start", "source": "baidu", "medium": "cpc"}, "search"),
        ({"event": "session_start", "source": "Baidu", "medium": "Organic"}, "search"),
        ({"event": "session_start", "source": "oceanengine", "medium": "cpc"}, "online_ads"),
        ({"event": "session_start", "source": "bilibili", "medium": "kol"}, "word_of_mouth"),
        ({"event": "session_start", "source": "xiaohongshu", "medium": "social"}, "social_media"),
        ({"event": "$pageview", "source": "douyin", "medium": "live", "channel": "mini_program"}, "short_video"),
        ({"event": "page_view", "page_url": "https://a.example/Blog/how-to"}, "content"),
        ({"event": "$MPLaunch", "channel": "mini_program", "channel_group": "社交网站流量"}, "mini_program"),
        ({"event": "session_start", "channel_group": "Organic Search"}, "search"),
        ({"event": "AddToCart", "channel": "mini_program", "source": "douyin"}, "cart"),
        ({"event": "WeCom Contact Added", "source_raw": "群聊"}, "community"),
        ({"event": "WeCom Contact Added", "source_raw": "扫描二维码"}, "sales_conversation"),
        ({"event": "Call Missed", "channel": "phone", "direction": "inbound"}, "hotline"),
        ({"event": "Call Connected", "channel": "phone", "direction": "outbound"}, None),
        ({"event": "Message Sent", "channel": "sms", "direction": "outbound", "content_type": "care"}, "care_message"),
        ({"event": "Message Sent", "channel": "sms", "direction": "outbound", "content_type": "promo"}, None),
        ({"table": "leads", "event": "Lead Created", "source_raw": "展会"}, "event"),
        ({"table": "leads", "event": "Lead Created", "source_raw": "搜索引擎"}, "lead_form"),
        ({"table": "tickets", "event": "Ticket Opened", "tags": ["vip", "Refund"]}, "returns"),
        ({"table": "tickets", "event": "Ticket Opened", "tags": ["install"]}, "field_service"),
        ({"table": "tickets", "event": "Ticket Opened", "channel": "email", "tags": []}, None),
        ({"table": "orders", "event": "Order Paid", "channel": "门店"}, "pos"),
        ({"table": "orders", "event": "Order Paid", "channel": "mini_program", "source": "douyin"}, "checkout"),
        ({"table": "orders", "event": "Order Shipped"}, "delivery"),
        ({"table": "orders", "event": "Order Refunded", "channel": "门店"}, "returns"),
        ({"table": "consents", "event": "Subscribed", "channel": "email"}, "lead_form"),
        ({"table": "consents", "event": "Subscribed", "channel": "wechat"}, "social_media"),
        ({"table": "consents", "event": "Unsubscribed", "channel": "email"}, "care_message"),
        ({"given_touchpoint": " Front desk ", "event": "AddToCart"}, "Front desk"),
        ({}, None),
    ],
)
def test_rules_catch_what_exports_record(declared: Catalogue, touch: dict[str, Any], touchpoint: str | None) -> None:
    assert classified(declared, touch) == [touchpoint]


def test_patterns_ignore_case_match_any_text_and_ask_for_empty_cells(tmp_path: Path) -> None:
    catalogue = own(
        tmp_path,
        """
        [[rule]]
        touchpoint = "trial"
        event = ["Star*ed", "a.b*c"]
        campaign = ""
        [[rule]]
        touchpoint = "review"
        tags = ["gold", "five*"]
        """,
    )
    touches = [
        {"event": "STAR rated"}, {"event": "starred", "campaign": " "}, {"event": "starred", "campaign": "x"},
        {"event": "axbyc"}, {"event": "A.B-C"}, {"event": "star"},
        {"tags": ["five stars"]}, {"tags": ["marigold"]}, {"tags": ["GOLD", "x"]}, {"tags": ["twenty-five"]},
    ]  # fmt: skip
    assert classified(catalogue, *touches) == [
        "trial", "trial", None, None, "trial", None, "review", None, "review", None,
    ]  # fmt: skip


def test_an_audit_adds_touchpoints_and_its_rules_come_first(tmp_path: Path) -> None:
    catalogue = own(
        tmp_path,
        """
        [touchpoint.pop_up]
        title = { en = "Pop-up shop", zh = "快闪店" }
        stage = "awareness"
        kind = "offline"
        [touchpoint.chat]
        owner = "Ms Lin"
        [[rule]]
        touchpoint = "pop_up"
        event = "StoreCheckIn"
        """,
    )
    assert classified(catalogue, {"event": "StoreCheckIn"}) == ["pop_up"]
    assert (catalogue["pop_up"].owner, catalogue["pop_up"].title.zh) == (None, "快闪店")
    # The rest of an overridden touchpoint stays as it was.
    assert (catalogue["chat"].owner, catalogue["chat"].after_order) == ("Ms Lin", "service")
    assert len(catalogue) == 34


def test_every_fault_of_the_file_is_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(ConfigFault) as caught:
        own(
            tmp_path,
            """
            colour = "red"
            [touchpoint.kiosk]
            stage = "purchse"
            kind = "offline"
            [touchpoint.chat]
            ownr = "x"
            definitional = "yes"
            [[rule]]
            touchpoint = "chta"
            evnt = "x"
            [[rule]]
            touchpoint = "chat"
            event = 3
            [[spend_rule]]
            touchpoint = "search"
            medium = "cpc"
            """,
        )
    assert list(caught.value.faults) == [
        "touchpoints.toml: unknown key 'colour'",
        "touchpoints.toml: [touchpoint.kiosk] stage: 'purchse' is not one of awareness, consideration, purchase, "
        "service, loyalty; did you mean 'purchase'?",
        "touchpoints.toml: [touchpoint.kiosk]: a new touchpoint needs the key 'title'",
        "touchpoints.toml: [touchpoint.chat]: unknown key 'ownr'; did you mean 'owner'?",
        "touchpoints.toml: [touchpoint.chat] definitional: 'yes' is not true or false",
        "touchpoints.toml: [[rule]] number 1: unknown touchpoint 'chta'; did you mean 'chat'?",
        "touchpoints.toml: [[rule]] number 1: unknown key 'evnt'; did you mean 'event'?",
        "touchpoints.toml: [[rule]] number 2 event: 3 is not a text or a list of texts",
        "touchpoints.toml: [[spend_rule]] number 1: unknown key 'medium'",
    ]


@pytest.mark.parametrize("text", ["[touchpoint", "rule = 3", "rule = [3]", "touchpoint = 1", "[touchpoint]\nx = 1"])
def test_a_malformed_file_is_a_fault_that_names_it(tmp_path: Path, text: str) -> None:
    with pytest.raises(ConfigFault, match=r"touchpoints\.toml"):
        own(tmp_path, text)


def test_a_file_that_is_no_utf8_text_is_a_fault_that_names_it(tmp_path: Path) -> None:
    (tmp_path / "touchpoints.toml").write_bytes("[touchpoint.快闪店]".encode("gb18030"))
    with pytest.raises(ConfigFault, match=r"touchpoints\.toml: cannot be read"):
        load(tmp_path)


def test_advertising_money_finds_the_touchpoint_it_paid_for(declared: Catalogue) -> None:
    rows = [
        {"platform": "baidu_sem"}, {"platform": "oceanengine"}, {"platform": "oceanengine", "campaign_name": "双11直播间"},
        {"platform": "oceanengine", "touchpoint": "event"},
    ]  # fmt: skip
    names = ("touchpoint", *SPEND_RULE_COLUMNS)
    table = pa.table({**{n: pa.array([r.get(n) for r in rows], pa.string()) for n in names}, "place": [0, 1, 2, 3]})
    assert fetched(table, lambda spend: spend_touchpoint(spend, declared)) == [
        "search",
        "online_ads",
        "short_video",
        "event",
    ]


def test_the_rules_compile_for_spark_too(declared: Catalogue) -> None:
    import ibis.backends.sql.compilers as sc

    rows = ibis.table(dict.fromkeys(("given_touchpoint", *RULE_COLUMNS), "string"), name="touches")
    assert sc.pyspark.compiler.to_sqlglot(touchpoint_of(rows, declared)) is not None
