"""Chinese addresses: province, city and what lies below it, out of one text.

An address of another country gives NULL: where its parts stand differs from country to country.
"""

from __future__ import annotations

from typing import Any

import ibis

from tpaudit.engine.portable import is_one_of
from tpaudit.ingest.rows.widths import text_where

# The 34 units at province level by the short form people write, with the full name.
_PROVINCES = (
    "河北", "山西", "辽宁", "吉林", "黑龙江", "江苏", "浙江", "安徽", "福建", "江西", "山东", "河南", "湖北", "湖南",
    "广东", "海南", "四川", "贵州", "云南", "陕西", "甘肃", "青海", "台湾",
)  # fmt: skip
_MUNICIPALITIES = ("北京", "天津", "上海", "重庆")
_AUTONOMOUS = {"内蒙古": "", "广西": "壮族", "西藏": "", "宁夏": "回族", "新疆": "维吾尔"}
_SPECIAL = ("香港", "澳门")
REGIONS = {
    **{name: f"{name}省" for name in _PROVINCES},
    **{name: f"{name}市" for name in _MUNICIPALITIES},
    **{name: f"{name}{people}自治区" for name, people in _AUTONOMOUS.items()},
    **{name: f"{name}特别行政区" for name in _SPECIAL},
}
_BLANKS = r"[\s,，/\-·]*"
_START = rf"^(?:中国|中华人民共和国)?{_BLANKS}"
_SUFFIX = r"(?:省|市|(?:壮族|回族|维吾尔)?自治区|特别行政区)"
_REGION = rf"{_START}({'|'.join(REGIONS)}){_SUFFIX}?"
_HAN = "[\u4e00-\u9fff]"
# 农贸市场 is no city: what follows 市 must not make it a market.
_CITY = rf"{_BLANKS}({_HAN}{{2,10}}?(?:自治州|地区|盟)|{_HAN}{{2,7}}?市)([^场]|$)"
# Without a suffix a city is told only by the blanks around it: 江苏 苏州 工业园区.
_BARE_CITY = rf"[\s,，/\-]+({_HAN}{{2,4}})[\s,，/\-]"


def region_name(text: Any) -> Any:
    """*text* with the full name of a Chinese province in place of its short form; other regions stay as they are."""
    return text.cases(*REGIONS.items(), else_=text)


def part_of(text: Any, part: str) -> Any:
    """The `region`, `city` (with its suffix) or `road` (all below the city) of an address; NULL where it tells none."""
    region = text.re_extract(_REGION, 1).nullif("")
    if part == "region":
        return region.cases(*REGIONS.items(), else_=ibis.null("string"))
    rest = text.re_replace(_REGION, "")
    city = rest.re_extract(f"^{_CITY}", 1).nullif("")
    bare = region.notnull().ifelse(rest.re_extract(f"^{_BARE_CITY}", 1).nullif(""), ibis.null("string"))
    if part == "city":
        return ibis.coalesce(city, bare, text_where(is_one_of(region, _MUNICIPALITIES), region + "市"))
    below = rest.re_replace(f"^{_CITY}", r"\2")
    below = (city.isnull() & bare.notnull()).ifelse(below.re_replace(f"^{_BARE_CITY}", ""), below)
    is_known = region.notnull() | city.notnull()
    return is_known.ifelse(below.re_replace(f"^{_BLANKS}", "").strip().nullif(""), ibis.null("string"))
