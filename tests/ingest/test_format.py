"""What a preset can say: each part of the format on a file of a few lines."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.ingest.own_presets import column, issues, load, numbers
from tests.lake import make_store
from tpaudit.errors import ConfigFault
from tpaudit.ingest.layouts.preset_file import parse_presets
from tpaudit.store import Store

HEAD = """
id = "shop"
table = "orders"
[match]
all = ["no", "paid"]
[columns]
no = "orders.order_id"
paid = { to = "orders.paid_amount", optional = true }
"""
CONTACTS = """
id = "people"
table = "contacts"
[match]
all = ["mail"]
[person]
id = ["email"]
[columns]
mail = "contact_points.email"
"""


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return make_store(tmp_path)


def test_blank_cells_repeat_the_row_above_within_one_record(store: Store) -> None:
    preset = HEAD + 'buyer = "orders.store_name"\nnote = "orders.medium"\n'
    preset = preset.replace('table = "orders"', 'table = "orders"\nfill_down = ["no", "buyer"]')
    load(store, preset, "no,paid,buyer,note\nA,1,Lin,x\n,2,,\nB,3,,y\n,4,Wang,\n")
    assert column(store, "orders", "order_id") == ["A", "A", "B", "B"]
    assert column(store, "orders", "store_name") == ["Lin", "Lin", None, "Wang"]
    assert column(store, "orders", "medium") == ["x", None, "y", None]


def test_one_row_emits_a_consent_per_channel_where_it_says_something(store: Store) -> None:
    preset = (
        CONTACTS
        + """
[[emit]]
table = "consents"
columns = { by_mail = "status", since = { to = "captured_at", optional = true } }
constants = { channel = "email" }
values.status = { yes = "granted", no = "denied" }
[[emit]]
table = "consents"
columns = { by_sms = "status" }
constants = { channel = "sms" }
values.status = { yes = "granted", no = "denied" }
"""
    )
    load(store, preset, "mail,by_mail,by_sms,since\na@x.cn,yes,no,2026-05-01\nb@x.cn,,Yes,\nc@x.cn,maybe,,\n")
    rows = column(store, "consents", "source_row", "channel", "status")
    assert sorted(rows) == [(2, "email", "granted"), (2, "sms", "denied"), (3, "sms", "granted")]
    persons = dict(column(store, "contacts", "source_row", "contact_id"))
    assert all(persons[row] == contact for row, contact in column(store, "consents", "source_row", "contact_id"))
    assert issues(store) == [(4, "unknown_status")]


def test_a_row_emits_touches_only_where_its_condition_holds_and_a_time_is_given(store: Store) -> None:
    preset = (
        CONTACTS
        + """
joined = "contacts.created_at"
[[emit]]
table = "touches"
when = { column = "left", present = true }
columns = { left = "occurred_at", why = "outcome" }
constants = { event = "Unsubscribed", channel = "email" }
[[emit]]
table = "touches"
columns = { joined = "occurred_at" }
constants = { event = "Subscribed", channel = "email" }
"""
    )
    text = "mail,joined,left,why\na@x.cn,2026-05-01,2026-06-01,too many\nb@x.cn,2026-05-02,,\nc@x.cn,,,bored\n"
    load(store, preset, text)
    events = column(store, "touches", "source_row", "event", "outcome")
    assert sorted(events) == [(2, "Subscribed", None), (2, "Unsubscribed", "too many"), (3, "Subscribed", None)]
    ids = column(store, "touches", "touch_id")
    assert len(set(ids)) == 3


def test_an_emitted_touch_keeps_its_id_when_other_cells_of_the_row_change(tmp_path: Path) -> None:
    preset = (
        CONTACTS + '[[emit]]\ntable = "touches"\ncolumns = { joined = "occurred_at" }\nconstants.event = "Joined"\n'
    )
    ids = []
    for number, points in enumerate((1, 2)):
        folder = tmp_path / str(number)
        folder.mkdir()
        store = load(make_store(folder), preset, f"mail,joined,points\na@x.cn,2026-05-01,{points}\n")
        ids.append(column(store, "touches", "touch_id"))
    assert ids[0] == ids[1]


def test_everything_below_a_total_is_footer(store: Store) -> None:
    preset = HEAD + '[footer]\nwords = ["Total", "Exported*"]\nto_end = true\n'
    load(store, preset, "no,paid\nA,1\nTotal,1\nmade by,us\n")
    assert column(store, "orders", "order_id") == ["A"]
    assert issues(store) == [(3, "total_row"), (4, "footer_row")]


def test_a_footer_word_may_stand_for_any_ending(store: Store) -> None:
    load(
        store,
        HEAD + '[footer]\nwords = ["Exported*", "Total: all"]\n',
        "no,paid\nA,1\nExported at: 9:00,\nB,2\nTotal: all,3\n",
    )
    assert column(store, "orders", "order_id") == ["A", "B"]
    assert issues(store) == [(3, "total_row"), (5, "total_row")]


def test_rows_the_platform_marks_as_tests_stay_out(store: Store) -> None:
    preset = HEAD.replace("[match]", 'skip = { column = "kind", in = ["Preview"] }\n[match]')
    load(store, preset, "no,paid,kind\nA,1,Live\nB,2,Preview\n")
    assert column(store, "orders", "order_id") == ["A"]
    assert issues(store) == [(3, "test_row")]


def test_preamble_and_file_name_are_read_through_the_vocabulary(store: Store) -> None:
    preset = (
        HEAD
        + """
