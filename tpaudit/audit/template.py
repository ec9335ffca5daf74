"""The settings file `tpaudit init` writes: every key and its meaning, defaults commented out, presets set."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from typing import Any

from pydantic import BaseModel

from tpaudit.audit.settings import Settings


def settings_template(presets: Mapping[str, Mapping[str, Any]] | None = None) -> str:
    """Text of a settings file that explains everything and sets *presets* (section to key to value) alone.

    >>> text = settings_template({"journey": {"window_days": 90}})
    >>> [line for line in text.splitlines() if "window_days" in line]
    ['window_days = 90  # 30 unless set']
    """
    blocks = ["# Settings of this audit. Every key is optional; values behind # are the defaults."]
    for name, field in Settings.model_fields.items():
        section = field.annotation
        if not (isinstance(section, type) and issubclass(section, BaseModel)):
            continue
        title = field.alias or name
        preset = (presets or {}).get(title, {})
        lines = [f"[{title}]"]
        for key, setting in section.model_fields.items():
            lines.append(f"# {setting.description}")
            default = _toml(setting.default)
            lines.append(
                f"{key} = {_toml(preset[key])}  # {default} unless set" if key in preset else f"# {key} = {default}"
            )
        blocks.append("\n".join(lines))
    return "\n\n".join(blocks) + "\n"


def _toml(value: Any) -> str:
    """*value* as TOML writes it; an unset key is shown as an empty example."""
    if value is None:
        return '""  (unset)'
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{key} = {_toml(item)}" for key, item in value.items()) + " }" if value else "{}"
    return json.dumps(value, ensure_ascii=False)
