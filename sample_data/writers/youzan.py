"""Youzan, the mini-program mall: its customer list and its orders."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tpaudit.sample_data import vocabulary as words
from tpaudit.sample_data.contact_forms import phone_of, with_typo, written_name, written_phone
from tpaudit.sample_data.defects import Ledger, Picker
from tpaudit.sample_data.export import NOBODY, Export, Rows
from tpaudit.sample_data.orders import CANCELLED, COMPLETED, MALL, PAID, PENDING, SHIPPED
from tpaudit.sample_data.period import DAY
from tpaudit.sample_data.persons import SEGMENTS
from tpaudit.sample_data.sinks import CsvSink, Sink
from tpaudit.sample_data.text import (
    Ints,
    Text,
    choose,
    date_only,
    date_time,
    digits,
    join,
    masked_phone,
    money,
    of_rows,
    pick,
)
from tpaudit.sample_data.touches import NEVER
from tpaudit.sample_data.world import Chunk

CUSTOMERS_FILE, ORDERS_FILE = "有赞客户.csv", "有赞订单.csv"
CUSTOMERS_HEADER = (
    "客户姓名", "客户昵称", "客户手机号", "客户生日", "客户性别", "标签", "是否会员", "成长值", "免费等级",
    "付费等级", "权益卡", "客户积分", "客户储值余额", "消费次数", "消费金额", "累计退款金额",
    "累计退款订单数", "笔单价", "上次消费时间", "分销员", "导购员", "企微好友", "来源渠道", "来源方式",
    "成为客户时间", "成为会员时间", "成为会员店铺", "公众号", "公众号关注时间", "最近浏览时间", "微信地域",
    "所属区域", "指定时间消费次数", "指定时间消费金额", "",
)  # fmt: skip
ORDERS_HEADER = (
    "订单号", "销售渠道", "归属店铺", "订单类型", "订单状态", "推广方式", "订单来源", "订单创建时间",
    "买家付款时间", "交易成功时间", "付款方式", "支付流水号", "商品金额合计", "运费", "店铺优惠合计",
    "应收订单金额", "订单实付金额", "支付优惠合计", "订单实收金额", "订单抵用积分数", "店铺优惠方式",
    "支付优惠方式", "全部商品名称", "商品种类数", "订单配送方式", "同城送达时间/提货时间", "收货人省份",
    "收货人城市", "收货人地区", "详细收货地址/提货地址", "收货人/提货人", "收货人手机号/提货人手机号",
    "买家备注", "订单星级", "买家昵称", "买家是否会员", "买家手机号", "下单网点", "收银员", "分销员",
    "销售导购", "专属导购", "订单退款状态", "订单已退款金额", "商家订单备注", "桌号", "挂账主体",
    "挂账手机号", "团长订单", "订单风险标签", "分销员", "分销员手机号", "分销员所属店铺", "分销员所属团队",
    "分销员所属分组", "分销员等级", "订单佣金类型", "订单佣金金额", "订单下级卖货提成类型",
    "订单下级卖货提成金额",
)  # fmt: skip
_STATUS = {PENDING: "待付款", PAID: "待发货", SHIPPED: "已发货", COMPLETED: "交易完成", CANCELLED: "交易关闭"}
_BLANK = " "
_JUNK_NAMES = ("测试", "test", "未知", "aaa", "123")
_PLACEHOLDER_PHONE = "13800138000"


def open_customers(folder: Path) -> Sink:
    """The customer list."""
    return CsvSink(folder / CUSTOMERS_FILE, CUSTOMERS_HEADER)


def customer_rows(chunk: Chunk, ledger: Ledger) -> Rows:
    """Mall buyers and most other people who came near, some twice, and dead records."""
    rng = chunk.stream("youzan customers")
    people, orders = chunk.people, chunk.orders
    in_mall = rng.random(len(people)) < 0.62
    in_mall[orders.person[orders.channel == MALL]] = True
    known = np.flatnonzero(in_mall)
    person = rng.permutation(np.concatenate([known, known[rng.random(len(known)) < 0.04]]))
    count = len(person)
    spoil = ledger.picker(CUSTOMERS_FILE, rng, count)

    birthday = rng.random(count) < 0.5
    is_epoch = spoil.mask("TPC12", "客户生日", 0.004, "birthday 1900-01-01")
    born = choose(is_epoch, "1900-01-01", choose(birthday, date_only(people.birth_at[person]), _BLANK))
    joined = chunk.touches.first("membership", len(people))[person]
    is_member = joined < NEVER
    spent = orders.where((orders.channel == MALL) & orders.is_paid)
    times = np.bincount(spent.person, minlength=len(people))[person]
    amount = np.bincount(spent.person, spent.total, len(people)).astype(np.int64)[person]
    refunded = np.bincount(spent.person, spent.refund, len(people)).astype(np.int64)[person]
    refunds = np.bincount(spent.person[spent.refund > 0], minlength=len(people))[person]
    last = np.zeros(len(people), np.int64)
    np.maximum.at(last, spent.person, spent.created)
    since = np.minimum(chunk.journey.entered[person] + rng.integers(0, DAY, count), chunk.settings.period.end - 1)
    columns: dict[str, Text] = {
        "客户姓名": _customer_name(chunk, person, spoil, rng),
        "客户昵称": of_rows(people.nickname, person),
        "客户手机号": _customer_phone(chunk, person, spoil, rng),
        "客户生日": born,
        "客户性别": choose(rng.random(count) < 0.2, "未知", choose(people.female[person], "女", "男")),
        "标签": pick(SEGMENTS, people.segment[person]),
        "是否会员": choose(is_member, "是", "否"),
        "成长值": digits(amount // 100),
        "免费等级": choose(is_member, pick(("普通会员", "银卡会员", "金卡会员"), np.minimum(times, 2)), _BLANK),
        "客户积分": digits(amount // 100),
        "客户储值余额": "0.00",
        "消费次数": digits(times),
        "消费金额": money(amount),
        "累计退款金额": money(refunded),
        "累计退款订单数": digits(refunds),
        "笔单价": money(amount // np.maximum(times, 1)),
        "上次消费时间": choose(times > 0, date_time(last[person]), _BLANK),
        "企微好友": choose(chunk.consents.on_wecom[person], "是", "否"),
        "来源渠道": pick(("微信小程序", "公众号", "线下门店"), rng.choice(3, count, p=(0.8, 0.12, 0.08))),
        "来源方式": pick(("自助进店", "扫码", "分享"), rng.choice(3, count, p=(0.7, 0.2, 0.1))),
        "成为客户时间": date_time(since),
        "成为会员时间": choose(is_member, date_time(np.where(is_member, joined, 0)), _BLANK),
        "成为会员店铺": choose(is_member, "青禾总店", _BLANK),
        "微信地域": of_rows(people.city, person),
        "": "",
    }
    cells = [columns.get(title, _BLANK) for title in CUSTOMERS_HEADER]
    return _with_dead_records(Rows(cells, people.person_id[person]), spoil, chunk.number)


def _customer_name(chunk: Chunk, person: Ints, spoil: Picker, rng: np.random.Generator) -> Text:
    name = written_name(chunk.people, person, rng, title=0.10, nickname=0.08)
    junk = spoil.mask("TPC05", "客户姓名", 0.008, "junk names such as 测试, aaa, 123")
    garbled = spoil.mask("TPC06", "客户姓名", 0.003, "mojibake 锟斤拷")
    name = choose(junk, pick(_JUNK_NAMES, np.arange(len(person)) % len(_JUNK_NAMES)), name)
    return choose(garbled, "锟斤拷锟斤拷", name)


def _customer_phone(chunk: Chunk, person: Ints, spoil: Picker, rng: np.random.Generator) -> Text:
    phone = with_typo(phone_of(chunk.people, person, rng, second_share=0.2), rng)
    masked = spoil.mask("TPP03", "客户手机号", 0.05, "phone masked")
    short = spoil.mask("TPP02", "客户手机号", 0.008, "phone with ten digits")
    fake = spoil.mask("TPP06", "客户手机号", 0.006, "placeholder phone 13800138000")
    written = choose(masked, masked_phone(phone), written_phone(phone, rng))
    written = choose(short, pc.utf8_slice_codeunits(phone, 0, 10), written)
    return choose(fake, _PLACEHOLDER_PHONE, written)


def _with_dead_records(rows: Rows, spoil: Picker, chunk: int) -> Rows:
    """Add copies of some rows, made into unreachable records and into accounts of the shop's testers."""
    zombies = spoil.rows("TPC03", "客户手机号", 0.02, "zombie: no usable contact point")
    testers = spoil.rows("TPX01", "客户姓名", 0.004, "test account named 测试账号")
    extra = np.concatenate([zombies, testers])
    is_zombie = np.arange(len(extra)) < len(zombies)
    serial = digits(chunk * 1_000 + np.arange(len(extra)) + 1, 5)
    cells = []
    for title, cell in zip(CUSTOMERS_HEADER, rows.columns, strict=True):
        if isinstance(cell, str):
            cells.append(cell)
            continue
        copy: Text = of_rows(cell, extra)
        if title == "客户姓名":
            copy = choose(is_zombie, _BLANK, join("测试账号", serial))
        elif title == "客户昵称":
            copy = choose(is_zombie, join("微信用户", serial), join("测试", serial))
        elif title == "客户手机号":
            copy = choose(is_zombie, _BLANK, join("1990", serial, "01"))
        elif title in ("客户生日", "上次消费时间", "成为会员时间", "免费等级"):
            copy = pa.repeat(pa.scalar(_BLANK), len(extra))
        elif title in ("消费次数", "累计退款订单数", "成长值", "客户积分"):
            copy = pa.repeat(pa.scalar("0"), len(extra))
        elif title in ("消费金额", "累计退款金额", "笔单价"):
            copy = pa.repeat(pa.scalar("0.00"), len(extra))
        elif title == "是否会员":
            copy = pa.repeat(pa.scalar("否"), len(extra))
        cells.append(pa.concat_arrays([_flat(cell), _flat(copy)]))
    return Rows(cells, np.concatenate([rows.person_id, np.full(len(extra), NOBODY)]))


