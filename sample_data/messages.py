"""Consents, and the messages the brand sends, including those it should not send.

Planted here: the same text twice on one day over SMS and WeCom, marketing after withdrawal, marketing without
consent, and a mass mailing to leads that nobody had followed up.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tpaudit.sample_data.journeys import Aftermath, Approach
from tpaudit.sample_data.period import DAY, Period, stream, within
from tpaudit.sample_data.persons import People
from tpaudit.sample_data.text import Bools, Ints, Text
from tpaudit.sample_data.touches import NEVER, Touches

GRANTED, WITHDRAWN, DENIED, NOT_ASKED = range(4)
CHANNELS = ("sms", "wecom", "email")
SMS, WECOM, EMAIL = range(3)
CONTENT_TYPES = ("care", "renewal", "cross_sell", "promo", "coupon")
CARE, RENEWAL, CROSS_SELL, PROMO, COUPON = range(5)
_TOUCHPOINT_OF_CONTENT = {CARE: "care_message", RENEWAL: "renewal_reminder", CROSS_SELL: "cross_sell"}

_CONSENT_SHARES = (0.82, 0.07, 0.05, 0.06)
_DUPLICATED = 0.12
_AFTER_WITHDRAWAL, _WITHOUT_CONSENT = 0.25, 0.06
# The mass mailing goes out in the morning of 10 November, six days before the period ends.
_BLAST_BEFORE_END = 6 * DAY - 10 * 3_600


@dataclass(frozen=True)
class Consents:
    """Each person's standing towards marketing, the same on every channel it was asked for."""

    standing: Ints
    captured: Ints
    revoked: Ints
    on_wecom: Bools
    on_email: Bools

    def permits(self, person: Ints, at: Ints) -> Bools:
        """Whether marketing to the person was allowed at that time."""
        standing = self.standing[person]
        not_yet_withdrawn = (standing == WITHDRAWN) & (at < self.revoked[person])
        allowed: Bools = (standing == GRANTED) | not_yet_withdrawn
        return allowed


@dataclass(frozen=True)
class Messages:
    """One element per outbound message."""

    person: Ints
    at: Ints
    channel: Ints
    content: Ints
    is_duplicate: Bools
    is_blast: Bools

    def __len__(self) -> int:
        return len(self.person)

    def where(self, keep: Bools) -> Messages:
        """The messages for which `keep` holds."""
        return Messages(**{name: getattr(self, name)[keep] for name in self.__dataclass_fields__})

    @classmethod
    def union(cls, parts: list[Messages]) -> Messages:
        """All messages, by time."""
        columns = {name: np.concatenate([getattr(part, name) for part in parts]) for name in cls.__dataclass_fields__}
        order = np.argsort(columns["at"], kind="stable")
        return cls(**{name: column[order] for name, column in columns.items()})

    def touches(self) -> Touches:
        """Those messages that are touchpoints of the catalogue."""
        return Touches.union(
            [
                Touches.of(touchpoint, self.person[self.content == content], self.at[self.content == content])
                for content, touchpoint in _TOUCHPOINT_OF_CONTENT.items()
            ]
        )


def draw_consents(people: People, journey: Approach, period: Period, seed: int, chunk: int) -> Consents:
    """Who agreed to marketing, and who took it back. Persons without a member id were never asked."""
    rng = stream(seed, chunk, "consents")
    count = len(people)
    standing = rng.choice(4, count, p=_CONSENT_SHARES)
    standing[~people.has_member_id] = NOT_ASKED
    captured = journey.entered - rng.integers(DAY, 200 * DAY, count)
    revoked = rng.integers(period.start, period.end, count)
    has_email = np.asarray(people.email.is_valid())
    return Consents(
        standing,
        captured,
        np.where(standing == WITHDRAWN, revoked, NEVER),
        rng.random(count) < 0.55,
        has_email & (rng.random(count) < 0.7),
    )


