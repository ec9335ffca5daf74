"""Tags of customers: those their contact records carry, and those that rules in the audit's tags.toml give.

A rule names conditions on columns of `customers` and `customer_segments`, touchpoints met lately, or both; all must
hold. An amount or number may be bounded by `min` and `max`; a time is bounded by its age in days:

    [tag.vip]
    where = { net_amount = { min = 5000 }, city = ["上海", "杭州"], last_touch_at = { max = 30 } }

    [tag.needs_care]
    met = { touchpoint = "hotline", days = 30, times = 2 }
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from datetime import timedelta
from functools import reduce
from pathlib import Path
from typing import Any

import ibis
from ibis import _
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from tpaudit.errors import ConfigFault, did_you_mean
from tpaudit.horizon import possible
from tpaudit.journeys.catalogue import Catalogue
from tpaudit.model import CUSTOMER_SEGMENTS, CUSTOMERS
from tpaudit.model.fields import BOOLEAN, INTEGER, MONEY, NUMBER, STRING, TAGS, TIMESTAMP
from tpaudit.model.marts import SEGMENTS
from tpaudit.store import Store

TAGS_FILE = "tags.toml"
SILENT = "silent"

# A rule may ask for anything but who a person is.
_TYPES = {
    column.name: column.type
    for column in (*CUSTOMERS, *CUSTOMER_SEGMENTS)
    if column.privacy is None and column.name not in ("customer_id", "sources")
}
_BOUNDED = (INTEGER, NUMBER, MONEY, TIMESTAMP)


class Bounds(BaseModel):
    """Least and greatest value of a number, or age in days of a time; both included."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    min: float | None = None
    max: float | None = None


class Met(BaseModel):
    """Touchpoints met at least `times` times, together, in the last `days` days."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    touchpoint: str | list[str]
    days: int = Field(ge=1)
    times: int = Field(1, ge=1)

    @property
    def touchpoints(self) -> list[str]:
        """Ids of the touchpoints."""
        return [self.touchpoint] if isinstance(self.touchpoint, str) else self.touchpoint


class TagRule(BaseModel):
    """Which customers a tag is given to: those for whom everything named holds."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    where: dict[str, bool | int | float | str | list[str] | list[int] | Bounds] = Field(default_factory=dict)
    met: Met | None = None
    name: str


