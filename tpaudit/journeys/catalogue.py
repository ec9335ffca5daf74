"""The touchpoint catalogue: the declared one, extended by the audit's own touchpoints.toml.

>>> from pathlib import Path
>>> catalogue = load(Path("no/such/audit"))
>>> catalogue["chat"].title.zh, catalogue["chat"].stage, catalogue["chat"].after_order
('在线客服', 'consideration', 'service')
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from importlib import resources
from pathlib import Path
from typing import Any

from tpaudit.errors import ConfigFault, did_you_mean
from tpaudit.model import KINDS, STAGES
from tpaudit.results import Titles

CATALOGUE_FILE = "touchpoints.toml"

RULE_COLUMNS = (
    "table", "platform", "event", "channel", "channel_detail", "channel_group", "direction", "source", "medium",
    "campaign", "content_type", "page_url", "referrer", "device", "outcome", "agent_team", "tags", "source_raw",
)  # fmt: skip
SPEND_RULE_COLUMNS = ("platform", "account_name", "campaign_name", "ad_group_name")


@dataclass(frozen=True, slots=True)
class Touchpoint:
    """A touchpoint: what it is called, where it stands in the journey, who answers for it.

    `after_order` is its stage once the customer has a paid order behind them; None keeps `stage`.
    A `definitional` touchpoint belongs to every order by definition, so it explains none.
    """

    id: str
    title: Titles
    stage: str
    kind: str
    owner: str | None = None
    after_order: str | None = None
    definitional: bool = False


@dataclass(frozen=True, slots=True)
class Rule:
    """A touch is of *touchpoint* if, for every column named, one of its patterns fits the cell.

    Patterns ignore case; `*` stands for any text; an empty pattern fits an empty cell.
    """

    touchpoint: str
    conditions: tuple[tuple[str, tuple[str, ...]], ...]

    def __str__(self) -> str:
        wanted = " and ".join(f"{column} is {' or '.join(map(repr, any_of))}" for column, any_of in self.conditions)
        return wanted or "anything else"


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The touchpoints of an audit and the ordered rules that recognise them; the first rule that fits wins."""

    touchpoints: Mapping[str, Touchpoint]
    rules: tuple[Rule, ...]
    spend_rules: tuple[Rule, ...]

    def __iter__(self) -> Iterator[Touchpoint]:
        return iter(self.touchpoints.values())

    def __len__(self) -> int:
        return len(self.touchpoints)

    def __getitem__(self, touchpoint: str) -> Touchpoint:
        return self.touchpoints[touchpoint]

    def __contains__(self, touchpoint: object) -> bool:
        return touchpoint in self.touchpoints

    def title(self, touchpoint: str) -> Titles:
        """Title of a touchpoint; one the catalogue does not know is called by its own text."""
        known = self.touchpoints.get(touchpoint)
        return known.title if known else Titles(en=touchpoint, zh=touchpoint)

    def rules_of(self, touchpoint: str) -> tuple[Rule, ...]:
        """The rules that recognise *touchpoint*, in the order in which they are tried."""
        return tuple(rule for rule in self.rules if rule.touchpoint == touchpoint)

    @property
    def definitional(self) -> frozenset[str]:
        """Touchpoints that every order has by definition."""
        return frozenset(touchpoint.id for touchpoint in self if touchpoint.definitional)


def load(audit_folder: Path) -> Catalogue:
    """The declared catalogue, extended and overridden by `touchpoints.toml` in *audit_folder* if there is one.

    Raises ConfigFault with every fault of that file: unknown keys, stages, kinds, columns and touchpoints.
    """
    declared = resources.files(__package__).joinpath(CATALOGUE_FILE).read_text(encoding="utf-8")
    catalogue = _extended(Catalogue({}, (), ()), declared, f"{__package__}/{CATALOGUE_FILE}")
    own = audit_folder / CATALOGUE_FILE
    if not own.is_file():
        return catalogue
    try:
        text = own.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as fault:
        raise ConfigFault([f"{CATALOGUE_FILE}: cannot be read: {fault}"], "save the file as UTF-8 text") from fault
    return _extended(catalogue, text, CATALOGUE_FILE)


def _extended(base: Catalogue, text: str, name: str) -> Catalogue:
    """*base* with the touchpoints and rules of *text*; its rules are tried before those of *base*."""
    try:
        found = tomllib.loads(text)
    except tomllib.TOMLDecodeError as fault:
        raise ConfigFault([f"{name}: {fault}"], "the file must be valid TOML") from None
    reader = _Reader(name)
    reader.refuse_unknown("", found, ("touchpoint", "rule", "spend_rule"))
    touchpoints = dict(base.touchpoints)
    for id_, keys in reader.table(found, "touchpoint").items():
        if touchpoint := reader.touchpoint(id_, keys, base.touchpoints.get(id_)):
            touchpoints[id_] = touchpoint
    rules = reader.rules(found, "rule", RULE_COLUMNS, touchpoints)
    spend_rules = reader.rules(found, "spend_rule", SPEND_RULE_COLUMNS, touchpoints)
    if reader.faults:
        raise ConfigFault(reader.faults, "see the head of the catalogue for the layout: `tpaudit list touchpoints`")
    return Catalogue(touchpoints, (*rules, *base.rules), (*spend_rules, *base.spend_rules))


