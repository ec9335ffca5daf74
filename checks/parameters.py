"""What a check's SQL may ask of the audit: its dates as literals, written `{name}`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

# name -> meaning
PARAMETERS = {
    "as_of": "day the audit looks back from (DATE)",
    "as_of_end": "instant at which that day ends on the audit's clock (TIMESTAMPTZ)",
    "business_start": "instant before which no record can lie (TIMESTAMPTZ)",
}


def literals(as_of: date, business_start: date, timezone: str) -> dict[str, str]:
    """SQL literal of each parameter.

    >>> from datetime import date
    >>> literals(date(2026, 11, 16), date(2000, 1, 1), "Asia/Shanghai")["as_of_end"]
    "TIMESTAMPTZ '2026-11-16 16:00:00+00:00'"
    """
    zone = ZoneInfo(timezone)
    return {
        "as_of": f"DATE '{as_of.isoformat()}'",
        "as_of_end": _instant(as_of + timedelta(days=1), zone),
        "business_start": _instant(business_start, zone),
    }


def filled(sql: str, values: Mapping[str, str]) -> str:
    """Put *values* in place of their `{name}`; other braces, as in regular expressions, stay.

    >>> filled("regexp_like({column}, '^[0-9]{4}$')", {"column": "value"})
    "regexp_like(value, '^[0-9]{4}$')"
    """
    return re.sub(r"\{([a-z_]+)\}", lambda found: values.get(found[1], found[0]), sql)


def _instant(day: date, zone: ZoneInfo) -> str:
    """The start of *day* on a clock in *zone*."""
    moment = datetime.combine(day, time(), tzinfo=zone).astimezone(UTC)
    return f"TIMESTAMPTZ '{moment.isoformat(sep=' ')}'"
