"""Identity beside Splink 5 and recordlinkage: `python -m benchmarks.identity`.

    --data febrl3,historical,sample,small   which data (default: febrl3,historical,small)
    --systems tpaudit,splink,recordlinkage  which systems (default: all)
    --records 1000000                       contact records of `sample`; `small` has a tenth
    --seed 99                               of the sample data; the engine was tuned on other seeds
    --cache FOLDER                          where generated audits stay

Every system runs on the same columns, prepared by tpaudit, in a process of its own; CPU (user and system) and peak
memory are that process's, preparation included. tpaudit is measured at its shipped threshold; the others at 0.5 and at
whichever of nine thresholds suits them best on the data. recordlinkage is left out where there are too many records.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from benchmarks.identity_measures import Measures, measured

_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
_RECORDS_PER_CUSTOMER = 5.8
# recordlinkage compares pair by pair in Python and holds every comparison of every pair in memory.
_MOST_RECORDS = {"recordlinkage": 200_000}
_SETTINGS = '[audit]\nas_of = 2026-11-16\n[validate]\nfail_on = "never"\n'


def main() -> None:
    options = _options()
    cache = Path(options.cache or tempfile.mkdtemp())
    cache.mkdir(parents=True, exist_ok=True)
    print(_HEADER)
    for name in options.data.split(","):
        records, truth = _data(name, cache, options)
        for system in options.systems.split(","):
            if truth.num_rows > _MOST_RECORDS.get(system, truth.num_rows):
                print(f"{name:<12}{system:<22}not run on more than {_MOST_RECORDS[system]:,} records", flush=True)
            else:
                _report(name, system, records, truth, options.curve)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", default="febrl3,historical,small")
    parser.add_argument("--systems", default="tpaudit,splink,recordlinkage")
    parser.add_argument("--records", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=99)
    parser.add_argument("--cache")
    parser.add_argument("--curve", action="store_true", help="print the reliability curves")
    return parser.parse_args()


# --- data -------------------------------------------------------------------------------------------------------------


def _data(name: str, cache: Path, options: argparse.Namespace) -> tuple[Path, pa.Table]:
    """Where the records lie (a Parquet file or an audit), and the truth: record_id, person."""
    if name in ("febrl3", "historical"):
        file = cache / f"{name}.parquet"
        truth = _febrl3(file) if name == "febrl3" else _historical(file)
        return file, truth
    records = options.records if name == "sample" else options.records // 10
    return _sample(cache, round(records / _RECORDS_PER_CUSTOMER), options.seed)


def _febrl3(file: Path) -> pa.Table:
    from pyarrow import csv

    text = csv.ConvertOptions(column_types=dict.fromkeys(_FEBRL_COLUMNS, pa.string()))
    read = csv.read_csv(_DATA / "febrl3.csv", convert_options=text)
    rows = pa.table({name.strip(): pc.utf8_trim_whitespace(read[name].cast(pa.string())) for name in read.column_names})
    person = pc.list_element(pc.split_pattern(rows["rec_id"], "-"), 1)
    pq.write_table(rows.rename_columns(["record_id", *rows.column_names[1:]]), file)
    return pa.table({"record_id": rows["rec_id"], "person": person})


_FEBRL_COLUMNS = (
    " street_number", " postcode", " date_of_birth", " soc_sec_id", "street_number", "postcode", "date_of_birth",
    "soc_sec_id",
)  # fmt: skip


def _historical(file: Path) -> pa.Table:
    rows = pq.read_table(_DATA / "historical_50k.parquet")
    truth = pa.table({"record_id": rows["unique_id"], "person": rows["cluster"]})
    kept = [name for name in rows.column_names if name not in ("cluster", "first_and_surname", "full_name")]
    texts = {name: rows[name].cast(pa.string()) for name in kept}
    pq.write_table(pa.table({"record_id": texts.pop("unique_id"), **texts}), file)
    return truth


def _sample(cache: Path, customers: int, seed: int) -> tuple[Path, pa.Table]:
    """An audit of the sample data; generated and ingested once per cache."""
    folder = cache / f"sample-{customers}-{seed}"
    if not (folder / "done").is_file():
        from tpaudit.sample_data import generate

        generate(folder, customers=customers, seed=seed)
        (folder / "tpaudit.toml").write_text(_SETTINGS, encoding="utf-8")
        command = [sys.executable, "-m", "tpaudit", "-C", str(folder), "ingest"]
        subprocess.run(command, check=True, capture_output=True)
        (folder / "done").touch()
    return folder, _sample_truth(folder)


def _sample_truth(folder: Path) -> pa.Table:
    """Person of every contact record whose row the generator knows; a record of several persons is left out."""
    import duckdb

    query = f"""
        SELECT contact_id AS record_id, min(person_id) AS person
        FROM (SELECT DISTINCT contact_id, source_file, source_row FROM '{folder}/lake/contacts/*.parquet') AS contacts
        JOIN '{folder}/truth/links.parquet' AS links ON links.file = source_file AND links.row = source_row
        WHERE person_id IS NOT NULL GROUP BY contact_id HAVING min(person_id) = max(person_id)
    """
    return duckdb.sql(query).to_arrow_table()


# --- runs -------------------------------------------------------------------------------------------------------------

_HEADER = (
    f"{'data':<12}{'system':<22}{'pair F1':>9}{'cluster F1':>12}{'P':>7}{'R':>7}{'B3':>8}{'largest':>12}"
    f"{'calibr. gap':>13}{'CPU s':>8}{'MB':>7}{'wall s':>8}"
)


def _report(name: str, system: str, records: Path, truth: pa.Table, with_curve: bool) -> None:
    with tempfile.TemporaryDirectory() as folder:
        started = time.perf_counter()
        command = [sys.executable, "-m", "benchmarks.identity_runs", system, str(records), folder]
        ran = subprocess.run(command, capture_output=True, text=True, check=False)
        wall = time.perf_counter() - started
        if ran.returncode:
            print(f"{name:<12}{system:<22}failed: {ran.stderr.strip().splitlines()[-1][:120]}")
            return
        usage = json.loads((Path(folder) / "usage.json").read_text(encoding="utf-8"))
        pairs = pq.read_table(Path(folder) / "pairs.parquet")
        found = {
            float(file.stem.partition("_")[2]): measured(
                truth, pq.read_table(file), pairs, float(file.stem.partition("_")[2])
            )
            for file in sorted(Path(folder).glob("clusters_*.parquet"))
        }
    shown = {0.5, max(found, key=lambda threshold: found[threshold].cluster_f1 + found[threshold].b3)}
    for threshold in sorted(shown):
        print(_line(name, f"{system} @{threshold:g}", found[threshold], usage, wall), flush=True)
    if with_curve:
        for said, is_true, count in found[0.5].curve:
            print(f"    said {said:.3f}  found {is_true:.3f}  pairs {count:,}")


def _line(name: str, system: str, m: Measures, usage: dict[str, float], wall: float) -> str:
    return (
        f"{name:<12}{system:<22}{m.pair_f1:>9.4f}{m.cluster_f1:>12.4f}{m.precision:>7.3f}{m.recall:>7.3f}{m.b3:>8.4f}"
        f"{f'{m.largest} / {m.largest_true}':>12}{m.gap:>13.4f}{usage['cpu']:>8.1f}{usage['peak_mb']:>7.0f}{wall:>8.1f}"
    )


if __name__ == "__main__":
    main()
