"""Headers, encodings and quirks, written down here from the platforms' formats, not from the generator."""

from __future__ import annotations

import pytest

from tests.sample_data.conftest import GBK, Sample

HEADER_STARTS = {
    "ExportOrderList202611160901.csv": "订单编号,买家会员名,买家支付宝账号,支付单号,支付详情,买家应付货款",
    "有赞客户.csv": "客户姓名,客户昵称,客户手机号,客户生日,客户性别,标签,是否会员,成长值,免费等级,付费等级",
    "有赞订单.csv": "订单号,销售渠道,归属店铺,订单类型,订单状态,推广方式,订单来源,订单创建时间",
    "1763254861_抖店订单.csv": "主订单编号,子订单编号,选购商品,商品规格,商品数量,商品ID,商家编码,商品单价",
    "企业微信客户.xlsx": "客户名称,描述,添加人,添加人账号,添加人所属部门,添加时间,来源,手机,企业,邮箱,地址",
    "通话记录.csv": "分机号,用户名,通道,状态,主叫号码,被叫号码,通话开始时间,时长,坐席编号,客户编号,呼叫类型",
    "53KF对话记录.xlsx": ",访客名称,接待客服,对话时间,对话条数,访问来源,来源页面,关键词,咨询页面,访客地区",
    "zendesk_tickets.csv": "Summation column,Id,Requester,Requester id,Requester external id,Requester email",
    "问卷_按文本.csv": "序号,提交答卷时间,所用时间,来源,来源详情,来自IP",
    "问卷_按序号.csv": "序号,提交答卷时间,所用时间,来源,来源详情,来自IP",
    "巨量引擎_账户1688001_投放数据.csv": "时间-天,项目ID,项目名称,单元ID,单元名称,消耗,展示数",
    "百度推广_创意报告.csv": "日期,小时,账户,推广计划,推广单元,创意标题,创意描述1,创意描述2,显示URL,展现",
    "悟空线索.xlsx": "线索名称,邮箱,线索来源,手机,电话,地址,客户行业,客户级别,下次联系时间,备注,负责人",
    "会员资料.csv": "会员ID,会员卡号,会员姓名,拼音简写,身份证号,联系电话,联系地址,Email,会员类型,会员状态",
    "consents.csv": "user_id,phone,channel,purpose,status,captured_at,revoked_at",
    "messages.csv": "touch_id,user_id,phone,event,channel,direction,occurred_at,content_type,campaign",
}  # fmt: skip
WIDTHS = {
    "ExportOrderList202611160901.csv": 61,
    "有赞客户.csv": 35,
    "有赞订单.csv": 60,
    "1763254861_抖店订单.csv": 74,
    "企业微信客户.xlsx": 15,
    "通话记录.csv": 11,
    "53KF对话记录.xlsx": 23,
    "zendesk_tickets.csv": 41,
    "问卷_按文本.csv": 13,
    "问卷_按序号.csv": 17,
    "巨量引擎_账户1688001_投放数据.csv": 17,
    "百度推广_创意报告.csv": 16,
    "悟空线索.xlsx": 17,
    "会员资料.csv": 16,
    "consents.csv": 7,
    "messages.csv": 10,
}


def test_exactly_the_expected_files_are_there(small: Sample) -> None:
    files = {path.name for path in (small.folder / "exports").iterdir()}
    assert files == {*WIDTHS, "sensors_events.jsonl.gz", "ga4_events.parquet"}


@pytest.mark.parametrize("name", sorted(WIDTHS))
def test_headers_are_those_of_the_platform_and_every_row_has_as_many_cells(small: Sample, name: str) -> None:
    header = small.header(name)
    assert ",".join(title.strip() for title in header).startswith(HEADER_STARTS[name])
    assert len(header) == WIDTHS[name]
    start = small.cells(name).index(header)
    assert {len(row) for row in small.cells(name)[start:]} == {WIDTHS[name]}


@pytest.mark.parametrize("name", sorted(GBK))
def test_gbk_files_are_gbk_and_nothing_else(small: Sample, name: str) -> None:
    data = small.path(name).read_bytes()
    data.decode("gbk")
    with pytest.raises(UnicodeDecodeError):
        data.decode("utf-8")


def test_taobao_keeps_its_quirks(small: Sample) -> None:
    name = "ExportOrderList202611160901.csv"
    header = small.header(name)
    for title in ("收货地址 ", "联系电话 ", "订单付款时间 ", "宝贝标题 ", "宝贝种类 ", "物流单号 "):
        assert title in header
    raw = small.text(name)
    assert ',="",' in raw
    assert ",NULL," in raw
    assert ",0元,0元," in raw
    assert all(phone.startswith("'") for phone in small.column(name, "联系手机"))
    assert all(number.startswith('="4') and len(number) == 22 for number in small.column(name, "订单编号"))
    statuses = set(small.column(name, "订单状态"))
    assert statuses <= {"等待买家付款", "买家已付款，等待卖家发货", "卖家已发货，等待买家确认", "交易成功", "交易关闭"}
    assert {"卖家已发货，等待买家确认", "交易成功", "交易关闭"} <= statuses


