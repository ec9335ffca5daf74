"""Results as plain tables, for programs: CSV, Markdown, Parquet. (The JSON of a result is the result itself.)

Ids, column names and codes are never translated. Unknown is NULL in Parquet, an empty cell elsewhere.
"""

from __future__ import annotations

import csv
import io
import json
import re
import types
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any, Union, get_args, get_origin

from tpaudit.reports.figures import printable
from tpaudit.results import (
    ActionRow,
    AttributionResult,
    AttributionRow,
    AudienceResult,
    AudienceRow,
    ClusterSize,
    CustomerResult,
    DedupeResult,
    Evidence,
    ExperienceRow,
    Explanation,
    FileIngested,
    FindingRow,
    Gap,
    GoldenRow,
    IngestResult,
    IssueCount,
    JourneyFrame,
    JourneyMapRow,
    JourneyResult,
    KeyUse,
    KpiInfo,
    KpiResult,
    KpiRow,
    LoopRow,
    ModelFit,
    OverallRow,
    PathRow,
    PurchaseWithin,
    RankResult,
    Result,
    Returns,
    RunResult,
    SensitivityRow,
    SharedKey,
    StageFlow,
    StageOutcome,
    TimelineEntry,
    Titles,
    TouchesToPurchase,
    TransitionRow,
    UnclassifiedTouches,
    ValidateResult,
)

Rows = list[dict[str, Any]]

# Per result: the tables it holds as (name, attribute, kind of row). The first is the main one. An attribute may be a
# single row, or lie inside another (`returns.loops`).
_TABLES: Mapping[type[Result], tuple[tuple[str, str, type[Result]], ...]] = {
    IngestResult: (("files", "files", FileIngested), ("issues", "issues", IssueCount)),
    DedupeResult: (
        ("keys", "keys", KeyUse),
        ("shared_keys", "shared", SharedKey),
        ("cluster_sizes", "cluster_sizes", ClusterSize),
    ),
    Explanation: (("evidence", "evidence", Evidence),),
    CustomerResult: (("timeline", "timeline", TimelineEntry),),
    ValidateResult: (("findings", "findings", FindingRow),),
    JourneyResult: (
        ("journey_map", "map", JourneyMapRow),
        ("transitions", "transitions", TransitionRow),
        ("paths", "paths", PathRow),
        ("unclassified", "unclassified", UnclassifiedTouches),
        ("stage_flow", "stage_flow", StageFlow),
        ("waits", "waits", TransitionRow),
        ("touches_to_purchase", "touches_to_purchase", TouchesToPurchase),
        ("purchase_within", "purchase_within", PurchaseWithin),
        ("paths_to", "paths_to", PathRow),
        ("paths_away", "paths_away", PathRow),
        ("returns", "returns", Returns),
        ("loops", "returns.loops", LoopRow),
        ("gaps", "gaps", Gap),
        ("frame", "frame", JourneyFrame),
    ),
    AudienceResult: (("audience", "rows", AudienceRow),),
    KpiResult: (("kpis", "rows", KpiRow), ("kpi_definitions", "kpis", KpiInfo)),
    RankResult: (
        ("golden_touchpoints", "golden", GoldenRow),
        ("attribution", "attribution", AttributionRow),
        ("fits", "fits", ModelFit),
        ("experience", "experience", ExperienceRow),
        ("actions", "actions", ActionRow),
        ("golden_overall", "overall", OverallRow),
        ("golden_sensitivity", "sensitivity", SensitivityRow),
    ),
    AttributionResult: (("attribution", "attribution", AttributionRow),),
    RunResult: (("stages", "stages", StageOutcome),),
}

_STAGES_OF_A_RUN = ("ingest", "dedupe", "validation", "journey", "kpi", "rank")

# A cell that a spreadsheet would run as a formula if it opened the file.
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
# Phone numbers, masked or not, compute nothing; an apostrophe would spoil them for whoever dials them.
_PHONE = re.compile(r"\+[\d*]+")


def tabular(result: Result) -> list[tuple[str, Rows]]:
    """The tables of a result as ``(name, rows)``, the main one first; a run adds those of its stages.

    A text in both languages becomes two columns (`title_en`, `title_zh`), a mapping or a list becomes JSON text.
    Raises KeyError for a result that holds no tables.
    """
    tables = [(name, [_flat(row) for row in _rows(result, attribute)]) for name, attribute, _ in _TABLES[type(result)]]
    for stage in _stage_results(result):
        tables += tabular(stage)
    return tables