class _Reader:
    """Reads the parts of one catalogue file and gathers every fault instead of stopping at the first."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.faults: list[str] = []

    def table(self, found: Mapping[str, Any], key: str) -> Mapping[str, Any]:
        value = found.get(key, {})
        if isinstance(value, Mapping):
            return value
        self._fault(key, f"write [{key}.<id>] sections")
        return {}

    def touchpoint(self, id_: str, keys: Any, known: Touchpoint | None) -> Touchpoint | None:
        place = f"[touchpoint.{id_}]"
        if not isinstance(keys, Mapping):
            self._fault(place, "is a section: write its keys on lines of their own")
            return None
        before = len(self.faults)
        self.refuse_unknown(place, keys, ("title", "stage", "after_order", "kind", "owner", "definitional"))
        changes: dict[str, Any] = {}
        if "title" in keys:
            changes["title"] = self._title(place, keys["title"])
        for key, allowed in (("stage", STAGES), ("after_order", STAGES), ("kind", KINDS)):
            if key in keys:
                changes[key] = self._one_of(f"{place} {key}", keys[key], allowed)
        if "owner" in keys:
            changes["owner"] = self._text(f"{place} owner", keys["owner"]) or None
        if "definitional" in keys:
            changes["definitional"] = self._truth(f"{place} definitional", keys["definitional"])
        if known is None:
            for required in ("title", "stage", "kind"):
                if required not in keys:
                    self._fault(place, f"a new touchpoint needs the key {required!r}")
        if len(self.faults) > before:
            return None
        return replace(known, **changes) if known else Touchpoint(id=id_, **changes)

    def rules(
        self, found: Mapping[str, Any], key: str, columns: tuple[str, ...], touchpoints: Mapping[str, Touchpoint]
    ) -> tuple[Rule, ...]:
        entries = found.get(key, [])
        if not isinstance(entries, list):
            self._fault(key, f"write each rule under a line [[{key}]] of its own")
            return ()
        return tuple(
            self._rule(f"[[{key}]] number {number}", entry, columns, touchpoints)
            for number, entry in enumerate(entries, start=1)
        )

    def refuse_unknown(self, place: str, keys: Mapping[str, Any], known: tuple[str, ...]) -> None:
        for key in keys:
            if key not in known:
                self._fault(place, f"unknown key {key!r}{did_you_mean(key, known)}")

    def _rule(self, place: str, entry: Any, columns: tuple[str, ...], touchpoints: Mapping[str, Touchpoint]) -> Rule:
        if not isinstance(entry, Mapping):
            self._fault(place, "is not a rule: write touchpoint = … and at least one column below [[rule]]")
            return Rule("", ())
        target = entry.get("touchpoint")
        if target is None:
            self._fault(place, "needs the key 'touchpoint'")
        elif target not in touchpoints:
            self._fault(place, f"unknown touchpoint {target!r}{did_you_mean(str(target), touchpoints)}")
        self.refuse_unknown(place, entry, ("touchpoint", *columns))
        conditions = tuple(
            (column, self._patterns(f"{place} {column}", entry[column])) for column in columns if column in entry
        )
        return Rule(str(target), conditions)

    def _patterns(self, place: str, value: Any) -> tuple[str, ...]:
        patterns = value if isinstance(value, list) else [value]
        if not patterns or not all(isinstance(pattern, str) for pattern in patterns):
            self._fault(place, f"{value!r} is not a text or a list of texts")
            return ()
        return tuple(pattern.lower() for pattern in patterns)

    def _title(self, place: str, value: Any) -> Titles | None:
        if isinstance(value, str):
            return Titles(en=value, zh=value)
        if isinstance(value, Mapping) and set(value) == {"en", "zh"}:
            return Titles(en=str(value["en"]), zh=str(value["zh"]))
        self._fault(f"{place} title", 'must be a text, or { en = "…", zh = "…" }')
        return None

    def _one_of(self, place: str, value: Any, allowed: tuple[str, ...]) -> str | None:
        if value in allowed:
            return str(value)
        self._fault(place, f"{value!r} is not one of {', '.join(allowed)}{did_you_mean(str(value), allowed)}")
        return None

    def _text(self, place: str, value: Any) -> str | None:
        if isinstance(value, str):
            return value.strip()
        self._fault(place, f"{value!r} is not a text")
        return None

    def _truth(self, place: str, value: Any) -> bool | None:
        if isinstance(value, bool):
            return value
        self._fault(place, f"{value!r} is not true or false")
        return None

    def _fault(self, place: str, what: str) -> None:
        self.faults.append(f"{self.name}: {place}: {what}" if place else f"{self.name}: {what}")