[preamble]
"Shop ID" = "orders.store_id"
"Kind" = "orders.channel"
[filename]
"orders.status" = '(open|done)'
[values."orders.status"]
open = "pending"
done = "completed"
[values."orders.channel"]
"Laden" = "store"
"""
    )
    load(store, preset, "# Shop ID : AbC\n#Kind: Laden\nno,paid\nA,1\n", "orders-done-7.csv")
    assert column(store, "orders", "store_id", "channel", "status") == [("AbC", "store", "completed")]


def test_a_currency_in_the_header_is_the_currency_of_the_amounts(store: Store) -> None:
    load(store, HEAD, "no,paid (USD)\nA,1.5\n")
    assert column(store, "orders", "currency") == ["USD"]
    assert numbers(column(store, "orders", "paid_amount")) == [1.5]


def test_a_currency_column_goes_before_the_header(store: Store) -> None:
    load(store, HEAD + 'cur = "orders.currency"\n', "no,paid（美元）,cur\nA,1,EUR\nB,2,\n")
    assert column(store, "orders", "currency") == ["EUR", "USD"]


def test_amounts_are_scaled_and_their_comma_may_be_the_decimal_sign(store: Store) -> None:
    preset = HEAD.replace('to = "orders.paid_amount"', 'to = "orders.paid_amount", scale = 0.01')
    load(store, preset, "no,paid\nA,1999\n")
    assert numbers(column(store, "orders", "paid_amount")) == [19.99]


def test_a_comma_may_be_the_decimal_sign(store: Store) -> None:
    load(store, HEAD.replace("[match]", 'decimal = ","\n[match]'), 'no;paid\nA;"1.234,56"\nB;7,5\n')
    assert numbers(column(store, "orders", "paid_amount")) == [1234.56, 7.5]


def test_date_formats_are_tried_in_order(store: Store) -> None:
    preset = HEAD + 'at = { to = "orders.paid_at", format = ["%d/%m/%Y %H:%M", "%d.%m.%y"] }\n'
    load(store, preset, "no,paid,at\nA,1,03/04/2026 08:00\nB,1,03.04.26\nC,1,x\n")
    days = [str(value)[:16] if value else None for value in column(store, "orders", "paid_at")]
    assert days == ["2026-04-03 00:00", "2026-04-02 16:00", None]


def test_an_address_gives_its_parts(store: Store) -> None:
    preset = HEAD + 'to = [{ to = "orders.region", part = "region" }, { to = "orders.city", part = "city" }]\n'
    load(store, preset, "no,paid,to\nA,1,江苏省苏州市工业园区某路1号\n")
    assert column(store, "orders", "region", "city") == [("江苏省", "苏州")]


def test_rows_of_a_record_fold_into_one(store: Store) -> None:
    preset = HEAD.replace('to = "orders.paid_amount"', 'to = "orders.paid_amount", fold = "last"')
    preset += 'q = { to = "orders.item_quantity", fold = "sum" }\n[records]\norders = ["order_id"]\n'
    load(store, preset, "no,paid,q\nA,5,1\nA,,2\nB,1,1\nA,7,\n")
    assert column(store, "orders", "order_id", "item_quantity") == [("A", 3.0), ("B", 1.0)]
    assert numbers(column(store, "orders", "paid_amount")) == [7.0, 1.0]


def test_names_from_two_columns_make_a_whole_name(store: Store) -> None:
    preset = CONTACTS + 'f = "contacts.first_name"\nl = "contacts.last_name"\n'
    load(store, preset, "mail,f,l\na@x.cn,Ann,Lee\nb@x.cn,晓,林\nc@x.cn,,Wong\n")
    assert column(store, "contacts", "full_name") == ["Ann Lee", "林晓", "Wong"]


def test_spend_over_several_days_is_told_once_per_file(store: Store) -> None:
    preset = """
