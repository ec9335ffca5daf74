from __future__ import annotations

import csv
import io
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.reports.samples import EMPTY, HOSTILE, INGEST, JOURNEY, KPI, RESULTS, RUN
from tpaudit.reports.plain import tables_of, tabular, to_csv, to_markdown, write_parquet
from tpaudit.results import JourneyResult, Result

MAIN_TABLES = {
    "ingest": "files", "dedupe": "keys", "validate_failed": "findings", "validate_passed": "findings",
    "journey": "journey_map", "audience": "audience", "kpi": "kpis", "rank": "golden_touchpoints", "run": "stages", "run_stopped": "stages",
}  # fmt: skip


def parquet(result: Result, folder: Path) -> pa.Table:
    """The main table, written and read back."""
    write_parquet(result, folder / "table.parquet")
    return pq.read_table(folder / "table.parquet")


@pytest.mark.parametrize("name", RESULTS)
def test_main_table_comes_first(name: str) -> None:
    assert tabular(RESULTS[name])[0][0] == MAIN_TABLES[name]


def test_run_holds_the_tables_of_its_stages() -> None:
    names = [name for name, _ in tabular(RUN)]

    assert {"stages", "files", "findings", "journey_map", "paths", "kpis", "golden_touchpoints"} <= set(names)
    assert len(names) == len(set(names))


@pytest.mark.parametrize("name", RESULTS)
def test_result_reads_back_from_its_json(name: str) -> None:
    assert type(RESULTS[name]).model_validate_json(RESULTS[name].model_dump_json()) == RESULTS[name]


@pytest.mark.parametrize("name", RESULTS)
def test_csv_and_parquet_hold_the_same_rows(name: str, tmp_path: Path) -> None:
    _, rows = tabular(RESULTS[name])[0]
    table = parquet(RESULTS[name], tmp_path)

    assert len(list(csv.DictReader(io.StringIO(to_csv(RESULTS[name]))))) == len(rows)
    assert table.column_names == list(rows[0])
    assert table.to_pylist() == rows


@pytest.mark.parametrize("name", EMPTY)
def test_empty_result_keeps_its_columns_and_types(name: str, tmp_path: Path) -> None:
    table = parquet(EMPTY[name], tmp_path)

    assert table.num_rows == 0
    assert not any(pa.types.is_null(field.type) for field in table.schema)
    assert to_csv(EMPTY[name]).rstrip("\n") == ",".join(table.column_names)


def test_markdown_of_a_stage_is_its_main_table() -> None:
    assert to_markdown(KPI).count("\n") == len(KPI.rows) + 2


def test_markdown_of_journeys_holds_the_map_and_everything_around_it() -> None:
    sections = [line.removeprefix("## ") for line in to_markdown(JOURNEY).splitlines() if line.startswith("## ")]

    assert sections[0] == "journey_map"
    assert {"stage_flow", "waits", "touches_to_purchase", "purchase_within", "paths_to", "paths_away", "returns",
            "loops", "gaps", "frame"} <= set(sections)  # fmt: skip


@pytest.mark.parametrize("table", tables_of(JourneyResult))
def test_any_table_of_journeys_can_be_had_alone(table: str, tmp_path: Path) -> None:
    rows = dict(tabular(JOURNEY))[table]
    file = tmp_path / "table.parquet"
    write_parquet(JOURNEY, file, table)

    assert rows
    assert pq.read_table(file).to_pylist() == rows
    assert len(list(csv.DictReader(io.StringIO(to_csv(JOURNEY, table))))) == len(rows)
    assert to_markdown(JOURNEY, table).count("\n") == len(rows) + 2


def test_gaps_name_stages_without_touchpoint_and_touchpoints_without_owner() -> None:
    told = JOURNEY.model_copy(update={"unmet_stages": ("loyalty",), "unowned_touchpoints": ("kiosk",),
                                      "unseen_touchpoints": ()})  # fmt: skip

    assert [(row["kind"], row["id"]) for row in dict(tabular(told))["gaps"]] == [
        ("stage_without_touchpoint", "loyalty"),
        ("touchpoint_without_owner", "kiosk"),
    ]


def test_markdown_of_a_run_holds_every_table_under_its_name() -> None:
    text = to_markdown(RUN)

    assert [line for line in text.splitlines() if line.startswith("## ")] == [
        f"## {name}" for name, rows in tabular(RUN) if rows
    ]
    assert to_markdown(KPI) in text
    assert to_markdown(EMPTY["run"]) == ""


def test_kpis_keep_their_types_where_a_whole_column_is_unknown(tmp_path: Path) -> None:
    schema = parquet(KPI, tmp_path).schema

    assert schema.field("period_start").type == pa.date32()
    assert schema.field("segment").type == pa.string()
    assert schema.field("value").type == pa.float64()
    assert schema.field("n").type == pa.int64()


def test_unknown_is_an_empty_cell() -> None:
    (row,) = [row for row in csv.DictReader(io.StringIO(to_csv(KPI))) if row["kpi"] == "aov" and row["touchpoint"]]

    assert row["value"] == ""
    assert row["n"] == "0"


def test_spreadsheet_does_not_run_a_file_name() -> None:
    named = INGEST.files[0].model_copy(update={"file": '=HYPERLINK("x")'})
    text = to_csv(INGEST.model_copy(update={"files": (named,)}))

    assert next(csv.DictReader(io.StringIO(text)))["file"] == '\'=HYPERLINK("x")'


def test_markdown_cell_cannot_break_out_of_its_table() -> None:
    named = INGEST.files[0].model_copy(update={"file": f"a|b\n{HOSTILE}"})
    lines = to_markdown(INGEST.model_copy(update={"files": (named,)})).splitlines()

    assert len(lines) == 3
    assert "a\\|b" in lines[2]
    assert "<" not in lines[2]
