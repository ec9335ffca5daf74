"""Labels of one cell: split at the separators platforms use, and the source a structured label tells."""

from __future__ import annotations

from typing import Any

import ibis

_BETWEEN_QUOTES = "\x1f"
# source-Baidu-interest-X: pairs of a key and its value in one label.
_SOURCE = r"(?i)(?:^|-)(?:source|来源|渠道)[-:：]([^-]+)"


def tags(text: Any) -> Any:
    """The labels of *text*: parted by , ; | ┋ 、 or line ends, or as a list `["a","b"]` or `"a","b"`."""
    listed = text.re_replace(r"^\[\s*(.*?)\s*\]$", r"\1")
    is_quoted = listed.re_search(r'^"[^"]*"(?:\s*,\s*"[^"]*")*$')
    quoted = listed.re_replace(r'"\s*,\s*"', _BETWEEN_QUOTES).re_replace('^"|"$', "")
    parted = listed.re_replace(r"\s*[,，;；|┋、\n]\s*", _BETWEEN_QUOTES)
    labels = is_quoted.ifelse(quoted, parted).split(_BETWEEN_QUOTES)
    return labels.map(lambda label: label.strip()).filter(lambda label: label != "")


def source_of(labels: Any) -> Any:
    """What the first structured label says about where a person came from: Baidu for `source-Baidu-interest-X`."""
    told = labels.map(lambda label: label.re_extract(_SOURCE, 1).strip()).filter(lambda source: source != "")
    return (told.length() > 0).ifelse(told[0], ibis.null("string"))
