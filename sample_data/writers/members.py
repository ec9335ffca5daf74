"""Member file of the tills (GBK, tabs before card numbers) and the WeCom customer list (a workbook)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow.compute as pc

from tpaudit.sample_data import vocabulary as words
from tpaudit.sample_data.contact_forms import (
    address_of,
    latin_name,
    phone_of,
    with_typo,
    written_name,
    written_phone,
)
from tpaudit.sample_data.defects import Ledger
from tpaudit.sample_data.export import Export, Rows
from tpaudit.sample_data.persons import SEGMENTS
from tpaudit.sample_data.sinks import CsvSink, Sink, WorkbookSink
from tpaudit.sample_data.text import choose, date_time, digits, full_width, join, of_rows, pick
from tpaudit.sample_data.touchpoints import CODE
from tpaudit.sample_data.world import Chunk

POS_FILE, WECOM_FILE = "会员资料.csv", "企业微信客户.xlsx"
POS_HEADER = (
    "会员ID", "会员卡号", "会员姓名", "拼音简写", "身份证号", "联系电话", "联系地址", "Email", "会员类型",
    "会员状态", "当前余额", "当前积分", "备注", "门店", "创建日期", "操作日期",
)  # fmt: skip
WECOM_HEADER = (
    "客户名称", "描述", "添加人", "添加人账号", "添加人所属部门", "添加时间", "来源", "手机", "企业",
    "邮箱", "地址", "职务", "电话", "标签组1(意向等级)", "标签组2(兴趣)",
)  # fmt: skip
_WECOM_NOTICE = "提示：以下为企业成员添加的全部客户，客户名称与手机为成员填写的备注信息。"
_CLERK_PHONE = "13917720486"
_PLACEHOLDER_PHONE = "13800138000"
_JUNK_EMAILS = ("a@a.com", "123@qq.com", "test@qq.com")
_SALES_WAYS = ("扫描二维码", "搜索手机号", "名片分享")
_INTERESTS = ("绿茶", "红茶", "茶具", "家居", "礼品")


def open_members(folder: Path) -> Sink:
    """The export of the till system."""
    return CsvSink(folder / POS_FILE, POS_HEADER, encoding="gb18030", newline="\r\n")


def member_rows(chunk: Chunk, ledger: Ledger) -> Rows:
    """One row per member. For customers in a hurry, clerks typed their own phone or a placeholder."""
    rng = chunk.stream("members")
    people = chunk.people
    joins = chunk.touches.select("membership")
    registered = people.has_member_id[joins.person]
    person, joined = joins.person[registered], joins.at[registered]
    count = len(person)
    spoil = ledger.picker(POS_FILE, rng, count)

    clerk = spoil.mask("TPP07", "联系电话", 0.06, f"a clerk's own phone {_CLERK_PHONE} for many members")
    placeholder = spoil.mask("TPP06", "联系电话", 0.02, "placeholder phone 13800138000")
    wide = spoil.mask("TPC08", "联系电话", 0.02, "full-width digits")
    has_email = np.asarray(people.email.is_valid())[person]
    junk_email = spoil.mask("TPE02", "Email", 0.012, "junk email such as a@a.com")
    typo_domain = spoil.mask("TPE05", "Email", 0.012, "domain typo gamil.com", has_email)
    nowhere = spoil.mask("TPC10", "联系地址", 0.02, "placeholder address 我家")

    phone = with_typo(phone_of(people, person, rng), rng)
    written = choose(wide, full_width(phone), written_phone(phone, rng))
    written = choose(clerk, _CLERK_PHONE, choose(placeholder, _PLACEHOLDER_PHONE, written))
    email = pc.fill_null(of_rows(people.email, person), "")
    local = pc.replace_substring_regex(email, "@.*", "")
    email = choose(typo_domain, join(local, "@gamil.com"), email)
    email = choose(junk_email, pick(_JUNK_EMAILS, np.arange(count) % len(_JUNK_EMAILS)), email)
    initials = join(
        pc.utf8_slice_codeunits(of_rows(people.surname_pinyin, person), 0, 1),
        pc.utf8_slice_codeunits(of_rows(people.given_pinyin, person), 0, 1),
    )
    changed = np.minimum(joined + rng.integers(0, 40 * 86_400, count), chunk.settings.period.end - 1)
    columns = {
        "会员ID": of_rows(people.member_id, person),
        "会员卡号": join("\t", digits(6_600_000_000 + people.person_id[person])),
        "会员姓名": written_name(people, person, rng, title=0.12, pinyin=0.05),
        "拼音简写": pc.utf8_upper(initials),
        "联系电话": written,
        "联系地址": choose(nowhere, "我家", address_of(people, person, sep="")),
        "Email": email,
        "会员类型": pick(("普通会员", "银卡会员", "金卡会员"), rng.choice(3, count, p=(0.7, 0.2, 0.1))),
        "会员状态": choose(rng.random(count) < 0.97, "正常", "冻结"),
        "当前余额": "0.00",
        "当前积分": digits(rng.integers(0, 3_000, count)),
        "门店": pick(words.SHOPS, people.person_id[person] % len(words.SHOPS)),
        "创建日期": date_time(joined),
        "操作日期": date_time(changed),
    }
    return Rows([columns.get(title, "") for title in POS_HEADER], people.person_id[person])


def open_wecom(folder: Path) -> Sink:
    """The customer list, with the notice line WeCom puts on top."""
    return WorkbookSink(folder / WECOM_FILE, WECOM_HEADER, "客户列表", notice=_WECOM_NOTICE)


def wecom_rows(chunk: Chunk, ledger: Ledger) -> Rows:
    """One row per (customer, employee): friends from group chats, and from sales conversations."""
    rng = chunk.stream("wecom")
    people = chunk.people
    added = chunk.touches.select("community", "sales_conversation")
    person, count = added.person, len(added)
    from_group = added.touchpoint == CODE["community"]
    spoil = ledger.picker(WECOM_FILE, rng, count)
    wide = spoil.mask("TPC08", "手机", 0.01, "full-width digits")
    clerk = spoil.mask("TPP02", "手机", 0.008, "phone with twelve digits")
    email = choose(rng.random(count) < 0.3, of_rows(people.email, person), None)
    no_email = ~np.asarray(email.is_valid())
    no_phone = spoil.mask("TPC03", "手机", 0.12, "zombie: neither phone nor email noted", no_email)
    phone = phone_of(people, person, rng, second_share=0.25)
    written = choose(wide, full_width(phone), choose(clerk, join(phone, "0"), written_phone(phone, rng)))
    staff = rng.integers(0, len(words.STAFF), count)
    remark = written_name(people, person, rng, title=0.25, nickname=0.15, pinyin=0.02)
    columns = {
        "客户名称": remark,
        "描述": choose(rng.random(count) < 0.1, join("英文名 ", latin_name(people, person)), ""),
        "添加人": pick(words.STAFF, staff),
        "添加人账号": join("qinghe", digits(staff + 1, 2)),
        "添加人所属部门": pick(words.STAFF_TEAMS, staff % len(words.STAFF_TEAMS)),
        "添加时间": date_time(added.at),
        "来源": choose(from_group, "群聊", pick(_SALES_WAYS, rng.choice(3, count, p=(0.6, 0.25, 0.15)))),
        "手机": choose(no_phone, "", written),
        "邮箱": email,
        "地址": choose(rng.random(count) < 0.2, address_of(people, person, sep=""), ""),
        "标签组1(意向等级)": pick(SEGMENTS, people.segment[person]),
        "标签组2(兴趣)": pick(_INTERESTS, rng.integers(0, len(_INTERESTS), count)),
    }
    return Rows([columns.get(title, "") for title in WECOM_HEADER], people.person_id[person])


POS_MEMBERS = Export(POS_FILE, open_members, member_rows)
WECOM_CUSTOMERS = Export(WECOM_FILE, open_wecom, wecom_rows)
