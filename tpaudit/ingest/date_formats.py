"""Date formats a preset may declare: epoch units and strptime directives."""

from __future__ import annotations

import re

# Name of the unit and how many make a second.
UNITS = {"unix_s": ("s", 1), "unix_ms": ("ms", 1_000), "unix_us": ("us", 1_000_000)}
_DIRECTIVES = {
    "%Y": r"(\d{4})", "%y": r"(\d{2})", "%m": r"(\d{1,2})", "%d": r"(\d{1,2})", "%H": r"(\d{1,2})",
    "%I": r"(\d{1,2})", "%M": r"(\d{1,2})", "%S": r"(\d{1,2})", "%f": r"(\d{1,6})", "%p": r"([AaPp][Mm])",
}  # fmt: skip


def as_regex(pattern: str) -> tuple[str, list[str]]:
    """Regular expression with one group per directive, and the directives in order.

    >>> as_regex("%m/%d/%Y")
    ('^(\\\\d{1,2})/(\\\\d{1,2})/(\\\\d{4})$', ['%m', '%d', '%Y'])
    """
    parts = re.split(r"(%[A-Za-z])", pattern)
    order = [part for part in parts if part in _DIRECTIVES]
    body = "".join(_DIRECTIVES.get(part, re.escape(part)) for part in parts)
    return f"^{body}$", order


def is_known_format(pattern: str) -> bool:
    """Whether *pattern* is an epoch unit, or directives that can be read.

    >>> is_known_format("unix_ms"), is_known_format("%d.%m.%Y"), is_known_format("%Q")
    (True, True, False)
    """
    directives = re.findall(r"%[A-Za-z]", pattern)
    return pattern in UNITS or (bool(directives) and all(directive in _DIRECTIVES for directive in directives))
