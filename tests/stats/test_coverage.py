"""The 95 % intervals hold the truth about as often as they say: the benchmark's settings, a few of each kind."""

from __future__ import annotations

import pytest

from benchmarks.coverage import Setting, coverage, settings

# Where intervals that take observations for independent, or amounts for normal, fall below 90 %, or run to 99 %.
HARD = (
    "contacts of 40 customers, 40%, alike by 0.3",
    "weeks of 120 persons with too many contacts",
    "repeated answers of 80 customers",
    "money of 30 customers, log-sd 0.7",
    "contacts per week of 25 persons",
    "acquisition cost of about 400 customers",
    "order values of 30 customers, log-sd 0.5",
    "50% quantile of waits of 60 customers",
)
EASY = ("60 customers, 10%", "60 answers, 80% up, 5% down", "90% quantile of 60 waits",
        "median of 60 waits, Weibull 1.0, some open")  # fmt: skip
BY_NAME = {setting.name: setting for setting in settings()}


@pytest.mark.parametrize("setting", [BY_NAME[name] for name in (*HARD, *EASY)], ids=lambda setting: setting.name)
def test_interval_holds_the_truth_in_about_19_of_20_samples(setting: Setting) -> None:
    found = coverage(setting, repetitions=250)
    assert found.none == 0
    assert 0.91 <= found.share <= 0.985
