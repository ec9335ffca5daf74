"""The audit of the sample exports against what was planted in them; the truth files are read by plain SQL."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from tpaudit.sample_data import SMALL

pytestmark = pytest.mark.e2e

TRUTH = SMALL / "truth"


def test_records_of_one_person_are_found_and_strangers_stay_apart(finished_audit: Path) -> None:
    """Pairs of records, counted from the planted owner of every exported row."""
    true, predicted, both = duckdb.sql(
        f"""
        with record as (
            select distinct c.contact_id, t.person_id
            from '{finished_audit}/lake/contacts/*.parquet' c
            join '{TRUTH}/links.parquet' t on t.file = c.source_file and t.row = c.source_row
            where t.person_id is not null
        ), resolved as (
            select contact_id, any_value(person_id) as person_id, any_value(customer_id) as customer_id
            from record join '{finished_audit}/marts/customer_links.parquet' using (contact_id) group by contact_id
        )
        select (select sum(n * (n - 1) / 2) from (select count(*) n from resolved group by person_id)),
               (select sum(n * (n - 1) / 2) from (select count(*) n from resolved group by customer_id)),
               (select sum(n * (n - 1) / 2) from (select count(*) n from resolved group by person_id, customer_id))
        """
    ).fetchall()[0]
    assert both / predicted >= 0.97
    assert both / true >= 0.75


def test_only_touchpoints_with_a_planted_effect_get_a_verdict(finished_audit: Path) -> None:
    called = duckdb.sql(
        f"""
        select g.outcome, g.touchpoint, g.verdict, t.is_golden, t.is_negative
        from '{finished_audit}/marts/golden_touchpoints.parquet' g
        join read_csv('{TRUTH}/effects.csv') t using (touchpoint, outcome)
        where g.verdict in ('golden', 'golden_risk')
        """
    ).fetchall()
    assert all(golden if verdict == "golden" else risk for *_, verdict, golden, risk in called), called


def test_effects_come_out_as_planted(finished_audit: Path) -> None:
    """Fifteen effects on conversion can be judged at this size; at 95 % two may miss by chance."""
    judged = duckdb.sql(
        f"""
        select t.touchpoint, g.effect, t.effect, t.effect between g.effect_low and g.effect_high, t.is_golden
        from '{finished_audit}/marts/golden_touchpoints.parquet' g
        join read_csv('{TRUTH}/effects.csv') t using (touchpoint, outcome)
        where g.effect is not null and g.outcome = 'conversion'
        """
    ).fetchall()
    assert len(judged) >= 12
    assert sum(held for *_, held, _golden in judged) >= len(judged) - 2, judged
    planted = [effect for _name, effect, _true, _held, golden in judged if golden]
    assert sum(effect > 0 for effect in planted) >= len(planted) - 1, judged


def test_no_touchpoint_without_a_planted_harm_is_called_broken(finished_audit: Path) -> None:
    """The checkout was broken on purpose; ratings of chats and cases differ in the sample by themselves."""
    called = duckdb.sql(
        f"select touchpoint from '{finished_audit}/marts/experience.parquet' "
        "where list_has_any(breakpoint, ['drop_off', 'dissatisfaction'])"
    ).fetchall()
    harmful = duckdb.sql(
        f"select distinct touchpoint from read_csv('{TRUTH}/effects.csv') where is_negative"
    ).fetchall()
    assert set(called) <= {*harmful, ("checkout",)}


def test_every_exported_row_is_in_the_lake_or_among_the_issues(finished_audit: Path) -> None:
    """Rows that carry a planted owner, file by file; only the coded twin of the survey is refused as a whole."""
    lake = finished_audit / "lake"
    lost = duckdb.sql(
        f"""
        with kept as (
            {" union all ".join(f"select source_file, source_row from '{folder}/*.parquet'" for folder in lake.iterdir())}
        )
        select t.file, count(*) from '{TRUTH}/links.parquet' t
        where not exists (select 1 from kept where source_file = t.file and source_row = t.row)
          and t.file not in (select source_file from '{lake}/ingest_issues/*.parquet' where source_row is null
                             and "column" is null)
        group by t.file
        """
    ).fetchall()
    assert lost == []
