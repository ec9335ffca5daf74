"""The people of the sample world: who they are, where they live, what they carry.

One `People` is a chunk of customers as columns. Motivation is a common cause of touches and purchases: the
visible half (`segment`) appears in exports as an interest tag, the hidden half (`drive`) nowhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from tpaudit.sample_data import vocabulary as words
from tpaudit.sample_data.period import DAY, Period, stream
from tpaudit.sample_data.text import Bools, Ints, Text, choose, digits, join, pick

SEGMENTS = ("低意向", "中意向", "高意向")
DEVICES = 3

# Ordinary mobile segments only: no data cards (14x), virtual operators (16x, 170, 171) or service numbers.
_PHONE_SEGMENTS = (
    *range(130, 140), *range(150, 154), *range(155, 160), *range(176, 179),
    *range(180, 184), *range(185, 190), 198, 199,
)  # fmt: skip
_LATIN = np.array(list("abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789_-"))


@dataclass(frozen=True)
class People:
    """A chunk of customers, one array element each."""

    person_id: Ints
    household_id: Ints
    female: Bools
    surname: Text
    surname_pinyin: Text
    given: Text
    given_pinyin: Text
    nickname: Text
    title: Text
    birth_at: Ints
    region: Text
    city: Text
    district: Text
    street: Text
    phone: Text
    second_phone: Text
    """NULL for most."""
    email: Text
    """NULL for those without one."""
    member_id: Text
    """The id in the brand's user system; NULL for the few who never registered."""
    has_member_id: Bools
    unionid: Text
    taobao_nick: Text
    cookies: tuple[Text, ...]
    """One first-party cookie per device; a device a person does not own is never used."""
    n_devices: Ints
    android: Bools
    logs_in: Bools
    segment: Ints
    drive: NDArray[np.float64]
    home_channel: Ints
    """Where the person buys first: 0 mini-program mall, 1 Taobao, 2 Douyin."""

    def __len__(self) -> int:
        return len(self.person_id)

    @property
    def full_name(self) -> Text:
        """Surname and given name in Chinese characters."""
        return join(self.surname, self.given)

    @property
    def motivation(self) -> NDArray[np.float64]:
        """Visible and hidden motivation together; 0 on average."""
        return (self.segment - 1) + 0.3 * self.drive


def draw_people(first: int, count: int, period: Period, seed: int, chunk: int) -> People:
    """Draw customers number `first` … `first + count - 1` (1-based)."""
    rng = stream(seed, chunk, "people")
    ids = np.arange(first, first + count, dtype=np.int64)
    household, shares_phone = _households(rng, ids)
    female = rng.random(count) < 0.62
    surname = rng.choice(len(words.SURNAMES), count, p=_surname_shares())
    # Two given names in three have two characters.
    first_char, second_char = _given_name(rng, female), _given_name(rng, female)
    has_second = rng.random(count) < 0.66
    place, street = _addresses(rng, household, ids)
    phone_owner = np.where(shares_phone, household, ids)
    has_member_id = rng.random(count) < 0.93
    has_email = rng.random(count) < 0.40
    nickname = _nicknames(rng, count)
    given_pinyin = _given_text(first_char, second_char, has_second, female, pinyin=True)
    surname_pinyin = pick([pinyin for _, pinyin, _ in words.SURNAMES], surname)
    cookie_time = period.start + rng.integers(-90 * DAY, 0, count)
    return People(
        person_id=ids,
        household_id=household,
        female=female,
        surname=pick([han for han, _, _ in words.SURNAMES], surname),
        surname_pinyin=surname_pinyin,
        given=_given_text(first_char, second_char, has_second, female, pinyin=False),
        given_pinyin=given_pinyin,
        nickname=nickname,
        title=choose(female, _any(rng, words.TITLES_FEMALE, count), _any(rng, words.TITLES_MALE, count)),
        birth_at=_birthdays(rng, count),
        region=pick([region for region, _, _ in words.CITIES], place),
        city=pick([city for _, city, _ in words.CITIES], place),
        district=pick([district for _, _, district in words.CITIES], place),
        street=street,
        phone=_phones(phone_owner, seed, line=0),
        second_phone=choose(rng.random(count) < 0.12, _phones(ids, seed, line=1), None),
        email=choose(has_email, _emails(rng, surname_pinyin, given_pinyin, ids), None),
        member_id=choose(has_member_id, join("QH", digits(10_000_000 + ids)), None),
        has_member_id=has_member_id,
        unionid=join("o6", _random_text(rng, count, 26)),
        taobao_nick=choose(
            rng.random(count) < 0.5,
            join("tb", digits(scattered(ids, seed, 10**9), 9)),
            join(nickname, digits(ids % 97, 2)),
        ),
        cookies=tuple(
            join(digits(scattered(ids * DEVICES + d, seed, 9 * 10**9) + 10**9), ".", digits(cookie_time + d))
            for d in range(DEVICES)
        ),
        n_devices=1 + (rng.random(count) < 0.35).astype(np.int64) + (rng.random(count) < 0.08),
        android=rng.random(count) < 0.58,
        logs_in=has_member_id & (rng.random(count) < 0.9),
        segment=rng.choice(3, count, p=(0.35, 0.40, 0.25)),
        drive=rng.standard_normal(count),
        home_channel=rng.choice(3, count, p=(0.58, 0.32, 0.10)),
    )


