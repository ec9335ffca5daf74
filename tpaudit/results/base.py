"""What all results share: frozen, closed, and the same after a round trip through JSON."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

SCHEMA_VERSION = 1

Severity = Literal["critical", "warning", "info"]
Status = Literal["passed", "failed", "skipped", "error"]


class Result(BaseModel):
    """Base of all results: frozen, closed."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


class Titles(Result):
    """A text in both languages."""

    en: str
    zh: str
