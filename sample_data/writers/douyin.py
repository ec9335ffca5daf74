"""Douyin shop orders: a BOM, tabs inside quotes, receivers as ciphertext, one row per product line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tpaudit.sample_data import vocabulary as words
from tpaudit.sample_data.defects import Ledger
from tpaudit.sample_data.export import Export, Rows
from tpaudit.sample_data.orders import CANCELLED, COMPLETED, DOUYIN, PAID, PENDING, SHIPPED
from tpaudit.sample_data.sinks import CsvSink, Sink
from tpaudit.sample_data.text import (
    Ints,
    Text,
    choose,
    date_time,
    digits,
    join,
    money,
    money_with_commas,
    of_rows,
    pick,
)
from tpaudit.sample_data.touches import NEVER
from tpaudit.sample_data.world import Chunk

FILE = "1763254861_抖店订单.csv"
HEADER = (
    "主订单编号", "子订单编号", "选购商品", "商品规格", "商品数量", "商品ID", "商家编码", "商品单价",
    "订单应付金额", "运费", "优惠总金额", "平台优惠", "商家优惠", "达人优惠", "商家改价", "支付优惠",
    "红包抵扣", "支付方式", "手续费", "收件人", "收件人手机号", "省", "市", "区", "街道", "详细地址",
    "是否修改过地址", "地址修改时段", "买家留言", "订单提交时间", "旗帜颜色", "商家备注", "订单完成时间",
    "支付完成时间", "APP渠道", "流量来源", "订单状态", "承诺发货时间", "订单类型", "鲁班落地页ID", "达人ID",
    "达人昵称", "所属门店ID", "售后状态", "取消原因", "预约发货时间", "仓库ID", "仓库名称", "序列号",
    "是否安心购", "广告渠道", "流量类型", "流量体裁", "流量渠道", "发货主体", "发货主体明细", "发货时间",
    "降价类优惠", "平台实际承担优惠金额", "商家实际承担优惠金额", "达人实际承担优惠金额", "预计送达时间",
    "是否平台仓自流转", "车型", "商品69码", "发货SN码", "发货IMEI码1", "发货IMEI码2", "预约送达时间",
    "建议发货时间（起）", "建议发货时间（止）", "物流SN码", "物流IMEI码1", "物流IMEI码2",
)  # fmt: skip
_STATUS = {PENDING: "待支付", PAID: "待发货", SHIPPED: "已发货", COMPLETED: "已完成", CANCELLED: "已关闭"}
_GENRES = ("直播", "短视频", "商品卡")


def open_douyin(folder: Path) -> Sink:
    """The order export of the shop's back office."""
    return CsvSink(folder / FILE, HEADER, bom=True)


def douyin_rows(chunk: Chunk, ledger: Ledger) -> Rows:
    """One row per product line of every Douyin order. Nothing in it identifies a person."""
    rng = chunk.stream("douyin")
    chosen = np.flatnonzero(chunk.orders.channel == DOUYIN)
    two_lines = chunk.orders.second_product[chosen] >= 0
    line = np.repeat(chosen, 1 + two_lines)
    is_second = np.zeros(len(line), dtype=bool)
    is_second[1:] = line[1:] == line[:-1]
    orders = chunk.orders.where(line)
    number, count = of_rows(chunk.order_number, line), len(line)
    prices = np.array([price for *_, price in words.PRODUCTS], dtype=np.int64) * 100
    product = np.where(is_second, orders.second_product, orders.product)
    quantity = np.where(is_second, 1, orders.quantity)
    discount = np.where(is_second, 0, orders.discount)
    postage = np.where(is_second, 0, orders.postage)
    genre = _per_order(rng.choice(len(_GENRES), len(chosen), p=(0.5, 0.3, 0.2)), chosen, line)
    is_paid_flow = _per_order(rng.random(len(chosen)) < 0.4, chosen, line)
    host = _per_order(rng.integers(0, len(words.INFLUENCERS), len(chosen)), chosen, line)
    with_host = genre < 2
    person, people = orders.person, chunk.people
    secret = digits(rng.integers(10**15, 10**16, count))
    columns = {
        "主订单编号": _tabbed(number),
        "子订单编号": _tabbed(join(number, choose(is_second, "2", "1"))),
        "选购商品": _tabbed(pick([name for name, *_ in words.PRODUCTS], product)),
        "商品规格": _tabbed(pick(("默认", "礼盒装"), product % 2)),
        "商品数量": digits(quantity),
        "商品ID": _tabbed(digits(3_600_000_000_000_000_000 + product)),
        "商家编码": _tabbed(pick([sku for _, sku, _ in words.PRODUCTS], product)),
        "商品单价": money(prices[product]),
        "订单应付金额": join('"', money_with_commas(prices[product] * quantity - discount + postage), '"'),
        "运费": money(postage),
        "优惠总金额": money(discount),
        "平台优惠": "0.00",
        "商家优惠": money(discount),
        "支付方式": choose(orders.is_paid, "支付宝", "-"),
        "收件人": join('"##', secret, '=="'),
        "收件人手机号": join('"$$', secret, '$$"'),
        "省": of_rows(people.region, person),
        "市": of_rows(people.city, person),
        "区": of_rows(people.district, person),
        "详细地址": join('"##', secret, '##"'),
        "是否修改过地址": "否",
        "订单提交时间": _tabbed(date_time(orders.created)),
        "订单完成时间": _moment(orders.completed),
        "支付完成时间": _moment(orders.paid),
        "APP渠道": "抖音",
        "流量来源": pick(("直播间", "短视频橱窗", "商品卡搜索"), genre),
        "订单状态": pick([_STATUS[code] for code in range(len(_STATUS))], orders.status),
        "订单类型": "普通订单",
        "达人ID": choose(with_host, _tabbed(pick([code for code, _ in words.INFLUENCERS], host)), "-"),
        "达人昵称": choose(with_host, pick([name for _, name in words.INFLUENCERS], host), "-"),
        "售后状态": choose(orders.refund > 0, "退款成功", "-"),
        "取消原因": choose(orders.status == CANCELLED, "超时未支付", "-"),
        "是否安心购": "是",
        "广告渠道": choose(is_paid_flow, "巨量千川", "-"),
        "流量类型": choose(is_paid_flow, "广告", "非广告"),
        "流量体裁": pick(_GENRES, genre),
        "流量渠道": pick(("直播推荐", "短视频推荐", "搜索"), genre),
        "发货时间": _moment(orders.shipped),
    }
    return Rows([columns.get(title, "-") for title in HEADER], people.person_id[person])


def _tabbed(values: Text) -> Text:
    return join('"\t', values, '"')


def _moment(at: Ints) -> Text:
    known = at < NEVER
    return choose(known, _tabbed(date_time(np.where(known, at, 0))), "-")


def _per_order(values: NDArray[Any], orders: Ints, lines: Ints) -> NDArray[Any]:
    """A value drawn once per order, repeated on each of its lines."""
    return values[np.searchsorted(orders, lines)]


DOUYIN_ORDERS = Export(FILE, open_douyin, douyin_rows)
