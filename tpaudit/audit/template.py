"""The settings file `tpaudit init` writes: every key, its meaning and its default, all commented out."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

from pydantic import BaseModel

from tpaudit.audit.settings import Settings


def settings_template() -> str:
    """Text of a settings file that changes nothing and explains everything."""
    blocks = ["# Settings of this audit. Every key is optional; the values shown are the defaults."]
    for name, field in Settings.model_fields.items():
        section = field.annotation
        if not (isinstance(section, type) and issubclass(section, BaseModel)):
            continue
        lines = [f"[{field.alias or name}]"]
        for key, setting in section.model_fields.items():
            lines.append(f"# {setting.description}")
            lines.append(f"# {key} = {_toml(setting.default)}")
        blocks.append("\n".join(lines))
    return "\n\n".join(blocks) + "\n"


def _toml(value: Any) -> str:
    """*value* as TOML writes it; an unset key is shown as an empty example."""
    if value is None:
        return '""  (unset)'
    if isinstance(value, date):
        return value.isoformat()
    return json.dumps(value, ensure_ascii=False)
