"""What a check is: one YAML file that says what may not be, how much of it is tolerated, why it matters, what to do.

Fields of a definition file (`<table>/<CODE>.yaml`):

| field | meaning |
|---|---|
| code | stable code, `TP` + group letter + two digits; the file carries its name |
| severity | critical, warning or info: what a failure means at the gate |
| threshold | highest share of failing units that still passes (0 = any of them fails) |
| targets | `table.column`, or `table` for whole rows, or a list of them: each gives its own finding |
| unit | what is counted: row (the default), channel, day, source, column, table or agent |
| tags | words to select by |
| title, why, remedy | texts in `en` and `zh` |
| example | something made up that falls short |
| note | where and why the rule differs from what one might expect, in `en` and `zh` |
| applies_when | SQL condition: rows it does not hold for are not checked |
| checks_null | true: a NULL in the column is judged too; otherwise NULL is unknown and not checked |
| needs | other tables that must hold rows, or the check is skipped |
| needs_history | true: the check compares with earlier runs and is skipped if there is none |
| judges_empty | true: the check is for empty tables, too |
| mapping | mapping target that would supply the column, where it is not simply `table.column` |
| enabled_by | what would let the check run, in `en` and `zh`, where it is no mapping |

and exactly one of

| field | the check is |
|---|---|
| fails_when | a SQL condition over one row; unknown (NULL) does not fail |
| expectation | an expectation of Great Expectations: `type` and its `kwargs` |
| query | SQL giving one row per unit checked, with columns `place` (file, source or channel, may be NULL), `failed`, and, where the unit is a row of the table, all columns of that row |

SQL sees every lake table under its name (the newest row per key; of contacts, per key and kind of export), `exported_<table>` (every row of every export), the
mart `customer_links` (empty before `dedupe`), and what `tpaudit.checks.derived` declares.

It may use `{table}` and `{column}` of the target, the parameters of `tpaudit.checks.parameters`, and the functions
`regexp_like(text, pattern)` and `local_time(instant)`.
"""  # noqa: E501

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from tpaudit.checks.parameters import PARAMETERS
from tpaudit.errors import ConfigFault, did_you_mean
from tpaudit.model import LAKE_TABLES

SEVERITIES = ("critical", "warning", "info")
LANGUAGES = ("en", "zh")
_KINDS = ("fails_when", "expectation", "query")
_REQUIRED = ("code", "severity", "threshold", "targets", "tags", "title", "why", "remedy")
_OPTIONAL = (
    "unit", "example", "note", "applies_when", "checks_null", "needs", "needs_history", "judges_empty", "mapping",
    "enabled_by", *_KINDS,
)  # fmt: skip
UNITS = ("row", "channel", "day", "source", "column", "table", "agent")
_CODE = re.compile(r"TP[A-Z]\d\d")
_PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")


@dataclass(frozen=True, slots=True)
class Target:
    """What a check looks at: a column of a lake table, or its whole rows."""

    table: str
    column: str | None = None

    def __str__(self) -> str:
        return f"{self.table}.{self.column}" if self.column else self.table


@dataclass(frozen=True, slots=True)
class Expectation:
    """An expectation of Great Expectations, by its registered name."""

    type: str
    kwargs: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class CheckDefinition:
    """One check, as its file declares it. Exactly one of *fails_when*, *expectation* and *query* is set."""

    code: str
    severity: str
    threshold: float
    targets: tuple[Target, ...]
    tags: tuple[str, ...]
    title: Mapping[str, str]
    why: Mapping[str, str]
    remedy: Mapping[str, str]
    fails_when: str | None = None
    expectation: Expectation | None = None
    query: str | None = None
    applies_when: str | None = None
    checks_null: bool = False
    needs: tuple[str, ...] = field(default=())
    needs_history: bool = False
    judges_empty: bool = False
    mapping: str | None = None
    enabled_by: Mapping[str, str] | None = None
    unit: str = "row"
    note: Mapping[str, str] | None = None
    example: str | None = None

    @property
    def tables(self) -> tuple[str, ...]:
        """The tables the check looks at, in declared order."""
        return tuple(dict.fromkeys(target.table for target in self.targets))


def read_definition(file: Path) -> CheckDefinition:
    """Read one definition file.

    Raises ConfigFault telling every fault at once, each with the file's name.
    """
    place = f"{file.parent.name}/{file.name}"
    try:
        found = parsed(file)
    except ConfigFault as fault:
        raise ConfigFault([f"{place}: {text}" for text in fault.faults], fault.hint) from None
    if not isinstance(found, dict):
        raise ConfigFault([f"{place}: a definition is a mapping of fields"])
    if faults := [f"{place}: {fault}" for fault in _faults(found, file)]:
        raise ConfigFault(faults, "the fields are described in tpaudit.checks.definition")
    expectation = found.get("expectation")
    return CheckDefinition(
        code=found["code"],
        severity=found["severity"],
        threshold=float(found["threshold"]),
        targets=tuple(target_of(text) for text in _as_list(found["targets"])),
        tags=tuple(found["tags"]),
        title=found["title"],
        why=found["why"],
        remedy=found["remedy"],
        fails_when=found.get("fails_when"),
        expectation=Expectation(expectation["type"], expectation.get("kwargs", {})) if expectation else None,
        query=found.get("query"),
        applies_when=found.get("applies_when"),
        checks_null=found.get("checks_null", False),
        needs=tuple(found.get("needs", ())),
        needs_history=found.get("needs_history", False),
        judges_empty=found.get("judges_empty", False),
        mapping=found.get("mapping"),
        enabled_by=found.get("enabled_by"),
        unit=found.get("unit", "row"),
        note=found.get("note"),
        example=found.get("example"),
    )


