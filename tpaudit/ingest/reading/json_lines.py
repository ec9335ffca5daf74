"""JSON: documents are staged as text, one per row; fields are taken out later, inside the engine.

One document per line is split by Arrow and not looked at. An array, or documents written over several lines, are taken
apart element by element as they stream by.
"""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tpaudit.ingest.reading.decode import Progress, TextSource, Undecodable
from tpaudit.ingest.reading.staged import SourceColumn, Staged, StageWriter, source_columns
from tpaudit.ingest.refusal import Refusal

LINE = SourceColumn("line", "line", "line")
_SAMPLED_LINES = 500
_LOOKED_AT_PER_BLOCK = 20
_LOOKED_AT_PER_LIST = 3
_BATCH = 20_000
_BETWEEN = re.compile(r"[\s,]*")


def json_fields(source: TextSource) -> list[str]:
    """Dotted names of the scalar fields in the first lines of *source*; raises Refusal if none is a JSON object."""
    lines = source.head.split("\n", _SAMPLED_LINES)[:_SAMPLED_LINES]
    return _fields([_parsed(line) for line in lines])


def json_element_fields(source: TextSource) -> list[str]:
    """Dotted names of the scalar fields of a JSON array's first elements."""
    return _fields([element for element, _ in itertools.islice(elements_of(source), _SAMPLED_LINES)])


def stage_json_lines(source: TextSource, names: list[str], file: Path, progress: Progress | None = None) -> Staged:
    """Stage every line of *source*; blank lines are no data but keep their number.

    Fields that turn up later than at the start are found by looking at a few lines of every block.
    """
    found = dict.fromkeys(names)
    try:
        with StageWriter(file, (LINE,), verbatim=True) as writer:
            number = 1
            for lines in _line_blocks(source.blocks(progress=progress)):
                writer.write(np.arange(number, number + len(lines)), [lines])
                number += len(lines)
                found |= dict.fromkeys(_fields_within(lines))
    except Undecodable:
        return stage_json_lines(source.settled(), names, file, progress)
    return Staged(file, source_columns(list(found)), writer.rows, lines_are_json=True)


def stage_json_elements(source: TextSource, names: list[str], file: Path, progress: Progress | None = None) -> Staged:
    """Stage the elements of one JSON array, or documents that follow each other; the place is the row number."""
    try:
        with StageWriter(file, (LINE,), verbatim=True) as writer:
            elements = (text for _, text in elements_of(source, progress))
            number = 1
            while batch := list(itertools.islice(elements, _BATCH)):
                writer.write(np.arange(number, number + len(batch)), [pa.array(batch, pa.string())])
                number += len(batch)
    except Undecodable:
        return stage_json_elements(source.settled(), names, file, progress)
    return Staged(file, source_columns(names), writer.rows, lines_are_json=True)


def documents_in(source: TextSource, by_line: bool) -> Iterator[Any]:
    """The documents of *source* one after the other; None for a line that is none."""
    if not by_line:
        yield from (element for element, _ in elements_of(source))
        return
    for lines in _line_blocks(source.blocks()):
        yield from (_parsed(line) for line in lines.to_pylist() if line.strip())


def values_of(document: Any, names: Sequence[str]) -> list[str]:
    """The fields *names* of *document* as text; '' where it has none."""
    return [_as_text(_at(document, name)) for name in names]


def elements_of(source: TextSource, progress: Progress | None = None) -> Iterator[tuple[Any, str]]:
    """Elements of a JSON array, or documents that follow each other, parsed and as text, as the file is read.

    Raises Refusal where the document breaks off or is no JSON.
    """
    decoder = json.JSONDecoder()
    pieces = source.blocks(progress=progress)
    text = next(pieces, "").lstrip()
    is_array = text.startswith("[")
    place = 1 if is_array else 0
    number = 0
    while True:
        found = _BETWEEN.match(text, place)
        place = found.end() if found else place
        if is_array and text.startswith("]", place):
            break
        try:
            element, end = decoder.raw_decode(text, place)
            # A number or word at the very end may go on in the next piece.
            if end == len(text) and not isinstance(element, (dict, list)):
                raise json.JSONDecodeError("cut", text, place)
        except (ValueError, RecursionError) as fault:
            # Small pieces are joined to at least double the text, so that a long element is not parsed over and over.
            more = _at_least(pieces, len(text) - place)
            if not more:
                if not is_array and place >= len(text) and number:
                    return
                raise Refusal(
                    f"is not valid JSON: {_in_short(fault)} in element {number + 1}",
                    "export it again, or as one object per line",
                ) from fault
            text, place = text[place:] + more, 0
            continue
        number += 1
        yield element, text[place:end]
        place = end
    if not number:
        raise Refusal("is empty", "it is a JSON array without elements")


def _at_least(pieces: Iterable[str], size: int) -> str:
    joined: list[str] = []
    length = 0
    for piece in pieces:
        joined.append(piece)
        length += len(piece)
        if length >= size:
            break
    return "".join(joined)


def _in_short(fault: Exception) -> str:
    return fault.msg.lower() if isinstance(fault, json.JSONDecodeError) else "unreadable"


def _fields_within(lines: pa.Array) -> Iterator[str]:
    step = max(1, len(lines) // _LOOKED_AT_PER_BLOCK)
    for line in lines[::step].to_pylist():
        yield from _leaves(_parsed(line), "")


def _fields(documents: list[Any]) -> list[str]:
    objects = [document for document in documents if isinstance(document, dict)]
    if not objects:
        raise Refusal("begins like JSON but holds no JSON object at its start", "export one object per line")
    return list(dict.fromkeys(name for document in objects for name in _leaves(document, "")))


def _parsed(line: str) -> Any:
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return None


def _leaves(document: Any, prefix: str) -> Iterator[str]:
    if not isinstance(document, dict):
        return
    for key, value in document.items():
        if isinstance(value, dict):
            yield from _leaves(value, f"{prefix}{key}.")
            continue
        yield f"{prefix}{key}"
        for element in value[:_LOOKED_AT_PER_LIST] if isinstance(value, list) else ():
            # Lists of key and value hold any number of names; those a preset wants it names itself.
            if not (isinstance(element, dict) and {"key", "value"} <= element.keys()):
                yield from _leaves(element, f"{prefix}{key}.")


def _at(document: Any, name: str) -> Any:
    value = document
    for step in name.split("."):
        if not isinstance(value, dict):
            return None
        value = value.get(step)
    return value


def _as_text(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _line_blocks(pieces: Iterable[str]) -> Iterator[pa.Array]:
    """Arrays of whole lines, split by Arrow and not one by one."""
    pending: list[str] = []
    for piece in pieces:
        whole, end, rest = piece.rpartition("\n")
        if end:
            yield _split("".join([*pending, whole]))
            pending = []
        pending.append(rest)
    if last := "".join(pending):
        yield _split(last)


def _split(block: str) -> pa.Array:
    lines = pc.split_pattern(pa.array([block], pa.large_string()), "\n").values
    return pc.utf8_rtrim(lines, characters="\r").cast(pa.string())
