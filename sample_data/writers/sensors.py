"""Sensors Analytics: one JSON line per mini-program event, and profile rows that tie cookies to members."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tpaudit.sample_data import vocabulary as words
from tpaudit.sample_data.defects import Ledger
from tpaudit.sample_data.export import NOBODY, Export, Rows
from tpaudit.sample_data.period import DAY, UTC_OFFSET
from tpaudit.sample_data.persons import SEGMENTS
from tpaudit.sample_data.sinks import JsonLinesSink, Sink
from tpaudit.sample_data.text import Ints, Text, choose, digits, join, of_rows, pick
from tpaudit.sample_data.touches import Touches
from tpaudit.sample_data.touchpoints import CODE, TOUCHPOINTS
from tpaudit.sample_data.web_sessions import visits
from tpaudit.sample_data.world import Chunk

FILE = "sensors_events.jsonl.gz"
EVENTS = {
    "mini_program": ("$MPLaunch", "pages/index/index"),
    "product_page": ("ViewProduct", "pages/product/detail"),
    "cart": ("AddToCart", "pages/product/detail"),
    "checkout": ("SubmitOrder", "pages/order/confirm"),
    "coupon": ("ReceiveCoupon", "pages/coupon/center"),
    "self_service": ("ViewHelp", "pages/help/faq"),
    "review": ("SubmitReview", "pages/review/edit"),
    "referral": ("ShareInvite", "pages/invite/index"),
    "store_visit": ("StoreCheckIn", "pages/store/checkin"),
    "short_video": ("$pageview", "pages/live/landing"),
}
SHORT_VIDEO_SHARE = 0.4
"""Share of short-video touches that Sensors records; GA4 has the others."""
_TRAFFIC = ("直接流量", "社交网站流量", "引荐流量")


def open_events(folder: Path) -> Sink:
    """The event dump."""
    return JsonLinesSink(folder / FILE)


def event_rows(chunk: Chunk, ledger: Ledger) -> Rows:
    """Events in time order, some of them repeated or with an impossible time, and one bot."""
    rng = chunk.stream("sensors")
    touches = sensors_touches(chunk)
    spoil = ledger.picker(FILE, rng, len(touches))
    future = spoil.mask("TPT02", "time", 0.0008, "timestamp in the future (year 2027)")
    epoch = spoil.mask("TPT03", "time", 0.0008, "timestamp at the start of 1970")
    in_seconds = spoil.mask("TPT06", "time", 0.0005, "seconds in a milliseconds field")
    again = spoil.rows("TPV04", "event", 0.004, "the same event line written twice")

    millis = (touches.at - UTC_OFFSET) * 1_000 + rng.integers(0, 1_000, len(touches))
    millis = np.where(future, millis + 365 * DAY * 1_000, np.where(epoch, millis % (DAY * 1_000), millis))
    lines = _track_lines(chunk, touches, np.where(in_seconds, millis // 1_000, millis), rng)
    person = chunk.people.person_id[touches.person]
    profile_lines, profile_person = _profile_lines(chunk)
    bot_lines = _bot_lines(chunk, ledger)
    together = pa.concat_arrays([lines, of_rows(lines, again), profile_lines, bot_lines])
    owner = np.concatenate([person, person[again], profile_person, np.full(len(bot_lines), NOBODY)])
    place = np.concatenate([np.arange(len(lines)), again, np.full(len(together) - len(lines) - len(again), len(lines))])
    order = np.argsort(place, kind="stable")
    return Rows([of_rows(together, order)], owner[order])


def sensors_touches(chunk: Chunk) -> Touches:
    """The touches this system records; short-video visits are shared with GA4."""
    touches = chunk.touches.select(*EVENTS)
    is_video = touches.touchpoint == CODE["short_video"]
    return touches.where(~is_video | in_sensors(touches))


def in_sensors(touches: Touches) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Whether Sensors (and not GA4) saw a short-video touch: decided by the touch itself, so both agree."""
    seen: np.ndarray[tuple[int], np.dtype[np.bool_]] = touches.at % 100 < SHORT_VIDEO_SHARE * 100
    return seen


