"""Cost of ingest beside the libraries it stands on: `python -m benchmarks.ingest [ROWS [MORE_ROWS]]`.

Every line is a process of its own, measured by what the system says it used: CPU (user and system) and peak memory.
Modules are compiled before, as an installation does it.
The files are made up in the layout of real exports: a GB18030 order report of Taobao with all its 61 columns, and a
workbook of 30 columns.

    python -m benchmarks.ingest             1M rows, 10M rows, and a workbook of 200k rows
    python -m benchmarks.ingest 100000      a tenth of each
"""

from __future__ import annotations

import datetime as dt
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.installed import installed

BLOCK = 10_000
PRICES = ("买家应付货款", "买家应付邮费", "总金额", "买家实际支付金额")
WORKBOOK_SHARE = 5  # a fifth of the rows, as a sheet holds no more than 1,048,576

HEADER = (
    "订单编号,买家会员名,买家支付宝账号,支付单号,支付详情,买家应付货款,买家应付邮费,买家支付积分,总金额,返点积分,"
    "买家实际支付金额,买家实际支付积分,订单状态,买家留言,收货人姓名,收货地址 ,运送方式,联系电话 ,联系手机,订单创建时间,"
    "订单付款时间 ,宝贝标题 ,宝贝种类 ,物流单号 ,物流公司,订单备注,宝贝总数量,店铺Id,店铺名称,订单关闭原因,卖家服务费,"
    "买家服务费,发票抬头,是否手机订单,分阶段订单信息,特权订金订单id,是否上传合同照片,是否上传小票,是否代付,定金排名,"
    "修改后的sku,修改后的收货地址,异常信息,天猫卡券抵扣,集分宝抵扣,是否是O2O交易,新零售交易类型,新零售导购门店名称,"
    "新零售导购门店id,新零售发货门店名称,新零售发货门店id,退款金额,预约门店,确认收货时间,打款商家金额,"
    "含应开票给个人的个人红包,是否信用购,体验期结束时间,前N有礼,配送类型,主订单编号"
)
NAMES = [name.strip() for name in HEADER.split(",")]
PLACES = (
    "江苏省 苏州市 工业园区 星湖街", "上海 上海市 浦东新区 世纪大道", "广东省 深圳市 南山区 科技南路",
    "浙江省 杭州市 西湖区 文三路", "四川省 成都市 武侯区 人民南路", "北京 北京市 海淀区 中关村大街",
    "湖北省 武汉市 洪山区 珞喻路", "陕西省 西安市 雁塔区 小寨西路",
)  # fmt: skip
TITLES = (
    "低糖燕麦奶 200ml*12盒装 早餐伴侣 植物蛋白饮料", "高蛋白酸奶 原味 整箱 100g*30袋", "儿童成长牛奶 礼盒装 送礼",
    "鲜牛奶 定期配送 月卡 每日一瓶 950ml", "无乳糖奶粉 成人中老年 850g罐装，勺子",
)  # fmt: skip
STATES = (
    "交易成功", "交易成功", "交易成功", "交易成功", "卖家已发货，等待买家确认", "买家已付款，等待卖家发货",
    "等待买家付款", "交易关闭",
)  # fmt: skip
SURNAMES, GIVEN = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林", "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华玉萍红"
FIRST_ORDER = dt.datetime(2025, 11, 21, tzinfo=dt.UTC)


def taobao_blocks(rows: int) -> Iterator[str]:
    """The rows of a report of *rows* orders by a quarter as many buyers, in blocks of text."""
    yield HEADER + "\r\n"
    for start in range(0, rows, BLOCK):
        yield "".join(taobao_row(number, rows) for number in range(start, min(start + BLOCK, rows)))


def taobao_row(number: int, rows: int) -> str:
    """One line of the report, with the marks the platform sets against spreadsheets and its trailing blanks."""
    order = order_of(number, rows)
    for name in ("订单编号", "支付单号", "主订单编号"):
        order[name] = f'="{order[name]}"'
    for name in ("联系电话", "联系手机"):
        order[name] = f"'{order[name]}"
    return ",".join(order.get(name, "") for name in NAMES) + "\r\n"


