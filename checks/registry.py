"""The checks there are, and which of them a run takes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path

from tpaudit.checks.adjusting import AuditChecks, adjusted
from tpaudit.checks.definition import CheckDefinition, read_definition
from tpaudit.errors import ConfigFault, UsageFault, did_you_mean

_SHIPPED = Path(__file__).parent


def load() -> list[CheckDefinition]:
    """Every shipped check, sorted by code. Reads YAML only: no engine, no Great Expectations.

    Raises ConfigFault naming each faulty file.

    >>> load()[0].code
    'TPC01'
    """
    return list(_read(_SHIPPED))


def load_for(folder: Path) -> AuditChecks:
    """The checks of the audit in *folder*: the shipped ones as its `checks/*.yaml` want them, and its own.

    Raises ConfigFault naming file and key.
    """
    return adjusted(load(), folder)


def read_catalogue(folder: Path) -> tuple[CheckDefinition, ...]:
    """Read every definition below *folder*; raises ConfigFault with the faults of all files together."""
    definitions: list[CheckDefinition] = []
    faults: list[str] = []
    for file in sorted(folder.glob("*/*.yaml"), key=lambda path: path.name):
        try:
            definitions.append(read_definition(file))
        except ConfigFault as fault:
            faults += fault.faults
    uses = Counter(definition.code for definition in definitions)
    faults += [f"code {code!r} is defined {count} times" for code, count in uses.items() if count > 1]
    if faults:
        raise ConfigFault(faults, "the fields are described in tpaudit.checks.definition")
    return tuple(definitions)


# The shipped files do not change while the program runs.
_read = cache(read_catalogue)


def choose(
    definitions: Iterable[CheckDefinition], select: Sequence[str], ignore: Sequence[str]
) -> list[CheckDefinition]:
    """The checks, and of each the targets, that *select* names (all if empty) and *ignore* does not.

    Words are codes, tables or tags. Raises UsageFault for a word that is none of them.
    """
    definitions = list(definitions)
    words = _words(definitions)
    for word in (*select, *ignore):
        if word not in words:
            raise UsageFault(
                f"{word!r} is no code, table or tag of a check{did_you_mean(word, words)}",
                "see `tpaudit list checks`",
            )
    narrowed = [_narrowed(definition, select, ignore) for definition in definitions]
    return [definition for definition in narrowed if definition.targets]


def _words(definitions: Sequence[CheckDefinition]) -> set[str]:
    return {word for check in definitions for word in (check.code, *check.tables, *check.tags)}


def _narrowed(check: CheckDefinition, select: Sequence[str], ignore: Sequence[str]) -> CheckDefinition:
    names = {check.code, *check.tags}
    targets = tuple(
        target
        for target in check.targets
        if (not select or {*names, target.table} & {*select}) and not {*names, target.table} & {*ignore}
    )
    return replace(check, targets=targets)
