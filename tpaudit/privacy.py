"""Masking: what a person's data look like wherever they leave the lake."""

from __future__ import annotations

from tpaudit.model.fields import Privacy

HIDDEN = "****"


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


def masked_as(value: str, privacy: Privacy) -> str:
    """*value* as a column of class *privacy* may leave the lake: texts and addresses not at all, birthdays as a year.

    >>> masked_as("wang.fang@163.com", Privacy.EMAIL), masked_as("1990-04-30", Privacy.BIRTHDATE)
    ('w***@163.com', '1990-**-**')
    >>> masked_as("人民路 8 号", Privacy.ADDRESS)
    '****'
    """
    if privacy in (Privacy.TEXT, Privacy.ADDRESS):
        return HIDDEN
    if privacy is Privacy.BIRTHDATE:
        return f"{value[:4]}-**-**"
    return masked(value)


def masked_name(value: str) -> str:
    """*value* with all but the first letter of every word hidden.

    >>> masked_name("张小伟"), masked_name("Wei Zhang")
    ('张**', 'W** Z***')
    """
    return " ".join(word[:1] + "*" * min(max(len(word) - 1, 1), 3) for word in value.split())


def masked_date(value: str) -> str:
    """An ISO date with month and day hidden.

    >>> masked_date("1988-04-12")
    '1988-**-**'
    """
    return f"{value[:4]}-**-**"


def masked_address(value: str) -> str:
    """An address cut after its first six characters: the city, hardly more.

    >>> masked_address("江苏省无锡市梁溪区中山路1号")
    '江苏省无锡市****'
    """
    return f"{value[:6]}****"