def order_of(number: int, rows: int) -> dict[str, str]:
    """Cells of order *number* by column; a column left out is empty, as a good third of them are in real reports."""
    buyer = number * 7919 % (rows // 4 + 1)
    order_id = 2_800_000_000_000_000_000 + number * 1_237
    state = STATES[number % len(STATES)]
    is_paid = state not in ("等待买家付款", "交易关闭")
    price = f"{19 + number * 37 % 480}.{number % 100:02d}"
    created = FIRST_ORDER + dt.timedelta(seconds=number * 31_000_000 // max(rows, 1))
    phone = phone_of(buyer)
    return {
        "订单编号": str(order_id),
        "买家会员名": f"tb{buyer * 48_271 % 99_999_989:08d}",
        "买家支付宝账号": f"buyer{buyer}@example.com" if buyer % 3 else phone,
        "支付单号": str(order_id + 7),
        "支付详情": "支付宝",
        "买家应付货款": price,
        "买家应付邮费": "0.00",
        "买家支付积分": "0",
        "总金额": price,
        "返点积分": "0",
        "买家实际支付金额": price if is_paid else "0.00",
        "买家实际支付积分": "0",
        "订单状态": state,
        "买家留言": "请尽快发货，谢谢" if number % 9 == 0 else "",
        "收货人姓名": SURNAMES[buyer % 18] + GIVEN[buyer // 18 % len(GIVEN)] + GIVEN[buyer // 486 % len(GIVEN)],
        "收货地址": f"{PLACES[buyer % len(PLACES)]}{buyer % 900 + 1}号{buyer % 30 + 1}栋",
        "运送方式": "快递",
        "联系电话": f"0512-6{buyer % 9_000_000 + 1_000_000}" if number % 50 == 0 else "null",
        "联系手机": phone,
        "订单创建时间": f"{created:%Y-%m-%d %H:%M:%S}",
        "订单付款时间": f"{created + dt.timedelta(seconds=40 + number % 600):%Y-%m-%d %H:%M:%S}" if is_paid else "",
        "宝贝标题": TITLES[number % len(TITLES)],
        "宝贝种类": str(1 + number % 3),
        "物流单号": f"No:SF{1_300_000_000_000 + number}",
        "物流公司": "顺丰速运",
        "订单备注": "老客户" if buyer % 17 == 0 else "",
        "宝贝总数量": str(1 + number % 5),
        "店铺Id": "104736810",
        "店铺名称": "晨光乳业旗舰店",
        "订单关闭原因": "买家未付款" if state == "交易关闭" else "订单未关闭",
        "卖家服务费": "0元",
        "买家服务费": "0元",
        "是否手机订单": "手机订单",
        "是否上传合同照片": "否",
        "是否上传小票": "否",
        "是否代付": "否",
        "天猫卡券抵扣": "5.00" if number % 20 == 0 else "0.00",
        "集分宝抵扣": "0.00",
        "退款金额": price if number % 40 == 0 and is_paid else "0.00",
        "确认收货时间": f"{created + dt.timedelta(days=4):%Y-%m-%d %H:%M:%S}" if state == "交易成功" else "",
        "打款商家金额": f"{price}元",
        "含应开票给个人的个人红包": "0.00",
        "是否信用购": "否",
        "配送类型": "普通配送",
        "主订单编号": str(order_id),
    }


def phone_of(buyer: int) -> str:
    """Most phones as written, every tenth masked, every tenth a virtual number with its extension."""
    digits = f"{13_900_000_000 + buyer * 104_729 % 99_999_989:011d}"
    if buyer % 10 == 1:
        return f"{digits[:3]}****{digits[-4:]}"
    return f"{digits}-{buyer % 9000 + 1000}" if buyer % 10 == 2 else digits


def write_taobao(file: Path, rows: int) -> None:
    with file.open("w", encoding="gb18030", newline="") as text:
        text.writelines(taobao_blocks(rows))


def write_workbook(file: Path, rows: int) -> None:
    """A sheet of *rows* orders with 30 of the report's columns, texts and numbers as a spreadsheet stores them."""
    import xlsxwriter

    book = xlsxwriter.Workbook(file, {"constant_memory": True, "strings_to_numbers": False})
    sheet = book.add_worksheet()
    sheet.write_row(0, 0, NAMES[:30])
    for number in range(rows):
        order = order_of(number, rows)
        sheet.write_row(
            number + 1, 0, [float(order[name]) if name in PRICES else order.get(name, "") for name in NAMES[:30]]
        )
    book.close()


@dataclass(frozen=True)
class Cost:
    """What one process took: CPU in seconds, wall time in seconds, peak resident memory in MB."""

    cpu: float
    wall: float
    peak: float


def cost_of(command: list[str]) -> Cost:
    started = time.perf_counter()
    with tempfile.TemporaryFile() as complaint:
        child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=complaint, env=installed())
        _, status, used = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode:
            complaint.seek(0)
            raise SystemExit(f"{' '.join(command)} failed:\n{complaint.read().decode()}")
    return Cost(used.ru_utime + used.ru_stime, time.perf_counter() - started, used.ru_maxrss / 1024)


def ingest(file: Path) -> Cost:
    """`tpaudit ingest` of *file* into a fresh audit, the whole process."""
    with tempfile.TemporaryDirectory(dir=file.parent) as audit:
        (Path(audit) / "tpaudit.toml").touch()
        cost = cost_of([sys.executable, "-m", "tpaudit", "ingest", str(file), "-C", audit, "--no-input", "-q"])
        assert any((Path(audit) / "lake" / "orders").iterdir())
        return cost


def beside(peer: str, file: Path) -> Cost:
    return cost_of([sys.executable, "-m", "benchmarks.ingest", peer, str(file)])


def read_by_pyarrow(file: Path) -> None:
    """Read a CSV with every column as text, in a stream, and write it as Parquet."""
    import pyarrow as pa
    import pyarrow.csv as pa_csv
    import pyarrow.parquet as pq

    names = [f"c{place}" for place in range(HEADER.count(",") + 1)]
    reader = pa_csv.open_csv(
        file,
        read_options=pa_csv.ReadOptions(encoding="gb18030", column_names=names, skip_rows=1),
        convert_options=pa_csv.ConvertOptions(column_types=dict.fromkeys(names, pa.string())),
    )
    with (
        tempfile.TemporaryDirectory(dir=file.parent) as folder,
        pq.ParquetWriter(Path(folder) / "peer.parquet", reader.schema, compression="zstd") as writer,
    ):
        for batch in reader:
            writer.write_batch(batch)


def read_by_calamine(file: Path) -> None:
    """Iterate over the rows of a workbook's first sheet."""
    from python_calamine import CalamineWorkbook

    for _ in CalamineWorkbook.from_path(file).get_sheet_by_index(0).iter_rows():
        pass


PEERS = {"pyarrow": read_by_pyarrow, "calamine": read_by_calamine}


def main(rows: int, more: int) -> None:
    print(f"{'':44}{'CPU s':>8}{'wall s':>8}{'peak MB':>9}{'CPU ratio':>11}")
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "ExportOrderList.csv"
        write_taobao(file, rows)
        size = f"{file.stat().st_size / 1e6:,.0f} MB"
        peer, own = beside("pyarrow", file), ingest(file)
        show(f"pyarrow.csv to Parquet, {rows:,} rows, {size}", peer)
        show(f"tpaudit ingest, {rows:,} rows", own, peer)
        write_taobao(file, more)
        show(f"tpaudit ingest, {more:,} rows", ingest(file), own)
        file.unlink()
        book = Path(folder) / "orders.xlsx"
        write_workbook(book, rows // WORKBOOK_SHARE)
        peer = beside("calamine", book)
        show(f"calamine, {rows // WORKBOOK_SHARE:,} rows of a workbook", peer)
        show(f"tpaudit ingest, {rows // WORKBOOK_SHARE:,} rows of a workbook", ingest(book), peer)


def show(what: str, cost: Cost, beside: Cost | None = None) -> None:
    ratio = f"{cost.cpu / beside.cpu:.1f}" if beside else ""
    print(f"{what:44}{cost.cpu:8.1f}{cost.wall:8.1f}{cost.peak:9.0f}{ratio:>11}", flush=True)


if __name__ == "__main__":
    first = sys.argv[1] if len(sys.argv) > 1 else "1000000"
    if first in PEERS:
        PEERS[first](Path(sys.argv[2]))
    else:
        main(int(first), int(sys.argv[2]) if len(sys.argv) > 2 else 10 * int(first))
