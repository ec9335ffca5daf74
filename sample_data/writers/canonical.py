"""The two files a client delivers in the audit's own layout: consents and outbound messages."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tpaudit.sample_data import vocabulary as words
from tpaudit.sample_data.defects import Ledger
from tpaudit.sample_data.export import NOBODY, Export, Rows
from tpaudit.sample_data.messages import CHANNELS, CONTENT_TYPES, DENIED, GRANTED, NOT_ASKED, WITHDRAWN
from tpaudit.sample_data.period import DAY
from tpaudit.sample_data.sinks import CsvSink, Sink
from tpaudit.sample_data.text import Ints, Text, choose, date_time, digits, join, of_rows, pick
from tpaudit.sample_data.touches import NEVER
from tpaudit.sample_data.world import Chunk

CONSENTS_FILE, MESSAGES_FILE = "consents.csv", "messages.csv"
CONSENTS_HEADER = ("user_id", "phone", "channel", "purpose", "status", "captured_at", "revoked_at")
MESSAGES_HEADER = (
    "touch_id",
    "user_id",
    "phone",
    "event",
    "channel",
    "direction",
    "occurred_at",
    "content_type",
    "campaign",
    "agent_name",
)
_STATUS = {GRANTED: "granted", WITHDRAWN: "withdrawn", DENIED: "denied", NOT_ASKED: "unknown"}
_CAMPAIGNS = ("care_2026", "renewal_2026", "cross_sell_2026", "promo_2026", "coupon_2026")
_BLAST_CAMPAIGN = "double11_mass_mailing"


def open_consents(folder: Path) -> Sink:
    """Consents per person and channel."""
    return CsvSink(folder / CONSENTS_FILE, CONSENTS_HEADER)


def consent_rows(chunk: Chunk, ledger: Ledger) -> Rows:
    """One row per person and channel asked about; people who were never asked have none."""
    rng = chunk.stream("consents export")
    consents, people = chunk.consents, chunk.people
    asked = consents.standing != NOT_ASKED
    on_channel = (asked, asked & consents.on_wecom, asked & consents.on_email)
    person = np.concatenate([np.flatnonzero(mask) for mask in on_channel])
    channel = np.repeat(np.arange(len(CHANNELS)), [int(mask.sum()) for mask in on_channel])
    order = np.argsort(consents.captured[person], kind="stable")
    person, channel = person[order], channel[order]
    standing = consents.standing[person]
    spoil = ledger.picker(CONSENTS_FILE, rng, len(person))
    aimless = spoil.mask("TPL02", "purpose", 0.006, "granted without a purpose", standing == GRANTED)
    revoked = consents.revoked[person]
    is_revoked = revoked < NEVER
    columns = [
        of_rows(people.member_id, person),
        of_rows(people.phone, person),
        pick(CHANNELS, channel),
        choose(aimless, "", "marketing"),
        pick([_STATUS[code] for code in range(len(_STATUS))], standing),
        _iso(consents.captured[person]),
        choose(is_revoked, _iso(np.where(is_revoked, revoked, 0)), ""),
    ]
    return Rows(columns, people.person_id[person])


def open_messages(folder: Path) -> Sink:
    """Outbound messages."""
    return CsvSink(folder / MESSAGES_FILE, MESSAGES_HEADER)


def message_rows(chunk: Chunk, ledger: Ledger) -> Rows:
    """One row per message, some delivered twice under one id, a few to member ids that do not exist."""
    rng = chunk.stream("messages export")
    messages, people = chunk.messages, chunk.people
    person, count = messages.person, len(messages)
    regular = chunk.consents.permits(person, messages.at) & ~messages.is_duplicate & ~messages.is_blast
    spoil = ledger.picker(MESSAGES_FILE, rng, count)
    future = spoil.mask("TPT02", "occurred_at", 0.003, "timestamp in the future (year 2027)", regular)
    orphan = spoil.mask("TPR01", "user_id", 0.004, "member id that exists nowhere", regular)
    again = spoil.rows("TPV03", "touch_id", 0.005, "row repeated with the same touch_id", regular)

    has_id = people.has_member_id[person] & ~messages.is_blast
    shown = rng.random(count)
    user_id = choose(has_id & (shown > 0.3), pc.fill_null(of_rows(people.member_id, person), ""), "")
    user_id = choose(orphan, join("QH9", digits(rng.integers(0, 10**7, count), 7)), user_id)
    hide_phone = orphan | (has_id & (shown > 0.8))
    columns: list[Text] = [
        join("M", digits(chunk.number * 1_000_000 + np.arange(count) + 1, 10)),
        user_id,
        choose(hide_phone, "", of_rows(people.phone, person)),
        pa.repeat(pa.scalar("Message Sent"), count),
        pick(CHANNELS, messages.channel),
        pa.repeat(pa.scalar("outbound"), count),
        _iso(np.where(future, messages.at + 365 * DAY, messages.at)),
        pick(CONTENT_TYPES, messages.content),
        choose(messages.is_blast, _BLAST_CAMPAIGN, pick(_CAMPAIGNS, messages.content)),
        choose(
            messages.channel == CHANNELS.index("wecom"),
            pick(words.STAFF, rng.integers(0, len(words.STAFF), count)),
            "",
        ),
    ]
    rows = np.sort(np.concatenate([np.arange(count), again]))
    owner = np.where(orphan, NOBODY, people.person_id[person])
    return Rows([of_rows(column, rows) for column in columns], owner[rows])


def _iso(at: Ints) -> Text:
    return join(pc.replace_substring(date_time(at), " ", "T"), "+08:00")


CONSENTS = Export(CONSENTS_FILE, open_consents, consent_rows)
MESSAGES = Export(MESSAGES_FILE, open_messages, message_rows)
