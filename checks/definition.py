"""What a check is: one YAML file that says what may not be, how much of it is tolerated, why it matters, what to do.

Fields of a definition file (`<table>/<CODE>.yaml`):

| field | meaning |
|---|---|
| code | stable code, `TP` + group letter + two digits; the file carries its name |
| severity | critical, warning or info: what a failure means at the gate |
| threshold | highest share of failing rows that still passes (0 = any row fails) |
| targets | `table.column`, or `table` for whole rows, or a list of them: each gives its own finding |
| tags | words to select by |
| title, why, remedy | texts in `en` and `zh` |
| applies_when | SQL condition: rows it does not hold for are not checked |
| checks_null | true: a NULL in the column is judged too; otherwise NULL is unknown and not checked |
| needs | other tables that must hold rows, or the check is skipped |
| mapping | mapping target that would supply the column, where it is not simply `table.column` |

and exactly one of

| field | the check is |
|---|---|
| fails_when | a SQL condition over one row; unknown (NULL) does not fail |
| expectation | a column-map expectation of Great Expectations: `type` and its `kwargs` |
| query | SQL giving one row per unit checked, with columns `place` (file or source, may be NULL) and `failed` |

SQL sees every lake table under its name (the newest row per key), `exported_<table>` (every row of every export), the
mart `customer_links` (empty before `dedupe`), and `recognised` (contact_id, mark, is_address): the ways to tell whose a
contact record is, namely itself, its customer, and its phones and emails. Records with a mark in common can be taken
for one recipient; a mark that is an address may be a household's.

It may use `{table}` and `{column}` of the target, the parameters of `tpaudit.checks.parameters`, and the functions
`regexp_like(text, pattern)` and `local_time(instant)`.
"""

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
_OPTIONAL = ("applies_when", "checks_null", "needs", "mapping", *_KINDS)
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
    """A column-map expectation of Great Expectations, by its registered name."""

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
    mapping: str | None = None

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
        found = yaml.load(file.read_text(encoding="utf-8"), Loader=_Loader)  # noqa: S506 - a safe loader, see below
    except yaml.YAMLError as fault:
        raise ConfigFault([f"{place}: {' '.join(str(fault).split())}"], "the file must be valid YAML") from None
    if not isinstance(found, dict):
        raise ConfigFault([f"{place}: a definition is a mapping of fields"])
    if faults := [f"{place}: {fault}" for fault in _faults(found, file)]:
        raise ConfigFault(faults, "the fields are described in tpaudit.checks.definition")
    expectation = found.get("expectation")
    return CheckDefinition(
        code=found["code"],
        severity=found["severity"],
        threshold=float(found["threshold"]),
        targets=tuple(_target(text) for text in _as_list(found["targets"])),
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
        mapping=found.get("mapping"),
    )


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
        *_target_faults(found, file),
        *_condition_faults(found),
    ]


def _identity_faults(found: dict[str, Any], file: Path) -> list[str]:
    faults = []
    if not _CODE.fullmatch(str(found["code"])):
        faults.append(f"code {found['code']!r} is not TP, a letter and two digits")
    if found["code"] != file.stem:
        faults.append(f"code {found['code']!r} is not the file's name")
    if found["severity"] not in SEVERITIES:
        faults.append(f"severity {found['severity']!r} is none of {', '.join(SEVERITIES)}")
    threshold = found["threshold"]
    if isinstance(threshold, bool) or not isinstance(threshold, int | float) or not 0 <= threshold < 1:
        faults.append(f"threshold {threshold!r} is not a share from 0 to below 1")
    return faults


def _text_faults(found: dict[str, Any]) -> list[str]:
    faults = []
    for name in ("title", "why", "remedy"):
        texts = found[name] if isinstance(found[name], dict) else {}
        faults += [f"{name} has no text in {lang!r}" for lang in LANGUAGES if not str(texts.get(lang) or "").strip()]
    return faults


def _target_faults(found: dict[str, Any], file: Path) -> list[str]:
    faults = []
    targets = [_target(str(text)) for text in _as_list(found["targets"])]
    for target in targets:
        if target.table not in LAKE_TABLES:
            faults.append(f"unknown table {target.table!r}{did_you_mean(target.table, LAKE_TABLES)}")
        elif target.column and target.column not in LAKE_TABLES[target.table]:
            columns = LAKE_TABLES[target.table].column_names
            faults.append(f"unknown column '{target}'{did_you_mean(target.column, columns)}")
    if targets and targets[0].table != file.parent.name:
        faults.append(f"the first table checked is {targets[0].table!r}, but the file lies in {file.parent.name!r}")
    faults += [
        f"needs unknown table {name!r}{did_you_mean(str(name), LAKE_TABLES)}"
        for name in found.get("needs", ())
        if name not in LAKE_TABLES
    ]
    return faults


def _condition_faults(found: dict[str, Any]) -> list[str]:
    faults = []
    kinds = [kind for kind in _KINDS if kind in found]
    if len(kinds) != 1:
        faults.append(f"exactly one of {', '.join(_KINDS)} is needed, not {len(kinds)}")
    if "expectation" in found and not (isinstance(found["expectation"], dict) and "type" in found["expectation"]):
        faults.append("an expectation has a type and kwargs")
    if "query" in found and {"applies_when", "checks_null"} & found.keys():
        faults.append("a query says itself what it applies to: applies_when and checks_null do not go with it")
    known = (*PARAMETERS, "table", "column")
    sql = " ".join(str(found.get(name, "")) for name in ("fails_when", "query", "applies_when"))
    faults += [
        f"unknown parameter {{{name}}}{did_you_mean(name, known)}"
        for name in _PLACEHOLDER.findall(sql)
        if name not in known
    ]
    return faults


def _target(text: str) -> Target:
    table, _, column = text.partition(".")
    return Target(table, column or None)


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