def draw_messages(
    consents: Consents,
    journey: Approach,
    after: Aftermath,
    leads_ignored: Ints,
    phones: Text,
    period: Period,
    seed: int,
    chunk: int,
    clean: bool,
) -> Messages:
    """Everything sent. `leads_ignored` are the chunk rows of leads old enough for the mass mailing, `phones` the phone
    of each person."""
    rng = stream(seed, chunk, "messages")
    until = np.minimum(after.decides, period.end)
    ready = np.minimum(after.bought + 2 * DAY, until - 1)
    everyone = np.arange(len(journey.decided))
    deciding = np.minimum(journey.decided, period.end)
    parts = [
        _send(rng, CARE, after.buyer, ready, until, share=0.36, repeats=0.3),
        _send(rng, RENEWAL, after.buyer, (ready + until) // 2, until, share=0.24, repeats=0.1),
        _send(rng, CROSS_SELL, after.buyer, ready, until, share=0.28, repeats=0.7),
        _send(rng, PROMO, everyone, journey.entered, deciding, share=0.22, repeats=0.3),
    ]
    planned = _permitted(_on_channels(rng, Messages.union(parts), consents), consents)
    sent = [planned, _duplicates(rng, planned, consents), _blast(rng, leads_ignored, consents, period, clean)]
    willing = _to_willing_phones(Messages.union(sent), consents, phones)
    return willing if clean else Messages.union([willing, _violations(rng, consents, period)])


def _send(
    rng: np.random.Generator, content: int, person: Ints, start: Ints, end: Ints, share: float, repeats: float
) -> Messages:
    times = np.where(rng.random(len(person)) < share, 1 + rng.poisson(repeats, len(person)), 0)
    rows = np.repeat(np.arange(len(person)), times)
    return _messages(person[rows], within(rng, start[rows], end[rows]), content)


def _messages(person: Ints, at: Ints, content: int, blast: bool = False) -> Messages:
    count = len(person)
    return Messages(
        person, at, np.full(count, SMS), np.full(count, content), np.zeros(count, bool), np.full(count, blast)
    )


def _on_channels(rng: np.random.Generator, messages: Messages, consents: Consents) -> Messages:
    """Spread messages over the channels each person consented to; some promotions carry a coupon."""
    draw = rng.random(len(messages))
    channel = np.full(len(messages), SMS)
    channel[(draw > 0.55) & consents.on_wecom[messages.person]] = WECOM
    channel[(draw > 0.85) & consents.on_email[messages.person]] = EMAIL
    with_coupon = (messages.content == PROMO) & (rng.random(len(messages)) < 0.3)
    content = np.where(with_coupon, COUPON, messages.content)
    return Messages(messages.person, messages.at, channel, content, messages.is_duplicate, messages.is_blast)


def _permitted(messages: Messages, consents: Consents) -> Messages:
    return messages.where(consents.permits(messages.person, messages.at))


def _duplicates(rng: np.random.Generator, messages: Messages, consents: Consents) -> Messages:
    """The same text again over WeCom, hours after the SMS and before midnight."""
    later = messages.at + rng.integers(600, 5 * 3_600, len(messages))
    same_day = later // DAY == messages.at // DAY
    twice = (messages.channel == SMS) & consents.on_wecom[messages.person] & same_day
    twice &= (rng.random(len(messages)) < _DUPLICATED / 0.35) & consents.permits(messages.person, later)
    again = messages.where(twice)
    count = len(again)
    return Messages(
        again.person, later[twice], np.full(count, WECOM), again.content, np.ones(count, bool), again.is_blast
    )


def _to_willing_phones(messages: Messages, consents: Consents, phones: Text) -> Messages:
    """The messages without those to a phone of which somebody else in the household wants no marketing."""
    number = np.asarray(phones.dictionary_encode().indices)
    refuses = np.isin(consents.standing, (WITHDRAWN, DENIED)).astype(np.int64)
    others = np.bincount(number, weights=refuses)[number] - refuses
    return messages.where(others[messages.person] == 0)


def _blast(rng: np.random.Generator, person: Ints, consents: Consents, period: Period, clean: bool) -> Messages:
    at = np.full(len(person), period.end - _BLAST_BEFORE_END) + rng.integers(0, 1_200, len(person))
    blast = _messages(person, at, PROMO, blast=True)
    return _permitted(blast, consents) if clean else blast


def _violations(rng: np.random.Generator, consents: Consents, period: Period) -> Messages:
    """Promotions to people who withdrew, and to people who never agreed."""
    draw = rng.random(len(consents.standing))
    never_agreed = np.isin(consents.standing, (DENIED, NOT_ASKED))
    late = np.flatnonzero(
        (consents.standing == WITHDRAWN) & (draw < _AFTER_WITHDRAWAL) & (consents.revoked < period.end - 2 * DAY)
    )
    unasked = np.flatnonzero(never_agreed & (draw < _WITHOUT_CONSENT))
    ends = np.full(len(late), period.end)
    starts = np.full(len(unasked), period.start)
    return Messages.union(
        [
            _messages(late, within(rng, consents.revoked[late] + 3_600, ends), PROMO),
            _messages(unasked, within(rng, starts, np.full(len(unasked), period.end)), PROMO),
        ]
    )
