"""Gifting leads for the sales team, and the hand-offs that fail: nobody calls, or somebody calls too late."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tpaudit.sample_data.journeys import Approach
from tpaudit.sample_data.period import DAY, Period, stream
from tpaudit.sample_data.text import Bools, Ints
from tpaudit.sample_data.touches import NEVER

SOURCES = ("线上注册", "搜索引擎", "广告", "展会", "转介绍", "促销")
_FORM_SOURCES, _EVENT_SOURCE = 3, 3
_NEVER_FOLLOWED, _FOLLOWED_LATE = 0.20, 0.15
_LATE_AFTER = 3 * DAY
_OLD_LEAD = 45 * DAY


@dataclass(frozen=True)
class Leads:
    """One element per lead."""

    person: Ints
    created: Ints
    source: Ints
    followed: Ints
    """NEVER when nobody followed up."""
    calls: Ints
    """Number of outbound sales calls after the first follow-up."""

    def __len__(self) -> int:
        return len(self.person)

    @property
    def is_ignored(self) -> Bools:
        """Never followed up."""
        return np.equal(self.followed, NEVER)

    @property
    def is_late(self) -> Bools:
        """Followed up after more than three days."""
        return ~self.is_ignored & (self.followed - self.created > _LATE_AFTER)

    def ignored_long_ago(self, period: Period) -> Ints:
        """Persons whose lead lay untouched for so long that only the mass mailing reached them."""
        return np.unique(self.person[self.is_ignored & (self.created < period.end - _OLD_LEAD)])


def draw_leads(journey: Approach, people: int, period: Period, seed: int, chunk: int) -> Leads:
    """Leads of everyone who filled a form or came to the fair stand, and a few from other sources."""
    rng = stream(seed, chunk, "leads")
    forms, stand = journey.touches.select("lead_form"), journey.touches.select("event")
    halfway = (journey.entered + journey.decided) // 2
    other = np.flatnonzero((rng.random(people) < 0.006) & (halfway < period.end))
    person = np.concatenate([forms.person, stand.person, other])
    created = np.concatenate([forms.at, stand.at, halfway[other]])
    source = np.concatenate(
        [
            rng.choice(_FORM_SOURCES, len(forms), p=(0.5, 0.2, 0.3)),
            np.full(len(stand), _EVENT_SOURCE),
            rng.integers(_EVENT_SOURCE + 1, len(SOURCES), len(other)),
        ]
    )
    count = len(person)
    fate = rng.random(count)
    prompt = rng.exponential(0.6 * DAY, count).astype(np.int64) % (2 * DAY) + 600
    late = _LATE_AFTER + rng.integers(3_600, 12 * DAY, count)
    followed = created + np.where(fate < _NEVER_FOLLOWED + _FOLLOWED_LATE, late, prompt)
    ignored = (fate < _NEVER_FOLLOWED) | (followed >= period.end)
    return Leads(person, created, source, np.where(ignored, NEVER, followed), rng.poisson(0.8, count))
