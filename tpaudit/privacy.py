"""Masking: what a person's data look like wherever they leave the lake."""

from __future__ import annotations

import re

from tpaudit.model.fields import Privacy

HIDDEN = "****"

# What stands where an employee is named and is nobody's name: teams, shops, lines and robots, and numbers of staff.
# Somebody's name may stand before a dash, a slash or a bracket.
_TEAM = re.compile(
    r"([^-/(（]{2,}|[0-9一二三四五六七八九十])(组|部|店)[0-9A-Za-z]*"
    r"|[^-/(（]*(部门|中心|团队|小队|战队|客服|热线|平台|机器人|系统)[0-9一二三四五六七八九十]*"
    r"|([^-/(（]*\s)?(team|group|dept|department|desk|queue|support|sales|services?|bot|system|store|office)\W*[0-9]*",
    re.IGNORECASE,
)
_STAFF_NUMBER = re.compile(r"[A-Za-z]{0,3}[-_#]?[0-9]{1,6}|(?=.*[0-9])[0-9A-Za-z-]{15,}")


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
    if privacy is Privacy.EMPLOYEE:
        return masked_employee(value)
    return masked(value)


def masked_name(value: str) -> str:
    """*value* with all but the first letter of every word hidden.

    >>> masked_name("张小伟"), masked_name("Wei Zhang")
    ('张**', 'W** Z***')
    """
    return " ".join(word[:1] + "*" * min(max(len(word) - 1, 1), 3) for word in value.split())


def masked_employee(value: str) -> str:
    """*value*, which says who answers for a record, with a person's name hidden; teams and staff numbers stay.

    Whatever does not look like a team or a staff number is taken for a person.

    >>> masked_employee("王小芳"), masked_employee("Ann Lee"), masked_employee("ann@shop.cn")
    ('王**', 'A** L**', 'a***@shop.cn')
    >>> masked_employee("客服一组"), masked_employee("Support Team 2"), masked_employee("kf-017")
    ('客服一组', 'Support Team 2', 'kf-017')
    """
    if _TEAM.fullmatch(value) or _STAFF_NUMBER.fullmatch(value):
        return value
    if any(sign.isdigit() or sign == "@" for sign in value):
        return masked(value)
    return masked_name(value)


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
