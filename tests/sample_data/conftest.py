"""Readers of the generated files that know nothing of the generator: csv, gzip, json, calamine, pyarrow."""

from __future__ import annotations

import csv
import gzip
import io
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from python_calamine import CalamineWorkbook

from tpaudit.sample_data import SMALL, generate

GBK = {
    "ExportOrderList202611160901.csv",
    "会员资料.csv",
    "问卷_按文本.csv",
    "问卷_按序号.csv",
    "百度推广_创意报告.csv",
}
PREAMBLE = {"百度推广_创意报告.csv": 7, "企业微信客户.xlsx": 1}


@dataclass(frozen=True)
class Sample:
    """A generated folder, read the plain way."""

    folder: Path

    def path(self, name: str) -> Path:
        return self.folder / "exports" / name

    def text(self, name: str) -> str:
        return self.path(name).read_bytes().decode("gb18030" if name in GBK else "utf-8-sig")

    def cells(self, name: str) -> list[list[str]]:
        """All physical rows of a CSV or a workbook, header and preamble included, as text."""
        if name.endswith(".xlsx"):
            rows = CalamineWorkbook.from_path(self.path(name)).get_sheet_by_index(0).to_python()
            return [[str(cell) for cell in row] for row in rows]
        return list(csv.reader(io.StringIO(self.text(name), newline="")))

    def header(self, name: str) -> list[str]:
        return self.cells(name)[PREAMBLE.get(name, 0)]

    def column(self, name: str, title: str) -> list[str]:
        """The cells of one column below the header."""
        place = self.header(name).index(title)
        return [row[place] for row in self.cells(name)[PREAMBLE.get(name, 0) + 1 :]]

    def events(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.event_lines()]

    def event_lines(self) -> list[str]:
        with gzip.open(self.path("sensors_events.jsonl.gz"), "rt", encoding="utf-8") as lines:
            return lines.read().splitlines()

    def table(self, name: str) -> Any:
        """A Parquet file of exports or truth."""
        folder = "truth" if name in ("links.parquet", "persons.parquet") else "exports"
        return pq.read_table(self.folder / folder / name)

    def truth_rows(self, name: str) -> list[dict[str, str]]:
        with (self.folder / "truth" / name).open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))

    def facts(self) -> dict[str, Any]:
        document: dict[str, Any] = json.loads((self.folder / "truth" / "facts.json").read_text(encoding="utf-8"))
        return document


@pytest.fixture(scope="session")
def small() -> Sample:
    return Sample(SMALL)


@pytest.fixture(scope="session")
def clean(tmp_path_factory: pytest.TempPathFactory) -> Sample:
    out = tmp_path_factory.mktemp("clean")
    generate(out, clean=True)
    return Sample(out)


@pytest.fixture(scope="session")
def null(tmp_path_factory: pytest.TempPathFactory) -> Sample:
    out = tmp_path_factory.mktemp("null")
    generate(out, null=True)
    return Sample(out)
