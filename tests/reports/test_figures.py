from __future__ import annotations

import pytest

from tpaudit.reports.figures import Figures, printable
from tpaudit.reports.language import Messages

EN = Figures(Messages("en"))
ZH = Figures(Messages("zh"))


@pytest.mark.parametrize(
    ("share", "shown"), [(0.317, "31.7%"), (0.0, "0.0%"), (0.00004, "<0.1%"), (1.0, "100.0%"), (None, "—")]
)
def test_share_is_a_percentage_and_never_rounded_to_nothing(share: float | None, shown: str) -> None:
    assert EN.share(share) == shown


@pytest.mark.parametrize(
    ("currency", "amount", "shown"),
    [("CNY", 22.3, "¥22.30"), ("USD", 18204.5, "$18,204"), ("EUR", -3.1, "-€3.10"), ("CHF", 5, "CHF 5.00")],
)
def test_money_carries_the_sign_of_its_currency(currency: str, amount: float, shown: str) -> None:
    assert Figures(Messages("en"), currency).money(amount) == shown


@pytest.mark.parametrize(
    ("hours", "en", "zh"),
    [(0.24, "14.4 min", "14.4 分钟"), (2, "2 h", "2 小时"), (47.9, "47.9 h", "47.9 小时"), (60, "2.5 d", "2.5 天")],
)
def test_duration_takes_the_unit_that_fits(hours: float, en: str, zh: str) -> None:
    assert (EN.hours(hours), ZH.hours(hours)) == (en, zh)


@pytest.mark.parametrize(
    ("value", "unit", "shown"),
    [
        (0.5, "share", "50.0%"),
        (31.2, "nps", "+31"),
        (90, "min", "1.5 h"),
        (30, "s", "0.5 min"),
        (12, "days", "12 d"),
        (1204, "customers", "1,204"),
        (5.25, "touches", "5.25"),
        (None, "share", "—"),
    ],
)
def test_measure_is_written_in_its_unit(value: float | None, unit: str, shown: str) -> None:
    assert EN.measure(value, unit) == shown


@pytest.mark.parametrize(
    ("low", "high", "unit", "shown"),
    [
        (0.291, 0.344, "share", "29.1–34.4%"),
        (180, 251.2, "currency", "¥180.00–¥251.20"),
        (0.5, 80, "min", "0.5 min–1.3 h"),
        (None, 1, "share", "—"),
    ],
)
def test_interval_names_its_unit_once(low: float | None, high: float, unit: str, shown: str) -> None:
    assert EN.interval(low, high, unit) == shown


def test_interval_around_zero_does_not_confuse_minus_and_dash() -> None:
    assert EN.points_interval(-0.158, 0.02) == "-15.8 to +2.0"
    assert ZH.points_interval(-0.158, 0.02) == "-15.8 至 +2.0"


@pytest.mark.parametrize("text", ["会员资料.csv", "plain", "é ¥ ★ → ¼"])
def test_ordinary_text_is_left_alone(text: str) -> None:
    assert printable(text) == text


def test_control_and_direction_signs_are_dropped() -> None:
    assert printable("a\x00\x1b[2J\u202e\u200bb\nc") == "a[2Jb c"
