"""Which browser a digital touch came from, and whether its owner was logged in."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tpaudit.sample_data.text import Bools, Ints, Text, choose, of_rows
from tpaudit.sample_data.touches import Touches
from tpaudit.sample_data.world import Chunk

_FIRST_DEVICE_SHARE = 0.85
_LOGGED_IN_SHARE = 0.75


@dataclass(frozen=True)
class Visits:
    """Device side of digital touches, aligned with them."""

    cookie: Text
    member_id: Text
    """NULL while not logged in."""
    logged_in: Bools
    session: Ints
    android: Bools


def visits(
    chunk: Chunk, touches: Touches, rng: np.random.Generator, logged_in_share: float = _LOGGED_IN_SHARE
) -> Visits:
    """Draw a device for each touch; most touches come from the first device, and members log in there."""
    people, person = chunk.people, touches.person
    count = len(person)
    other = rng.random(count) >= _FIRST_DEVICE_SHARE
    device = np.where(other, rng.integers(0, len(people.cookies), count) % people.n_devices[person], 0)
    cookie = of_rows(people.cookies[0], person)
    for number, cookies in enumerate(people.cookies[1:], start=1):
        cookie = choose(device == number, of_rows(cookies, person), cookie)
    logged_in = people.logs_in[person] & (rng.random(count) < logged_in_share)
    return Visits(
        cookie=cookie,
        member_id=choose(logged_in, of_rows(people.member_id, person), None),
        logged_in=logged_in,
        session=touches.at - 1_600_000_000,
        android=people.android[person],
    )
