"""Names: what two spellings of one person's name have in common, parsed once per distinct name.

张伟, Zhang Wei, wei ZHANG and zhangwei are one name; 张女士 and 张* give the surname only; 一只猫 is no name at all.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from jellyfish import metaphone
from pypinyin import lazy_pinyin

Kind = Literal["full", "surname", "nickname"]

# The commonest surnames, some 95 % of the population of China; a Chinese text that opens with none is a nickname.
_SURNAMES = frozenset(
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林罗高郑梁谢宋唐许韩邓冯曹彭曾肖田董潘袁蔡蒋余于杜叶程魏苏吕丁任卢姚沈钟姜崔谭"
    "陆范汪廖石金韦贾夏付傅方邹熊白孟秦邱侯江尹薛闫阎雷段钱汤黎史陶贺毛郝顾龚邵万覃武戴孔向莫常温康牛樊葛邢安齐易乔伍庞"
    "颜倪庄聂章鲁岳翟申殷詹耿关兰焦俞左柳甘祝包宁尚符舒阮柯纪梅童毕单裴霍成苗谷盛曲翁冉骆蓝路游靳辛欧管柴华房滕屈饶"
    "解牟艾尤阳时穆农司卓古吉缪简车项连芦麦褚娄窦戚岑景党宫费卜冷晏席卫米柏宗瞿桂全佟应臧闵苟邬边卞姬师和仇栾隋商刁沙"
    "荣巫寇桑郎甄丛仲虞敖巩明佘池查麻苑迟邝官封谈匡鞠惠荆乐冀郁胥南班储原栗燕楚鄢劳谌奚皮粟冼蔺楼盘满闻位厉伊仝区郜海阚花权"
)
_COMPOUND_SURNAMES = frozenset(
    (
        "欧阳", "上官", "司马", "诸葛", "司徒", "夏侯", "东方", "皇甫", "尉迟", "公孙",
        "慕容", "令狐", "宇文", "长孙", "端木", "轩辕", "南宫", "西门", "独孤", "呼延",
        "申屠", "太史", "澹台", "公冶", "百里", "东郭", "闻人", "钟离", "万俟", "赫连",
    )
)  # fmt: skip
# Read otherwise as a surname than elsewhere.
_SURNAME_READINGS = {
    "单": "shan", "曾": "zeng", "解": "xie", "仇": "qiu", "查": "zha", "区": "ou", "任": "ren", "华": "hua",
    "尉迟": "yuchi", "万俟": "moqi", "覃": "qin", "翟": "zhai", "朴": "piao", "盖": "ge", "召": "shao", "乐": "yue",
}  # fmt: skip
_TITLES = (
    "先生",
    "女士",
    "小姐",
    "太太",
    "夫人",
    "老师",
    "经理",
    "老板",
    "师傅",
    "阿姨",
    "同学",
    "总",
    "姐",
    "哥",
    "叔",
    "工",
)
_LATIN_TITLES = frozenset(
    ("mr", "mrs", "ms", "miss", "mx", "dr",
     "prof", "sir", "dame", "lord", "lady", "rev", "capt", "col", "jr", "sr")
)  # fmt: skip
_PARTICLES = frozenset(
    ("of", "the", "de", "la", "le", "van", "von", "der",
     "den", "di", "da", "del", "du", "af", "and", "st", "nd", "rd", "th")
)  # fmt: skip
_HAN = re.compile(r"[\u3400-\u9fff]")
_HAN_ONLY = re.compile(r"[\u3400-\u9fff]+(?:·[\u3400-\u9fff]+)*")
_WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)*")
_STARS = re.compile(r"[*＊×]+")
_LONGEST_WITH_TITLE = 4
_LONGEST_HAN = {1: 3, 2: 4}


@dataclass(frozen=True, slots=True)
class Name:
    """A parsed name. `surname` and `given` are in Latin letters without tones or marks; `han` is the Chinese original.

    `key` is the same for all spellings and orders of a full name. `is_loose` says that the parts of a Latin name could
    not be told apart by anything but their order.
    """

    kind: Kind
    surname: str | None = None
    given: str | None = None
    han: str | None = None
    key: str | None = None
    is_loose: bool = False


_NICKNAME = Name("nickname")


def parse(text: str, latin_surnames: frozenset[str] = frozenset()) -> Name:
    """Parse one name; *latin_surnames* are surnames known from Chinese names of the same data, in pinyin.

    >>> parse("张伟").key == parse("Wei Zhang", frozenset({"zhang"})).key
    True
    >>> parse("欧阳娜娜").surname, parse("张女士").kind, parse("爱喝茶的猫").kind
    ('ouyang', 'surname', 'nickname')
    """
    folded = unicodedata.normalize("NFKC", text).strip()
    if _HAN.search(folded):
        return _parse_han(folded)
    return _parse_latin(_without_marks(folded.lower()), latin_surnames)


def parse_all(texts: Sequence[str]) -> list[Name]:
    """Parse distinct names together: Latin ones are split with the surnames the Chinese ones show."""
    read = {text: parse(text) for text in texts if _HAN.search(text)}
    full = [name for name in read.values() if name.kind == "full" and name.surname]
    surnames = frozenset(name.surname for name in full if name.surname)
    together = {name.surname + name.given: name for name in full if name.surname and name.given}
    return [read.get(text) or _unspaced(text, together) or parse(text, surnames) for text in texts]


def from_parts(given: str | None, surname: str | None) -> Name:
    """A name whose parts the source keeps apart.

    >>> from_parts("Mitchell", "Green").key
    'green mitchell'
    """
    parts = {"given": _part(given), "surname": _part(surname, is_surname=True)}
    known = [part for part in parts.values() if part]
    if not known:
        return _NICKNAME
    is_full = len(known) == len(parts)
    return Name(
        "full" if is_full else "surname",
        surname=parts["surname"],
        given=parts["given"],
        han=f"{surname}{given}" if is_full and _HAN.search(f"{surname}{given}") else None,
        key=" ".join(sorted(known)) if is_full else None,
    )


def _part(text: str | None, is_surname: bool = False) -> str | None:
    if text is None:
        return None
    folded = unicodedata.normalize("NFKC", text).strip()
    if _HAN.search(folded):
        return _surname_pinyin(folded) if is_surname else pinyin(folded)
    return " ".join(_WORD.findall(_without_marks(folded.lower()))) or None


def _parse_han(text: str) -> Name:
    compact = _STARS.sub("", text).replace(" ", "")
    surname = next((compact[:size] for size in (2, 1) if _is_surname(compact[:size], size)), None)
    if surname is None or not _HAN_ONLY.fullmatch(compact):
        return _NICKNAME
    rest = compact[len(surname) :]
    is_hidden = compact != text.replace(" ", "") or not rest
    if is_hidden or (rest in _TITLES and len(compact) <= _LONGEST_WITH_TITLE):
        return Name("surname", surname=_surname_pinyin(surname))
    if len(compact) > _LONGEST_HAN[len(surname)]:
        return _NICKNAME
    latin, given = _surname_pinyin(surname), pinyin(rest)
    return Name("full", latin, given, han=compact, key=" ".join(sorted((latin, given))))


def _is_surname(text: str, size: int) -> bool:
    return text in (_COMPOUND_SURNAMES if size == len("欧阳") else _SURNAMES)


def _parse_latin(text: str, known: frozenset[str]) -> Name:
    if re.search(r"\d|_", text) and not re.search(r"\s", text):
        return _NICKNAME
    words = [word.replace("'", "") for word in _WORD.findall(text)]
    hidden = bool(_STARS.search(text))
    words = [word for word in words if word not in _LATIN_TITLES] or words
    if len(words) < 2 or hidden:
        return Name("surname", surname=words[0]) if hidden and words and len(words[0]) > 1 else _NICKNAME
    first, last = words[0], words[-1]
    # Given name first, unless only the first word is a surname: Zhang Wei.
    is_turned = first in known and last not in known
    surname, given = (first, words[1:]) if is_turned else (last, words[:-1])
    is_pinyin = (surname in known) != (given[-1] in known)
    parts = [surname, "".join(given)] if is_pinyin else [surname, given[0]]
    return Name("full", parts[0], parts[1], key=" ".join(sorted(parts)), is_loose=not is_pinyin)


def _unspaced(text: str, together: dict[str, Name]) -> Name | None:
    """zhangwei, if somebody of the data is called 张伟."""
    known = together.get(text.strip().lower())
    return Name("full", known.surname, known.given, key=known.key) if known else None


def words_of(text: str) -> str | None:
    """The words of a longer name that tell people apart, in order of the alphabet.

    >>> words_of("Thomas Clifford, 1st Baron Clifford of Chudleigh")
    'baron chudleigh clifford thomas'
    """
    folded = _without_marks(unicodedata.normalize("NFKC", text).lower())
    words = {word for word in _WORD.findall(folded) if len(word) > 1}
    return " ".join(sorted(words - _PARTICLES - _LATIN_TITLES)) or None


def _without_marks(text: str) -> str:
    """José and Jose are one name."""
    if text.isascii():
        return text
    return "".join(sign for sign in unicodedata.normalize("NFD", text) if not unicodedata.combining(sign))


@lru_cache(maxsize=65_536)
def _sound(sign: str) -> str:
    return lazy_pinyin(sign)[0]


def pinyin(text: str) -> str:
    """Toneless pinyin of Chinese characters, written together.

    >>> pinyin("明珠")
    'mingzhu'
    """
    return "".join(_sound(sign) for sign in text if sign != "·")


def _surname_pinyin(surname: str) -> str:
    return _SURNAME_READINGS.get(surname) or pinyin(surname)


def sound(part: str | None) -> str | None:
    """How the first word of a name sounds in English; what is written alike mostly sounds alike.

    >>> sound("clifford") == sound("cliford")
    True
    """
    if not part:
        return None
    return metaphone(part.split()[0]) or None
