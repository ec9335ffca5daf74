"""Leads of the gifting business in Wukong CRM (workbook)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow.compute as pc

from tpaudit.sample_data import vocabulary as words
from tpaudit.sample_data.contact_forms import address_of, phone_of, written_name
from tpaudit.sample_data.defects import Ledger
from tpaudit.sample_data.export import Export, Rows
from tpaudit.sample_data.leads import SOURCES
from tpaudit.sample_data.sinks import Sink, WorkbookSink
from tpaudit.sample_data.text import choose, date_time, full_width, of_rows, pick
from tpaudit.sample_data.world import Chunk

FILE = "悟空线索.xlsx"
HEADER = (
    "线索名称", "邮箱", "线索来源", "手机", "电话", "地址", "客户行业", "客户级别", "下次联系时间", "备注",
    "负责人", "创建人", "创建时间", "更新时间", "跟进状态", "最后跟进时间", "是否转化",
)  # fmt: skip
_RATINGS = ("C（非优先客户）", "B（普通客户）", "A（重点客户）")


def open_leads(folder: Path) -> Sink:
    """The lead list."""
    return WorkbookSink(folder / FILE, HEADER, "线索")


def lead_rows(chunk: Chunk, ledger: Ledger) -> Rows:
    """One row per lead; the last follow-up is the only one, so its delay can be read from the row."""
    rng = chunk.stream("wukong")
    leads, people = chunk.leads, chunk.people
    by_time = np.argsort(leads.created, kind="stable")
    person, created = leads.person[by_time], leads.created[by_time]
    ignored, followed = leads.is_ignored[by_time], leads.followed[by_time]
    count = len(person)
    spoil = ledger.picker(FILE, rng, count)
    wide = spoil.mask("TPC08", "手机", 0.01, "full-width digits")
    followed = np.where(ignored, created, followed)
    won = chunk.converted[person] & (chunk.first_order_at[person] > created)
    phone = phone_of(people, person, rng, second_share=0.25)
    owner = rng.integers(0, len(words.STAFF), count)
    columns = {
        "线索名称": written_name(people, person, rng, title=0.15),
        "邮箱": choose(rng.random(count) < 0.7, pc.fill_null(of_rows(people.email, person), ""), ""),
        "线索来源": pick(SOURCES, leads.source[by_time]),
        "手机": choose(wide, full_width(phone), phone),
        "地址": choose(rng.random(count) < 0.4, address_of(people, person, sep=""), ""),
        "客户行业": pick(words.INDUSTRIES, rng.integers(0, len(words.INDUSTRIES), count)),
        "客户级别": pick(_RATINGS, people.segment[person]),
        "备注": choose(rng.random(count) < 0.3, "企业礼品采购意向", ""),
        "负责人": choose(ignored & (rng.random(count) < 0.5), "", pick(words.STAFF, owner)),
        "创建人": "系统",
        "创建时间": date_time(created),
        "更新时间": date_time(followed),
        "跟进状态": choose(ignored, "未跟进", "已跟进"),
        "最后跟进时间": choose(ignored, "", date_time(followed)),
        "是否转化": choose(won, "已转化", "未转化"),
    }
    return Rows([columns.get(title, "") for title in HEADER], people.person_id[person])


WUKONG_LEADS = Export(FILE, open_leads, lead_rows)
