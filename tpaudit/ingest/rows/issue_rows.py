"""Issues of one file as rows of lake table ingest_issues: those met while reading, and those found by mapping."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import ibis
import numpy as np
import pyarrow as pa

from tpaudit.engine import Engine
from tpaudit.ingest.issues import ISSUE_KINDS, REDACTIONS, Issue
from tpaudit.ingest.layouts.parts import table_of
from tpaudit.ingest.reading import arrays
from tpaudit.ingest.reading.staged import ROW
from tpaudit.ingest.rows.mapping import REJECT, Plan, Point
from tpaudit.ingest.rows.points import is_cipher, is_masked, is_rounded
from tpaudit.ingest.rows.widths import text_where
from tpaudit.model import CONTACT_POINT_TYPES, LAKE_TABLES
from tpaudit.results import IssueCount

_SAMPLE_LENGTH = 60
# Points of any other kind are taken as they are, unless a spreadsheet rounded them.
_LOST_CODES = dict.fromkeys(CONTACT_POINT_TYPES, "sci_notation_id") | {
    "phone": "invalid_phone",
    "email": "invalid_email",
}
_COLUMNS = ("source_row", "column", "code", "message", "sample")


@dataclass(frozen=True, slots=True)
class Origin:
    """The file the issues are about."""

    export: str | None
    file: str
    sha256: str


def issue_rows(engine: Engine, origin: Origin, met: Sequence[Issue], wide: Any = None, plan: Plan | None = None) -> Any:
    """Every issue of one file as rows of ingest_issues."""
    parts = [engine.table(_as_table(met))]
    if wide is not None and plan is not None:
        parts += _mapping_issues(engine, wide, plan)
    every = ibis.union(*parts) if len(parts) > 1 else parts[0]
    severities = [(code, kind.severity) for code, kind in ISSUE_KINDS.items()]
    messages = [(code, kind.message) for code, kind in ISSUE_KINDS.items()]
    return every.mutate(
        source_export=ibis.literal(origin.export, "string"),
        source_file=ibis.literal(origin.file),
        source_sha256=ibis.literal(origin.sha256),
        severity=every.code.cases(*severities, else_=ibis.null("string")),
        message=ibis.coalesce(every["message"], every.code.cases(*messages, else_=ibis.null("string"))),
    )


def issue_counts(engine: Engine, rows: Any) -> tuple[IssueCount, ...]:
    """How often each kind of issue stands in *rows*, the worst first."""
    grouped = rows.group_by("source_file", "column", "code", "severity").agg(
        count=rows.count(),
        first_row=rows.source_row.min(),
        message=rows["message"].argmin(rows.source_row.fill_null(0)),
    )
    order = {"critical": 0, "warning": 1, "info": 2}
    found = sorted(
        engine.fetch_rows(grouped),
        key=lambda row: (order[row["severity"]], -row["count"], row["code"], row["column"] or ""),
    )
    return tuple(
        IssueCount(
            file=row["source_file"], column=row["column"], code=row["code"], severity=row["severity"],
            count=row["count"], first_row=row["first_row"], message=row["message"],
        )
        for row in found
    )  # fmt: skip


def _as_table(issues: Iterable[Issue]) -> pa.Table:
    rows = list(issues)
    return pa.table(
        {
            "source_row": arrays.numbers(
                np.array([issue.row or 0 for issue in rows], np.int64),
                np.array([issue.row is not None for issue in rows], bool),
            ),
            "column": arrays.texts([issue.column for issue in rows]),
            "code": arrays.texts([issue.code for issue in rows]),
            "message": arrays.texts([issue.message for issue in rows]),
            "sample": arrays.texts([issue.sample for issue in rows]),
        }
    )


def _mapping_issues(engine: Engine, wide: Any, plan: Plan) -> list[Any]:
    """Rejected rows, unread cells, and counts of hidden values; kinds that do not occur cost no query."""
    flags = {f"bad.{name}": wide[f"!{name}"].notnull() for name in plan.failures if f"!{name}" in wide.columns}
    for point in plan.points:
        hidden = text_where(wide[f"{point.field}.masked"], wide[point.field])
        flags |= {f"masked.{point.field}": is_masked(hidden), f"cipher.{point.field}": is_cipher(hidden)}
    flags |= {f"lost.{point.field}": _is_lost(wide, point) for point in plan.points if point.type in _LOST_CODES}
    if "_masked_name" in wide.columns:
        flags["masked._masked_name"] = wide["_masked_name"]
    first, last = (_day(wide, plan, name) for name in ("date", "date_end"))
    if first is not None and last is not None:
        flags["range"] = (first != last) & wide[REJECT].isnull()
    counts = engine.fetch_rows(
        wide.aggregate(
            rejected=wide[REJECT].count(), **{name: flag.cast("int64").sum() for name, flag in flags.items()}
        )
    )[0]
    parts = [_rejected(wide)] if counts["rejected"] else []
    parts += [_unread(wide, plan, name) for name in plan.failures if counts.get(f"bad.{name}")]
    parts += [_lost(wide, point) for point in plan.points if counts.get(f"lost.{point.field}")]
    of_file = [*plan.issues, *_hidden(plan, counts), *_of_layout(plan, counts)]
    return [*parts, engine.table(_as_table(of_file))] if of_file else parts


def _rejected(wide: Any) -> Any:
    rows = wide.filter(wide[REJECT].notnull())
    null = ibis.null("string")
    return rows.select(source_row=rows[ROW], column=null, code=rows[REJECT], message=null, sample=null)


def _unread(wide: Any, plan: Plan, name: str) -> Any:
    code, source = plan.failures[name]
    rows = wide.filter(wide[f"!{name}"].notnull() & wide[REJECT].isnull())
    if f"_in.{name.partition('.')[0]}" in rows.columns:
        rows = rows.filter(rows[f"_in.{name.partition('.')[0]}"])
    sample = rows[f"!{name}"]
    if _is_personal(name):
        for pattern, sign in REDACTIONS:
            sample = sample.re_replace(pattern, sign)
    return rows.select(
        source_row=rows[ROW], column=ibis.literal(source), code=ibis.literal(code), message=ibis.null("string"),
        sample=sample.substr(0, _SAMPLE_LENGTH),
    )  # fmt: skip


def _is_lost(wide: Any, point: Point) -> Any:
    """Whether a point is there, and neither hidden nor of a form that can be used."""
    found, norm = wide[point.field], wide[f"{point.field}.norm"]
    return found.notnull() & norm.isnull() & ~wide[f"{point.field}.masked"]


def _lost(wide: Any, point: Point) -> Any:
    rows = wide.filter(_is_lost(wide, point) & wide[REJECT].isnull())
    sample = rows[point.field]
    code = is_rounded(sample).ifelse(ibis.literal("sci_notation_id"), ibis.literal(_LOST_CODES[point.type]))
    for pattern, sign in REDACTIONS:
        sample = sample.re_replace(pattern, sign)
    return rows.select(
        source_row=rows[ROW], column=ibis.literal(point.source), code=code, message=ibis.null("string"),
        sample=sample.substr(0, _SAMPLE_LENGTH),
    )  # fmt: skip


def _is_personal(name: str) -> bool:
    table, _, column = name.partition(".")
    return LAKE_TABLES[table_of(table)].column(column).privacy is not None


def _hidden(plan: Plan, counts: dict[str, int]) -> Iterable[Issue]:
    """One issue per column, with the number of values: hidden values are the platform's habit, not a row's fault."""
    for point in plan.points:
        if number := counts.get(f"masked.{point.field}"):
            yield Issue("masked_value", column=point.source, message=f"{number} values are masked and identify nobody")
        if number := counts.get(f"cipher.{point.field}"):
            yield Issue("ciphertext_value", column=point.source, message=f"{number} values are encrypted")
    if number := counts.get("masked._masked_name"):
        yield Issue("masked_value", column="full_name", message=f"{number} names are masked and kept as nicknames")


def _day(wide: Any, plan: Plan, name: str) -> Any | None:
    """The first or last day the rows of the main table are about; None if the file does not say."""
    column = f"{plan.preset.table}.{name}"
    if column in wide.columns:
        return wide[column]
    return ibis.literal(plan.constants[column]) if column in plan.constants else None


def _of_layout(plan: Plan, counts: dict[str, int]) -> Iterable[Issue]:
    """What the layout as a whole leaves open: spend of several days in one row."""
    if number := counts.get("range"):
        _, column = plan.failures.get(f"{plan.preset.table}.date_end", ("", None))
        yield Issue("range_row_without_day", column=column, message=f"{number} rows cover several days, not one")
