"""Names: spellings of one name meet, titles and nicknames are told from names."""

from __future__ import annotations

import pytest

from tpaudit.identity.names import Name, from_parts, parse, parse_all, sound


@pytest.mark.parametrize(
    "text", ["张伟", " 张 伟 ", "Zhang Wei", "wei ZHANG", "Wei Zhang", "zhangwei", "Ｚｈａｎｇ　Ｗｅｉ"]
)
def test_spellings_of_one_name_have_one_key(text: str) -> None:
    assert parse_all(["张伟", "张敏", text])[-1].key == "wei zhang"


@pytest.mark.parametrize(
    ("text", "kind", "surname", "given"),
    [
        ("张女士", "surname", "zhang", None),
        ("李总", "surname", "li", None),
        ("王*", "surname", "wang", None),
        ("欧阳娜娜", "full", "ouyang", "nana"),
        ("欧阳先生", "surname", "ouyang", None),
        ("曾勇", "full", "zeng", "yong"),
        ("John Smith", "full", "smith", "john"),
        ("Dr. José García", "full", "garcia", "jose"),
        ("Mary Ann O'Neil", "full", "oneil", "mary"),
    ],
)
def test_surname_and_given_name_are_told_apart(text: str, kind: str, surname: str, given: str | None) -> None:
    name = parse(text)
    assert (name.kind, name.surname, name.given) == (kind, surname, given)


@pytest.mark.parametrize(
    "text", ["一只猫", "爱喝茶的月亮", "cloud_935", "momo", "天津市访客0028", "13912345678", "T**", "", "总"]
)
def test_a_nickname_is_no_name(text: str) -> None:
    assert parse(text) == Name("nickname")


def test_the_surname_of_a_pinyin_name_is_the_one_the_data_know() -> None:
    turned = parse_all(["张伟", "Zhang Lei"])[1]
    assert (turned.surname, turned.given) == ("zhang", "lei")


def test_same_sound_in_other_characters_keeps_the_characters() -> None:
    one, other = parse("张伟"), parse("张薇")
    assert one.key == other.key and one.han != other.han


@pytest.mark.parametrize(
    ("given", "surname", "key"),
    [("Mitchell", "Green", "green mitchell"), ("伟", "张", "wei zhang"), (None, "Green", None), (None, None, None)],
)
def test_parts_kept_apart_are_believed(given: str | None, surname: str | None, key: str | None) -> None:
    assert from_parts(given, surname).key == key


def test_misspellings_often_sound_alike() -> None:
    assert sound("clifford") == sound("cliford") and sound(None) is None
