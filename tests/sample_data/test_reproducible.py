from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.sample_data.conftest import Sample
from tpaudit.sample_data import SMALL, generate


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_the_committed_small_set_is_what_the_generator_writes(tmp_path: Path) -> None:
    generate(tmp_path)
    assert contents(tmp_path) == contents(SMALL)


def test_the_small_set_stays_below_two_megabytes() -> None:
    assert sum(len(data) for data in contents(SMALL).values()) <= 2_000_000


def test_a_sample_holds_exports_and_truth_and_no_configuration(tmp_path: Path) -> None:
    summary = generate(tmp_path, customers=30, weeks=8)
    assert {path.name for path in tmp_path.iterdir()} == {"exports", "truth"}
    assert summary.customers == 30
    assert summary.rows_per_file["consents.csv"] > 0


def test_another_seed_gives_other_people(tmp_path: Path) -> None:
    generate(tmp_path / "a", customers=60, seed=1)
    generate(tmp_path / "b", customers=60, seed=2)
    assert (tmp_path / "a/truth/persons.parquet").read_bytes() != (tmp_path / "b/truth/persons.parquet").read_bytes()


def test_several_chunks_follow_one_another_without_repeating_ids(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tpaudit.sample_data.generator.CHUNK_SIZE", 100)
    generate(tmp_path, customers=250, clean=True)
    sample = Sample(tmp_path)
    persons = sample.table("persons.parquet")
    assert persons["person_id"].to_pylist() == list(range(1, 251))
    for name, title in (("有赞订单.csv", "订单号"), ("messages.csv", "touch_id"), ("会员资料.csv", "会员卡号")):
        values = sample.column(name, title)
        assert len(set(values)) == len(values)


def test_a_sample_too_short_for_repeat_purchases_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="8 weeks"):
        generate(tmp_path, weeks=4)


def test_the_command_writes_a_sample_and_prints_its_folder(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tpaudit.sample_data", str(tmp_path), "--customers", "20", "--weeks", "8"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == f"{tmp_path}\n"
    assert "20 customers" in done.stderr


def test_importing_the_package_loads_neither_arrow_nor_numpy() -> None:
    code = "import sys, tpaudit.sample_data as s; s.SMALL; print({'numpy', 'pyarrow'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