def tables_of(kind: type[Result]) -> tuple[str, ...]:
    """Names of the tables that a result of *kind* holds, the main one first."""
    return tuple(name for name, _, _ in _TABLES[kind])


def to_csv(result: Result, table: str | None = None) -> str:
    """The main table, or the one called *table*, as CSV with a header line.

    Texts a spreadsheet would run as a formula get a leading apostrophe: file names come from outside.
    """
    columns, rows = _one_table(result, table)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([_csv_cell(row[column]) for column in columns] for row in rows)
    return text.getvalue()


def to_markdown(result: Result, table: str | None = None) -> str:
    """The main table, or the one called *table*; of a run, journeys and a ranking every table, each under its name."""
    if table is not None or not isinstance(result, RunResult | JourneyResult | RankResult):
        return _markdown_table(*_one_table(result, table))
    return "\n".join(f"## {name}\n\n{_markdown_table(list(rows[0]), rows)}" for name, rows in tabular(result) if rows)


def write_parquet(result: Result, file: Path, table: str | None = None) -> None:
    """Write the main table, or the one called *table*, as Parquet; columns keep their types where all is unknown."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    _, rows = _one_table(result, table)
    arrow_types = {str: pa.string(), int: pa.int64(), float: pa.float64(), bool: pa.bool_(), date: pa.date32()}
    columns = _columns(_declared(result, table)[2])
    schema = pa.schema([(name, arrow_types[python_type]) for name, python_type in columns.items()])
    pq.write_table(pa.Table.from_pylist(rows, schema=schema), file)


def _stage_results(result: Result) -> list[Result]:
    if not isinstance(result, RunResult):
        return []
    return [stage for name in _STAGES_OF_A_RUN if (stage := getattr(result, name)) is not None]


def _rows(result: Result, attribute: str) -> tuple[Result, ...]:
    found: Any = result
    for name in attribute.split("."):
        found = getattr(found, name) if found is not None else None
    return found if isinstance(found, tuple) else () if found is None else (found,)


def _declared(result: Result, table: str | None) -> tuple[str, str, type[Result]]:
    tables = _TABLES[type(result)]
    return next(each for each in tables if table in (None, each[0]))


def _one_table(result: Result, table: str | None) -> tuple[list[str], Rows]:
    _, attribute, kind = _declared(result, table)
    return list(_columns(kind)), [_flat(row) for row in _rows(result, attribute)]


def _flat(row: Result) -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, field in type(row).model_fields.items():
        value = getattr(row, name)
        if _plain_type(field.annotation) is Titles:
            flat |= {f"{name}_en": value and value.en, f"{name}_zh": value and value.zh}
        elif isinstance(value, Mapping | tuple):
            flat[name] = json.dumps(_jsonable(value), ensure_ascii=False)
        elif isinstance(value, datetime):
            flat[name] = value.isoformat()
        else:
            flat[name] = value
    return flat


def _jsonable(value: Any) -> Any:
    """*value* with results inside it as mappings."""
    if isinstance(value, tuple):
        return [item.model_dump(mode="json") if isinstance(item, Result) else item for item in value]
    return value


def _columns(kind: type[Result]) -> dict[str, type]:
    """Columns of a kind of row with their Python types, as `_flat` writes them."""
    columns: dict[str, type] = {}
    for name, field in kind.model_fields.items():
        python_type = _plain_type(field.annotation)
        if python_type is Titles:
            columns |= {f"{name}_en": str, f"{name}_zh": str}
        else:
            columns[name] = python_type if python_type in (int, float, bool, date) else str
    return columns


def _plain_type(annotation: Any) -> type:
    """The type behind ``X | None`` and ``Literal[...]``."""
    if get_origin(annotation) in (Union, types.UnionType):
        annotation = next(option for option in get_args(annotation) if option is not type(None))
    return annotation if isinstance(annotation, type) else str


def _csv_cell(value: Any) -> Any:
    if isinstance(value, str) and value.startswith(_FORMULA_STARTS) and not _PHONE.fullmatch(value):
        return f"'{value}"
    return value


def _markdown_table(columns: Sequence[str], rows: Rows) -> str:
    lines = [_markdown_line(columns), _markdown_line(["---"] * len(columns))]
    lines += [_markdown_line([_markdown_cell(row[column]) for column in columns]) for row in rows]
    return "\n".join(lines) + "\n"


def _markdown_cell(value: Any) -> str:
    if value is None:
        return ""
    return printable(str(value)).replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;")


def _markdown_line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
