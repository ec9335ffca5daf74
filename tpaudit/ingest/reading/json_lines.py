"""JSON: one document per line is staged as text, line by line; fields are taken out later, inside the engine."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tpaudit.ingest.reading.decode import TextSource
from tpaudit.ingest.reading.staged import SourceColumn, Staged, StageWriter, source_columns
from tpaudit.ingest.refusal import Refusal

LINE = SourceColumn("line", "line", "line")
_SAMPLED_LINES = 500
_LOOKED_AT_PER_BLOCK = 20
_BLOCK = 1 << 22


def json_fields(source: TextSource) -> list[str]:
    """Dotted names of the scalar fields in the first lines of *source*; raises Refusal if none is a JSON object."""
    with source.open() as text:
        head = list(itertools.islice(text, _SAMPLED_LINES))
    return _fields([_parsed(line) for line in head])


def json_array_fields(source: TextSource) -> list[str]:
    """Dotted names of the scalar fields of a JSON array's first elements."""
    return _fields(_elements(source)[:_SAMPLED_LINES])


def stage_json_lines(source: TextSource, names: list[str], file: Path) -> Staged:
    """Stage every line of *source*; blank lines are no data but keep their number.

    Fields that turn up later than at the start are found by looking at a few lines of every block.
    """
    found = dict.fromkeys(names)
    with source.open() as text, StageWriter(file, (LINE,), verbatim=True) as writer:
        number = 1
        for lines in _line_blocks(text):
            writer.write(np.arange(number, number + len(lines)), [lines])
            number += len(lines)
            found |= dict.fromkeys(_fields_within(lines))
    return Staged(file, source_columns(list(found)), writer.rows, lines_are_json=True)


def _fields_within(lines: pa.Array) -> Iterator[str]:
    step = max(1, len(lines) // _LOOKED_AT_PER_BLOCK)
    for line in lines[::step].to_pylist():
        yield from _leaves(_parsed(line), "")


def stage_json_array(source: TextSource, names: list[str], file: Path) -> Staged:
    """Stage the elements of one JSON array; the element's place is its row number.

    The document is parsed as a whole, in memory: platforms write such files for small exports only.
    """
    elements = _elements(source)
    lines = pa.array([json.dumps(element, ensure_ascii=False) for element in elements], pa.string())
    with StageWriter(file, (LINE,), verbatim=True) as writer:
        writer.write(np.arange(1, len(lines) + 1), [lines])
    return Staged(file, source_columns(names), writer.rows, lines_are_json=True)


def _elements(source: TextSource) -> list[Any]:
    with source.open() as text:
        try:
            elements = json.load(text)
        except ValueError as fault:
            raise Refusal(f"is not valid JSON: {fault}", "export it again, or as one object per line") from fault
    if not isinstance(elements, list) or not elements:
        raise Refusal("is empty", "it is a JSON array without elements")
    return elements


def _fields(documents: list[Any]) -> list[str]:
    objects = [document for document in documents if isinstance(document, dict)]
    if not objects:
        raise Refusal("begins like JSON but holds no JSON object at its start", "export one object per line")
    return list(dict.fromkeys(name for document in objects for name in _leaves(document, "")))


def _parsed(line: str) -> Any:
    try:
        return json.loads(line)
    except ValueError:
        return None


def _leaves(document: Any, prefix: str) -> Iterator[str]:
    if not isinstance(document, dict):
        return
    for key, value in document.items():
        if isinstance(value, dict):
            yield from _leaves(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}"


def _line_blocks(text: Any) -> Iterator[pa.Array]:
    """Arrays of whole lines, split by Arrow and not one by one."""
    rest = ""
    while block := text.read(_BLOCK):
        block = rest + block
        whole, end, rest = block.rpartition("\n")
        if end:
            yield _split(whole)
    if rest:
        yield _split(rest)


def _split(block: str) -> pa.Array:
    lines = pc.split_pattern(pa.array([block], pa.large_string()), "\n").values
    return pc.utf8_rtrim(lines, characters="\r").cast(pa.string())
