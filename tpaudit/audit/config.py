"""Where each setting comes from: flag, then TPAUDIT_* variable, then tpaudit.toml, then default."""

from __future__ import annotations

import hashlib
import json
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from tpaudit.audit.settings import ONLY_SHOWN, Settings
from tpaudit.errors import ConfigFault, did_you_mean

SETTINGS_FILE = "tpaudit.toml"
_ENV_PREFIX = "TPAUDIT_"

Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting as it applies: section, name, value, and where the value came from."""

    section: str
    name: str
    value: Any
    origin: str
    meaning: str


@dataclass(frozen=True, slots=True)
class Config:
    """The settings of an audit together with their origins."""

    settings: Settings
    origins: Mapping[Key, str]

    def __iter__(self) -> Any:
        return iter(self.listing())

    def listing(self) -> list[Setting]:
        """Every setting in declared order, with its origin."""
        rows = []
        for section, model in _sections().items():
            values = _section_values(self.settings, section)
            for name, field in model.model_fields.items():
                origin = self.origins.get((section, name), "default")
                rows.append(Setting(section, name, getattr(values, name), origin, field.description or ""))
        return rows

    def fingerprint(self, *sections: str) -> str:
        """Hash of the values of *sections*: equal hashes mean that nothing that a result depends on has changed."""
        chosen = {
            name: _section_values(self.settings, name).model_dump(mode="json", exclude=set(ONLY_SHOWN.get(name, ())))
            for name in sections
        }
        return hashlib.sha256(json.dumps(chosen, sort_keys=True).encode()).hexdigest()


def load_config(folder: Path, environment: Mapping[str, str], flags: Mapping[Key, Any] | None = None) -> Config:
    """Read the settings of the audit in *folder*.

    Raises ConfigFault, naming file, line and the nearest known name, for every key or value that is wrong.
    """
    path = folder / SETTINGS_FILE
    text = path.read_text(encoding="utf-8") if path.is_file() else ""
    values, origins, faults = _from_file(text, path.name)
    for key, value, origin in _from_environment(environment):
        values.setdefault(key[0], {})[key[1]] = value
        origins[key] = origin
    for key, value in (flags or {}).items():
        values.setdefault(key[0], {})[key[1]] = value
        origins[key] = "flag"
    if faults:
        raise ConfigFault(faults, "see `tpaudit config show` for every key")
    try:
        settings = Settings.model_validate(values)
    except ValidationError as fault:
        raise ConfigFault([_in_words(error, origins, path.name) for error in fault.errors()]) from None
    return Config(settings, origins)


def _sections() -> dict[str, type[BaseModel]]:
    return {
        field.alias or name: field.annotation
        for name, field in Settings.model_fields.items()
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel)
    }


def _section_values(settings: Settings, section: str) -> BaseModel:
    values: BaseModel = getattr(settings, "validate_" if section == "validate" else section)
    return values


def _from_file(text: str, name: str) -> tuple[dict[str, dict[str, Any]], dict[Key, str], list[str]]:
    """Values, origins and faults of the settings file; unknown keys are dropped and reported."""
    try:
        found = tomllib.loads(text)
    except tomllib.TOMLDecodeError as fault:
        raise ConfigFault([f"{name}: {fault}"], "the file must be valid TOML") from None
    lines = _key_lines(text)
    sections = _sections()
    values: dict[str, dict[str, Any]] = {}
    origins: dict[Key, str] = {}
    faults: list[str] = []
    for section, content in found.items():
        place = f"{name}:{lines.get((section,), 1)}"
        if section not in sections:
            faults.append(f"{place}: unknown section [{section}]{did_you_mean(section, sections)}")
            continue
        if not isinstance(content, dict):
            faults.append(f"{place}: {section!r} is a section: write [{section}] on a line of its own")
            continue
        known = sections[section].model_fields
        for key, value in content.items():
            place = f"{name}:{lines.get((section, key), 1)}"
            if key not in known:
                faults.append(f"{place}: unknown key {key!r} in [{section}]{did_you_mean(key, known)}")
            else:
                values.setdefault(section, {})[key] = value
                origins[section, key] = place
    return values, origins, faults


_SECTION_LINE = re.compile(r"^\s*\[\s*([\w.\-]+)\s*\]")
_KEY_LINE = re.compile(r"^\s*([\w.\-]+)\s*=")


def _key_lines(text: str) -> dict[tuple[str, ...], int]:
    """Line of each section and key; tomllib does not tell."""
    lines: dict[tuple[str, ...], int] = {}
    section: tuple[str, ...] = ()
    for number, line in enumerate(text.splitlines(), start=1):
        if header := _SECTION_LINE.match(line):
            section = tuple(header[1].split("."))
            lines.setdefault(section, number)
        elif key := _KEY_LINE.match(line):
            path = (*section, *key[1].split("."))
            lines.setdefault(path, number)
            lines.setdefault(path[:1], number)
    return lines


def _from_environment(environment: Mapping[str, str]) -> list[tuple[Key, str, str]]:
    """Settings given as TPAUDIT_<SECTION>_<KEY>, and the short TPAUDIT_LANG, TPAUDIT_AS_OF and TPAUDIT_ENGINE."""
    names: dict[str, Key] = {
        f"{_ENV_PREFIX}{section}_{name}".upper(): (section, name)
        for section, model in _sections().items()
        for name in model.model_fields
    }
    names |= {
        f"{_ENV_PREFIX}LANG": ("audit", "lang"),
        f"{_ENV_PREFIX}AS_OF": ("audit", "as_of"),
        f"{_ENV_PREFIX}ENGINE": ("engine", "name"),
    }
    return [(key, environment[name], name) for name, key in names.items() if environment.get(name)]


def _in_words(error: Any, origins: Mapping[Key, str], file: str) -> str:
    location = tuple(str(part) for part in error["loc"])
    key = ".".join(location)
    origin = origins.get((location[0], location[1]), file) if len(location) > 1 else file
    message = str(error["msg"]).removeprefix("Value error, ")
    return f"{origin}: {key} = {error['input']!r}: {message[0].lower()}{message[1:]}"
