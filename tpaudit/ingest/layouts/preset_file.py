"""Reading and checking preset files; every fault names the file and the key."""

from __future__ import annotations

import itertools
import re
import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from tpaudit.errors import ConfigFault, UsageFault, did_you_mean
from tpaudit.ingest.date_formats import is_known_format
from tpaudit.ingest.layouts.parts import Emit
from tpaudit.ingest.layouts.preset import DROP, EXTRA, Preset, Target
from tpaudit.model import CONTACT_POINT_TYPES, LAKE_TABLES

_HINT = "see docs/examples for mapping files that work"


@cache
def shipped_presets() -> tuple[Preset, ...]:
    """Every preset that comes with the package, by id."""
    folder = resources.files("tpaudit.ingest") / "presets"
    files = sorted((entry for entry in folder.iterdir() if entry.name.endswith(".toml")), key=lambda entry: entry.name)
    return tuple(
        preset for file in files for preset in parse_presets(file.read_text(encoding="utf-8"), file.name, "shipped")
    )


def read_presets(path: Path) -> tuple[Preset, ...]:
    """The presets of one of the user's files; raises UsageFault if it cannot be read, ConfigFault if it is wrong."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as fault:
        raise UsageFault(f"cannot read the mapping file {path.name}: {fault}", "check its name and encoding") from fault
    return parse_presets(text, path.name, path.name)


def parse_presets(text: str, file: str, origin: str) -> tuple[Preset, ...]:
    """The presets in *text*: one at the top level, or one per `[[export]]` block; raises ConfigFault."""
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as fault:
        raise ConfigFault([f"{file}: {fault}"], "the file must be valid TOML") from None
    content.setdefault("note", _head_comment(text))
    blocks = content.pop("export", None)
    if blocks is None:
        return (_preset(content, file, origin),)
    if not isinstance(blocks, list):
        raise ConfigFault([f"{file}: export: write [[export]] with double brackets"], _HINT)
    return tuple(_preset({**content, **block}, file, origin) for block in blocks)


def _preset(content: Mapping[str, Any], file: str, origin: str) -> Preset:
    filled = dict(content)
    filled.setdefault("id", Path(file).stem)
    filled.setdefault("platform", filled["id"])
    title = filled.get("title", filled["id"])
    filled["title"] = title if isinstance(title, Mapping) else {"en": str(title), "zh": str(title)}
    try:
        preset = Preset.model_validate({**filled, "origin": origin})
    except ValidationError as fault:
        raise ConfigFault([_in_words(error, file) for error in fault.errors()], _HINT) from None
    if faults := [f"{file}: {fault}" for fault in _contradictions(preset)]:
        raise ConfigFault(faults, _HINT)
    return preset


def _head_comment(text: str) -> str:
    """The comment lines a file begins with, as one paragraph."""
    lines = itertools.takewhile(lambda line: line.startswith("#"), text.splitlines())
    return " ".join(line.lstrip("# ").strip() for line in lines)


def _in_words(error: Any, file: str) -> str:
    key = ".".join(str(part) for part in error["loc"])
    if error["type"] == "extra_forbidden":
        return f"{file}: {key}: unknown key{did_you_mean(str(error['loc'][-1]), Preset.model_fields)}"
    message = str(error["msg"]).removeprefix("Value error, ")
    return f"{file}: {key}: {message[0].lower()}{message[1:]}"


def _contradictions(preset: Preset) -> Iterator[str]:
    """What the types cannot say: names of tables, columns and point types, patterns, and parts of the person."""
    yield from _table_faults("table", preset.table)
    yield from _column_faults("columns", preset.columns)
    for section in ("constants", "values", "keys"):
        for name in getattr(preset, section):
            yield from (f"{section}.{name!r}: {fault}" for fault in _name_faults(name))
    for section in ("preamble", "filename"):
        for source, name in getattr(preset, section).items():
            target = source if section == "filename" else name
            yield from (f"{section}.{source!r}: {fault}" for fault in _name_faults(target))
    for table, names in preset.records.items():
        for name in names:
            yield from (f"records.{table}: {fault}" for fault in _name_faults(f"{table}.{name}"))
    for table in preset.rows:
        yield from _table_faults(f"rows.{table}", table)
    for place, emit in enumerate(preset.emit, start=1):
        yield from _emit_faults(f"emit {place}", emit)
    for pattern in (*preset.filename.values(), *((preset.survey.questions,) if preset.survey else ())):
        yield from _pattern_faults(pattern)
    for part in (preset.header.wording, preset.header.choice):
        if part and part > preset.header.rows:
            yield f"header: row {part} is not among the {preset.header.rows} rows of the header"
    yield from _person_faults(preset)


def _emit_faults(label: str, emit: Emit) -> Iterator[str]:
    if emit.table not in LAKE_TABLES:
        yield from _table_faults(f"{label}: table", emit.table)
        return
    if emit.table in ("contacts", "contact_points"):
        yield f"{label}: table = {emit.table!r}: persons come with the row; name its columns under [columns]"
    addressed = {
        source: tuple(target.model_copy(update={"to": f"{emit.table}.{target.to}"}) for target in targets)
        for source, targets in emit.columns.items()
    }
    yield from _column_faults(label, addressed)
    for name in (*emit.constants, *emit.values):
        yield from (f"{label}: {fault}" for fault in _name_faults(f"{emit.table}.{name}"))


def _person_faults(preset: Preset) -> Iterator[str]:
    for entry in preset.person.id:
        for part in entry.split("+"):
            if part not in CONTACT_POINT_TYPES and part not in LAKE_TABLES["contacts"]:
                known = (*CONTACT_POINT_TYPES, *LAKE_TABLES["contacts"].column_names)
                meant = did_you_mean(part, known)
                yield f"person.id: {part!r} is no contact point type and no column of contacts{meant}"


def _table_faults(label: str, table: str) -> Iterator[str]:
    if table not in LAKE_TABLES:
        yield f"{label} = {table!r}: no such table{did_you_mean(table, LAKE_TABLES)}"


def _column_faults(label: str, columns: Mapping[str, tuple[Target, ...]]) -> Iterator[str]:
    for source, targets in columns.items():
        for target in targets:
            yield from (f"{label}.{source!r}: {fault}" for fault in _target_faults(target))


def _target_faults(target: Target) -> Iterator[str]:
    if target.to in (DROP, EXTRA):
        return
    yield from _name_faults(target.to)
    for form in target.formats:
        if not is_known_format(form):
            yield f"{form!r} is no date format: use unix_s, unix_ms, unix_us or directives such as %Y-%m-%d"
    if target.pattern:
        yield from _pattern_faults(target.pattern)


def _name_faults(name: str) -> Iterator[str]:
    table, dot, column = name.partition(".")
    if not dot:
        yield f"{name!r} must be table.column, contact_points.<type>, {DROP!r} or {EXTRA!r}"
    elif table == "contact_points" and column in CONTACT_POINT_TYPES:
        return
    elif table not in LAKE_TABLES:
        yield f"{name!r}: no such table{did_you_mean(table, LAKE_TABLES)}"
    elif column not in LAKE_TABLES[table]:
        known = CONTACT_POINT_TYPES if table == "contact_points" else LAKE_TABLES[table].column_names
        yield f"{name!r}: table {table} has no column {column!r}{did_you_mean(column, known)}"


def _pattern_faults(pattern: str) -> Iterator[str]:
    try:
        re.compile(pattern)
    except re.error as fault:
        yield f"{pattern!r} is no regular expression: {fault}"
