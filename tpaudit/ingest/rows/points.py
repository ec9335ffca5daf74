"""Contact points: phones to E.164, emails to lower case, ids as text; hidden and encrypted values told apart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import ibis
import phonenumbers
import pyarrow as pa

from tpaudit.engine import Engine

_MOBILE = r"^(?:\+?86|0086)?(1[3-9]\d{9})$"
_MOBILE_WITH_CODE = r"^(?:\+86|0086)(1[3-9]\d{9})$"
_VIRTUAL = r"^1\d{10}\s*(?:-|转|#|,|_)\s*\d{2,6}$"
_EMAIL = r"^[^@\s,;]+@[^@\s,;]+\.[^@\s,;.]+$"
_FULL_WIDTH, _HALF_WIDTH = "０１２３４５６７８９＋－（）＊", "0123456789+-()*"
_CIPHER_STARTS = ("##", "$$")


@dataclass(frozen=True, slots=True)
class PhoneBook:
    """Phones outside the fast path, each parsed once: a small table of text and E.164 form."""

    known: Any
    size: int
    region: str


def phone_text(text: Any) -> Any:
    """*text* with full-width signs folded and the marks people put between digits removed."""
    return text.translate(_FULL_WIDTH, _HALF_WIDTH).re_replace(r"[\s\-().·]", "")


def fast_phone(text: Any, region: str) -> Any:
    """E.164 form of Chinese mobiles, NULL for every other phone.

    Outside China a bare 11-digit number may be another country's, so there the country code must be written.
    """
    pattern = _MOBILE if region == "CN" else _MOBILE_WITH_CODE
    mobile = phone_text(text).re_extract(pattern, 1).nullif("")
    return ibis.literal("+86") + mobile


def phone_book(engine: Engine, texts: list[Any], region: str) -> PhoneBook:
    """Parse the distinct phones of the one-column tables *texts* that the fast path leaves."""
    slow = [
        table.filter(~is_hidden(table.text) & ~is_virtual(table.text) & fast_phone(table.text, region).isnull())
        for table in texts
    ]
    found: list[str] = []
    if slow:
        distinct = ibis.union(*slow, distinct=True) if len(slow) > 1 else slow[0].distinct()
        found = engine.fetch(distinct)["text"].to_pylist()
    return PhoneBook(engine.table(_as_table(found, region)), len(found), region)


def _as_table(texts: list[str], region: str) -> pa.Table:
    parsed = [parsed_phone(text, region) for text in texts]
    return pa.table({"text": pa.array(texts, pa.string()), "e164": pa.array(parsed, pa.string())})


def parsed_phone(text: str, region: str) -> str | None:
    """E.164 form of *text*, or None if it is no possible phone in *region* or with a country code.

    >>> parsed_phone("(010) 6552-9988", "CN"), parsed_phone("12345", "CN")
    ('+861065529988', None)
    """
    try:
        found = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(found):
        return None
    return str(phonenumbers.format_number(found, phonenumbers.PhoneNumberFormat.E164))


def is_masked(text: Any) -> Any:
    """Whether part of *text* is hidden behind asterisks."""
    return text.contains("*") | text.contains("＊")


def is_cipher(text: Any) -> Any:
    """Whether *text* is the ciphertext a platform gives out instead of a value."""
    return ibis.or_(*(text.startswith(start) for start in _CIPHER_STARTS))


def is_hidden(text: Any) -> Any:
    """Whether *text* is masked or encrypted."""
    return is_masked(text) | is_cipher(text)


def is_virtual(text: Any) -> Any:
    """Whether *text* is a temporary number with an extension, which a platform lends for one delivery."""
    return text.re_search(_VIRTUAL)


def email(text: Any) -> Any:
    """Lower-case address, NULL if *text* has no shape of one."""
    lower = text.translate("＠．", "@.").lower().re_replace(r"\s", "")
    return lower.re_search(_EMAIL).ifelse(lower, ibis.null("string"))
