"""Every text a renderer adds, in English and Chinese.

Titles of checks, KPIs and touchpoints come inside the results, in both languages; the texts around them come from
`messages_en.toml` and `messages_zh.toml`, which hold the same keys with the same placeholders.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any, Literal

from tpaudit.results import Titles

Language = Literal["en", "zh"]

LANGUAGES: tuple[Language, ...] = ("en", "zh")

_PLURAL = frozenset({"one", "other"})

# Ends of a journey in `transitions`, which are no touchpoints.
_JOURNEY_ENDS = {"START": "start", "CONVERSION": "conversion", "END": "end"}


class Messages:
    """The texts of one language.

    >>> Messages("en").text("validate.limit", share="2%")
    'limit 2%'
    >>> Messages("en").count("files", 1), Messages("zh").count("files", 1204)
    ('1 file', '1,204 个文件')
    """

    def __init__(self, lang: Language) -> None:
        self.lang = lang
        self._texts = catalogue(lang)

    def text(self, key: str, **values: object) -> str:
        """The text called *key* with its placeholders filled in; raises KeyError if there is none."""
        return self._texts[key].format(**values)

    def count(self, unit: str, number: int) -> str:
        """A number of things, such as ``'1,204 files'``; *unit* is a key of the section ``unit``."""
        form = f"unit.{unit}.one" if number == 1 else f"unit.{unit}.other"
        # Chinese has one form only.
        template = self._texts[form] if form in self._texts else self._texts[f"unit.{unit}"]
        return template.format(n=f"{number:,}")

    def name(self, vocabulary: str, code: str | None) -> str:
        """The word for a code of a vocabulary, such as stage ``purchase``; an unknown code stands for itself.

        >>> Messages("zh").name("stage", "purchase"), Messages("en").name("stage", "after-life")
        ('购买', 'after-life')
        """
        if code is None:
            return self.text("number.none")
        return self._texts.get(f"{vocabulary}.{code}", code.replace("_", " "))

    def title(self, titles: Titles) -> str:
        """The title in this language."""
        return titles.zh if self.lang == "zh" else titles.en

    def either(self, en: str | None, zh: str | None) -> str | None:
        """A text that comes in English and, where it is known, in Chinese.

        >>> Messages("zh").either("is empty", "是空文件"), Messages("zh").either("is odd", None)
        ('是空文件', 'is odd')
        """
        return zh if self.lang == "zh" and zh else en

    def touchpoint(self, touchpoint: str | None, titles: Mapping[str, Titles]) -> str:
        """The title of a touchpoint; one the catalogue does not know is called by its id."""
        if touchpoint is None:
            return self.text("number.none")
        if touchpoint in titles:
            return self.title(titles[touchpoint])
        if touchpoint in _JOURNEY_ENDS:
            return self.text(f"journey.{_JOURNEY_ENDS[touchpoint]}")
        return touchpoint

    def path(self, path: str, titles: Mapping[str, Titles]) -> str:
        """A journey path by titles instead of ids."""
        return " → ".join(self.touchpoint(step, titles) for step in path.split(" > "))

    def between(self, least: int, most: int | None) -> str:
        """A band of whole numbers.

        >>> Messages("en").between(5, 8), Messages("en").between(2, 2), Messages("zh").between(9, None)
        ('5–8', '2', '9 次以上')
        """
        if most is None:
            return self.text("journey.range_open", least=least)
        return str(least) if least == most else self.text("number.range", low=least, high=most)

    def listed(self, items: Sequence[str]) -> str:
        """Items as a sentence lists them.

        >>> Messages("en").listed(["chat", "cart", "trial"]), Messages("zh").listed(["在线客服", "购物车"])
        ('chat, cart and trial', '在线客服、购物车')
        """
        if len(items) < 2:
            return "".join(items)
        return self.text("list.comma").join(items[:-1]) + self.text("list.and") + items[-1]


@cache
def catalogue(lang: Language) -> Mapping[str, str]:
    """All texts of a language by dotted key; the forms of a counted unit end in ``.one`` and ``.other``."""
    source = files("tpaudit.reports").joinpath(f"messages_{lang}.toml")
    return _flattened(tomllib.loads(source.read_text(encoding="utf-8")))


def message_keys(lang: Language) -> frozenset[str]:
    """Keys a caller may ask for: the forms of a counted unit count as one."""
    return frozenset(key.rpartition(".")[0] if key.rpartition(".")[2] in _PLURAL else key for key in catalogue(lang))


def _flattened(section: Mapping[str, Any], prefix: str = "") -> dict[str, str]:
    texts: dict[str, str] = {}
    for key, value in section.items():
        if isinstance(value, Mapping):
            texts |= _flattened(value, f"{prefix}{key}.")
        else:
            texts[f"{prefix}{key}"] = str(value)
    return texts
