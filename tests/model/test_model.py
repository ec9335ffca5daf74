"""The declarations of the canonical model are sound."""

from __future__ import annotations

import re

import ibis
import pytest

from tpaudit.model import LAKE_TABLES, LINEAGE_NAMES, MARTS, Column, Table

ALL = [*LAKE_TABLES.values(), *MARTS.values()]


@pytest.mark.parametrize("table", ALL, ids=lambda table: table.name)
def test_columns_are_named_once_typed_and_explained(table: Table) -> None:
    assert len(set(table.column_names)) == len(table.column_names)
    ibis.schema(table.schema)
    for column in table:
        assert re.fullmatch(r"[a-z][a-z0-9_]*", column.name)
        assert len(column.meaning) > 3, column.name


@pytest.mark.parametrize("table", ALL, ids=lambda table: table.name)
def test_names_tell_the_type(table: Table) -> None:
    for column in table:
        if column.name.endswith("_at"):
            assert column.type.startswith("timestamp"), column.name
        if column.name.startswith(("is_", "has_")):
            assert column.type == "boolean", column.name


def test_every_lake_table_but_the_issues_carries_lineage() -> None:
    for name, table in LAKE_TABLES.items():
        if name != "ingest_issues":
            assert table.column_names[-len(LINEAGE_NAMES) :] == LINEAGE_NAMES


def test_a_key_must_be_declared() -> None:
    with pytest.raises(ValueError, match="key columns"):
        Table("broken", "thing", ("thing_id",), (Column("other", "string", "something else"),))


def test_marts_of_the_contract_have_their_columns() -> None:
    """The public contract, word for word: renaming or removing any of these is a breaking change."""
    contract = {
        "customers": "customer_id full_name phone email city first_seen_at last_seen_at n_records n_sources sources "
        "confidence review",
        "customer_links": "source_system source_record_id contact_id customer_id match_probability matched_on",
        "findings": "code title table column severity status checked failed share threshold",
        "kpis": "kpi touchpoint stage channel segment period_start period_end value unit numerator denominator n "
        "ci_low ci_high grade",
        "transitions": "from_touchpoint to_touchpoint customers transitions median_hours",
        "paths": "path customers conversions value share",
        "journey_map": "stage touchpoint kind owner customers reach drop_off median_hours_to_next csat nps ces pain",
        "attribution": "touchpoint model credit share value ci_low ci_high",
        "golden_touchpoints": "stage outcome touchpoint rank rank_low rank_high band verdict priority reach effect "
        "effect_low effect_high importance performance quadrant attribution_markov attribution_shapley drop_off "
        "n_customers n_outcomes p_top",
    }
    for mart, columns in contract.items():
        assert set(columns.split()) <= set(MARTS[mart].column_names), mart
