"""What is judged: one check on one target, and the SQL that gives its verdicts."""

# ruff: noqa: S608 - names in SQL come from the model and from definitions, never from data

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from tpaudit.checks.definition import CheckDefinition, Target
from tpaudit.checks.parameters import filled

_WORD = re.compile(r"[a-z_][a-z0-9_]*")


@dataclass(frozen=True, slots=True)
class Probe:
    """One check on one target, and the view column in which it is judged.

    The column is NULL where the check does not apply; otherwise TRUE or FALSE (passes or not), or, for an
    expectation, the value it judges. A check with a query has no column.
    """

    check: CheckDefinition
    target: Target

    @property
    def column(self) -> str:
        """Name of the view column, and of the probe among those of a run."""
        return f"{self.check.code}_{self.target.table}_{self.target.column or 'row'}"

    @property
    def tables(self) -> tuple[str, ...]:
        """Tables that must hold rows for it."""
        return self.check.needs if self.check.judges_empty else (self.target.table, *self.check.needs)

    @property
    def view(self) -> str:
        """View the column belongs to: one per table."""
        return f"checked_{self.target.table}"

    def sql(self, name: str, parameters: Mapping[str, str]) -> str:
        """The text of field *name* with everything filled in; empty if the check has none."""
        values = {**parameters, "table": self.target.table, "column": self.target.column or ""}
        return filled(getattr(self.check, name) or "", values)


def judging_view(probes: Sequence[Probe], parameters: Mapping[str, str]) -> str:
    """The query behind the view in which *probes* of one table are judged: `place`, and a column per probe."""
    columns = ", ".join(f'{judged_column(probe, parameters)} AS "{probe.column}"' for probe in probes)
    return f"SELECT source_file AS place, {columns} FROM {probes[0].target.table}"


def judged_column(probe: Probe, parameters: Mapping[str, str]) -> str:
    """SQL of a row's verdict, or of the value an expectation judges; NULL where the check does not apply."""
    if probe.check.fails_when:
        verdict = f"NOT coalesce(({probe.sql('fails_when', parameters)}), FALSE)"
    else:
        verdict = probe.target.column or ""
    return f"CASE WHEN {applies(probe, parameters)} THEN {verdict} END"


def applies(probe: Probe, parameters: Mapping[str, str]) -> str:
    """SQL condition of the rows a check is for."""
    conditions = []
    if probe.target.column and not probe.check.checks_null:
        conditions.append(f"{probe.target.column} IS NOT NULL")
    if probe.check.applies_when:
        conditions.append(f"({probe.sql('applies_when', parameters)})")
    return " AND ".join(conditions) or "TRUE"


def words_of(probes: Iterable[Probe], parameters: Mapping[str, str]) -> set[str]:
    """Every word in the SQL of *probes*: among them the names of all tables and views they read."""
    texts = (probe.sql(name, parameters) for probe in probes for name in ("applies_when", "fails_when", "query"))
    return {word for text in texts for word in _WORD.findall(text)} | {probe.target.table for probe in probes}


def words_in(sql: str) -> set[str]:
    """Every word of a SQL text."""
    return set(_WORD.findall(sql))
