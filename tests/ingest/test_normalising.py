"""Cells to values: amounts, phones, names and addresses in every form exports use."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import Any

import ibis
import phonenumbers
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.ingest.evaluation import ENGINE, FEW, evaluate, evaluate_all, read_at_once
from tpaudit.ingest.rows import addresses, amounts, person_names, points, tags, widths

AMOUNTS: dict[str, str | None] = {
    "1,234.50": "1234.50", "¥12": "12", "￥1,000,000.01": "1000000.01", "0元": "0", "(5.00)": "-5",
    "-3": "-3", "１２．５": "12.5", "CNY 8": "8", "1,23": None, "12,34.5": None,
    "十元": None, "nan": None, "1e400": None, "131.77(已退款89.84)": "131.77", "1.2万": "12000", "1.2万元": "12000",
    "USD 1,234.50": "1234.50", "HK$5": "5", "1.234,56": "1234.56", "-¥12.00": "-12", "5.00-": "-5",
    "1'234.50": "1234.50", "1 234.50": "1234.50", "1,234": "1234", "€ 5,00": None,
}  # fmt: skip


@pytest.mark.parametrize("text", AMOUNTS)
def test_amounts(text: str) -> None:
    wanted = AMOUNTS[text]
    assert read_at_once(tuple(AMOUNTS), amounts.money)[text] == (Decimal(wanted) if wanted else None)


@FEW
@given(st.lists(st.decimals(min_value=-(10**9), max_value=10**9, places=2), min_size=1, max_size=20), st.booleans())
def test_amounts_are_exact(values: list[Decimal], grouped: bool) -> None:
    assert evaluate([f"{value:,}" if grouped else f"{value}" for value in values], amounts.money) == values


def test_amounts_with_a_decimal_comma() -> None:
    texts = ["1.234,56", "1234", "0,5", "1.234", "-12,00 €", "1,234.50"]
    found = evaluate(texts, lambda text: amounts.money(text, ","))
    assert found == [*map(Decimal, ("1234.56", "1234", "0.5", "1234", "-12")), None]


def test_amounts_are_scaled_exactly() -> None:
    assert evaluate(["12345", "1"], lambda text: amounts.money(text, scale=0.01)) == [
        Decimal("123.45"),
        Decimal("0.01"),
    ]


@FEW
@given(
    st.lists(
        st.tuples(
            st.decimals(min_value=-(10**9), max_value=10**9, places=2),
            st.sampled_from(["¥{}", "{}元", "{} USD", "EUR {}", "$ {}", "￥{} ", "({})"]),
        ), min_size=1, max_size=20,
    )
)  # fmt: skip
def test_written_amounts_round_trip(drawn: list[tuple[Decimal, str]]) -> None:
    texts = [form.format(f"{abs(value) if form == '({})' else value:,}") for value, form in drawn]
    expected = [-abs(value) if form == "({})" else value for value, form in drawn]
    assert evaluate(texts, amounts.money) == expected


@pytest.mark.parametrize("text", ["9" * 400, "-" + "9" * 400, "1e308", "Infinity", "-inf", "nan", f"{'9' * 400}:00:00"])
def test_what_no_number_can_hold_is_none(text: str) -> None:
    assert evaluate([text, "12"], amounts.integer) == [None, 12]
    for read in (amounts.number, amounts.seconds, amounts.minutes):
        found, _ = evaluate([text, "12"], read)
        assert found is None or math.isfinite(found)


@FEW
@given(st.lists(st.text(max_size=20), min_size=1, max_size=60))
def test_no_text_breaks_a_reading(texts: list[str]) -> None:
    texts = [text.replace("\0", "") for text in texts]
    found = evaluate_all(texts, [
        amounts.money, amounts.number, amounts.integer, amounts.seconds, amounts.minutes, amounts.boolean, amounts.currency,
        tags.tags, person_names.cleaned, points.email, points.is_hidden, points.is_virtual, widths.folded,
        lambda text: amounts.money(text, ","), lambda text: addresses.part_of(text, "road"),
        lambda text: points.fast_phone(text, "CN"), lambda text: tags.source_of(tags.tags(text)),
    ])  # fmt: skip
    assert {len(values) for values in found} == {len(texts)}
    assert len(norms(texts)) == len(texts)


def test_percent_and_bounds_are_numbers() -> None:
    assert evaluate(["0.60%", "< 10%", "1.2w", "12"], amounts.number) == pytest.approx([0.006, 0.1, 12_000.0, 12.0])


def test_an_amount_tells_its_currency_only_beyond_doubt() -> None:
    texts = ["€5", "US$ 3", "5 USD", "£1", "HK$2", "RMB 5", "$5", "¥5", "5元"]
    assert evaluate(texts, amounts.currency) == ["EUR", "USD", "USD", "GBP", "HKD", "CNY", None, None, None]


DURATIONS: dict[str, float | None] = {
    "90": 90.0, "1:30": 90.0, "0:01:30": 90.0, "1分30秒": 90.0, "2小时": 7200.0, "x": None,
    "1小时2分3秒": 3723.0, "100:00:01": 360001.0, "1天2小时": 93600.0, "2h 5m": 7500.0, "00:01:02.5": 62.5,
}  # fmt: skip


@pytest.mark.parametrize("text", DURATIONS)
def test_durations(text: str) -> None:
    assert read_at_once(tuple(DURATIONS), amounts.seconds)[text] == DURATIONS[text]


def test_minutes_are_told_by_clock_word_or_bare_number() -> None:
    assert evaluate(["90", "1:30:00", "2小时", "5m", "x"], amounts.minutes) == [90.0, 90.0, 120.0, 5.0, None]


def norms(texts: list[str], region: str = "CN") -> list[str | None]:
    table = ENGINE.table(pa.table({"place": range(len(texts)), "text": pa.array(texts, pa.string())}))
    book = points.phone_book(ENGINE, [table.select("text")], region)
    joined = book.joined_to(table, "text", "known", ENGINE)
    by_join = ibis.coalesce(points.fast_phone(joined.text, region), joined.known)
    by_case = ibis.coalesce(points.fast_phone(joined.text, region), book.found(joined.text))
    found = ENGINE.fetch_rows(joined.select("place", joined=by_join, cased=by_case).order_by("place"))
    assert [row["joined"] for row in found] == [row["cased"] for row in found]
    return [row["joined"] for row in found]


def test_phones_of_every_spelling() -> None:
    same = [
        "13900000001",
        "139 0000 0001",
        "+86 139-0000-0001",
        "008613900000001",
        "１３９０００００００１",
        "86 13900000001",
    ]
    assert set(norms(same)) == {"+8613900000001"}
    assert norms(["010-65529988", "139****0001", "1390000000", "##abc==", "+44 20 7946 0958"]) == [
        "+861065529988", None, None, None, "+442079460958",
    ]  # fmt: skip
    assert norms(["(312) 555-1234", "13125551234"], region="US") == ["+13125551234", "+13125551234"]


@FEW
@given(st.lists(st.integers(min_value=13000000000, max_value=19999999999), min_size=1, max_size=20))
def test_fast_path_agrees_with_the_library_where_the_library_knows_the_number(numbers: list[int]) -> None:
    parsed = {str(number): phonenumbers.parse(str(number), "CN") for number in numbers}
    known = {text: number for text, number in parsed.items() if phonenumbers.is_valid_number(number)}
    as_e164 = [phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164) for number in known.values()]
    assert norms(list(known)) == as_e164


NATIONAL = st.integers(min_value=13000000000, max_value=19999999999).map(str).filter(
    lambda digits: phonenumbers.is_valid_number(phonenumbers.parse(digits, "CN"))
)  # fmt: skip


@FEW
@given(
    st.lists(st.tuples(
    NATIONAL,
    st.sampled_from(["", "+86", "86", "0086", "+86 ", "(+86)", "＋８６"]),
    st.sampled_from(["{0}{1}{2}", "{0} {1} {2}", "{0}-{1}-{2}", "{0}{1}{2}.0", "\u202d{0}{1}{2}\u202c", "{0}{1}{2}/13900000002",
                     "{0}{1}{2}、010-65529988", "{0}{1}{2}（微信同号）"]),
    st.booleans(),
    ), min_size=1, max_size=20),
)  # fmt: skip
def test_every_spelling_of_a_mobile_is_one_number(drawn: list[tuple[str, str, str, bool]]) -> None:
    wide = str.maketrans("0123456789", "０１２３４５６７８９")
    plain = [country + form.format(digits[:3], digits[3:7], digits[7:]) for digits, country, form, _ in drawn]
    texts = [text.translate(wide) if is_wide else text for text, (*_, is_wide) in zip(plain, drawn, strict=True)]
    assert norms(texts) == [f"+86{digits}" for digits, *_ in drawn]


def test_office_lines_lose_their_extension() -> None:
    assert norms(["010-65529988转8012", "010-65529988-8012", "010-65529988/010-65529989"]) == ["+861065529988"] * 3


@pytest.mark.parametrize(
    "text",
    [
        "13900000001-1234", "13900000001转1234", "13900000001 ext 12", "+86 139-0000-0001-1234", "13900000001,8012",
        "950135212345678", "17012345678-0123", "13900000001[1234]", "13900000001#4567", "138xxxx1234", "138####1234",
    ],
)  # fmt: skip
def test_phones_that_reach_nobody_for_long_are_no_keys(text: str) -> None:
    assert point(text, "phone") == (None, True)


@pytest.mark.parametrize("text", ["##58==", "$$b$$1$$", "~AgAAAA==~1~", "enc_9f3a", "139****0001", "张＊"])
def test_hidden_values_are_no_keys(text: str) -> None:
    assert point(text, "phone") == (None, True)
    assert point(text, "taobao_nick") == (None, True)


@pytest.mark.parametrize("text", ["~小鱼~", "## 回访", "XXX0001", "a#b"])
def test_odd_but_open_values_are_kept(text: str) -> None:
    assert point(text, "taobao_nick") == (text, False)


def test_numbers_a_spreadsheet_rounded_are_no_keys() -> None:
    assert point("1.39E+10", "phone") == (None, False)
    assert point("3.51E+18", "member_card") == (None, False)
    assert norms(["1.39E+10"]) == [None]


def point(text: str, kind: str) -> tuple[Any, Any]:
    norm, hidden = evaluate_all(
        [text], [lambda text, place=place: points.reached_at(text, kind, "CN")[place] for place in (0, 1)]
    )
    return norm[0], hidden[0]


def test_emails() -> None:
    assert evaluate([" Lin@QQ.com", "lin＠qq．com", "a@b", "two@x.cn,three@x.cn", "无"], points.email) == [
        "lin@qq.com", "lin@qq.com", None, "two@x.cn", None,
    ]  # fmt: skip
    same = [
        "mailto:Lin@QQ.com",
        "Lin Da <lin@qq.com>",
        "lin@qq.com.",
        "lin@qq.com;",
        "<lin@qq.com>",
        "lin@qq.com; a@b.cn",
    ]
    assert set(evaluate(same, points.email)) == {"lin@qq.com"}
    assert evaluate(["lin@@qq.com", "lin@qq..com", "@qq.com", "lin at qq.com"], points.email) == [None] * 4


def test_names_are_cleaned_of_what_cannot_be_seen() -> None:
    texts = ["张 伟", "张　伟", "Ｌｉｎ  Da", "买买提・艾力", "\u202d李雷\u202c", " ", "Anna  van Dam", "张女士"]
    expected = ["张伟", "张伟", "Lin Da", "买买提·艾力", "李雷", None, "Anna van Dam", "张女士"]
    assert evaluate(texts, person_names.cleaned) == expected


@pytest.mark.parametrize(
    ("text", "region", "city", "road"),
    [
        ("江苏省 苏州市 工业园区 星湖街1号", "江苏省", "苏州市", "工业园区 星湖街1号"),
        ("江苏省苏州市工业园区星湖街1号", "江苏省", "苏州市", "工业园区星湖街1号"),
        ("上海市浦东新区世纪大道100号", "上海市", "上海市", "浦东新区世纪大道100号"),
        ("上海 上海市 浦东新区 世纪大道", "上海市", "上海市", "浦东新区 世纪大道"),
        ("广西壮族自治区南宁市", "广西壮族自治区", "南宁市", None),
        ("内蒙古锡林郭勒盟锡林浩特市", "内蒙古自治区", "锡林郭勒盟", "锡林浩特市"),
        ("湖北省恩施土家族苗族自治州恩施市", "湖北省", "恩施土家族苗族自治州", "恩施市"),
        ("江苏 苏州 工业园区 星湖街", "江苏省", "苏州", "工业园区 星湖街"),
        ("苏州市姑苏区人民路1号", None, "苏州市", "姑苏区人民路1号"),
        ("农贸市场12号", None, None, None),
        ("12 Main St, Springfield, IL 62701", None, None, None),
    ],
)
def test_addresses_come_apart(text: str, region: str | None, city: str | None, road: str | None) -> None:
    hows = [lambda text, part=part: addresses.part_of(text, part) for part in ("region", "city", "road")]
    assert evaluate_all([text], hows) == [[region], [city], [road]]


def test_regions_are_called_by_their_full_names() -> None:
    assert evaluate(["江苏", "上海", "新疆", "江苏省", "Bavaria"], addresses.region_name) == [
        "江苏省", "上海市", "新疆维吾尔自治区", "江苏省", "Bavaria",
    ]  # fmt: skip
    assert len(addresses.REGIONS) == 34


@pytest.mark.parametrize(
    ("text", "labels"),
    [
        ("a, b;c|d┋e、f", ["a", "b", "c", "d", "e", "f"]), ('["a","b, c"]', ["a", "b, c"]), ('"a","b"', ["a", "b"]),
        ("[]", []), ('["VIP"]', ["VIP"]), ("x", ["x"]),
    ],
)  # fmt: skip
def test_tags(text: str, labels: list[str]) -> None:
    assert evaluate([text], tags.tags) == [labels]


def test_a_structured_tag_tells_the_source() -> None:
    texts = ["VIP;source-Baidu-interest-Kitchen", "来源:抖音", "interest-Kitchen", "outsource-x"]
    assert evaluate(texts, lambda text: tags.source_of(tags.tags(text))) == ["Baidu", "抖音", None, None]


@FEW
@given(
    st.lists(
        st.text(alphabet="买家已付款，,等待（）() aBCｄ１1：:\u3000", min_size=1, max_size=20), min_size=1, max_size=20
    )
)
def test_words_of_a_vocabulary_are_folded_alike_in_file_and_preset(words: list[str]) -> None:
    assert evaluate(words, widths.folded) == [widths.folded_word(word) for word in words]
    assert [widths.folded_word(word.upper()) for word in words] == [widths.folded_word(word) for word in words]
