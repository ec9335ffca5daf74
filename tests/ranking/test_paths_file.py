"""Paths from a file: what is attributed, how it is resampled, and what a bad file is told."""

from __future__ import annotations

import csv
import gzip
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tpaudit.audit.settings import RankSection
from tpaudit.engine import Engine, EngineSettings, connect
from tpaudit.errors import InputFault
from tpaudit.ranking import attribute_paths
from tpaudit.ranking.markov import removal_effects
from tpaudit.results import AttributionResult

PATHDATA = Path(__file__).parents[3] / "shared" / "data" / "pathdata.csv.gz"
RULES = RankSection(replicates=200)
HEADER = "path,total_conversions,total_conversion_value,total_null\n"
ROWS = "search > chat,3,90.5,10\nsearch,1,,40\nads > search > search,2,20,8\nads,0,,12\n"


@pytest.fixture(scope="module")
def engine() -> Engine:
    return connect(EngineSettings(threads=1))


def write(folder: Path, text: str, name: str = "paths.csv") -> Path:
    file = folder / name
    file.write_bytes(text.encode())
    return file


def shares(result: AttributionResult, model: str) -> dict[str, float]:
    return {row.touchpoint: row.share for row in result.attribution if row.model == model}


def test_models_by_hand(engine: Engine, tmp_path: Path) -> None:
    result = attribute_paths(engine, write(tmp_path, HEADER + ROWS), RULES)
    assert (result.journeys, result.conversions, result.attributed, result.value) == (76, 6, 6, 110.5)
    assert shares(result, "first") == pytest.approx({"ads": 2 / 6, "chat": 0, "search": 4 / 6})
    assert shares(result, "linear") == pytest.approx({"ads": 2 / 18, "chat": 1.5 / 6, "search": (1.5 + 1 + 4 / 3) / 6})
    assert shares(result, "shapley") == pytest.approx({"ads": 1 / 6, "chat": 1.5 / 6, "search": 3.5 / 6})
    # Counts a, c, s, conversion, end; the last row is START. ads 22, chat 13, search 64 + 1 stays.
    chances = np.array([[0, 0, 10, 0, 12], [0, 0, 0, 3, 10], [0, 13, 10, 3, 48], [22, 0, 54, 0, 0]], dtype=float)
    expected = removal_effects(chances).effects
    assert list(shares(result, "markov").values()) == pytest.approx(expected / expected.sum())
    value = {row.touchpoint: row.value for row in result.attribution if row.model == "last"}
    assert value == pytest.approx({"ads": 0.0, "chat": 90.5, "search": 20.0})
    assert result.basis.absent == {"time_decay": "no_times"} and result.basis.window_days is None
    assert not [row for row in result.attribution if row.model == "time_decay"]


def same(one: AttributionResult, other: AttributionResult) -> None:
    for left, right in zip(one.attribution, other.attribution, strict=True):
        for name, value in left.model_dump().items():
            if isinstance(value, float):
                assert value == pytest.approx(getattr(right, name), rel=1e-12)
            else:
                assert value == getattr(right, name)


@pytest.mark.parametrize("form", ["rows mixed", "rows split", "gzip", "parquet", "parquet.gz", "semicolons", "gb18030"])
def test_form_of_the_file_does_not_matter(engine: Engine, tmp_path: Path, form: str) -> None:
    rows = ROWS.replace("ads", "广告") if form == "gb18030" else ROWS
    plain = attribute_paths(engine, write(tmp_path, HEADER + rows), RULES)
    lines = rows.splitlines(keepends=True)
    name = "other.csv"
    data = (HEADER + rows).encode("gb18030" if form == "gb18030" else "utf-8")
    if form == "rows mixed":
        data = (HEADER + "".join(reversed(lines))).encode()
    elif form == "rows split":
        data = (HEADER + "search > chat,1,30.5,10\nsearch > chat,2,60,0\n" + "".join(lines[1:])).encode()
    elif form == "gzip":
        name, data = "other.csv.gz", gzip.compress(data)
    elif form == "semicolons":
        data = data.replace(b",", b";")
    elif form.startswith("parquet"):
        name = f"other.{form}"
        told = list(csv.DictReader((HEADER + rows).splitlines()))
        columns = {key: [row[key] if key == "path" else float(row[key] or "nan") for row in told] for key in told[0]}
        columns["total_conversion_value"] = [None if math.isnan(v) else v for v in columns["total_conversion_value"]]
        pq.write_table(pa.table(columns), tmp_path / "plain.parquet")
        data = (tmp_path / "plain.parquet").read_bytes()
        data = gzip.compress(data) if form.endswith("gz") else data
    (tmp_path / name).write_bytes(data)
    same(plain, attribute_paths(engine, tmp_path / name, RULES))


def test_unknown_value_is_unknown(engine: Engine, tmp_path: Path) -> None:
    file = write(tmp_path, "path,total_conversions,total_null\na > b,2,5\n")
    assert {row.value for row in attribute_paths(engine, file, RULES).attribution} == {None}


def test_without_conversions_there_is_nothing_to_attribute(engine: Engine, tmp_path: Path) -> None:
    result = attribute_paths(engine, write(tmp_path, HEADER + "a > b,0,,5\n"), RULES)
    assert (result.attribution, result.journeys, result.conversions) == ((), 5, 0)


