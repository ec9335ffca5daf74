"""Masking: what a person's data look like wherever they leave the lake."""

from __future__ import annotations


def masked(value: str) -> str:
    """*value* with its middle hidden: enough to recognise it, too little to use it.

    >>> masked("+8613812345678"), masked("wang.fang@163.com"), masked("o6")
    ('+86138****5678', 'w***@163.com', '**')
    """
    if "@" in value:
        local, _, domain = value.partition("@")
        return f"{local[:1]}***@{domain}"
    if len(value) <= 4:
        return "*" * len(value)
    tail = 4 if len(value) > 10 else 1
    head = max(len(value) - tail - 4, 1) if value.startswith("+") else tail
    return f"{value[:head]}****{value[-tail:]}"
