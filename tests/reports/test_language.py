from __future__ import annotations

import re
from importlib.resources import files
from pathlib import Path
from string import Formatter

import pytest

from tests.reports.samples import TITLES
from tpaudit.model.interactions import KINDS, STAGES
from tpaudit.model.marts import ATTRIBUTION, GRADES, OUTCOMES, VERDICTS
from tpaudit.model.people import CONTACT_POINT_TYPES
from tpaudit.reports.language import LANGUAGES, Language, Messages, catalogue, message_keys

SOURCES = Path(str(files("tpaudit.reports")))


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


def placeholders_by_key(lang: Language) -> dict[str, set[str]]:
    by_key: dict[str, set[str]] = {}
    for key, text in catalogue(lang).items():
        by_key.setdefault(re.sub(r"\.(one|other)$", "", key), set()).update(placeholders(text))
    return by_key


def test_both_languages_have_the_same_keys_and_placeholders() -> None:
    assert placeholders_by_key("en") == placeholders_by_key("zh")


@pytest.mark.parametrize("lang", LANGUAGES)
def test_no_text_is_empty(lang: Language) -> None:
    assert all(text.strip() for text in catalogue(lang).values())


def test_chinese_texts_are_chinese() -> None:
    same_in_both = {key for key, text in catalogue("zh").items() if text == catalogue("en").get(key) and text.isascii()}

    assert same_in_both <= {
        "grade.A", "grade.B", "grade.C", "grade.D", "html.auc", "html.sha", "journey.nps", "kpi.n", "model.shapley", "point.cookie", "rank.n", "rank.rank",
    }  # fmt: skip


def test_every_text_is_used_and_every_used_text_exists() -> None:
    code = "\n".join(path.read_text(encoding="utf-8") for path in [*SOURCES.rglob("*.py"), *SOURCES.rglob("*.jinja")])
    named = set(re.findall(r"""["']([a-z]+\.[a-z_]*[a-z])["']""", code))
    vocabularies = {f"{name}." for name in re.findall(r"""\bname\(\s*"([a-z_]+)",""", code)}
    prefixes = vocabularies | set(re.findall(r"""["']([a-z]+\.(?:[a-z]+_)?)(?:["'] ~|\{)""", code))
    units = {f"unit.{unit}" for unit in re.findall(r"""\bcount\(\s*f?"([a-z_]+)""", code)}
    keys = message_keys("en") - {"next"}
    sections = {key.partition(".")[0] for key in keys}

    assert {name for name in named if name.partition(".")[0] in sections} <= keys
    unused = {key for key in keys - named if not key.startswith((*prefixes, *units))}
    assert unused == set()


@pytest.mark.parametrize("lang", LANGUAGES)
def test_unknown_code_and_touchpoint_stand_for_themselves(lang: Language) -> None:
    messages = Messages(lang)

    assert messages.name("pain", "too_far_away") == "too far away"
    assert messages.touchpoint("kiosk", TITLES) == "kiosk"


def test_missing_text_is_an_error() -> None:
    with pytest.raises(KeyError):
        Messages("en").text("no.such_text")
    with pytest.raises(KeyError):
        Messages("en").count("no_such_unit", 2)


def test_path_is_told_by_titles() -> None:
    assert Messages("zh").path("cart > kiosk > chat", TITLES) == "购物车 → kiosk → 在线客服与智能助手"


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize(
    ("vocabulary", "codes"),
    [
        ("stage", STAGES), ("kind", KINDS), ("outcome", OUTCOMES), ("outcome_for", OUTCOMES), ("outcome_did", OUTCOMES),
        ("verdict", VERDICTS), ("grade", GRADES), ("point", CONTACT_POINT_TYPES),
        ("model", ATTRIBUTION.column("model").values),
    ],
)  # fmt: skip
def test_every_code_of_the_model_has_a_word(vocabulary: str, codes: tuple[str, ...], lang: Language) -> None:
    assert {f"{vocabulary}.{code}" for code in codes} <= message_keys(lang)