def test_youzan_keeps_its_quirks(small: Sample) -> None:
    assert small.header("有赞订单.csv").count("分销员") == 2
    assert small.header("有赞客户.csv")[-1] == ""
    assert set(small.column("有赞客户.csv", "付费等级")) == {" "}
    phones = [phone for phone in small.column("有赞客户.csv", "客户手机号") if phone.isdigit()]
    assert len(set(phones)) < len(phones)


def test_douyin_keeps_its_quirks(small: Sample) -> None:
    name = "1763254861_抖店订单.csv"
    assert small.path(name).read_bytes().startswith(b"\xef\xbb\xbf")
    assert all(number.startswith("\t69") for number in small.column(name, "主订单编号"))
    assert all(receiver.startswith("##") for receiver in small.column(name, "收件人"))
    assert all(phone.startswith("$$") for phone in small.column(name, "收件人手机号"))
    assert any("," in amount for amount in small.column(name, "订单应付金额"))
    assert set(small.column(name, "流量体裁")) == {"直播", "短视频", "商品卡"}
    orders = small.column(name, "主订单编号")
    assert len(set(orders)) < len(orders)


def test_wecom_has_a_notice_above_the_header_and_repeats_customers(small: Sample) -> None:
    assert small.cells("企业微信客户.xlsx")[0][0].startswith("提示")
    assert set(small.column("企业微信客户.xlsx", "来源")) == {"群聊", "扫描二维码", "搜索手机号", "名片分享"}


def test_baidu_has_seven_lines_before_its_header_and_a_total(small: Sample) -> None:
    rows = small.cells("百度推广_创意报告.csv")
    assert rows[0][0].startswith("数据生成时间：")
    assert rows[5][0] == "设备：移动设备"
    assert rows[-1][0] == "合计"
    shows = [int(row[9]) for row in rows[8:]]
    assert sum(shows[:-1]) == shows[-1]


def test_ocean_engine_ids_are_long_and_its_total_adds_up(small: Sample) -> None:
    rows = small.cells("巨量引擎_账户1688001_投放数据.csv")
    assert rows[-1][0] == "总计"
    assert {len(row[1]) for row in rows[1:-1]} == {19}
    assert sum(round(float(row[5]) * 100) for row in rows[1:-1]) == round(float(rows[-1][5]) * 100)


def test_the_two_survey_files_tell_the_same_answers(small: Sample) -> None:
    text, code = "问卷_按文本.csv", "问卷_按序号.csv"
    labels = {"非常不满意": "1", "不满意": "2", "一般": "3", "满意": "4", "非常满意": "5", "": "-3", "9": "9"}
    question = small.header(text)[7]
    assert [labels[label] for label in small.column(text, question)] == small.column(code, question)
    options = [title for title in small.header(code) if title.startswith("3、")]
    marks = zip(*(small.column(code, option) for option in options), strict=True)
    names = [option.rsplit("(", 1)[1].rstrip(")") for option in options]
    joined = ["┋".join(name for name, mark in zip(names, row, strict=True) if mark == "1") for row in marks]
    assert small.column(text, small.header(text)[8]) == joined


def test_sensors_lines_are_events_and_profiles_of_cookies_and_members(small: Sample) -> None:
    events = small.events()
    assert {event["type"] for event in events} == {"track", "profile_set"}
    tracked = [event for event in events if event["type"] == "track"]
    assert {event["event"] for event in tracked} == {
        "$MPLaunch", "ViewProduct", "AddToCart", "SubmitOrder", "ReceiveCoupon", "ViewHelp", "SubmitReview",
        "ShareInvite", "StoreCheckIn", "$pageview",
    }  # fmt: skip
    for event in tracked:
        assert event["distinct_id"].startswith("QH") or event["distinct_id"] == event["properties"]["$device_id"]
    assert any(event["properties"]["$latest_search_keyword"] == "未取到值" for event in tracked)


def test_ga4_nests_parameters_and_rarely_knows_the_user(small: Sample) -> None:
    table = small.table("ga4_events.parquet")
    first = table["event_params"][0].as_py()
    assert [parameter["key"] for parameter in first] == ["ga_session_id", "page_location"]
    assert isinstance(first[0]["value"]["int_value"], int)
    known = table["user_id"].to_pylist()
    assert 0 < sum(user is not None for user in known) < 0.2 * len(known)
    sources = {(row["manual_source"], row["manual_medium"]) for row in table["collected_traffic_source"].to_pylist()}
    assert {("oceanengine", "cpc"), ("baidu", "organic"), ("xiaohongshu", "kol"), (None, None)} <= sources
    pages = {
        row[1]["value"]["string_value"]
        for name, row in zip(table["event_name"].to_pylist(), table["event_params"].to_pylist(), strict=True)
        if name == "page_view"
    }
    assert pages
    assert all("/blog/" in page for page in pages)