def parsed(file: Path) -> Any:
    """Content of a YAML file; raises ConfigFault if it is none."""
    try:
        return yaml.load(file.read_text(encoding="utf-8"), Loader=_Loader)  # noqa: S506 - a safe loader, see below
    # A date that no calendar has is a ValueError.
    except (OSError, ValueError, yaml.YAMLError) as fault:
        raise ConfigFault([" ".join(str(fault).split())], "the file must be valid YAML in UTF-8") from None


def is_share(value: object) -> bool:
    """Whether *value* is a share from 0 to below 1."""
    return not isinstance(value, bool) and isinstance(value, int | float) and 0 <= value < 1


# The C loader reads the catalogue several times faster; both build plain data only.
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def _faults(found: dict[str, Any], file: Path) -> list[str]:
    """Everything wrong with the fields of a definition, in words."""
    known = (*_REQUIRED, *_OPTIONAL)
    faults = [f"unknown field {name!r}{did_you_mean(str(name), known)}" for name in found if name not in known]
    faults += [f"field {name!r} is missing" for name in _REQUIRED if name not in found]
    if faults:
        return faults
    return [
        *_identity_faults(found, file),
        *_text_faults(found),
        *_target_faults(found, file.parent.name),
        *condition_faults(found),
    ]


def _identity_faults(found: dict[str, Any], file: Path) -> list[str]:
    faults = []
    if not _CODE.fullmatch(str(found["code"])):
        faults.append(f"code {found['code']!r} is not TP, a letter and two digits")
    if found["code"] != file.stem:
        faults.append(f"code {found['code']!r} is not the file's name")
    if found["severity"] not in SEVERITIES:
        faults.append(f"severity {found['severity']!r} is none of {', '.join(SEVERITIES)}")
    if not is_share(found["threshold"]):
        faults.append(f"threshold {found['threshold']!r} is not a share from 0 to below 1")
    return faults


def _text_faults(found: dict[str, Any]) -> list[str]:
    faults = []
    for name in ("title", "why", "remedy", *({"note", "enabled_by"} & found.keys())):
        texts = found[name] if isinstance(found[name], dict) else {}
        faults += [f"{name} has no text in {lang!r}" for lang in LANGUAGES if not str(texts.get(lang) or "").strip()]
    return faults


def _target_faults(found: dict[str, Any], folder: str) -> list[str]:
    targets = [target_of(str(text)) for text in _as_list(found["targets"])]
    faults = [fault for target in targets for fault in unknown_target(target)]
    if targets and targets[0].table != folder:
        faults.append(f"the first table checked is {targets[0].table!r}, but the file lies in {folder!r}")
    faults += [
        f"needs unknown table {name!r}{did_you_mean(str(name), LAKE_TABLES)}"
        for name in found.get("needs", ())
        if name not in LAKE_TABLES
    ]
    return faults


def unknown_target(target: Target) -> list[str]:
    """The fault of a table or column the model does not have; none if it has it."""
    if target.table not in LAKE_TABLES:
        return [f"unknown table {target.table!r}{did_you_mean(target.table, LAKE_TABLES)}"]
    if target.column and target.column not in LAKE_TABLES[target.table]:
        return [f"unknown column '{target}'{did_you_mean(target.column, LAKE_TABLES[target.table].column_names)}"]
    return []


def condition_faults(found: Mapping[str, Any]) -> list[str]:
    """What is wrong with the way a check says what falls short."""
    faults = []
    kinds = [kind for kind in _KINDS if kind in found]
    if len(kinds) != 1:
        faults.append(f"exactly one of {', '.join(_KINDS)} is needed, not {len(kinds)}")
    if "expectation" in found and not (isinstance(found["expectation"], dict) and "type" in found["expectation"]):
        faults.append("an expectation has a type and kwargs")
    if "query" in found and {"applies_when", "checks_null"} & found.keys():
        faults.append("a query says itself what it applies to: applies_when and checks_null do not go with it")
    if found.get("unit", "row") not in UNITS:
        faults.append(f"unit {found['unit']!r} is none of {', '.join(UNITS)}")
    known = (*PARAMETERS, "table", "column")
    sql = " ".join(str(found.get(name, "")) for name in ("fails_when", "query", "applies_when"))
    faults += [
        f"unknown parameter {{{name}}}{did_you_mean(name, known)}"
        for name in _PLACEHOLDER.findall(sql)
        if name not in known
    ]
    return faults


def target_of(text: str) -> Target:
    """The target written as `table` or `table.column`."""
    table, _, column = text.partition(".")
    return Target(table, column or None)


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
