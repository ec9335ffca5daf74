"""Google Analytics 4 as BigQuery exports it: nested event parameters, cookies, rarely a user id."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tpaudit.sample_data import vocabulary as words
from tpaudit.sample_data.defects import Ledger
from tpaudit.sample_data.export import Export, Rows
from tpaudit.sample_data.period import DAY, UTC_OFFSET
from tpaudit.sample_data.sinks import ParquetSink, Sink
from tpaudit.sample_data.text import Ints, Text, choose, constant, date_only, join, of_rows, pick
from tpaudit.sample_data.touches import Touches
from tpaudit.sample_data.touchpoints import CODE, TOUCHPOINTS
from tpaudit.sample_data.web_sessions import visits
from tpaudit.sample_data.world import Chunk
from tpaudit.sample_data.writers.sensors import in_sensors

FILE = "ga4_events.parquet"
SITE = "https://www.qinghe-tea.cn"
# touchpoint → (sources, mediums): a touch takes one source, and the medium at the same place
CAMPAIGNS = {
    "online_ads": (("oceanengine", "oceanengine", "tencent"), ("cpc", "cpc", "cpc")),
    "search": (("baidu", "baidu"), ("cpc", "organic")),
    "social_media": (("xiaohongshu", "weibo"), ("social", "social")),
    "short_video": (("douyin", "douyin"), ("live", "video")),
    "word_of_mouth": (("xiaohongshu", "bilibili"), ("kol", "kol")),
    "website": (("(direct)",), ("(none)",)),
}
_VALUE = pa.struct(
    [
        ("string_value", pa.string()),
        ("int_value", pa.int64()),
        ("float_value", pa.float64()),
        ("double_value", pa.float64()),
    ]
)
_PARAM = pa.struct([("key", pa.string()), ("value", _VALUE)])
_SOURCE = [
    ("manual_campaign_name", pa.string()),
    ("manual_source", pa.string()),
    ("manual_medium", pa.string()),
    ("manual_term", pa.string()),
    ("gclid", pa.string()),
]
SCHEMA = pa.schema(
    [
        ("event_date", pa.string()),
        ("event_timestamp", pa.int64()),
        ("event_name", pa.string()),
        ("event_params", pa.list_(_PARAM)),
        ("user_id", pa.string()),
        ("user_pseudo_id", pa.string()),
        ("privacy_info", pa.struct([("analytics_storage", pa.string()), ("ads_storage", pa.string())])),
        ("user_first_touch_timestamp", pa.int64()),
        ("device", pa.struct([("category", pa.string()), ("operating_system", pa.string())])),
        ("geo", pa.struct([("country", pa.string()), ("region", pa.string()), ("city", pa.string())])),
        (
            "traffic_source",
            pa.struct([("name", pa.string()), ("medium", pa.string()), ("source", pa.string())]),
        ),
        ("platform", pa.string()),
        ("collected_traffic_source", pa.struct(_SOURCE)),
    ]
)


def open_events(folder: Path) -> Sink:
    """One table for the whole period."""
    return ParquetSink(folder / FILE, SCHEMA)


def event_rows(chunk: Chunk, ledger: Ledger) -> Rows:
    """A session_start per visit, and a page_view per article read."""
    rng = chunk.stream("ga4")
    touches = _ga4_touches(chunk)
    spoil = ledger.picker(FILE, rng, len(touches))
    future = spoil.mask("TPT02", "event_timestamp", 0.0008, "timestamp in the future (year 2027)")
    visit = visits(chunk, touches, rng, logged_in_share=0.10)
    people, person, count = chunk.people, touches.person, len(touches)
    micros = (touches.at - UTC_OFFSET) * 1_000_000 + rng.integers(0, 1_000_000, count)
    micros = np.where(future, micros + 365 * DAY * 1_000_000, micros)
    local_day = np.where(future, touches.at + 365 * DAY, touches.at)
    source, medium = campaign_of(touches)
    is_content = touches.touchpoint == CODE["content"]
    article = pick(words.BLOG_PAGES, rng.integers(0, len(words.BLOG_PAGES), count))
    page = choose(is_content, join(SITE, "/blog/", article), f"{SITE}/")
    term = pick(words.SEARCH_TERMS, rng.integers(0, len(words.SEARCH_TERMS), count))
    is_paid = pc.fill_null(pc.equal(medium, "cpc"), False)
    direct, none = constant("(direct)", count), constant("(none)", count)
    columns: list[Any] = [
        pc.replace_substring(date_only(local_day), "-", ""),
        pa.array(micros),
        choose(is_content, "page_view", "session_start"),
        _parameters(visit.session, page),
        visit.member_id,
        visit.cookie,
        _struct(SCHEMA.field("privacy_info").type, constant("Yes", count), constant("Yes", count)),
        pa.array((chunk.journey.entered[person] - UTC_OFFSET) * 1_000_000),
        _struct(SCHEMA.field("device").type, constant("mobile", count), choose(visit.android, "Android", "iOS")),
        _struct(
            SCHEMA.field("geo").type,
            constant("China", count),
            of_rows(people.region, person),
            of_rows(people.city, person),
        ),
        _struct(SCHEMA.field("traffic_source").type, direct, none, direct),
        constant("WEB", count),
        _struct(
            SCHEMA.field("collected_traffic_source").type,
            pc.if_else(is_paid, join("qinghe_", source, "_autumn"), None),
            source,
            medium,
            pc.if_else(pc.equal(source, "baidu"), term, None),
            pa.nulls(count, pa.string()),
        ),
    ]
    return Rows(columns, people.person_id[person])


def campaign_of(touches: Touches) -> tuple[Text, Text]:
    """Source and medium of each touch (NULL for articles, which carry none), fixed by the touch itself."""
    names = [CAMPAIGNS.get(name, ((), ())) for name in TOUCHPOINTS]
    width = max(len(sources) for sources, _ in names)
    sizes = np.array([max(len(sources), 1) for sources, _ in names])
    flat = [[(*column, *[None] * (width - len(column))) for column in pair] for pair in names]
    index = touches.touchpoint * width + touches.at % sizes[touches.touchpoint]
    sources, mediums = ([value for pair in flat for value in pair[side]] for side in (0, 1))
    taken = pa.array(index)
    return pa.array(sources, pa.string()).take(taken), pa.array(mediums, pa.string()).take(taken)


def _ga4_touches(chunk: Chunk) -> Touches:
    touches = chunk.touches.select(*CAMPAIGNS, "content")
    is_video = touches.touchpoint == CODE["short_video"]
    return touches.where(~is_video | ~in_sensors(touches))


def _parameters(session: Ints, page: Text) -> Any:
    """Two parameters per event: ga_session_id and page_location."""
    count = len(session)
    number = np.repeat(session, 2)
    is_session = np.tile([True, False], count)
    int_value = pa.array(number, mask=~is_session)
    text_value = choose(is_session, None, page.take(pa.array(np.repeat(np.arange(count), 2))))
    nothing = pa.nulls(2 * count, pa.float64())
    values = _struct(_VALUE, text_value, int_value, nothing, nothing)
    keys = choose(is_session, "ga_session_id", "page_location")
    return pa.ListArray.from_arrays(
        pa.array(np.arange(0, 2 * count + 1, 2, dtype=np.int32)), _struct(_PARAM, keys, values)
    )


def _struct(type_: Any, *fields: Any) -> Any:
    flat = [field.combine_chunks() if isinstance(field, pa.ChunkedArray) else field for field in fields]
    return pa.StructArray.from_arrays(flat, fields=list(type_))


GA4_EVENTS = Export(FILE, open_events, event_rows)