def _track_lines(chunk: Chunk, touches: Touches, millis: Ints, rng: np.random.Generator) -> Text:
    count = len(touches)
    visit = visits(chunk, touches, rng)
    is_video = touches.touchpoint == CODE["short_video"]
    event = pick([EVENTS.get(name, ("", ""))[0] for name in TOUCHPOINTS], touches.touchpoint)
    page = pick([EVENTS.get(name, ("", ""))[1] for name in TOUCHPOINTS], touches.touchpoint)
    product = pick([sku for _, sku, _ in words.PRODUCTS], rng.integers(0, len(words.PRODUCTS), count))
    has_product = np.isin(touches.touchpoint, [CODE["product_page"], CODE["cart"]])
    page = join(page, choose(has_product, join("?sku=", product), ""))
    traffic = choose(is_video, "付费广告流量", pick(_TRAFFIC, rng.choice(3, count, p=(0.8, 0.15, 0.05))))
    source = choose(is_video, "douyin", "")
    medium = choose(is_video, pick(("live", "video"), touches.at % 2), "")
    keyword = choose(rng.random(count) < 0.5, "未取到值_直接打开", "未取到值")
    return join(
        '{"distinct_id":"',
        pc.coalesce(visit.member_id, visit.cookie),
        '","time":',
        digits(millis),
        ',"type":"track","event":"',
        event,
        '","project":"qinghe","lib":{"$lib":"MiniProgram","$lib_version":"1.21.4"},"properties":{',
        '"$is_first_day":',
        choose(rng.random(count) < 0.15, "true", "false"),
        ',"$latest_traffic_source_type":"',
        traffic,
        '","$latest_search_keyword":"',
        keyword,
        '","$latest_referrer":"","$latest_referrer_host":"url的domain解析失败","$latest_utm_source":"',
        source,
        '","$latest_utm_medium":"',
        medium,
        '","$latest_utm_campaign":"',
        choose(is_video, "qinghe_live_2026", ""),
        '","$url":"',
        page,
        '","$title":"',
        words.BRAND,
        '","$os":"',
        choose(visit.android, "Android", "iOS"),
        '","$device_id":"',
        visit.cookie,
        '"}}',
    )


def _profile_lines(chunk: Chunk) -> tuple[Text, Ints]:
    """One profile_set row for every member who ever logged in, sent from the first device."""
    people = chunk.people
    rows = np.flatnonzero(people.logs_in)
    at = (chunk.journey.entered[rows] - UTC_OFFSET) * 1_000
    lines = join(
        '{"distinct_id":"',
        of_rows(people.member_id, rows),
        '","time":',
        digits(at),
        ',"type":"profile_set","project":"qinghe","lib":{"$lib":"MiniProgram","$lib_version":"1.21.4"},"properties":{',
        '"phone":"',
        of_rows(people.phone, rows),
        '","unionid":"',
        of_rows(people.unionid, rows),
        '","intent":"',
        pick(SEGMENTS, people.segment[rows]),
        '","$city":"',
        of_rows(people.city, rows),
        '","$device_id":"',
        of_rows(people.cookies[0], rows),
        '"}}',
    )
    return lines, people.person_id[rows]


def _bot_lines(chunk: Chunk, ledger: Ledger) -> Text:
    """A crawler that opens a page every twenty seconds for an hour, in the first chunk only."""
    if ledger.clean or chunk.number:
        return pa.array([], pa.string())
    steps = np.arange(160)
    start = chunk.settings.period.start + 40 * DAY + 3 * 3_600 - UTC_OFFSET
    note = "a bot: 160 events of one cookie within an hour"
    ledger.rows["TPV05", FILE, "event", note] += len(steps)
    return join(
        '{"distinct_id":"9999999999.1700000000","time":',
        digits((start + steps * 20) * 1_000),
        ',"type":"track","event":"ViewProduct","project":"qinghe","lib":{"$lib":"js","$lib_version":"1.21.4"},',
        '"properties":{"$is_first_day":false,"$latest_traffic_source_type":"直接流量",',
        '"$latest_search_keyword":"未取到值","$url":"pages/product/detail?sku=',
        digits(steps),
        '","$title":"',
        words.BRAND,
        '","$os":"Linux","$device_id":"9999999999.1700000000"}}',
    )


SENSORS_EVENTS = Export(FILE, open_events, event_rows)
