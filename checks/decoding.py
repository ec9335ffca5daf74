"""Texts that were read with the wrong one of two encodings, told by reading them the other way round.

UTF-8 bytes taken for GBK turn 张伟 into 寮犱紵: two rare signs for every three bytes. Turned back into GBK bytes they
are valid UTF-8 again, which text that was Chinese all along hardly ever is.
"""

# ruff: noqa: S608 - names in SQL come from definitions; values go through `text_list`

from __future__ import annotations

import codecs
from collections.abc import Iterable

from tpaudit.checks.definition import Target
from tpaudit.checks.parameters import text_list
from tpaudit.checks.views import Execute

# Signs in which the first two bytes of a Chinese character in UTF-8 (E4–E9, 80–BF) show when they are read as GBK.
_FIRST_SIGNS = "".join(
    bytes((lead, trail)).decode("gb18030") for lead in range(0xE4, 0xEA) for trail in range(0x80, 0xC0) if trail != 0x7F
)

# What stands for bytes that were cut off: question marks, replacement and control characters.
_CUT_SIGNS = "?\N{REPLACEMENT CHARACTER}" + "".join(map(chr, range(0x80, 0xA0)))


def is_double_decoded(text: str) -> bool:
    """Whether *text* is Chinese in UTF-8 that was read as GBK. A last sign that visibly was cut is forgiven.

    >>> is_double_decoded("寮犱紵"), is_double_decoded("张伟"), is_double_decoded("锟斤拷")
    (True, False, False)
    """
    whole = text.rstrip(_CUT_SIGNS)
    try:
        meant = codecs.getincrementaldecoder("utf-8")().decode(whole.encode("gb18030"), final=whole == text)
    except UnicodeError:
        return False
    chinese = sum("\u4e00" <= sign <= "\u9fff" for sign in meant)
    # One Chinese character and a letter may be chance: few signs are rare enough to tell.
    return chinese > 1 or (chinese == 1 and len(meant) == 1)


def create_double_decoded(targets: Iterable[Target], execute: Execute) -> None:
    """Create table `double_decoded` with the distinct texts of *targets* that were read with the wrong encoding.

    Only texts that hold one of a few hundred rare signs are looked at.
    """
    execute("CREATE TABLE double_decoded (text VARCHAR)")
    for target in targets:
        suspects = execute(
            f"SELECT DISTINCT {target.column} FROM {target.table} "
            f"WHERE regexp_matches({target.column}, '[{_FIRST_SIGNS}]')"
        )
        found = [row[0] for row in suspects if is_double_decoded(row[0])]
        if found:
            execute(f"INSERT INTO double_decoded VALUES {', '.join(f'({text_list([text])})' for text in found)}")