def _flat(column: Text) -> Text:
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column


def open_orders(folder: Path) -> Sink:
    """The order list."""
    return CsvSink(folder / ORDERS_FILE, ORDERS_HEADER)


def order_rows(chunk: Chunk, ledger: Ledger) -> Rows:
    """One row per order of the mall, abandoned ones included."""
    rng = chunk.stream("youzan orders")
    chosen = np.flatnonzero(chunk.orders.channel == MALL)
    orders, number = chunk.orders.where(chosen), of_rows(chunk.order_number, chosen)
    people, person, count = chunk.people, orders.person, len(orders)
    spoil = ledger.picker(ORDERS_FILE, rng, count)
    negative = spoil.mask("TPM01", "订单实付金额", 0.006, "negative amount", orders.is_paid)
    over_refund = spoil.mask("TPM02", "订单已退款金额", 0.006, "refund larger than the payment", orders.is_paid)
    in_cents = spoil.mask("TPM03", "订单实付金额", 0.003, "amount in cents instead of yuan", orders.is_paid)

    paid = np.where(orders.is_paid, orders.total, 0)
    paid = np.where(negative, -paid, np.where(in_cents, paid * 100, paid))
    refund = np.where(over_refund, orders.total + 3_000, np.where(negative, 0, orders.refund))
    phone = of_rows(people.phone, person)
    receiver_phone = written_phone(phone_of(people, person, rng), rng)
    titles = [name for name, *_ in words.PRODUCTS]
    extra = pick(titles, np.maximum(orders.second_product, 0))
    done = orders.completed < NEVER
    joined = chunk.touches.first("membership", len(people))[person]
    advised = rng.random(count) < 0.1
    columns = {
        "订单号": number,
        "销售渠道": "网店",
        "归属店铺": "青禾总店",
        "订单类型": "普通订单",
        "订单状态": pick([_STATUS[code] for code in range(len(_STATUS))], orders.status),
        "推广方式": "——",
        "订单来源": "微信小程序",
        "订单创建时间": date_time(orders.created),
        "买家付款时间": choose(orders.is_paid, date_time(np.where(orders.is_paid, orders.paid, 0)), ""),
        "交易成功时间": choose(done, date_time(np.where(done, orders.completed, 0)), ""),
        "付款方式": choose(orders.is_paid, "微信支付", "——"),
        "支付流水号": choose(orders.is_paid, join("420000", pc.utf8_slice_codeunits(number, 1, 23)), ""),
        "商品金额合计": money(orders.goods),
        "运费": money(orders.postage),
        "店铺优惠合计": money(orders.discount),
        "应收订单金额": money(orders.total),
        "订单实付金额": money(paid),
        "支付优惠合计": "0.00",
        "订单实收金额": money(np.where(orders.is_paid, orders.total, 0)),
        "订单抵用积分数": "0",
        "店铺优惠方式": choose(orders.discount > 0, "优惠券", "——"),
        "支付优惠方式": "——",
        "全部商品名称": join(pick(titles, orders.product), choose(orders.second_product >= 0, join("；", extra), "")),
        "商品种类数": choose(orders.second_product >= 0, "2", "1"),
        "订单配送方式": "快递",
        "收货人省份": of_rows(people.region, person),
        "收货人城市": of_rows(people.city, person),
        "收货人地区": of_rows(people.district, person),
        "详细收货地址/提货地址": of_rows(people.street, person),
        "收货人/提货人": written_name(people, person, rng, title=0.08),
        "收货人手机号/提货人手机号": receiver_phone,
        "买家备注": choose(rng.random(count) < 0.03, "麻烦包装仔细些", " "),
        "买家昵称": of_rows(people.nickname, person),
        "买家是否会员": choose(joined <= orders.created, "是", "否"),
        "买家手机号": phone,
        "销售导购": choose(advised, pick(words.STAFF, rng.integers(0, len(words.STAFF), count)), "——"),
        "订单退款状态": choose(refund >= orders.total, "全额退款", choose(refund > 0, "部分退款", "——")),
        "订单已退款金额": money(refund),
    }
    return Rows([columns.get(title, " ") for title in ORDERS_HEADER], people.person_id[person])


YOUZAN_CUSTOMERS = Export(CUSTOMERS_FILE, open_customers, customer_rows)
YOUZAN_ORDERS = Export(ORDERS_FILE, open_orders, order_rows)
