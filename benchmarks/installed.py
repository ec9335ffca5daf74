"""Processes as an installation leaves them: with all modules compiled, whatever the environment says."""

from __future__ import annotations

import compileall
import os
from functools import cache
from pathlib import Path

_ROOT = Path(__file__).parent.parent
_PARTS = ("tpaudit", "commands", "checks", "sample_data")


@cache
def installed() -> dict[str, str]:
    """The environment for what is measured, once the project's modules are compiled."""
    for part in _PARTS:
        compileall.compile_dir(_ROOT / part, quiet=1)
    return {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
