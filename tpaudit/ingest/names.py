"""Header names: one spelling for the many a platform uses."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable

_WRAPPERS = " \t\r\n\u00a0\u3000\ufeff\"'`=*"
# Currencies that headers name as a unit: by ISO code, or in words.
_CURRENCY_CODES = (
    "aed aud brl cad chf cny czk dkk eur gbp hkd huf idr ils inr jpy krw mxn myr nok nzd php pln sar sek sgd thb try "
    "twd usd vnd zar"
)
_CURRENCY_WORDS = {
    "rmb": "CNY", "人民币": "CNY", "美元": "USD", "欧元": "EUR", "英镑": "GBP", "日元": "JPY", "港币": "HKD",
    "港元": "HKD",
}  # fmt: skip
_CURRENCIES = {**{code: code.upper() for code in _CURRENCY_CODES.split(" ")}, **_CURRENCY_WORDS}
_UNIT = re.compile(rf"\s*\((元|%|件|秒|分钟|{'|'.join(_CURRENCIES)})\)$|%$")
_BLANKS = re.compile(r"\s+")


def name_key(name: str) -> str:
    """The spelling under which header names are compared: width, case, blanks and wrappers do not count.

    >>> name_key('="订单付款时间 "'), name_key("商品总价（元）"), name_key(" First  Name")
    ('订单付款时间', '商品总价(元)', 'first name')
    """
    folded = unicodedata.normalize("NFKC", name).strip(_WRAPPERS)
    return _BLANKS.sub(" ", folded).casefold()


def without_unit(key: str) -> str:
    """*key* without a trailing unit in brackets.

    >>> without_unit("消费(元)"), without_unit("点击率%"), without_unit("消费")
    ('消费', '点击率', '消费')
    """
    return _UNIT.sub("", key)


def currency_in(key: str) -> str | None:
    """ISO code of the currency that a header *key* names as its unit; None if it names none.

    >>> currency_in("amount spent (usd)"), currency_in("金额(美元)"), currency_in("消费(元)")
    ('USD', 'USD', None)
    """
    unit = _UNIT.search(key)
    return _CURRENCIES.get(unit[1]) if unit and unit[1] else None


def unique_keys(names: Iterable[str]) -> list[str]:
    """Keys of header *names* in order; a repeated one gets a number, an empty one is named by its place.

    >>> unique_keys(["分销员", "金额", "分销员", ""])
    ['分销员', '金额', '分销员_2', 'column_4']
    """
    seen: Counter[str] = Counter()
    keys = []
    for place, name in enumerate(names, start=1):
        key = name_key(name) or f"column_{place}"
        seen[key] += 1
        keys.append(key if seen[key] == 1 else f"{key}_{seen[key]}")
    return keys
