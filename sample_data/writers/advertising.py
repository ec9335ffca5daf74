"""Advertising reports: spend per day, in proportion to the visits it brought. No row belongs to a person."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.compute as pc
from numpy.typing import NDArray

from tpaudit.sample_data.defects import Ledger
from tpaudit.sample_data.period import DAY, PERIOD_END, Period, stream
from tpaudit.sample_data.sinks import CsvSink
from tpaudit.sample_data.text import Ints, constant, date_only, digits, join, money, pick
from tpaudit.sample_data.world import Chunk
from tpaudit.sample_data.writers.ga4 import campaign_of

OCEANENGINE_FILE = "巨量引擎_账户1688001_投放数据.csv"
BAIDU_FILE = "百度推广_创意报告.csv"
OCEANENGINE_HEADER = (
    "时间-天", "项目ID", "项目名称", "单元ID", "单元名称", "消耗", "展示数", "平均千次展现费用(元)",
    "点击数", "点击率%", "平均点击单价(元)", "转化数", "平均转化成本", "转化率%", "深度转化数",
    "深度转化成本", "深度转化率%",
)  # fmt: skip
BAIDU_HEADER = (
    "日期", "小时", "账户", "推广计划", "推广单元", "创意标题", "创意描述1", "创意描述2", "显示URL", "展现",
    "点击", "消费", "点击率", "平均点击价格", "网页转化", "商桥转化",
)  # fmt: skip
_PROJECTS = ("秋茶上新", "茶器直播引流", "礼盒节日季")
_PLANS = ("品牌词", "品类词")


@dataclass
class PaidVisits:
    """Visits bought from each platform, by hour of the period; filled chunk by chunk."""

    period: Period
    by_source: dict[str, Ints] = field(default_factory=dict)

    def add(self, chunk: Chunk) -> None:
        """Count the paid visits of a chunk."""
        touches = chunk.touches.select("online_ads", "search")
        source, medium = campaign_of(touches)
        hours = (touches.at - self.period.start) // 3_600
        for name in ("oceanengine", "baidu"):
            mask = np.asarray(pc.and_(pc.equal(source, name), pc.equal(medium, "cpc")))
            counted = np.bincount(hours[mask], minlength=self.period.days * 24)
            self.by_source[name] = self.by_source.get(name, np.zeros_like(counted)) + counted


def write_oceanengine(folder: Path, visits: PaidVisits, seed: int, ledger: Ledger) -> None:
    """Daily rows per project and unit, and a grand total at the end."""
    rng = stream(seed, 0, "oceanengine")
    per_day = visits.by_source["oceanengine"].reshape(-1, 24).sum(axis=1)
    split = np.stack([per_day // 3 + (per_day % 3 > number) for number in range(len(_PROJECTS))], axis=1).ravel()
    day, project = np.divmod(np.arange(len(split)), len(_PROJECTS))
    clicks, shows, cost = _bought(rng, split, cost_per_click=165)
    leads = rng.binomial(split, 0.06)
    spoil = ledger.picker(OCEANENGINE_FILE, rng, len(split))
    impossible = spoil.mask("TPM05", "点击数", 0.006, "more clicks than impressions", clicks > 0)
    refunded = spoil.mask("TPM05", "消耗", 0.004, "negative spend", clicks > 0)
    shows = np.where(impossible, clicks // 2, shows)
    cost = np.where(refunded, -cost, cost)
    deep = leads // 3
    unit_name = join(pick(_PROJECTS, project), "_单元1")
    sink = CsvSink(folder / OCEANENGINE_FILE, OCEANENGINE_HEADER)
    sink.append(
        [
            date_only(visits.period.start + day * DAY),
            digits(7_412_000_000_000_000_100 + project),
            pick(_PROJECTS, project),
            digits(7_412_000_000_000_900_100 + project),
            unit_name,
            *_ratios(cost, shows, clicks),
            digits(leads),
            _per(cost, leads),
            _percent(leads, clicks),
            digits(deep),
            _per(cost, deep),
            _percent(deep, clicks),
        ]
    )
    totals = [np.array([column.sum()]) for column in (cost, shows, clicks, leads, deep)]
    cost, shows, clicks, leads, deep = totals
    sink.append(
        [
            constant("总计", 1),
            "-",
            "-",
            "-",
            "-",
            *_ratios(cost, shows, clicks),
            digits(leads),
            _per(cost, leads),
            _percent(leads, clicks),
            digits(deep),
            _per(cost, deep),
            _percent(deep, clicks),
        ]
    )
    sink.close()


def write_baidu(folder: Path, visits: PaidVisits, seed: int) -> None:
    """Rows of the hours with visits; seven lines before the header, a total after the last row."""
    rng = stream(seed, 0, "baidu")
    period = visits.period
    per_hour = visits.by_source["baidu"]
    brand = per_hour // 2
    cell, plan = np.divmod(np.arange(2 * len(per_hour)), len(_PLANS))
    split = np.where(plan == 0, brand[cell], (per_hour - brand)[cell])
    busy = split > 0
    cell, plan, split = cell[busy], plan[busy], split[busy]
    clicks, shows, cost = _bought(rng, split, cost_per_click=240)
    found = rng.binomial(split, 0.05)
    chats = rng.binomial(split, 0.04)
    title = pick(('"{青禾茶叶}官网，明前新茶"', '"{送礼茶叶}礼盒,顺丰包邮"'), plan)
    preamble = [
        f"数据生成时间：{PERIOD_END.isoformat()} 23:59:59,,,,",
        f"时间范围：{period.first_day.isoformat()} 至 {PERIOD_END.isoformat()},,,,",
        "报告类型：创意报告,,,,",
        "数据范围：账户-全部,,,,",
        "时间单位：分时,,,,",
        "设备：移动设备,,,,",
        ",,,,",
    ]
    sink = CsvSink(folder / BAIDU_FILE, BAIDU_HEADER, encoding="gb18030", preamble=preamble, newline="\r\n")
    sink.append(
        [
            date_only(period.start + cell * 3_600),
            digits(cell % 24),
            "青禾旗舰",
            pick(_PLANS, plan),
            join(pick(_PLANS, plan), "_单元1"),
            title,
            "当季新茶产地直发",
            "七天无理由退货",
            "www.qinghe-tea.cn",
            digits(shows),
            digits(clicks),
            money(cost),
            join(_percent(clicks, shows), "%"),
            _per(cost, clicks),
            digits(found),
            digits(chats),
        ]
    )
    total = [np.array([column.sum()]) for column in (shows, clicks, cost, found, chats)]
    shows, clicks, cost, found, chats = total
    sink.append(
        [
            constant("合计", 1),
            *["-"] * 8,
            digits(shows),
            digits(clicks),
            money(cost),
            join(_percent(clicks, shows), "%"),
            _per(cost, clicks),
            digits(found),
            digits(chats),
        ]
    )
    sink.close()


def _bought(rng: np.random.Generator, visits: Ints, cost_per_click: int) -> tuple[Ints, Ints, Ints]:
    """Clicks, impressions and cost in cents behind a number of visits; nothing where there were none."""
    count = len(visits)
    clicks = visits + rng.binomial(visits, 0.3)
    shows = clicks * rng.integers(25, 70, count) + clicks * rng.integers(0, 10, count)
    cost = (clicks * cost_per_click * rng.uniform(0.8, 1.3, count)).astype(np.int64)
    return clicks, shows, cost


def _ratios(cost: Ints, shows: Ints, clicks: Ints) -> list[Any]:
    return [
        money(cost),
        digits(shows),
        _per(cost * 1_000, shows),
        digits(clicks),
        _percent(clicks, shows),
        _per(cost, clicks),
    ]


def _per(cents: Ints, count: Ints) -> Any:
    """Cost per unit, 0.00 without units."""
    return money(np.where(count > 0, cents // np.maximum(count, 1), 0))


def _percent(part: Ints, whole: Ints) -> Any:
    """Percent with two decimals and no sign, 0.00 of nothing."""
    share: NDArray[np.int64] = np.where(whole > 0, part * 10_000 // np.maximum(whole, 1), 0)
    return money(share)