def test_direct_visits_of_other_tools_are_detours(engine: Engine, tmp_path: Path) -> None:
    result = attribute_paths(engine, write(tmp_path, HEADER + "ads > (Direct),4,,5\n"), RULES)
    assert shares(result, "last_non_direct") == {"(Direct)": 0.0, "ads": 1.0}


def test_intervals_are_those_of_journeys_not_of_rows(engine: Engine, tmp_path: Path) -> None:
    """Two rows of 300 and 100 conversions: the share of the first is binomial, however few rows hold it."""
    result = attribute_paths(engine, write(tmp_path, HEADER + "a,300,,0\nb,100,,0\n"), RankSection(replicates=2000))
    (row,) = (row for row in result.attribution if (row.touchpoint, row.model) == ("a", "linear"))
    width = 2 * 1.96 * math.sqrt(0.75 * 0.25 / 400)
    assert row.ci_low is not None and row.ci_high is not None
    assert row.ci_high - row.ci_low == pytest.approx(width, rel=0.12)


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("path,total_conversions\na,1\n", "no column 'total_null', but 'path', 'total_conversions'", "total_null: "),
        ("paths,total_conversions,total_null\na,1,0\n", "no column 'path', but 'paths'", "name the column path"),
        (HEADER, "has a header and no rows", "export"),
        (HEADER + "a,1,,2\n ,1,,2\n", "row 3, column path: the cell is empty", "leave out"),
        (HEADER + "a > > b,1,,2\n", "row 2, column path: 'a > > b' has a step without a touchpoint", "both sides"),
        (HEADER + "a,1,,2\na > ,1,,2\n", "row 3, column path: 'a >' has a step without", "both sides"),
        (HEADER + "a > b,1,,2\na>b,1,,2\n", "row 3, column path: 'a>b' has a > without blanks", "' > '"),
        (HEADER + "a -> b,1,,2\n", "row 2, column path: 'a -> b' has a > without blanks", "' > '"),
        (HEADER + "a,1,,2\na | b,1,,2\n", "row 3, column path: 'a | b' has another separator", "' > '"),
        (HEADER + "a,1,,2\nb,-1,,2\n", "row 3, column total_conversions: '-1' is negative", "whole number"),
        (HEADER + "a,NaN,,2\n", "row 2, column total_conversions: 'NaN' is no number", "whole number"),
        (HEADER + "a,1,,\n", "row 2, column total_null: the cell is empty", "0 where there were none"),
        (HEADER + "a,1,,0.5\n", "row 2, column total_null: '0.5' is no whole number", "whole number"),
        (HEADER + 'a,"1,200",,0\n', "row 2, column total_conversions: '1,200' is no number", "thousands"),
        (HEADER + "a,1,inf,0\n", "row 2, column total_conversion_value: 'inf' is no number", "leave the cell empty"),
        (HEADER + "a,1,2,3,4\n", "cannot be read as CSV: CSV parse error", "as many cells"),
        (HEADER + "a,0,,0\n", "no row counts a journey", "total_conversions"),
    ],
)  # fmt: skip
def test_bad_file_is_told_row_column_and_fix(
    engine: Engine, tmp_path: Path, text: str, message: str, hint: str
) -> None:
    with pytest.raises(InputFault) as fault:
        attribute_paths(engine, write(tmp_path, text), RULES)
    assert message in fault.value.message and "paths.csv" in fault.value.message
    assert hint in (fault.value.hint or "")


@pytest.mark.parametrize(("name", "data"), [("no.csv", None), ("no.parquet", b"path"), ("no.csv.gz", b"path,")])
def test_unreadable_file_is_told_so(engine: Engine, tmp_path: Path, name: str, data: bytes | None) -> None:
    if data is not None:
        (tmp_path / name).write_bytes(data)
    with pytest.raises(InputFault, match=r"no such file|no Parquet file|cannot be read"):
        attribute_paths(engine, tmp_path / name, RULES)


@pytest.mark.parametrize("cells", [[1, -2], [1.0, float("nan")], [1, None]])
def test_bad_numbers_of_parquet_are_told_too(engine: Engine, tmp_path: Path, cells: Sequence[Any]) -> None:
    pq.write_table(
        pa.table({"path": ["a", "b"], "total_conversions": cells, "total_null": [0, 0]}), tmp_path / "p.parquet"
    )
    with pytest.raises(InputFault, match="row 3, column total_conversions"):
        attribute_paths(engine, tmp_path / "p.parquet", RULES)


@pytest.mark.skipif(not PATHDATA.exists(), reason="needs the public data sets in ../shared/data")
def test_real_paths_agree_with_plain_counting(engine: Engine) -> None:
    """First, last and linear by a loop over the rows; the other models in benchmarks.attribution, beside peers."""
    result = attribute_paths(engine, PATHDATA, RULES)
    expected: dict[str, dict[str, float]] = {"first": {}, "last": {}, "linear": {}, "shapley": {}}
    with gzip.open(PATHDATA, "rt", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            path, conversions = row["path"].split(" > "), float(row["total_conversions"])
            parts = {"first": path[:1], "last": path[-1:], "linear": path, "shapley": list(dict.fromkeys(path))}
            for model, credited in parts.items():
                for name in credited:
                    expected[model][name] = expected[model].get(name, 0.0) + conversions / len(credited)
    for model, credit in expected.items():
        found = {row.touchpoint: row.credit for row in result.attribution if row.model == model and row.credit}
        assert found == pytest.approx({name: each for name, each in credit.items() if each}, abs=1e-9)
