"""Contact points: phones to E.164, emails to lower case, ids as text; hidden and encrypted values told apart."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import ibis
import phonenumbers
import pyarrow as pa

from tpaudit.engine import Engine
from tpaudit.ingest.reading import arrays
from tpaudit.ingest.rows.widths import half_width, text_where, without_marks

_COUNTRY = r"(?:\+?86|0086)"
_MOBILE = rf"^{_COUNTRY}?(1[3-9]\d{{9}})(?:{_COUNTRY}?1[3-9]\d{{9}})*$"
_MOBILE_WITH_CODE = r"^(?:\+86|0086)(1[3-9]\d{9})$"
_PLAIN_MOBILE = r"^1[3-9]\d{9}$"
_LANDLINE = r"^(0\d{2,3})[- ]?(\d{7,8})$"
# Of several phones in one cell the first counts; a number read as a float ends in .0.
_FIRST_OF_SEVERAL = r"^([^/;；,，、|\n]*\d{7}[^/;；,，、|\n]*)[/;；,，、|\n].*$"
_BETWEEN_DIGITS = r"\.0$|\([^\d()]*\)|[\s\-().·‐-―]|\p{Cf}"
# A phone lent for one delivery is a mobile with an extension, or a number of the relay service 95013.
_EXTENSION = r"(?:(?:-|－|转|轉|#|,|，|_|;?ext\.?=?|分机号?)[\s:：.]*\d{1,6}|[\[(（]\d{2,6}[\])）])"
_LENT = rf"^{_COUNTRY}?[\s\-]*1\d{{2}}[\s\-]?\d{{4}}[\s\-]?\d{{4}}\s*{_EXTENSION}$|^95013\d"
_HIDDEN_DIGITS = r"^[+\d\s\-()]*\d[x×#]{3,}\d*$"
_VIRTUAL = f"(?i){_LENT}|{_HIDDEN_DIGITS}"
_ROUNDED = r"^\d(?:\.\d+)?[eE]\+\d{1,2}$"
_EMAIL = r"^[^@\s,;<>]+@[^@\s,;<>.]+(?:\.[^@\s,;<>.]+)+$"
_PLAIN_EMAIL = r"^[a-z0-9._%+-]+@[a-z0-9-]+(?:\.[a-z0-9-]+)*\.[a-z]{2,}$"
# Ciphertext is ASCII without blanks; a nickname such as ~小鱼~ or a note that starts with ## is none.
_CIPHER = r"^(?:##|\$\$|enc_)[!-~]+$|^~[0-9A-Za-z+/=_-]{6,}~[!-~]*$|^\$[0-9A-Za-z+/=]{6,}\$[!-~]*$"


# More phones than these are looked up by a join, after which rows must be put in order again.
_FEW_PHONES = 500


@dataclass(frozen=True, slots=True)
class PhoneBook:
    """The phones outside the fast path, each parsed once: E.164 form by text, without those that are no phones."""

    numbers: Mapping[str, str]

    @property
    def is_small(self) -> bool:
        """Whether an expression can hold all of them."""
        return len(self.numbers) <= _FEW_PHONES

    def found(self, text: Any) -> Any:
        """The E.164 form of *text* by the book; for small ones."""
        return text.cases(*self.numbers.items(), else_=ibis.null("string")) if self.numbers else ibis.null("string")

    def joined_to(self, rows: Any, field: str, name: str, engine: Engine) -> Any:
        """*rows* with the E.164 form of their *field* as column *name*; in no particular order."""
        texts, forms = list(self.numbers), list(self.numbers.values())
        book = pa.table({"_text": arrays.texts(texts), name: arrays.texts(forms)})
        known = engine.cache(engine.table(book))
        return rows.left_join(known, rows[field] == known["_text"]).drop("_text")


def reached_at(text: Any, kind: str, region: str, known: Any = None) -> tuple[Any, Any]:
    """The normal form of a contact point of *kind*, NULL where it cannot be a key, and whether the source hid it.

    *known* is the E.164 form of phones outside the fast path.
    """
    norm = odd = text
    if kind == "phone":
        # Most phones are mobiles in plain digits, of which nothing else needs to be asked.
        is_plain = text.re_search(_PLAIN_MOBILE)
        odd = text_where(~is_plain, text)
        if region == "CN":
            norm = is_plain.ifelse(ibis.literal("+86") + text, ibis.coalesce(fast_phone(odd, region), known))
        else:
            norm = ibis.coalesce(fast_phone(text, region), known)
    elif kind == "email":
        norm = email(text)
    hidden = is_hidden(odd) | is_virtual(odd) if kind == "phone" else is_hidden(odd)
    hidden = hidden.fill_null(False)
    return text_where(~(hidden | is_rounded(odd).fill_null(False)), norm), hidden


def fast_phone(text: Any, region: str) -> Any:
    """E.164 form of Chinese mobiles and, in China, of landlines with their area code; NULL for every other phone.

    Outside China a bare 11-digit number may be another country's, so there the country code must be written.
    """
    pattern = _MOBILE if region == "CN" else _MOBILE_WITH_CODE
    read = [text.re_extract(pattern, 1)]
    if region == "CN":
        read.append(text.re_replace(_LANDLINE, r"\1\2").re_extract(_chinese_landline(), 1))
    bare = half_width(text).re_replace(_FIRST_OF_SEVERAL, r"\1").re_replace(_BETWEEN_DIGITS, "")
    read.append(bare.re_extract(pattern, 1))
    return ibis.literal("+86") + ibis.coalesce(*(number.nullif("") for number in read))


@cache
def _chinese_landline() -> str:
    """Pattern of the landlines of China behind their 0, by the numbering plan that phonenumbers goes by."""
    plan: Any = phonenumbers.PhoneMetadata.metadata_for_region("CN")
    return f"^0({plan.fixed_line.national_number_pattern})$"


def phone_book(engine: Engine, texts: list[Any], region: str) -> PhoneBook:
    """Parse the distinct phones of the one-column tables *texts* that the fast path leaves."""
    slow = [
        table.filter(
            ~table.text.re_search(_PLAIN_MOBILE if region == "CN" else _MOBILE_WITH_CODE)
            & fast_phone(table.text, region).isnull()
            & ~(is_hidden(table.text) | is_virtual(table.text) | is_rounded(table.text))
            & table.text.re_search(r"\d.*\d.*\d.*\d.*\d")
        )
        for table in texts
    ]
    if not slow:
        return PhoneBook({})
    distinct = ibis.union(*slow, distinct=True) if len(slow) > 1 else slow[0].distinct()
    parsed = {text: parsed_phone(text, region) for text in sorted(engine.fetch(distinct)["text"].to_pylist())}
    return PhoneBook({text: number for text, number in parsed.items() if number})


def parsed_phone(text: str, region: str) -> str | None:
    """E.164 form of *text*, or None if it is no possible phone in *region* or with a country code.

    >>> parsed_phone("(010) 6552-9988", "CN"), parsed_phone("12345", "CN"), parsed_phone("010-65529988转8012", "CN")
    ('+861065529988', None, '+861065529988')
    """
    first = re.sub(_FIRST_OF_SEVERAL, r"\1", text, flags=re.DOTALL)
    first = re.sub("(?:转|轉|分机号?)", " ext ", first.removesuffix(".0"))
    first = re.sub(r"^(0\d{2,3}-?\d{7,8})-(\d{1,6})$", r"\1 ext \2", first)
    try:
        found = phonenumbers.parse(first, region)
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
    return text.re_search(_CIPHER)


def is_hidden(text: Any) -> Any:
    """Whether *text* is masked or encrypted."""
    return is_masked(text) | is_cipher(text)


def is_virtual(text: Any) -> Any:
    """Whether the phone *text* reaches nobody in the long run: lent for one delivery, or hidden behind x or #."""
    return text.re_search(_VIRTUAL)


def is_rounded(text: Any) -> Any:
    """Whether a spreadsheet wrote a long number in powers of ten: its last digits are lost."""
    return text.re_search(_ROUNDED)


def email(text: Any) -> Any:
    """Lower-case address, NULL if *text* has no shape of one; of several in one cell the first counts.

    What mail programs write around an address is taken off: `mailto:`, a name with <…>, punctuation at the end.
    """
    lower = text.lower()
    is_plain = lower.re_search(_PLAIN_EMAIL)
    bare = without_marks(half_width(text_where(~is_plain, lower)))
    named = bare.re_replace(r"^.*<([^<>]*@[^<>]*)>.*$", r"\1").re_replace(r"^\s*mailto:", "")
    first = named.strip().re_replace(r"^([^,;、|\s]+@[^,;、|\s]+)[,;、|\s].*$", r"\1")
    shaped = first.re_replace(r"\s", "").re_replace(r"[.,;:。>)\]]+$", "").re_replace(r"^[<(\[]+", "")
    read = shaped.re_search(_EMAIL).ifelse(shaped, ibis.null("string"))
    return is_plain.ifelse(lower, read)
