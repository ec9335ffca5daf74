"""Names of persons: one spelling for what differs in width, blanks and invisible signs only."""

from __future__ import annotations

from typing import Any

from tpaudit.ingest.rows.widths import half_width, text_where, without_marks

_NEEDS_CARE = "[\\s\\p{Cf}\\x{3000}\\x{ff01}-\\x{ff5e}•‧・･]"
_HAN = "[\u3400-\u9fff]"


def cleaned(text: Any) -> Any:
    """*text* in half width, with single blanks, and without blanks between Chinese characters.

    Titles, screen names and the order of first and last name are left as they are; NULL if nothing is left.
    """
    needs_care = text.re_search(_NEEDS_CARE)
    plain = half_width(without_marks(text_where(needs_care, text))).re_replace("[•‧・･]", "·")
    single = plain.re_replace(r"\s+", " ").strip()
    # Twice, because neighbouring matches share a character.
    joined = single
    for _ in range(2):
        joined = joined.re_replace(f"({_HAN}) ({_HAN})", r"\1\2")
    return needs_care.ifelse(joined, text).nullif("")
