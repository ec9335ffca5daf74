"""Which encoding a sample of bytes is in.

A mark at the start decides, then strict UTF-8 with any sign beyond ASCII, then zero bytes where UTF-16 and UTF-32 have
them. What is left decodes in several of the old encodings at once. Of these the one wins in which most signs are
common ones: GB18030 by the first level of GB 2312 (3,755 characters in daily use), Big5 by its first level (5,401),
Windows-1252 by accented letters among plain ones. GB18030 goes first where the shares are nearly equal: it is what
Chinese platforms write. Text in UTF-8 or GB18030 with a few bytes that do not decode is told from text in
Windows-1252, in which nearly every byte decodes, by the same share, and by the whole signs of UTF-8 it holds.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Sequence

# The longer marks first: the one of UTF-32 begins like the one of UTF-16.
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_WIDE = ("utf-32-le", "utf-32-be", "utf-16-le", "utf-16-be")
# How much more common signs the next encoding must show than the one before it.
_MARGIN = 0.15
# Below this share of common signs an encoding that happens to decode everything is not believed.
_LEAST_COMMON = 0.5
# Signs looked at; a share is steady long before.
_SIGNS = 20_000
_LATIN_LETTER = re.compile("[A-Za-zÀ-ÖØ-öø-ÿŒœŠšŽžŸ]")
# Control characters, the private area, and what is no sign at all.
_UNREADABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ue000-\uf8ff\ufffe\uffff]")
_LATIN_SIGN = re.compile("[‘’“”–—…€£¥©®™°²³½¼¡¿«»·§ºª]")


def marked(head: bytes) -> tuple[str, int] | None:
    """The encoding a byte-order mark at the start of *head* names, and the mark's length."""
    return next(((name, len(mark)) for mark, name in _MARKS if head.startswith(mark)), None)


def wide(head: bytes) -> str | None:
    """The UTF-16 or UTF-32 variant of *head*, told by where its zero bytes stand; None if it is neither.

    >>> wide("id,name".encode("utf-16-le")), wide("订单,1\\n".encode("utf-32-be")), wide(b"id,name")
    ('utf-16-le', 'utf-32-be', None)
    """
    if b"\0" not in head:
        return None
    for name in _WIDE:
        size = 4 if "32" in name else 2
        whole = head[: len(head) // size * size]
        try:
            text = whole.decode(name)
        except UnicodeDecodeError:
            text = _without_cut_end(whole, name)
        if text and _is_readable(text):
            return name
    return None


def best_encoding(samples: Sequence[bytes]) -> str | None:
    """The encoding in which all *samples* decode and that shows most common signs; None if there is none."""
    if _decodes(samples, "utf-8"):
        return "utf-8"
    shares: list[tuple[str, float]] = [
        (name, share(b"".join(samples)[: 4 * _SIGNS]))
        for name, share in (("gb18030", common_gb18030), ("big5", common_big5), ("cp1252", common_cp1252))
        if _decodes(samples, name)
    ]
    best = ("", _LEAST_COMMON - _MARGIN)
    for other in shares if not any(map(_is_mostly_utf8, samples)) else ():
        if other[1] > best[1] + _MARGIN:
            best = other
    return best[0] or None


def _is_mostly_utf8(sample: bytes) -> bool:
    """Whether most of what lies beyond ASCII are whole signs of UTF-8, of two bytes at least."""
    text = sample.decode("utf-8", errors="replace")
    faults = text.count("\ufffd")
    return faults * 10 < len(text) - _plain(text) - faults


def common_gb18030(sample: bytes) -> float:
    """Share of the signs beyond ASCII that are common when *sample* is read as GB18030.

    >>> common_gb18030("订单已完成，买家好评".encode("gb18030")), common_gb18030("訂單已完成".encode("big5")) < 0.7
    (1.0, True)
    """
    return _share(
        sample, "gb18030", lambda pair: (0xB0 <= pair[0] <= 0xD7 and pair[1] >= 0xA1) or 0xA1 <= pair[0] <= 0xA3
    )


def common_big5(sample: bytes) -> float:
    """Share of the signs beyond ASCII that are common when *sample* is read as Big5."""
    return _share(sample, "big5", lambda pair: 0xA4 <= pair[0] <= 0xC6 or 0xA1 <= pair[0] <= 0xA2)


def common_cp1252(sample: bytes) -> float:
    """Share of the signs beyond ASCII that are accented letters next to plain ones, or usual marks, in Windows-1252."""
    text = sample.decode("cp1252", errors="replace")
    places = [place for place, sign in enumerate(text) if ord(sign) > 127][:_SIGNS]
    common = sum(
        bool(_LATIN_SIGN.match(text[place]))
        or bool(_LATIN_LETTER.match(text[place]) and re.search("[A-Za-z]", text[max(place - 1, 0) : place + 2]))
        for place in places
    )
    return common / max(len(places), 1)


def _share(sample: bytes, encoding: str, is_common: Callable[[bytes], bool]) -> float:
    text = sample.decode(encoding, errors="ignore")
    signs = [sign for sign in text if ord(sign) > 127][:_SIGNS]
    common = 0
    for sign in set(signs):
        pair = sign.encode(encoding, errors="ignore")
        if len(pair) == 2 and is_common(pair):
            common += signs.count(sign)
    return common / max(len(signs), 1)


def _decodes(samples: Sequence[bytes], name: str) -> bool:
    try:
        for sample in samples:
            sample.decode(name)
    except UnicodeDecodeError:
        return False
    return True


def _without_cut_end(whole: bytes, name: str) -> str:
    """*whole* read without the half sign at its end, '' if it still does not decode."""
    try:
        return codecs.getincrementaldecoder(name)().decode(whole)
    except UnicodeDecodeError:
        return ""


def _is_readable(text: str) -> bool:
    """Whether *text* is what a table may hold: hardly a sign that nobody can read, and some plain ones."""
    odd = len(_UNREADABLE.findall(text))
    return odd <= 0.01 * len(text) and _plain(text) >= 0.1 * len(text)


def _plain(text: str) -> int:
    """How many signs of *text* are ASCII."""
    return len(text.encode("ascii", errors="ignore"))
