"""JSON: documents are staged as text, one per row; fields are taken out later, inside the engine.

One document per line is split by Arrow and not looked at. An array, or documents written over several lines, are taken
apart element by element as they stream by; so are the lists within one document, as interfaces answer with.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tpaudit.ingest.reading import arrays
from tpaudit.ingest.reading.decode import Progress, TextSource, Undecodable
from tpaudit.ingest.reading.json_stream import JsonStream, Value, elements, members
from tpaudit.ingest.reading.staged import SourceColumn, Staged, StageWriter, source_columns
from tpaudit.ingest.refusal import Refusal

LINE = SourceColumn("line", "line", "line")
_SAMPLED_LINES = 500
_LOOKED_AT_PER_BLOCK = 20
_LOOKED_AT_PER_LIST = 3
_BATCH = 20_000


def json_fields(source: TextSource) -> list[str]:
    """Dotted names of the scalar fields in the first lines of *source*; raises Refusal if none is a JSON object."""
    lines = source.head.split("\n", _SAMPLED_LINES)[:_SAMPLED_LINES]
    if len(lines) == 1:
        # The first document may be longer than what is sampled.
        return json_element_fields(source, most=1)
    return _fields([_parsed(line) for line in lines])


def json_element_fields(source: TextSource, within: str = "", most: int = _SAMPLED_LINES) -> list[str]:
    """Dotted names of the scalar fields of the first elements of a JSON array, or of the list called *within*."""
    try:
        return _fields([element for element, _ in itertools.islice(elements_of(source, None, within), most)])
    except Undecodable:
        return json_element_fields(source.settled(), within, most)


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


def stage_json_elements(
    source: TextSource, names: list[str], file: Path, progress: Progress | None = None, within: str = ""
) -> Staged:
    """Stage the elements that `elements_of` gives; the place of each is its row number."""
    try:
        with StageWriter(file, (LINE,), verbatim=True) as writer:
            texts = (text for _, text in elements_of(source, progress, within))
            number = 1
            while batch := list(itertools.islice(texts, _BATCH)):
                writer.write(np.arange(number, number + len(batch)), [arrays.texts(batch)])
                number += len(batch)
    except Undecodable:
        return stage_json_elements(source.settled(), names, file, progress, within)
    return Staged(file, source_columns(names), writer.rows, lines_are_json=True)


def documents_in(source: TextSource, by_line: bool, within: str = "") -> Iterator[Any]:
    """The documents of *source* one after the other; None for a line that is none."""
    if not by_line:
        yield from (element for element, _ in elements_of(source, None, within))
        return
    for lines in _line_blocks(source.blocks()):
        yield from (_parsed(line) for line in lines.to_pylist() if line.strip())


def values_of(document: Any, names: Sequence[str]) -> list[str]:
    """The fields *names* of *document* as text; '' where it has none."""
    return [_as_text(_at(document, name)) for name in names]


def elements_of(source: TextSource, progress: Progress | None = None, within: str = "") -> Iterator[Value]:
    """Elements of a JSON array, or documents that follow each other, parsed and as text, as the file is read; with
    *within* the elements of the lists that go by this dotted name in one document.

    Raises Refusal where the document breaks off or is no JSON.
    """
    stream = JsonStream(source.blocks(progress=progress))
    found = _elements_within(stream, within) if within else elements(stream)
    number = 0
    try:
        for value in found:
            number += 1
            yield value
    except (ValueError, RecursionError) as fault:
        raise Refusal(
            f"is not valid JSON: {_in_short(fault)} in element {number + 1}",
            "export it again, or as one object per line",
        ) from fault
    if not number:
        raise Refusal("is empty", "it is a JSON array without elements")


def _elements_within(stream: JsonStream, name: str) -> Iterator[Value]:
    return (value for own, is_element, value in members(stream) if is_element and own == name)


@dataclass(frozen=True, slots=True)
class Envelope:
    """One document around lists of objects: the dotted `lists`, and what else it holds `beside` them."""

    lists: tuple[str, ...]
    beside: tuple[str, ...]


def envelope_of(source: TextSource) -> Envelope | None:
    """The envelope that *source* is: one document, and nothing but that, with a list of objects that is in no other.

    None for anything else, be it several documents, an array, or text that breaks off.
    """
    stream = JsonStream(source.blocks())
    has_objects: dict[str, bool] = {}
    try:
        if stream.sign() != "{":
            return None
        for name, is_element, (value, _) in members(stream):
            has_objects[name] = has_objects.get(name, False) or (is_element and isinstance(value, dict))
        if stream.sign():
            return None
    except Undecodable:
        return envelope_of(source.settled())
    except (ValueError, RecursionError):
        return None
    lists = tuple(name for name, is_list in has_objects.items() if is_list)
    return Envelope(lists, tuple(name for name in has_objects if name not in lists)) if lists else None


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
    lines = pc.split_pattern(arrays.text_of(block.encode("utf-8")), "\n").values
    return pc.utf8_rtrim(lines, characters="\r").cast(pa.string())
