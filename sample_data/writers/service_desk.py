"""Service channels: the call log, the web chat (53KF workbook) and the tickets (Zendesk)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow.compute as pc

from tpaudit.sample_data import vocabulary as words
from tpaudit.sample_data.contact_forms import latin_name, phone_of
from tpaudit.sample_data.defects import Ledger
from tpaudit.sample_data.export import Export, Rows
from tpaudit.sample_data.period import DAY
from tpaudit.sample_data.service import COMPLAINT, QUESTION, TAGS
from tpaudit.sample_data.sinks import CsvSink, Sink, WorkbookSink
from tpaudit.sample_data.text import (
    Ints,
    Text,
    choose,
    constant,
    date_time,
    digits,
    join,
    of_rows,
    pick,
)
from tpaudit.sample_data.touches import NEVER
from tpaudit.sample_data.web_sessions import visits
from tpaudit.sample_data.world import Chunk

CALLS_FILE, CHATS_FILE, TICKETS_FILE = "通话记录.csv", "53KF对话记录.xlsx", "zendesk_tickets.csv"
CALLS_HEADER = (
    "分机号", "用户名", "通道", "状态", "主叫号码", "被叫号码", "通话开始时间", "时长", "坐席编号",
    "客户编号", "呼叫类型",
)  # fmt: skip
CHATS_HEADER = (
    "", "访客名称", "接待客服", "对话时间", "对话条数", "访问来源", "来源页面", "关键词", "咨询页面",
    "访客地区", "ip地址", "对话渠道", "对话类型", "对话主题", "访客评价", "着陆页面", "来源风格",
    "访客标签", "访客编号", "首次响应时长", "平均响应时长", "开始方式", "结束方式",
)  # fmt: skip
TICKETS_HEADER = (
    "Summation column", "Id", "Requester", "Requester id", "Requester external id", "Requester email",
    "Requester domain", "Submitter", "Assignee", "Group", "Subject", "Tags", "Status", "Priority", "Via",
    "Ticket type", "Created at", "Updated at", "Assigned at", "Organization", "Due date",
    "Initially assigned at", "Solved at", "Resolution time", "Satisfaction Score", "Group stations",
    "Assignee stations", "Reopens", "Replies", "First reply time in minutes",
    "First reply time in minutes within business hours", "First resolution time in minutes",
    "First resolution time in minutes within business hours", "Full resolution time in minutes",
    "Full resolution time in minutes within business hours", "Agent wait time in minutes",
    "Agent wait time in minutes within business hours", "Requester wait time in minutes",
    "Requester wait time in minutes within business hours", "On hold time in minutes",
    "On hold time in minutes within business hours",
)  # fmt: skip
_HOTLINE = "4008260119"
_RATINGS = ("非常满意", "满意", "一般", "不满意", "非常不满意")
_SITE = "https://www.qinghe-tea.cn"
_SUBJECTS = (
    "Refund request",
    "Exchange request",
    "Installation appointment",
    "Complaint",
    "Question about an order",
)
_PRIORITIES = ("Normal", "Normal", "Low", "High", "Low")


def open_calls(folder: Path) -> Sink:
    """The log of the call centre."""
    return CsvSink(folder / CALLS_FILE, CALLS_HEADER)


def call_rows(chunk: Chunk, ledger: Ledger) -> Rows:
    """Calls to the hotline, and the calls sales made to leads."""
    rng = chunk.stream("calls")
    people = chunk.people
    inbound = chunk.touches.select("hotline")
    called, called_at = _sales_calls(chunk, rng)
    person = np.concatenate([inbound.person, called])
    at = np.concatenate([inbound.at, called_at])
    by_time = np.argsort(at, kind="stable")
    is_inbound = (np.arange(len(person)) < len(inbound))[by_time]
    person, at, count = person[by_time], at[by_time], len(person)
    spoil = ledger.picker(CALLS_FILE, rng, count)
    future = spoil.mask("TPT02", "通话开始时间", 0.004, "timestamp in the future (year 2027)")
    epoch = spoil.mask("TPT03", "通话开始时间", 0.004, "date 1970-01-01")

    missed = rng.random(count) < np.where(is_inbound, 0.28, 0.15)
    phone = phone_of(people, person, rng, second_share=0.15)
    line = constant(_HOTLINE, count)
    known = rng.random(count) < 0.4
    agent = rng.integers(0, len(words.STAFF), count)
    length = np.where(missed, 0, rng.lognormal(5.0, 0.7, count).astype(np.int64))
    started = np.where(future, at + 365 * DAY, np.where(epoch, at % DAY, at))
    columns = [
        digits(8_001 + agent),
        pick(words.STAFF, agent),
        pick(("通道1", "通道2", "通道3"), rng.integers(0, 3, count)),
        choose(missed, "未接", "已接通"),
        choose(is_inbound, phone, line),
        choose(is_inbound, line, phone),
        date_time(started),
        digits(length),
        digits(1_001 + agent),
        choose(known, pc.fill_null(of_rows(people.member_id, person), ""), ""),
        choose(is_inbound, "呼入", "呼出"),
    ]
    return Rows(columns, people.person_id[person])


def _sales_calls(chunk: Chunk, rng: np.random.Generator) -> tuple[Ints, Ints]:
    """Person and time of the calls to leads: one at the follow-up, some more in the days after."""
    leads = chunk.leads
    reached = ~leads.is_ignored
    times = np.where(reached, 1 + leads.calls, 0)
    rows = np.repeat(np.arange(len(leads)), times)
    attempt = np.arange(len(rows)) - np.repeat(np.cumsum(times) - times, times)
    at = leads.followed[rows] + attempt * rng.integers(3_600, 2 * DAY, len(rows))
    inside = at < chunk.settings.period.end
    return leads.person[rows][inside], at[inside]


def open_chats(folder: Path) -> Sink:
    """The chat history workbook."""
    return WorkbookSink(folder / CHATS_FILE, CHATS_HEADER, "对话记录")


def chat_rows(chunk: Chunk, ledger: Ledger) -> Rows:
    """One row per chat. The visitor is a website cookie; the rating follows the speed of the first reply."""
    rng = chunk.stream("chats")
    touches = chunk.touches.select("chat")
    visit = visits(chunk, touches, rng)
    people, person, count = chunk.people, touches.person, len(touches)
    reply = np.maximum(rng.lognormal(3.6, 1.0, count), 2).astype(np.int64)
    mood = np.clip((np.log(reply) - 2.6 + rng.normal(0, 0.8, count)).astype(np.int64), 0, len(_RATINGS) - 1)
    rated = rng.random(count) < 0.45
    serial = chunk.number * 1_000_000 + np.arange(count) + 1
    topic = rng.integers(0, len(words.CHAT_TOPICS), count)
    page = pick(("/product/longjing", "/product/gaiwan", "/product/tea-bar", "/help"), rng.integers(0, 4, count))
    columns = {
        "": digits(serial),
        "访客名称": join(of_rows(people.city, person), "访客", digits(serial % 10_000, 4)),
        "接待客服": pick(words.STAFF, rng.integers(0, len(words.STAFF), count)),
        "对话时间": date_time(touches.at),
        "对话条数": digits(2 + rng.poisson(7, count)),
        "访问来源": pick(("直接访问", "百度", "小红书", "微信"), rng.choice(4, count, p=(0.5, 0.25, 0.1, 0.15))),
        "来源页面": "",
        "咨询页面": join(_SITE, page),
        "访客地区": join(of_rows(people.region, person), of_rows(people.city, person)),
        "ip地址": _ip(rng, count),
        "对话渠道": pick(("PC网页", "手机网页", "小程序"), rng.choice(3, count, p=(0.25, 0.4, 0.35))),
        "对话类型": "客户主动",
        "对话主题": pick(words.CHAT_TOPICS, topic),
        "访客评价": choose(rated, pick(_RATINGS, mood), ""),
        "着陆页面": f"{_SITE}/",
        "来源风格": "默认风格",
        "访客编号": visit.cookie,
        "首次响应时长": digits(reply),
        "平均响应时长": digits(reply // 2 + 5),
        "开始方式": "访客发起",
        "结束方式": pick(("客服结束", "访客离开", "超时结束"), rng.integers(0, 3, count)),
    }
    return Rows([columns.get(title, "") for title in CHATS_HEADER], people.person_id[person])


def _ip(rng: np.random.Generator, count: int) -> Text:
    """Addresses in the ranges reserved for documentation."""
    return join(
        pick(("192.0.2.", "198.51.100.", "203.0.113."), rng.integers(0, 3, count)),
        digits(rng.integers(1, 255, count)),
    )


def open_tickets(folder: Path) -> Sink:
    """The classic CSV export."""
    return CsvSink(folder / TICKETS_FILE, TICKETS_HEADER)


def ticket_rows(chunk: Chunk, ledger: Ledger) -> Rows:
    """One row per ticket; the requester is known by email, by the order number, or not at all."""
    rng = chunk.stream("tickets export")
    tickets, people = chunk.tickets, chunk.people
    person, count = tickets.person, len(tickets)
    spoil = ledger.picker(TICKETS_FILE, rng, count)
    is_solved = tickets.solved < NEVER
    has_order = (tickets.order >= 0) & (rng.random(count) < 0.75)
    closed_early = spoil.mask("TPT07", "Solved at", 0.008, "solved before it was created", is_solved)
    leak = spoil.mask("TPL05", "Subject", 0.01, "mobile number in free text")
    orphan = spoil.mask("TPR06", "Requester external id", 0.01, "order number that exists nowhere", has_order)

    order = of_rows(chunk.order_number, np.maximum(tickets.order, 0)) if len(chunk.orders) else constant("", count)
    external = choose(orphan, join("E20990101", digits(np.arange(count), 8)), choose(has_order, order, ""))
    mailbox = join(of_rows(people.phone, person), "@139.com")
    email = pc.coalesce(of_rows(people.email, person), mailbox)
    subject = pick(_SUBJECTS, tickets.tag)
    subject = choose(leak, join(subject, " - call me at ", of_rows(people.phone, person)), subject)
    solved = np.where(closed_early, tickets.created - 7_200, np.where(is_solved, tickets.solved, 0))
    minutes = np.where(is_solved, (tickets.solved - tickets.created) // 60, 0)
    full = choose(is_solved, digits(np.where(is_solved, minutes, 0)), "")
    agent = pick(words.AGENTS_EN, rng.integers(0, len(words.AGENTS_EN), count))
    created = _zoned(tickets.created)
    columns = {
        "Summation column": "1",
        "Id": digits(700_000 + chunk.number * 1_000_000 + np.arange(count)),
        "Requester": latin_name(people, person),
        "Requester id": digits(361_000_000_000 + people.person_id[person]),
        "Requester external id": external,
        "Requester email": email,
        "Requester domain": pc.replace_substring_regex(email, "^.*@", ""),
        "Submitter": latin_name(people, person),
        "Assignee": agent,
        "Group": choose(tickets.tag == TAGS.index("install"), "Field Service", "Support"),
        "Subject": subject,
        "Tags": pick(TAGS, tickets.tag),
        "Status": choose(is_solved, "Solved", "Open"),
        "Priority": pick(_PRIORITIES, tickets.tag),
        "Via": pick(("Mail", "Web form", "Chat"), rng.integers(0, 3, count)),
        "Ticket type": choose(tickets.tag == COMPLAINT, "Problem", choose(tickets.tag == QUESTION, "Question", "Task")),
        "Created at": created,
        "Updated at": choose(is_solved, _zoned(np.where(is_solved, tickets.solved, 0)), created),
        "Assigned at": created,
        "Initially assigned at": created,
        "Solved at": choose(is_solved, _zoned(solved), ""),
        "Resolution time": choose(is_solved, digits(minutes // 60), ""),
        "Satisfaction Score": _ticket_satisfaction(chunk, rng),
        "Group stations": "1",
        "Assignee stations": "1",
        "Reopens": digits(tickets.reopens),
        "Replies": digits(1 + rng.poisson(1.5, count)),
        "First reply time in minutes": digits(tickets.reply_minutes),
        "First resolution time in minutes": full,
        "Full resolution time in minutes": full,
        "Requester wait time in minutes": digits(tickets.reply_minutes),
    }
    return Rows([columns.get(title, "") for title in TICKETS_HEADER], people.person_id[person])


def _ticket_satisfaction(chunk: Chunk, rng: np.random.Generator) -> Text:
    """A quarter of the requesters answer; quick first replies make them content."""
    tickets = chunk.tickets
    draw = rng.random(len(tickets))
    content = rng.random(len(tickets)) < np.where(tickets.reply_minutes <= 30, 0.85, 0.55)
    silent = choose(draw < 0.6, "Offered", "Not Offered")
    return choose(draw > 0.75, choose(content, "Good", "Bad"), silent)


def _zoned(at: Ints) -> Text:
    return join(date_time(at), " +0800")


CALLS = Export(CALLS_FILE, open_calls, call_rows)
CHATS = Export(CHATS_FILE, open_chats, chat_rows)
TICKETS = Export(TICKETS_FILE, open_tickets, ticket_rows)
