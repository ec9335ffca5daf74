"""Real third-party files through mapping files: the same numbers as plain SQL."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from tests.e2e.conftest import document, run_tpaudit

pytestmark = pytest.mark.e2e

ROOT = Path(__file__).parent.parent.parent
DATA = ROOT.parent / "shared" / "data"
MAPPINGS = ROOT / "docs" / "examples"

needs_data = pytest.mark.skipif(not DATA.is_dir(), reason="the third-party data folder ../shared/data is absent")


@needs_data
def test_lead_conversion_by_origin_equals_plain_sql(tmp_path: Path) -> None:
    done = run_tpaudit(
        "run", DATA / "olist_leads.csv", DATA / "olist_deals.csv", "--map", MAPPINGS / "olist.toml",
        "--fail-on", "never", "--as-of", "2018-12-01", "--format", "json", cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    measured = {
        row["touchpoint"]: (row["numerator"], row["n"], row["value"])
        for row in document(done)["kpi"]["rows"]
        if row["kpi"] == "lead_conversion_rate" and row["touchpoint"]
    }
    expected = duckdb.sql(
        f"""
        select origin, count(d.mql_id)::double, count(*), count(d.mql_id) / count(*)
        from read_csv('{DATA}/olist_leads.csv') l
        left join (select distinct mql_id from read_csv('{DATA}/olist_deals.csv', all_varchar = true)) d using (mql_id)
        where origin is not null group by origin
        """
    ).fetchall()
    assert len(expected) == 10
    for origin, won, leads, rate in expected:
        assert measured[origin] == (won, leads, pytest.approx(rate, abs=1e-9))
    rates = [rate for *_, rate in expected]
    assert (round(min(rates), 3), round(max(rates), 3)) == (0.027, 0.163)


@needs_data
def test_the_receipt_log_becomes_journeys(tmp_path: Path) -> None:
    done = run_tpaudit(
        "run", DATA / "receipt.csv", "--map", MAPPINGS / "receipt.toml", "--fail-on", "never", "--as-of", "2012-02-01",
        "--format", "json", cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found = document(done)["journey"]
    source = f"read_csv('{DATA}/receipt.csv')"
    events, cases = duckdb.sql(f'select count(*), count(distinct "case:concept:name") from {source}').fetchall()[0]
    assert (found["touches"], found["customers"]) == (events, cases) == (8577, 1434)
    assert found["touches_classified"] == events
    commonest = duckdb.sql(
        f'select "concept:name" from {source} group by 1 order by count(distinct "case:concept:name") desc limit 1'
    ).fetchall()[0][0]
    assert max(found["map"], key=lambda row: row["customers"])["touchpoint"] == commonest

    # Waiting times: of each case the events of the last thirty days, in their order.
    steps = f"""
        with event as (
            select "case:concept:name" as who, "concept:name" as what, "concept:instance" as id,
                   "time:timestamp"::timestamptz as moment, max("time:timestamp"::timestamptz) over (partition by who) as last
            from {source}),
        step as (
            select *, row_number() over (partition by who order by moment, id) as n
            from event where moment >= last - interval 30 day),
        wait as (
            select a.who, a.what as f, b.what as t,
                   (epoch(date_trunc('second', b.moment)) - epoch(date_trunc('second', a.moment))) / 3600 as hours
            from step a join step b on a.who = b.who and b.n = a.n + 1),
        run as (
            select *, row_number() over (partition by who order by n) as m from (
                select *, lag(what) over (partition by who order by n) as left_what from step)
            where left_what is distinct from what)
    """
    waits = {
        (row[0], row[1]): row[2:]
        for row in duckdb.sql(
            steps + "select f, t, count(distinct who), count(*), median(hours) from wait group by f, t"
        ).fetchall()
    }
    measured = [row for row in found["transitions"] if (row["from_touchpoint"], row["to_touchpoint"]) in waits]
    assert len(measured) > 70
    for row in (*measured, *found["waits"]):
        customers, times, median = waits[row["from_touchpoint"], row["to_touchpoint"]]
        assert (row["customers"], row["transitions"]) == (customers, times)
        assert row["median_hours"] == pytest.approx(median, abs=1e-9)
    frequent = sorted((median for _, times, median in waits.values() if times >= 30), reverse=True)
    assert [row["median_hours"] for row in found["waits"]] == pytest.approx(frequent[:20], abs=1e-9)

    # Rework: cases that come back to an activity they had left.
    again = "select 1 from run y where y.who = x.who and y.what = x.what and y.m < x.m"
    returned = duckdb.sql(steps + f"select count(distinct who) from run x where exists ({again})").fetchall()[0][0]
    assert (found["returns"]["journeys"], found["returns"]["returned"]) == (1434, returned)
