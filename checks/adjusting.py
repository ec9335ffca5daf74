"""What an audit says about its checks itself: the files `checks/*.yaml` in its folder (docs/checks.md).

```yaml
checks:                     # what shipped checks are to do here
  TPP03: {severity: info, threshold: 0.5}
  TPT08: {enabled: false}
waivers:                    # failures that are known, and until when they are put up with
  - {code: TPM02, file: taobao.csv, max_failed: 4, expires: 2026-12-31, reason: booked twice by the marketplace}
own:                        # checks of the audit's own
  - code: SHOP01
    title: Orders without a store
    severity: warning
    threshold: 0.02
    target: orders.store_id
    checks_null: true
    fails_when: "{column} IS NULL"
```
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

from tpaudit.checks.definition import (
    SEVERITIES,
    CheckDefinition,
    Expectation,
    condition_faults,
    is_share,
    parsed,
    target_of,
    unknown_target,
)
from tpaudit.errors import ConfigFault, did_you_mean

# Tag of an audit's own checks.
OWN = "own"
_SECTIONS = ("checks", "waivers", "own")
_ADJUSTABLE = ("enabled", "severity", "threshold")
_WAIVER = ("code", "table", "column", "file", "max_failed", "expires", "reason")
_OWN_REQUIRED = ("code", "title", "target")
_OWN = (
    *_OWN_REQUIRED, "severity", "threshold", "why", "remedy", "tags", "applies_when", "checks_null", "unit",
    "fails_when", "expectation", "query",
)  # fmt: skip
_OWN_CODE = re.compile(r"(?!TP[A-Z]\d\d$)[A-Z][A-Z0-9_]{1,19}")
_SEE = "see docs/checks.md"


@dataclass(frozen=True, slots=True)
class Waiver:
    """Failures of a check that are put up with: up to *max_failed* units, through the day *expires*.

    *table*, *column* and *file* narrow it down; None means any.
    """

    code: str
    expires: date
    reason: str
    max_failed: int
    table: str | None = None
    column: str | None = None
    file: str | None = None

    def covers(self, code: str, table: str, column: str | None) -> bool:
        """Whether it is about the check *code* on *table* and *column*."""
        return (
            self.code == code
            and self.table in (None, table)
            and self.column in (None, column)
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class AuditChecks:
    """The checks of one audit, shipped and own, as adjusted, and its waivers."""

    definitions: tuple[CheckDefinition, ...]
    waivers: tuple[Waiver, ...] = ()


def adjusted(shipped: Sequence[CheckDefinition], folder: Path) -> AuditChecks:
    """*shipped* as the files `checks/*.yaml` below the audit *folder* want them, with the audit's own added.

    Raises ConfigFault telling every fault of every file, with file, key and the nearest name.
    """
    reading = _Reading({check.code: check for check in shipped})
    for file in sorted((folder / "checks").glob("*.y*ml")):
        reading.read(file)
    if reading.faults:
        raise ConfigFault(reading.faults, _SEE)
    definitions = sorted(reading.checks.values(), key=lambda check: check.code)
    return AuditChecks(tuple(definitions), tuple(reading.waivers))


class _Reading:
    """What has been read so far, and every fault met."""

    def __init__(self, shipped: dict[str, CheckDefinition]) -> None:
        self.checks = dict(shipped)
        self.waivers: list[Waiver] = []
        self.faults: list[str] = []
        self._every = dict(shipped)

    def read(self, file: Path) -> None:
        place = f"checks/{file.name}"
        try:
            found = parsed(file)
        except ConfigFault as fault:
            self.faults += [f"{place}: {text}" for text in fault.faults]
            return
        if found is None:
            return
        if not isinstance(found, dict):
            self.faults.append(f"{place}: expected a mapping with {', '.join(_SECTIONS)}")
            return
        self._unknown_keys(place, found, _SECTIONS)
        for number, entry in enumerate(_entries(found.get("own")), start=1):
            self._own(f"{place}: own[{number}]", entry)
        changed = found.get("checks") or {}
        if not isinstance(changed, dict):
            self.faults.append(f"{place}: checks: expected a mapping of codes, such as TPM01: {{severity: info}}")
            changed = {}
        for code, wanted in changed.items():
            self._adjust(f"{place}: checks.{code}", str(code), wanted)
        for number, entry in enumerate(_entries(found.get("waivers")), start=1):
            self._waive(f"{place}: waivers[{number}]", entry)

    def _adjust(self, place: str, code: str, wanted: Any) -> None:
        check = self._known(place, code)
        if check is None or not self._is_mapping(place, wanted, _ADJUSTABLE):
            return
        self._level_faults(place, wanted)
        if not isinstance(wanted.get("enabled", True), bool):
            self.faults.append(f"{place}.enabled: {wanted['enabled']!r} is neither true nor false")
        elif not wanted.get("enabled", True):
            self.checks.pop(code, None)
        elif code in self.checks:
            changes = {name: wanted[name] for name in ("severity", "threshold") if name in wanted}
            self.checks[code] = replace(self.checks[code], **changes)

    def _waive(self, place: str, entry: Any) -> None:
        if not self._is_mapping(place, entry, _WAIVER):
            return
        missing = [name for name in ("code", "expires", "reason", "max_failed") if entry.get(name) in (None, "")]
        self.faults += [f"{place}: {name} is missing" for name in missing]
        if missing or self._known(place, str(entry["code"])) is None:
            return
        if not isinstance(entry["expires"], date):
            self.faults.append(f"{place}.expires: {entry['expires']!r} is no date such as 2026-12-31")
        elif (
            isinstance(entry["max_failed"], bool) or not isinstance(entry["max_failed"], int) or entry["max_failed"] < 1
        ):
            self.faults.append(f"{place}.max_failed: {entry['max_failed']!r} is no number from 1 up")
        elif self._is_checked(place, entry):
            self.waivers.append(Waiver(**{name: entry[name] for name in _WAIVER if name in entry}))

    def _is_checked(self, place: str, entry: Mapping[str, Any]) -> bool:
        """Whether the check a waiver is for looks at the table and column it names."""
        targets = self._every[str(entry["code"])].targets
        for key, known in (
            ("table", {target.table for target in targets}),
            ("column", {target.column for target in targets if target.column}),
        ):
            if key in entry and entry[key] not in known:
                guess = did_you_mean(str(entry[key]), known)
                self.faults.append(f"{place}.{key}: {entry['code']} does not look at {entry[key]!r}{guess}")
                return False
        return True

    def _own(self, place: str, entry: Any) -> None:
        if not self._is_mapping(place, entry, _OWN):
            return
        faults = [f"{name} is missing" for name in _OWN_REQUIRED if not entry.get(name)] or _own_faults(entry)
        if str(entry.get("code")) in self._every:
            faults.append(f"code {entry['code']!r} is taken")
        self.faults += [f"{place}: {fault}" for fault in faults]
        self._level_faults(place, entry)
        if not faults:
            check = _own_check(entry)
            self.checks[check.code] = self._every[check.code] = check

    def _level_faults(self, place: str, entry: Mapping[str, Any]) -> None:
        if "severity" in entry and entry["severity"] not in SEVERITIES:
            guess = did_you_mean(str(entry["severity"]), SEVERITIES)
            self.faults.append(f"{place}.severity: {entry['severity']!r} is none of {', '.join(SEVERITIES)}{guess}")
        if "threshold" in entry and not is_share(entry["threshold"]):
            self.faults.append(f"{place}.threshold: {entry['threshold']!r} is not a share from 0 to below 1")

    def _known(self, place: str, code: str) -> CheckDefinition | None:
        if code not in self._every:
            self.faults.append(f"{place}: there is no check {code!r}{did_you_mean(code, self._every)}")
        return self._every.get(code)

    def _is_mapping(self, place: str, entry: Any, keys: Sequence[str]) -> bool:
        if not isinstance(entry, dict):
            self.faults.append(f"{place}: expected a mapping of {', '.join(keys)}")
            return False
        return self._unknown_keys(place, entry, keys)

    def _unknown_keys(self, place: str, entry: Mapping[str, Any], keys: Sequence[str]) -> bool:
        unknown = [key for key in entry if key not in keys]
        self.faults += [f"{place}: unknown key {key!r}{did_you_mean(str(key), keys)}" for key in unknown]
        return not unknown


def _own_faults(entry: Mapping[str, Any]) -> list[str]:
    faults = []
    if not _OWN_CODE.fullmatch(str(entry["code"])):
        faults.append(
            f"code {entry['code']!r}: expected capital letters, digits and _, and not a code of tpaudit's own"
        )
    faults += unknown_target(target_of(str(entry["target"])))
    wanted = dict(entry)
    if isinstance(entry.get("expectation"), str):
        wanted["expectation"] = {"type": entry["expectation"]}
    return faults + condition_faults(wanted)


def _own_check(entry: Mapping[str, Any]) -> CheckDefinition:
    expectation = entry.get("expectation")
    if isinstance(expectation, str):
        expectation = {"type": expectation}
    return CheckDefinition(
        code=entry["code"],
        severity=entry.get("severity", "warning"),
        threshold=float(entry.get("threshold", 0)),
        targets=(target_of(entry["target"]),),
        tags=(OWN, *entry.get("tags", ())),
        title=_both(entry["title"]),
        why=_both(entry.get("why", "")),
        remedy=_both(entry.get("remedy", "")),
        fails_when=entry.get("fails_when"),
        expectation=Expectation(expectation["type"], expectation.get("kwargs", {})) if expectation else None,
        query=entry.get("query"),
        applies_when=entry.get("applies_when"),
        checks_null=entry.get("checks_null", False),
        unit=entry.get("unit", "row"),
    )


def _both(text: Any) -> dict[str, str]:
    """A text of the user's in both languages; written once, it serves both."""
    if isinstance(text, dict):
        either = str(text.get("en") or text.get("zh") or "")
        return {"en": str(text.get("en") or either), "zh": str(text.get("zh") or either)}
    return {"en": str(text), "zh": str(text)}


def _entries(section: Any) -> list[Any]:
    return section if isinstance(section, list) else [] if section is None else [section]