def _households(rng: np.random.Generator, ids: Ints) -> tuple[Ints, Bools]:
    """Household number of each person (the id of its first member) and whether the person uses its phone.

    About 15 % of persons live in households of two to four, neighbours in id order; three in ten of these
    share one phone.
    """
    size = rng.choice((1, 2, 3, 4), len(ids), p=(0.935, 0.040, 0.015, 0.010))
    starts = np.cumsum(size) - size
    block = np.searchsorted(starts, np.arange(len(ids)), side="right") - 1
    head = ids[starts[block]]
    family = size[block] > 1
    shares_phone = family & (rng.random(len(ids)) < 0.30)
    return np.where(family, head, ids), shares_phone


def _birthdays(rng: np.random.Generator, count: int) -> Ints:
    """Adults born from 1956 to 2006."""
    days = (rng.beta(2.2, 3.5, count) * 50 - 14) * 365
    return days.astype(np.int64) * DAY


def _surname_shares() -> NDArray[np.float64]:
    weights = np.array([weight for _, _, weight in words.SURNAMES])
    shares: NDArray[np.float64] = weights / weights.sum()
    return shares


def _given_name(rng: np.random.Generator, female: Bools) -> Ints:
    sizes = np.where(female, len(words.FEMALE_GIVEN), len(words.MALE_GIVEN))
    return (rng.random(len(female)) * sizes).astype(np.int64)


def _given_text(first: Ints, second: Ints, has_second: Bools, female: Bools, pinyin: bool) -> Text:
    column = 1 if pinyin else 0
    her = [pair[column] for pair in words.FEMALE_GIVEN]
    his = [pair[column] for pair in words.MALE_GIVEN]

    def character(index: Ints) -> Text:
        return choose(female, pick(her, np.where(female, index, 0)), pick(his, np.where(female, 0, index)))

    return join(character(first), choose(has_second, character(second), ""))


def _addresses(rng: np.random.Generator, household: Ints, ids: Ints) -> tuple[Ints, Text]:
    """City index and street address; members of a household share both."""
    count = len(ids)
    head = household - ids[0]
    place = rng.integers(0, len(words.CITIES), count)[head]
    street = join(
        pick(words.ROADS, rng.integers(0, len(words.ROADS), count)),
        "路",
        digits(rng.integers(1, 900, count)),
        "号",
        digits(rng.integers(1, 30, count)),
        "栋",
        digits(rng.integers(101, 2900, count)),
        "室",
    )
    return place, street.take(pa.array(head))


def _phones(owners: Ints, seed: int, line: int) -> Text:
    """Mobile numbers in ordinary segments, different for every (owner, line)."""
    number = scattered(owners * 2 + line, seed, len(_PHONE_SEGMENTS) * 10**8)
    segment, rest = np.divmod(number, 10**8)
    return join(digits(np.array(_PHONE_SEGMENTS)[segment]), digits(rest, 8))


def scattered(numbers: Ints, seed: int, size: int) -> Ints:
    """Distinct numbers below `size` that look unordered: an affine map modulo `size`, fixed by the seed."""
    step = int(size * 0.6180339887) | 1
    while np.gcd(step, size) != 1:
        step += 2
    # The full product would not fit 64 bits, so the number is multiplied in two halves.
    high, low = np.divmod(numbers + 1_000_003 * (seed % 1009 + 1), 1 << 12)
    mixed: Ints = (high * (step * (1 << 12) % size) % size + low * step % size) % size
    return mixed


def _emails(rng: np.random.Generator, surname: Text, given: Text, ids: Ints) -> Text:
    count = len(ids)
    domain = pick(words.EMAIL_DOMAINS, rng.integers(0, len(words.EMAIL_DOMAINS), count))
    is_qq = pc.equal(domain, "qq.com")
    by_name = join(surname, given, digits(ids * 13 % 9973))
    return join(pc.if_else(is_qq, digits(ids * 31 + 100_003), by_name), "@", domain)


def _nicknames(rng: np.random.Generator, count: int) -> Text:
    chinese = join(_any(rng, words.NICK_HEADS, count), _any(rng, words.NICK_TAILS, count))
    latin = join(_any(rng, words.NICK_LATIN, count), "_", digits(rng.integers(1, 999, count)))
    return choose(rng.random(count) < 0.75, chinese, latin)


def _random_text(rng: np.random.Generator, count: int, length: int) -> Text:
    letters = _LATIN[rng.integers(0, len(_LATIN), (count, length))]
    return pa.array(np.ascontiguousarray(letters).view(f"<U{length}").ravel())


def _any(rng: np.random.Generator, values: tuple[Any, ...], count: int) -> Text:
    return pick(values, rng.integers(0, len(values), count))
