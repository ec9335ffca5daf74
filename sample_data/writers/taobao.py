"""Taobao order report: GBK, ids behind `="…"`, blanks at the end of header names, partly masked buyers."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tpaudit.sample_data import vocabulary as words
from tpaudit.sample_data.contact_forms import address_of, masked_name, phone_of
from tpaudit.sample_data.defects import Ledger
from tpaudit.sample_data.export import Export, Rows
from tpaudit.sample_data.orders import CANCELLED, COMPLETED, PAID, PENDING, SHIPPED, TAOBAO
from tpaudit.sample_data.sinks import CsvSink, Sink
from tpaudit.sample_data.text import (
    choose,
    date_time,
    digits,
    full_width,
    join,
    masked_phone,
    money,
    of_rows,
    pick,
)
from tpaudit.sample_data.touches import NEVER
from tpaudit.sample_data.world import Chunk

FILE = "ExportOrderList202611160901.csv"
HEADER = (
    "订单编号", "买家会员名", "买家支付宝账号", "支付单号", "支付详情", "买家应付货款", "买家应付邮费",
    "买家支付积分", "总金额", "返点积分", "买家实际支付金额", "买家实际支付积分", "订单状态", "买家留言",
    "收货人姓名", "收货地址 ", "运送方式", "联系电话 ", "联系手机", "订单创建时间", "订单付款时间 ",
    "宝贝标题 ", "宝贝种类 ", "物流单号 ", "物流公司", "订单备注", "宝贝总数量", "店铺Id", "店铺名称",
    "订单关闭原因", "卖家服务费", "买家服务费", "发票抬头", "是否手机订单", "分阶段订单信息",
    "特权订金订单id", "是否上传合同照片", "是否上传小票", "是否代付", "定金排名", "修改后的sku",
    "修改后的收货地址", "异常信息", "天猫卡券抵扣", "集分宝抵扣", "是否是O2O交易", "新零售交易类型",
    "新零售导购门店名称", "新零售导购门店id", "新零售发货门店名称", "新零售发货门店id", "退款金额",
    "预约门店", "确认收货时间", "打款商家金额", "含应开票给个人的个人红包", "是否信用购", "体验期结束时间",
    "前N有礼", "配送类型", "主订单编号",
)  # fmt: skip
_STATUS = {
    PENDING: "等待买家付款",
    PAID: "买家已付款，等待卖家发货",
    SHIPPED: "卖家已发货，等待买家确认",
    COMPLETED: "交易成功",
    CANCELLED: "交易关闭",
}
_EMPTY_ID = '=""'


def open_taobao(folder: Path) -> Sink:
    """The report as Taobao's back office saves it."""
    return CsvSink(folder / FILE, HEADER, encoding="gb18030", newline="\r\n")


def taobao_rows(chunk: Chunk, ledger: Ledger) -> Rows:
    """One row per Taobao order; a share of names and phones masked, some refunds larger than the payment."""
    rng = chunk.stream("taobao")
    chosen = np.flatnonzero(chunk.orders.channel == TAOBAO)
    orders = chunk.orders.where(chosen)
    number = of_rows(chunk.order_number, chosen)
    people, person, count = chunk.people, orders.person, len(orders)
    spoil = ledger.picker(FILE, rng, count)

    masked = spoil.mask("TPP03", "联系手机", 0.22, "phone, name and address masked by the platform")
    overpaid_refund = spoil.mask("TPM02", "退款金额", 0.01, "refund larger than the payment", orders.is_paid)
    wide = spoil.mask("TPC08", "联系手机", 0.01, "full-width digits")

    phone = phone_of(people, person, rng)
    phone = choose(masked, masked_phone(phone), choose(wide, full_width(phone), phone))
    name = join(of_rows(people.surname, person), of_rows(people.given, person))
    masked_address = join(
        *(of_rows(part, person) for part in (people.region, people.city, people.district)), "***", sep=" "
    )
    paid = choose(orders.is_paid, money(orders.total), "0")
    refund = np.where(overpaid_refund, orders.total + 5_000, orders.refund)
    received = orders.completed < NEVER
    titles = [name for name, *_ in words.PRODUCTS]
    title = join(
        pick(titles, orders.product),
        choose(orders.second_product >= 0, join("，", pick(titles, np.maximum(orders.second_product, 0))), ""),
    )
    shipped = orders.shipped < NEVER
    columns = {
        "订单编号": join('="', number, '"'),
        "买家会员名": of_rows(people.taobao_nick, person),
        "支付单号": choose(orders.is_paid, join('="', number, '01"'), _EMPTY_ID),
        "买家应付货款": money(orders.goods - orders.discount),
        "买家应付邮费": money(orders.postage),
        "买家支付积分": "0",
        "总金额": money(orders.total),
        "返点积分": "0",
        "买家实际支付金额": paid,
        "买家实际支付积分": "0",
        "订单状态": pick([_STATUS[code] for code in range(len(_STATUS))], orders.status),
        "买家留言": choose(rng.random(count) < 0.03, "请尽快发货，谢谢", ""),
        "收货人姓名": choose(masked, masked_name(people, person), name),
        "收货地址 ": choose(masked, masked_address, address_of(people, person)),
        "运送方式": "快递",
        "联系手机": join("'", phone),
        "订单创建时间": date_time(orders.created),
        "订单付款时间 ": choose(orders.is_paid, date_time(np.where(orders.is_paid, orders.paid, 0)), ""),
        "宝贝标题 ": title,
        "宝贝种类 ": choose(orders.second_product >= 0, "2", "1"),
        "物流单号 ": choose(shipped, join('="SF', digits(orders.created % 10**9, 12), '"'), _EMPTY_ID),
        "物流公司": choose(shipped, "顺丰速运", ""),
        "订单备注": choose(rng.random(count) < 0.5, "NULL", ""),
        "宝贝总数量": digits(orders.quantity + (orders.second_product >= 0)),
        "店铺Id": '="58713402"',
        "店铺名称": "青禾旗舰店",
        "订单关闭原因": choose(orders.status == CANCELLED, "买家未付款", "订单未关闭"),
        "卖家服务费": "0元",
        "买家服务费": "0元",
        "是否手机订单": choose(rng.random(count) < 0.85, "手机订单", ""),
        "特权订金订单id": _EMPTY_ID,
        "是否上传合同照片": "否",
        "是否上传小票": "否",
        "是否代付": "否",
        "天猫卡券抵扣": money(orders.discount),
        "是否是O2O交易": "否",
        "新零售导购门店id": _EMPTY_ID,
        "新零售发货门店id": _EMPTY_ID,
        "退款金额": choose(refund > 0, money(refund), choose(rng.random(count) < 0.3, "NULL", "0.00")),
        "确认收货时间": choose(received, date_time(np.where(received, orders.completed, 0)), ""),
        "打款商家金额": choose(received, join(money(np.maximum(orders.total - refund, 0)), "元"), "0.00元"),
        "是否信用购": "否",
        "主订单编号": join('="', number, '"'),
    }
    return Rows([columns.get(title, "") for title in HEADER], people.person_id[person])


TAOBAO_ORDERS = Export(FILE, open_taobao, taobao_rows)
