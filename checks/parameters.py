"""What a check's SQL may ask of the audit, written `{name}`: its dates as literals, and what the data files list."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from tpaudit.audit import Audit

_DATA = Path(__file__).parent / "data"

# name -> meaning
PARAMETERS = {
    "as_of": "day the audit looks back from (DATE)",
    "as_of_end": "instant at which that day ends on the audit's clock (TIMESTAMPTZ)",
    "business_start": "instant before which no record can lie (TIMESTAMPTZ)",
    "retention_days": "days after the last use of a record for which it may be kept (INTEGER; NULL if not declared)",
    "virtual_segments": "mobile segments of virtual operators, as alternatives of a regular expression",
    "data_segments": "mobile segments of data-only cards, as alternatives of a regular expression",
    "disposable_domains": "domains of throw-away mailboxes, as a list of SQL texts",
    "misspelt_domains": "typing errors of common email domains, as a list of SQL texts",
    "openid_shape": "regular expression of a WeChat openid",
    "unionid_shape": "regular expression of a WeChat unionid",
    "external_userid_shape": "regular expression of a WeCom external_userid",
}


def literals(as_of: date, business_start: date, timezone: str, retention_days: int | None = None) -> dict[str, str]:
    """SQL text of each parameter.

    >>> from datetime import date
    >>> literals(date(2026, 11, 16), date(2000, 1, 1), "Asia/Shanghai")["as_of_end"]
    "TIMESTAMPTZ '2026-11-16 16:00:00+00:00'"
    """
    zone = ZoneInfo(timezone)
    segments, domains, shapes = dated("number_segments"), dated("email_domains"), dated("wechat_ids")
    return {
        "as_of": f"DATE '{as_of.isoformat()}'",
        "as_of_end": _instant(as_of + timedelta(days=1), zone),
        "business_start": _instant(business_start, zone),
        "retention_days": "CAST(NULL AS INTEGER)" if retention_days is None else str(retention_days),
        "virtual_segments": "|".join(segments["virtual_operator"]),
        "data_segments": "|".join(segments["data_only"]),
        "disposable_domains": text_list(domains["disposable"]),
        "misspelt_domains": text_list(domains["misspelt"]),
        **{f"{name}_shape": shapes[name] for name in ("openid", "unionid", "external_userid")},
    }


def audit_parameters(audit: Audit) -> dict[str, str]:
    """The parameters of checks as *audit* sets them."""
    settings = audit.config.settings
    return literals(
        audit.as_of, settings.audit.business_start, settings.audit.timezone, settings.validate_.retention_days
    )


@cache
def dated(name: str) -> Mapping[str, Any]:
    """The lists of data file *name*; `as_of` is the day they were last looked through.

    >>> "mailinator.com" in dated("email_domains")["disposable"]
    True
    """
    return tomllib.loads((_DATA / f"{name}.toml").read_text(encoding="utf-8"))


def text_list(texts: Iterable[str]) -> str:
    """*texts* as a list of SQL literals.

    >>> text_list(["it's", "b"])
    "'it''s', 'b'"
    """
    return ", ".join("'" + text.replace("'", "''") + "'" for text in texts)


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
