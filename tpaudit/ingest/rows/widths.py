"""Signs that look alike: full width folded to half width, and marks that cannot be seen removed."""

from __future__ import annotations

import re
from typing import Any

import ibis

_FULL_WIDTH = "".join(chr(code) for code in range(0xFF01, 0xFF5F)) + "\u3000"
_HALF_WIDTH = "".join(chr(code) for code in range(0x21, 0x7F)) + " "
_SIGNS = "".join(sign for sign in _HALF_WIDTH if not sign.isalnum())
_WIDE_SIGNS = "".join(wide for wide, sign in zip(_FULL_WIDTH, _HALF_WIDTH, strict=True) if not sign.isalnum())
_IS_WIDE = "[\u3000\uff01-\uff5e]"
_HAS_WIDE_LETTERS = "[０-９Ａ-Ｚａ-ｚ]"


def text_where(condition: Any, text: Any) -> Any:
    """*text* where *condition* holds, NULL elsewhere: engines compute nothing with NULL, but may compute both branches
    of a choice for every row."""
    return condition.ifelse(text, ibis.null("string"))


def half_width(text: Any) -> Any:
    """*text* with full-width Latin letters, digits and signs in their usual width."""
    # The cost of translating grows with the number of signs to look for: most texts have none of them, others only
    # the signs that Chinese keyboards write.
    signs = text.translate(_WIDE_SIGNS, _SIGNS)
    every = text.translate(_FULL_WIDTH, _HALF_WIDTH)
    return ibis.cases((text.re_search(_HAS_WIDE_LETTERS), every), (text.re_search(_IS_WIDE), signs), else_=text)


def folded(text: Any) -> Any:
    """*text* as words of a vocabulary are compared: half width, lower case, without blanks."""
    return half_width(text).re_replace(r"[\s\p{Cf}]", "").lower()


def folded_word(word: str) -> str:
    """What `folded` makes of one *word*.

    >>> folded_word("买家已付款，等待卖家发货"), folded_word("Partially Refunded")
    ('买家已付款,等待卖家发货', 'partiallyrefunded')
    """
    half = word.translate(str.maketrans(_FULL_WIDTH, _HALF_WIDTH))
    return re.sub("[\\s\u200b-\u200f\u202a-\u202e\u2060\ufeff]", "", half).lower()


def with_wide_signs(word: str) -> str:
    """One *word* as a Chinese keyboard writes it.

    >>> with_wide_signs("买家已付款,等待卖家发货")
    '买家已付款，等待卖家发货'
    """
    return word.translate(str.maketrans(_SIGNS.strip(), _WIDE_SIGNS.replace("\u3000", "")))


def without_marks(text: Any) -> Any:
    r"""*text* without what cannot be seen: direction marks of phone books, joiners, byte-order marks."""
    return text.re_replace(r"\p{Cf}", "")
