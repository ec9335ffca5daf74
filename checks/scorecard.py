"""The score card: how well each table, source system, owner and team keeps its records. Does the team use the system?

Five shares are counted over all records (none is sampled, so none has an interval), and each can be unknown:

| part | of | counts |
|---|---|---|
| filled | core cells | cells with a value; a field that a source never fills is not held against those who work in it |
| followed_up | leads and tickets | those with a reaction on record: answered, an activity logged or planned, resolved; not of a source that never tells |
| zombies | customer records | those nobody can be reached through (check TPC03) |
| duplicates | customer records | the second and further records of a customer in one system |
| failing | records | those that fall short of a check, weighed by the worst: critical 1, warning 0.5, info 0.1 |

The score is 100 times the mean of the known parts, with the last three turned round.

Owners are persons: their names are masked (`tpaudit.privacy.masked_employee`), those that then read alike are numbered.
A team is no person, unless its name also stands where owners are named.
"""

# ruff: noqa: S608, E501 - names in SQL come from the declarations here and the model, never from data

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from tpaudit.privacy import masked_employee
from tpaudit.results import FindingRow, ScoreRow

if TYPE_CHECKING:
    from tpaudit.checks.evidence import Evidence

Scope = Literal["table", "source", "owner", "team"]

_REACTION = "a reaction"

_WEIGHTS = {"critical": 1.0, "warning": 0.5, "info": 0.1}


@dataclass(frozen=True, slots=True)
class Scored:
    """A table that is scored: its core fields, who answers for a row, and how a reaction shows."""

    fields: tuple[str, ...]
    owner: str = "NULL"
    team: str = "NULL"
    followed_up: str | None = None


_OWNER = "coalesce(owner_name, owner_id)"

SCORED: Mapping[str, Scored] = {
    "contacts": Scored(
        ("full_name", "gender", "birthdate", "city", "original_source", "owner_id", "created_at"), owner=_OWNER
    ),
    "leads": Scored(
        ("contact_id", "name", "lead_source", "status", "owner_id", "created_at"),
        owner=_OWNER,
        followed_up="coalesce(first_response_at, last_activity_at, next_activity_at) IS NOT NULL",
    ),
    "deals": Scored(("contact_id", "stage", "amount", "currency", "owner_id", "created_at"), owner="owner_id"),
    "tickets": Scored(
        ("contact_id", "type", "channel", "status", "assignee_name", "created_at"),
        owner="assignee_name",
        team="assignee_team",
        followed_up="coalesce(first_response_at, resolved_at, closed_at) IS NOT NULL "
        "OR first_response_minutes IS NOT NULL OR replies > 0",
    ),
    "touches": Scored(
        ("contact_id", "event", "channel", "occurred_at", "source"),
        owner="coalesce(agent_name, agent_id)",
        team="agent_team",
    ),
    "orders": Scored(("contact_id", "channel", "status", "created_at", "paid_amount", "currency")),
    "surveys": Scored(("contact_id", "channel", "submitted_at", "answer_value", "metric")),
    "consents": Scored(("contact_id", "channel", "purpose", "status", "captured_at")),
}

# What the queries read besides the tables.
READS = frozenset({*SCORED, "reachable", "referred"})

# A record of a customer, not one that only refers to a person: the same as in check TPC03, which a test holds it to.
_IS_CUSTOMER = "(full_name IS NOT NULL OR company IS NOT NULL OR contact_id NOT IN (SELECT contact_id FROM referred))"
_IS_ZOMBIE = "contact_id NOT IN (SELECT contact_id FROM reachable)"


@dataclass
class _Tally:
    """Numbers of one table, source, owner or team, to be added up."""

    records: int = 0
    filled: int = 0
    cells: int = 0
    followed_up: int = 0
    to_follow_up: int = 0
    customers: int = 0
    zombies: int = 0
    duplicates: int = 0
    penalty: float = 0.0


@dataclass(frozen=True, slots=True)
class _Group:
    """Counts of the rows of one table that share source system, owner and team."""

    table: str
    source: str | None
    owner: str | None
    team: str | None
    records: int
    followed_up: int
    customers: int
    zombies: int
    duplicates: int
    penalty: float
    filled: Mapping[str, int] = field(default_factory=dict)


def scorecard(evidence: Evidence, findings: Sequence[FindingRow], *, show_pii: bool = False) -> tuple[ScoreRow, ...]:
    """Scores by table, source system, owner and team, in this order, the lowest score first in each.

    *evidence* must be open on what READS names; *findings* are those of the whole validation. Names of persons are
    masked unless *show_pii*.
    """
    groups = [group for table in SCORED for group in _groups(evidence, table, findings)]
    tallies: dict[tuple[Scope, str], _Tally] = defaultdict(_Tally)
    ever_filled = _ever_filled(groups)
    for group in groups:
        names: tuple[tuple[Scope, str | None], ...] = (
            ("table", group.table), ("source", group.source), ("owner", group.owner), ("team", group.team),
        )  # fmt: skip
        for scope, name in names:
            if name:
                _add(tallies[scope, name], group, ever_filled[group.table, group.source])
    scopes = ("table", "source", "owner", "team")
    shown = {} if show_pii else _masked_names({name for scope, name in tallies if scope == "owner"})
    rows = [
        _scored(scope, shown.get(name, name) if scope in ("owner", "team") else name, tally)
        for (scope, name), tally in tallies.items()
    ]
    return tuple(sorted(rows, key=lambda row: (scopes.index(row.scope), row.score or 0, row.name)))