id = "ads"
table = "ad_spend"
[match]
all = ["from", "cost"]
[columns]
from = "ad_spend.date"
until = "ad_spend.date_end"
cost = "ad_spend.spend"
"""
    load(store, preset, "from,until,cost\n2026-05-01,2026-05-07,9\n2026-05-08,2026-05-14,9\n2026-05-15,2026-05-15,1\n")
    assert len(column(store, "ad_spend", "date")) == 3
    assert issues(store) == [(None, "range_row_without_day")]


def test_elements_of_an_array_are_rows_and_lists_within_them_are_joined(store: Store) -> None:
    preset = """
id = "wecom"
table = "touches"
explode = "follow"
[match]
all = ["who"]
[person]
id = ["wecom_external_userid"]
[columns]
who = "contact_points.wecom_external_userid"
"follow.by" = "touches.agent_id"
"follow.at" = { to = "touches.occurred_at", format = "unix_s" }
"follow.tags.name" = "contacts.tags"
"follow.mobiles" = "contact_points.phone"
"""
    people = [
        {"who": "w1", "follow": [
            {"by": "e1", "at": 1777000000, "tags": [{"name": "red"}, {"name": "tea"}], "mobiles": ["13900000001"]},
            {"by": "e2", "at": 1777000600, "tags": []},
        ]},
        {"who": "w2", "follow": []},
    ]  # fmt: skip
    load(store, preset, "\n".join(map(json.dumps, people)), "contacts.jsonl")
    assert sorted(column(store, "touches", "source_row", "agent_id"), key=str) == [(1, "e1"), (1, "e2"), (2, None)]
    assert len(set(column(store, "touches", "touch_id"))) == 3
    assert column(store, "contacts", "tags")[0] == ["red", "tea"]
    assert "13900000001" in column(store, "contact_points", "value")


def test_parameters_in_lists_of_key_and_value_are_fields(store: Store) -> None:
    preset = """
id = "events"
table = "touches"
[match]
all = ["name", "at"]
[columns]
name = "touches.event"
at = "touches.occurred_at"
"params.page" = "touches.page_url"
"params.visit" = "touches.session_id"
"""
    event = {"name": "view", "at": "2026-05-01 08:00:00", "params": [
        {"key": "page", "value": {"string_value": "/a", "int_value": None}}, {"key": "visit", "value": {"int_value": 7}},
    ]}  # fmt: skip
    load(store, preset, json.dumps(event) + "\n", "events.jsonl")
    assert column(store, "touches", "page_url", "session_id") == [("/a", "7")]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ('[[emit]]\ntable = "consent"\n', "no such table"),
        ('[[emit]]\ntable = "consents"\ncolumns.a = "statuss"\n', "no column 'statuss'; did you mean"),
        ("[header]\nrows = 2\nwording = 3\n", "row 3 is not among the 2 rows"),
        ('[[emit]]\ntable = "contacts"\n', "persons come with the row"),
    ],
)
def test_a_wrong_preset_is_told_where_it_is_wrong(wrong: str, said: str) -> None:
    with pytest.raises(ConfigFault) as fault:
        parse_presets(HEAD + wrong, "own.toml", "own.toml")
    assert said in str(fault.value)
