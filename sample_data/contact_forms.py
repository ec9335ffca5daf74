"""How the same person is written down differently by every system and every clerk."""

from __future__ import annotations

import numpy as np
import pyarrow.compute as pc

from tpaudit.sample_data.persons import People
from tpaudit.sample_data.text import Ints, Text, choose, join, of_rows

_PHONE_STYLES = (0.74, 0.09, 0.04, 0.07, 0.06)


def phone_of(people: People, rows: Ints, rng: np.random.Generator, second_share: float = 0.5) -> Text:
    """The phone a person gave this system: the main one, or for some who own two the second."""
    second = of_rows(people.second_phone, rows)
    use_second = choose(rng.random(len(rows)) < second_share, second, None)
    return pc.coalesce(use_second, of_rows(people.phone, rows))


def written_phone(phone: Text, rng: np.random.Generator) -> Text:
    """Plain, with a country prefix, or grouped by blanks or dashes: one number, five looks."""
    style = rng.choice(len(_PHONE_STYLES), len(phone), p=_PHONE_STYLES)
    groups = (pc.utf8_slice_codeunits(phone, *bounds) for bounds in ((0, 3), (3, 7), (7, 11)))
    head, middle, tail = groups
    looks = (
        (1, join("+86 ", phone)),
        (2, join("86-", phone)),
        (3, join(head, middle, tail, sep=" ")),
        (4, join(head, middle, tail, sep="-")),
    )
    written = phone
    for number, look in looks:
        written = choose(style == number, look, written)
    return pc.if_else(pc.is_valid(phone), written, None)


def with_typo(phone: Text, rng: np.random.Generator, share: float = 0.004) -> Text:
    """The last two digits swapped in a small share of the numbers."""
    swapped = join(*(pc.utf8_slice_codeunits(phone, *bounds) for bounds in ((0, 9), (10, 11), (9, 10))))
    return choose(rng.random(len(phone)) < share, swapped, phone)


def written_name(
    people: People,
    rows: Ints,
    rng: np.random.Generator,
    title: float = 0.0,
    pinyin: float = 0.0,
    nickname: float = 0.0,
) -> Text:
    """Full Chinese names, a share of them as 张女士, as Zhang Wei, or as a nickname."""
    draw = rng.random(len(rows))
    surname = of_rows(people.surname, rows)
    name = join(surname, of_rows(people.given, rows))
    name = choose(draw < title, join(surname, of_rows(people.title, rows)), name)
    name = choose((draw >= title) & (draw < title + pinyin), latin_name(people, rows), name)
    is_nick = (draw >= title + pinyin) & (draw < title + pinyin + nickname)
    return choose(is_nick, of_rows(people.nickname, rows), name)


def latin_name(people: People, rows: Ints) -> Text:
    """Given name, then surname, in pinyin: Wei Zhang."""
    given, surname = of_rows(people.given_pinyin, rows), of_rows(people.surname_pinyin, rows)
    return join(pc.utf8_capitalize(given), " ", pc.utf8_capitalize(surname))


def masked_name(people: People, rows: Ints) -> Text:
    """The surname and a star, as marketplaces show it."""
    return join(of_rows(people.surname, rows), "*")


def address_of(people: People, rows: Ints, sep: str = " ") -> Text:
    """Region, city, district and street."""
    parts = (people.region, people.city, people.district, people.street)
    return join(*(of_rows(part, rows) for part in parts), sep=sep)
