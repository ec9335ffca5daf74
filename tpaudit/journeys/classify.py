"""The rules of the catalogue as Ibis expressions: which touchpoint a row is, and at which stage."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import reduce
from operator import or_
from typing import Any

import ibis

from tpaudit.journeys.catalogue import Catalogue, Rule

# Tags of a row are joined by this mark, with one more at either end, so that a pattern can ask for whole tags.
TAG_MARK = "\n"


def touchpoint_of(rows: Any, catalogue: Catalogue) -> Any:
    """Touchpoint of each candidate touch: the one its export gives, else that of the first rule that fits, else NULL.

    *rows* carries the columns rules may ask for (`tags` joined by `TAG_MARK`) and `given_touchpoint`.
    """
    return ibis.coalesce(_text(rows.given_touchpoint), first_fit(rows, catalogue.rules))


def touchpoint_of_spend(rows: Any, catalogue: Catalogue) -> Any:
    """Touchpoint each row of `ad_spend` paid for."""
    return ibis.coalesce(_text(rows.touchpoint), first_fit(rows, catalogue.spend_rules))


def stage_of(rows: Any, catalogue: Catalogue) -> Any:
    """Stage of each classified touch.

    In this order: the stage its export gives; the touchpoint's stage, which may be another one once an order of the
    customer precedes the touch (`first_order_at`); the default of derived touches; else NULL.
    """
    settled = _stages(rows, ((touchpoint.id, touchpoint.stage) for touchpoint in catalogue))
    returning = _stages(rows, ((t.id, t.after_order) for t in catalogue if t.after_order))
    has_ordered = (rows.first_order_at < rows.occurred_at).fill_null(False)
    return ibis.coalesce(
        _text(rows.given_stage), ibis.cases((has_ordered, returning)), settled, rows.default_stage
    )  # fmt: skip


def _text(cell: Any) -> Any:
    """The cell trimmed; NULL where nothing is left."""
    return cell.strip().nullif("")


def _stages(rows: Any, stage_by_touchpoint: Iterable[tuple[str, str]]) -> Any:
    return rows.touchpoint.cases(*stage_by_touchpoint, else_=ibis.null("string"))


def first_fit(rows: Any, rules: Sequence[Rule]) -> Any:
    """Touchpoint of the first of *rules* that fits each row; NULL where none does."""
    branches = [(_fits(rows, rule), rule.touchpoint) for rule in rules]
    return ibis.cases(*branches, else_=ibis.null("string"))


def _fits(rows: Any, rule: Rule) -> Any:
    return ibis.and_(*(_fits_any(rows, column, patterns) for column, patterns in rule.conditions), True)


def _fits_any(rows: Any, column: str, patterns: Sequence[str]) -> Any:
    cell = rows[column].lower()
    if column == "tags":
        cell, patterns = cell.fill_null(""), tuple(_whole_tag(pattern) for pattern in patterns)
    return reduce(or_, (_fits_one(cell, pattern) for pattern in patterns)).fill_null(False)


def _fits_one(cell: Any, pattern: str) -> Any:
    if pattern == "":
        return cell.isnull() | (cell.strip() == "")
    return _like(cell, pattern) if "*" in pattern else cell == pattern


def _whole_tag(pattern: str) -> str:
    """The pattern of one tag as a pattern of all tags joined.

    >>> _whole_tag("refund*")
    '*\\nrefund*'
    """
    start = "" if pattern.startswith("*") else f"*{TAG_MARK}"
    end = "" if pattern.endswith("*") else f"{TAG_MARK}*"
    return f"{start}{pattern}{end}"


def _like(cell: Any, pattern: str) -> Any:
    """Whether *cell* fits a pattern with `*`; the common shapes avoid LIKE, which is slower and needs escapes."""
    body = pattern.strip("*")
    if "*" not in body:
        shape: dict[tuple[bool, bool], Callable[[str], Any]] = {
            (False, True): cell.startswith,
            (True, False): cell.endswith,
            (True, True): cell.contains,
        }
        return shape[pattern.startswith("*"), pattern.endswith("*")](body) if body else cell.length() > 0
    return cell.re_search("^" + ".*".join(_literal(part) for part in pattern.split("*")) + "$")


def _literal(text: str) -> str:
    """*text* as a regular expression that means itself on every engine: whatever is no letter or digit is escaped."""
    return "".join(character if character.isalnum() or character == "_" else f"\\{character}" for character in text)
