"""Closed vocabularies of options, shown by --help and checked by Typer."""

from __future__ import annotations

from enum import StrEnum


class FailOn(StrEnum):
    """Severity from which a failed check fails the run."""

    critical = "critical"
    warning = "warning"
    info = "info"
    never = "never"


class Outcome(StrEnum):
    """What a touchpoint is judged by."""

    conversion = "conversion"
    retention = "retention"
    satisfaction = "satisfaction"


class Stage(StrEnum):
    """Stages of the customer journey."""

    awareness = "awareness"
    consideration = "consideration"
    purchase = "purchase"
    service = "service"
    loyalty = "loyalty"


class Template(StrEnum):
    """Trades of clients."""

    general = "general"
    retail = "retail"
    saas = "saas"
    b2b = "b2b"
    membership = "membership"
    service = "service"


class ReportFormat(StrEnum):
    """Files a report can be written as."""

    html = "html"
    json = "json"
    md = "md"


class QuarantineFormat(StrEnum):
    """Files rows are quarantined in."""

    parquet = "parquet"
    csv = "csv"


class Kind(StrEnum):
    """What can be listed."""

    checks = "checks"
    kpis = "kpis"
    presets = "presets"
    touchpoints = "touchpoints"


def comma_separated(text: str | None) -> tuple[str, ...]:
    """The items of an option that takes a list.

    >>> comma_separated("stage, channel,")
    ('stage', 'channel')
    """
    return tuple(item.strip() for item in (text or "").split(",") if item.strip())
