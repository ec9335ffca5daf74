"""What a finding says beside its counts: where the rows come from, or why it was skipped or could not run."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from tpaudit.checks.definition import CheckDefinition, Target
from tpaudit.results import Titles

_PLACES_SHOWN = 3


def largest_places(counts: Mapping[str, int]) -> str:
    """The files or sources with the most failing rows, in any language.

    >>> largest_places({"a.csv": 2, "b.csv": 9, "c.csv": 2, "d.csv": 1, "e.csv": 0})
    'b.csv: 9, a.csv: 2, c.csv: 2, +1'
    """
    places = sorted(((-count, place) for place, count in counts.items() if count))
    shown = [f"{place}: {-count}" for count, place in places[:_PLACES_SHOWN]]
    if len(places) > _PLACES_SHOWN:
        shown.append(f"+{len(places) - _PLACES_SHOWN}")
    return ", ".join(shown)


def no_rows(tables: Sequence[str]) -> Titles:
    """Tables the check looks at hold no rows."""
    names = ", ".join(tables)
    return Titles(
        en=f"no rows in {names}: ingest an export that holds them, or map one to {names} with --map",
        zh=f"{names} 中没有数据：请导入包含该数据的导出文件，或用 --map 映射到 {names}",
    )


NO_EARLIER_RUN = Titles(en="no earlier run to compare with", zh="没有可比较的历史运行")


def nothing_to_check(check: CheckDefinition, target: Target) -> Titles:
    """No row has what the check judges."""
    if check.enabled_by:
        en, zh = check.enabled_by["en"], check.enabled_by["zh"]
        return Titles(en=f"nothing to check in {target}: {en}", zh=f"{target} 中没有可检查的数据：{zh}")
    mapping = check.mapping or str(target)
    condition = f" where {' '.join(check.applies_when.split())}" if check.applies_when else ""
    condition_zh = f"（条件：{' '.join(check.applies_when.split())}）" if check.applies_when else ""
    return Titles(
        en=f"nothing to check in {target}{condition}: map a source column to {mapping}",
        zh=f"{target} 中没有可检查的数据{condition_zh}：请将源列映射到 {mapping}",
    )


def engine_fault(complaint: str) -> Titles:
    """The engine could not evaluate the check. What it quotes may be a value of the data and is left out.

    >>> engine_fault("Could not convert string '13912345670' to INT32").en
    "could not be evaluated: Could not convert string '…' to INT32"
    """
    redacted = re.sub(r"'[^']*'", "'…'", complaint)
    return Titles(en=f"could not be evaluated: {redacted}", zh=f"无法执行：{redacted}")