def _masked_names(names: Iterable[str]) -> dict[str, str]:
    """How each name is shown; of those that would read alike, each with its number in the order of the names."""
    alike: dict[str, list[str]] = defaultdict(list)
    for name in sorted(names):
        alike[masked_employee(name)].append(name)
    return {
        name: mask if len(hidden) == 1 else f"{mask} {number}"
        for mask, hidden in alike.items()
        for number, name in enumerate(hidden, start=1)
    }


def _groups(evidence: Evidence, table: str, findings: Sequence[FindingRow]) -> Iterator[_Group]:
    scored = SCORED[table]
    is_people = table == "contacts"
    customer, zombie = (_IS_CUSTOMER, _IS_ZOMBIE) if is_people else ("FALSE", "FALSE")
    customer_id = "links.customer_id" if is_people else "NULL"
    links = "LEFT JOIN (SELECT contact_id, customer_id FROM customer_links) AS links USING (contact_id)"
    cells = "".join(f", count({name})" for name in scored.fields)
    rows = evidence.execute(f"""
        WITH judged AS (
          SELECT *, {scored.owner} AS answerable, {scored.team} AS in_team, {customer} AS is_customer,
                 {customer} AND {zombie} AS is_zombie, {scored.followed_up or "FALSE"} AS is_followed_up,
                 {_penalty(evidence, table, findings)} AS penalty
          FROM {table}),
        counted AS (
          SELECT judged.*, {customer_id} IS NOT NULL AND is_customer AND row_number() OVER (
                   PARTITION BY source_system, {customer_id}, is_customer ORDER BY source_file, source_row) > 1
                 AS is_duplicate
          FROM judged {links if is_people else ""})
        SELECT source_system, answerable, in_team, count(*), count(*) FILTER (is_followed_up),
               count(*) FILTER (is_customer), count(*) FILTER (is_zombie), count(*) FILTER (is_duplicate),
               sum(penalty){cells}
        FROM counted GROUP BY 1, 2, 3
    """)
    for source, owner, team, records, followed_up, customers, zombies, duplicates, penalty, *filled in rows:
        yield _Group(
            table,
            source,
            owner,
            team,
            records,
            followed_up,
            customers,
            zombies,
            duplicates,
            float(penalty),
            dict(zip(scored.fields, filled, strict=True)),
        )


def _penalty(evidence: Evidence, table: str, findings: Iterable[FindingRow]) -> str:
    """SQL of the weight of a row's worst failure."""
    conditions: dict[str, list[str]] = {severity: [] for severity in _WEIGHTS}
    for finding in findings:
        if finding.table == table and finding.failed and (condition := evidence.condition(finding)):
            conditions[finding.severity].append(f"({condition})")
    cases = [
        f"WHEN {' OR '.join(listed)} THEN {_WEIGHTS[severity]}" for severity, listed in conditions.items() if listed
    ]
    return f"CASE {' '.join(cases)} ELSE 0.0 END" if cases else "0.0"


def _ever_filled(groups: Iterable[_Group]) -> dict[tuple[str, str | None], set[str]]:
    """Fields that a source system fills in a table at least once; _REACTION stands for telling of a reaction."""
    found: dict[tuple[str, str | None], set[str]] = defaultdict(set)
    for group in groups:
        counts = {**group.filled, _REACTION: group.followed_up}
        found[group.table, group.source] |= {name for name, count in counts.items() if count}
    return found


def _add(tally: _Tally, group: _Group, told: set[str]) -> None:
    held_to = told - {_REACTION}
    tally.records += group.records
    tally.filled += sum(group.filled[name] for name in held_to)
    tally.cells += group.records * len(held_to)
    if _REACTION in told:
        tally.followed_up += group.followed_up
        tally.to_follow_up += group.records
    tally.customers += group.customers
    tally.zombies += group.zombies
    tally.duplicates += group.duplicates
    tally.penalty += group.penalty


def _scored(scope: Scope, name: str, tally: _Tally) -> ScoreRow:
    filled = _share(tally.filled, tally.cells)
    followed_up = _share(tally.followed_up, tally.to_follow_up)
    bad = [_share(tally.zombies, tally.customers), _share(tally.duplicates, tally.customers)]
    failing = _share(tally.penalty, tally.records)
    parts = [part for part in (filled, followed_up) if part is not None]
    parts += [1 - part for part in (*bad, failing) if part is not None]
    return ScoreRow(
        scope=scope,
        name=name,
        records=tally.records,
        filled=filled,
        filled_of=tally.cells,
        followed_up=followed_up,
        followed_up_of=tally.to_follow_up,
        zombies=bad[0],
        duplicates=bad[1],
        customer_records=tally.customers,
        failing=failing,
        score=round(100 * sum(parts) / len(parts), 1) if parts else None,
    )


def _share(part: float, whole: int) -> float | None:
    return part / whole if whole else None
