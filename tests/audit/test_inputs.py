"""Finding and hashing the client's files."""

from __future__ import annotations

import hashlib
from pathlib import Path

from tpaudit.audit.inputs import InputHashes, discover


def test_files_are_found_below_folders_in_a_stable_order(tmp_path: Path) -> None:
    for name in ("b.csv", "a/z.csv", "a/~$open.xlsx", ".hidden/x.csv", ".DS_Store", "Thumbs.db"):
        file = tmp_path / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(name)
    assert [name for _, name in discover([tmp_path], tmp_path / "exports")] == ["a/z.csv", "b.csv"]
    assert [name for _, name in discover([tmp_path / "b.csv"], tmp_path)] == ["b.csv"]


def test_files_of_one_name_are_told_apart_by_their_folder(tmp_path: Path) -> None:
    for folder in ("may", "june"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "orders.csv").write_text(folder)
    found = discover([tmp_path / "may", tmp_path / "june", tmp_path / "may" / "orders.csv"], tmp_path / "exports")
    assert [name for _, name in found] == ["june/orders.csv", "may/orders.csv"]
    assert [name for _, name in discover([tmp_path / "may" / "orders.csv"], tmp_path)] == ["may/orders.csv"]


def test_unchanged_files_are_not_read_again(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_text("one")
    memory = tmp_path / "memory.json"
    first = InputHashes(memory).of([(file, "a.csv")])[0]
    assert first.sha256 == hashlib.sha256(b"one").hexdigest()
    memory.write_text(memory.read_text().replace(str(first.sha256), "f" * 64))
    assert InputHashes(memory).of([(file, "a.csv")])[0].sha256 == "f" * 64
    file.write_text("three")
    assert InputHashes(memory).of([(file, "a.csv")])[0].sha256 == hashlib.sha256(b"three").hexdigest()


def test_a_file_that_cannot_be_read_comes_back_with_its_fault(tmp_path: Path) -> None:
    found = InputHashes(tmp_path / "memory.json").of([(tmp_path / "gone.csv", "gone.csv")])[0]
    assert found.sha256 is None
    assert found.fault == "No such file or directory"