def load_tags(audit_folder: Path, catalogue: Catalogue) -> tuple[TagRule, ...]:
    """The rules of `tags.toml` in *audit_folder*, in its order; none without the file.

    Raises ConfigFault with every fault of the file: unknown keys, columns, touchpoints, values that do not fit.
    """
    file = audit_folder / TAGS_FILE
    if not file.is_file():
        return ()
    try:
        found = tomllib.loads(file.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as fault:
        raise ConfigFault([f"{TAGS_FILE}: cannot be read: {fault}"], "it must be valid TOML, saved as UTF-8") from fault
    faults = [f"{TAGS_FILE}: unknown section [{name}]{did_you_mean(name, ['tag'])}" for name in found if name != "tag"]
    rules = []
    for name, keys in _sections(found, faults).items():
        rule = _rule(name, keys, faults)
        if rule:
            faults += [f"{TAGS_FILE}: [tag.{name}] {fault}" for fault in _faults(rule, catalogue)]
            rules.append(rule)
    if faults:
        raise ConfigFault(faults, "write [tag.<name>] with where = { column = value } or met = { touchpoint, days }")
    return tuple(rules)


def _sections(found: Mapping[str, Any], faults: list[str]) -> Mapping[str, Any]:
    tags = found.get("tag", {})
    if isinstance(tags, Mapping):
        return tags
    faults.append(f"{TAGS_FILE}: write [tag.<name>] sections")
    return {}


def _rule(name: str, keys: Any, faults: list[str]) -> TagRule | None:
    given = keys if isinstance(keys, Mapping) else {"": keys}
    try:
        return TagRule.model_validate({**given, "name": name})
    except ValidationError as fault:
        # A value that fits none of several types gives a fault for each; the place tells enough.
        places = dict.fromkeys(".".join(str(part) for part in error["loc"][:2]) for error in fault.errors())
        faults += [f"{TAGS_FILE}: [tag.{name}] {place}: is unknown or has a value it cannot have" for place in places]
        return None


def _faults(rule: TagRule, catalogue: Catalogue) -> list[str]:
    faults = [] if rule.where or rule.met else ["needs where or met"]
    if rule.name in (*SEGMENTS, SILENT):
        faults.append("is the name of an audience already")
    for column, wanted in rule.where.items():
        if column not in _TYPES:
            faults.append(f"where: unknown column {column!r}{did_you_mean(column, _TYPES)}")
        elif not _fits(_TYPES[column], wanted):
            faults.append(f"where.{column}: {_shown(wanted)} does not fit a column of type {_TYPES[column]}")
    unknown = [each for each in rule.met.touchpoints if each not in catalogue] if rule.met else []
    faults += [f"met: unknown touchpoint {each!r}{did_you_mean(each, catalogue.touchpoints)}" for each in unknown]
    return faults


def _fits(dtype: str, wanted: Any) -> bool:
    """Whether a condition suits a column: bounds for what can be ordered, else values of the column's type."""
    if isinstance(wanted, Bounds):
        return dtype in _BOUNDED and (wanted.min, wanted.max) != (None, None)
    kinds: dict[str, tuple[type, ...]] = {BOOLEAN: (bool,), STRING: (str,), TAGS: (str,), INTEGER: (int,),
                                          NUMBER: (int, float), MONEY: (int, float)}  # fmt: skip
    values = wanted if isinstance(wanted, list) else [wanted]
    allowed = kinds.get(dtype, ())
    return bool(values) and all(isinstance(v, allowed) and (isinstance(v, bool) == (dtype == BOOLEAN)) for v in values)


def _shown(wanted: Any) -> str:
    return str(wanted.model_dump(exclude_none=True)) if isinstance(wanted, Bounds) else repr(wanted)


def tags_of(store: Store, rows: Any, rules: Sequence[TagRule]) -> Any:
    """customer_id and tags (sorted, each once) of the customers that have any.

    *rows* are segments without tags, one per customer.
    """
    carried = _carried(store)
    profiles = rows.left_join(store.mart("customers"), "customer_id", rname="{name}_again")
    parts = [carried, *(_given(store, profiles, carried, rule) for rule in rules)]
    tagged = reduce(lambda left, right: left.union(right), parts).distinct()
    return tagged.group_by("customer_id").agg(tags=tagged.tag.collect().sort())


def _carried(store: Store) -> Any:
    """Tags of contact records by customer (customer_id, tag)."""
    contacts = store.current("contacts").filter(_.tags.length() > 0)
    links = store.mart("customer_links").select("contact_id", "customer_id")
    tags = contacts.inner_join(links, "contact_id").select("customer_id", tag=_.tags.unnest())
    return tags.mutate(tag=tags.tag.strip().nullif("")).filter(_.tag.notnull()).distinct()


def _given(store: Store, profiles: Any, carried: Any, rule: TagRule) -> Any:
    """The customers a rule fits, with its tag."""
    for column, wanted in rule.where.items():
        if column == "tags":
            values = wanted if isinstance(wanted, list) else [wanted]
            profiles = profiles.semi_join(carried.filter(carried.tag.isin(values)), "customer_id")
        else:
            profiles = profiles.filter(_holds(store, profiles[column], wanted))
    if rule.met:
        profiles = profiles.semi_join(_met(store, rule.met), "customer_id")
    return profiles.select("customer_id", tag=ibis.literal(rule.name))


def _holds(store: Store, value: Any, wanted: Any) -> Any:
    if not isinstance(wanted, Bounds):
        return value.isin(wanted) if isinstance(wanted, list) else value == wanted
    if value.type().is_timestamp():
        day = store.engine.to_local(value, store.audit.config.settings.audit.timezone).date()
        value = ibis.literal(store.audit.as_of).delta(day, unit="day")
    low = [] if wanted.min is None else [value >= wanted.min]
    high = [] if wanted.max is None else [value <= wanted.max]
    return ibis.and_(*low, *high)


def _met(store: Store, wanted: Met) -> Any:
    """Customers who met the touchpoints often enough, on the days that end with the one the audit looks back from."""
    touches = store.mart("journey_touches").filter(_.customer_id.notnull(), _.touchpoint.isin(wanted.touchpoints))
    day = store.engine.to_local(possible(store, touches.occurred_at), store.audit.config.settings.audit.timezone).date()
    lately = touches.filter(day > ibis.literal(store.audit.as_of - timedelta(days=wanted.days)))
    return lately.group_by("customer_id").agg(times=_.count()).filter(_.times >= wanted.times).select("customer_id")
