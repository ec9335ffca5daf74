"""Frequencies: how often the values of each attribute occur, and so how many pairs of records agree on them.

All attributes are counted in one query: it is asked of every audit, and most audits are small.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import ibis

from tpaudit.identity.comparison import Comparison, Phone, rarity
from tpaudit.identity.encoding import Encoded


@dataclass(frozen=True, slots=True)
class Frequency:
    """Values held by records (a record counts once per value), and pairs that agree on one, by rarity of the value."""

    held: float
    agreeing_by_rarity: Mapping[int, float]

    @property
    def pairs(self) -> float:
        """Pairs of holders, whether they agree or not."""
        return self.held * (self.held - 1) / 2

    @property
    def agreeing(self) -> float:
        """Pairs of holders that agree."""
        return sum(self.agreeing_by_rarity.values())


NOTHING = Frequency(0.0, {})


def frequencies(encoded: Encoded) -> dict[str, Frequency]:
    """Frequency per attribute that is rated or may be a key; of values nobody holds there is none.

    Beside them stand `<attribute>:shared`, the values that several people use, and `<mask>:open`, the visible digits
    of phones that are wholly known.
    """
    parts = [_part(encoded, *asked) for comparison in encoded.comparisons for asked in _asked(encoded, comparison)]
    if not parts:
        return {}
    found: dict[str, Frequency] = {}
    by_name: dict[str, list[dict[str, Any]]] = {}
    for row in encoded.engine.fetch_rows(ibis.union(*parts) if len(parts) > 1 else parts[0]):
        by_name.setdefault(row["name"], []).append(row)
    for name, rows in by_name.items():
        found[name] = Frequency(sum(row["held"] for row in rows), {row["rarity"]: row["agreeing"] for row in rows})
    return found


def open_masks(phone: Phone) -> str:
    """Name of the frequency of the visible digits of phones that are wholly known."""
    return f"{phone.masks[0]}:open"


def _asked(encoded: Encoded, comparison: Comparison) -> Iterator[tuple[str, str, Any]]:
    """Name, attribute and condition of every frequency of a comparison."""
    for attribute in dict.fromkeys((*comparison.keys, *([comparison.rated] if comparison.rated else []))):
        yield attribute, attribute, True
    if shared := getattr(comparison, "shared", None):
        yield shared, comparison.attributes[0], encoded.table[shared]
    if isinstance(comparison, Phone):
        yield open_masks(comparison), comparison.masks[0], encoded.table[comparison.numbers[0]].notnull()


def _part(encoded: Encoded, name: str, attribute: str, condition: Any) -> Any:
    rows = encoded.values(attribute, condition)
    held = rows.group_by("code").agg(n=rows.count().cast("float64"))
    by_rarity = held.group_by(rarity=rarity(held.n)).agg(held=held.n.sum(), agreeing=(held.n * (held.n - 1)).sum() / 2)
    return by_rarity.select("rarity", "held", "agreeing", name=ibis.literal(name))
