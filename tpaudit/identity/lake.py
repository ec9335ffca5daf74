"""The lake as a records table: every contact record with what is known about who it is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import ibis

from tpaudit.identity.fields import Field, declared_fields
from tpaudit.model import LAKE_TABLES
from tpaudit.store import Store

# Types of contact points per field; the first names the field in results.
POINT_TYPES: Mapping[str, tuple[str, ...]] = {
    "user_id": ("user_id",),
    "unionid": ("wechat_unionid",),
    "external_userid": ("wecom_external_userid",),
    "phone": ("phone",),
    "email": ("email",),
    "device": ("cookie", "device"),
}
_CHINESE_MAILBOX = r"^(1[3-9]\d{9})@"
# Tables that may name a contact record which no contact export holds.
_NAMING = ("contact_points", "touches", "orders", "leads", "tickets", "surveys", "consents", "deals")

FIELDS = (
    Field("user_id", "strong_id", ("user_id",), exclusive=True),
    Field("unionid", "strong_id", ("unionid",), exclusive=True),
    Field("external_userid", "strong_id", ("external_userid",)),
    Field("phone", "phone", ("phone", "phone_2")),
    Field("email", "email", ("email", "email_2")),
    Field("device", "device", ("device", "device_2")),
    Field("name", "name", ("name",)),
    Field("nickname", "free", ("nickname",)),
    Field("birthdate", "birth_date", ("birthdate",), exclusive=True),
    Field("gender", "gender", ("gender",)),
    Field("city", "place", ("city",)),
    Field("address", "address", ("address",)),
)


HAN = "[\u4e00-\u9fff]"
_TITLES = "先生|女士|小姐|太太|老师|经理|总|老板|师傅|阿姨|同学"
_HAN_NAME = f"^{HAN}(·?{HAN}){{1,7}}$"
_LATIN_NAME = r"^[a-z][a-z.'-]*( [a-z][a-z.'-]*)+$"


def fields(store: Store) -> tuple[Field, ...]:
    """FIELDS, and the columns of contacts that `[identity] fields` adds, changes or takes out ("ignore").

    Raises UsageFault for a column contacts does not have, or a kind that does not exist.
    """
    declared = store.audit.config.settings.identity.fields
    own = declared_fields(declared, LAKE_TABLES["contacts"].column_names)
    return (*(field for field in FIELDS if field.name not in declared), *own)


def records(store: Store) -> Any:
    """One row per contact record: record_id and the columns of FIELDS, all as text.

    Records are those of `contacts` and those that only points or events name.
    """
    rows = contacts(store)
    further = {name: rows[name].cast("string") for name in _further(store)}
    own = _with_nameless(
        store,
        rows.select(
            record_id=rows.contact_id,
            # A masked name is kept among the screen names; it still shows the surname.
            name=ibis.coalesce(rows.full_name, rows.nickname.contains("*").ifelse(rows.nickname, ibis.null("string"))),
            nickname=rows.nickname.contains("*").ifelse(ibis.null("string"), rows.nickname),
            birthdate=rows.birthdate.cast("string"),
            gender=rows.gender,
            address=rows.address,
            city=ibis.coalesce(rows.city, _city_of(rows.address)),
            **further,
        ),
    )
    own = own.left_join(_points(store), "record_id").drop("record_id_right")
    # 139…@139.com is a mobile number in plain sight.
    told = ibis.literal("+86") + own.email.re_extract(_CHINESE_MAILBOX, 1).nullif("")
    first = ibis.coalesce(own.phone, told, own.hidden_phone)
    return own.mutate(phone=first, phone_2=ibis.coalesce(own.phone_2, told.nullif(first))).drop("hidden_phone")


def _further(store: Store) -> list[str]:
    """Declared columns that are no field as it is."""
    known = {column for field in FIELDS for column in field.columns}
    return [column for field in fields(store) for column in field.columns if column not in known]


def contacts(store: Store) -> Any:
    """The newest row per contact record, with `name_key` (NULL where the name is no legal one) and `dated_at`."""
    rows = store.current("contacts")
    rows = rows.filter(rows.contact_id.notnull())
    return rows.mutate(
        name_key=_legal_name(rows.full_name),
        # When the source last touched the record.
        dated_at=ibis.coalesce(rows.updated_at, rows.last_activity_at, rows.last_order_at, rows.created_at),
    )


def points(store: Store) -> Any:
    """Distinct usable contact points: contact_id, type, value. Masked values are no points to go by."""
    rows = store.lake("contact_points")
    usable = rows.filter(
        rows.contact_id.notnull() & rows.value_norm.notnull() & ~ibis.coalesce(rows.is_masked, False)
        & ~ibis.coalesce(rows.is_shared, False)
    )  # fmt: skip
    return usable.select("contact_id", "type", value=usable.value_norm).distinct()


def _legal_name(full_name: Any) -> Any:
    """A Chinese name without blanks, a Latin one in lower case; NULL for a title, a nickname or a masked name."""
    compact = full_name.re_replace(r"\s+", "")
    latin = full_name.strip().lower().re_replace(r"\s+", " ")
    is_han = compact.re_search(_HAN_NAME) & ~compact.re_search(f"({_TITLES})$")
    return ibis.cases((is_han, compact), (latin.re_search(_LATIN_NAME), latin), else_=ibis.null("string"))


def _city_of(address: Any) -> Any:
    """江苏省无锡市梁溪区… lies in 无锡."""
    pattern = "^(?:北京|上海|天津|重庆|[\u4e00-\u9fff]{2,8}?(?:省|自治区))?([\u4e00-\u9fff]{2,4}?)市"
    return address.re_replace(r"\s", "").re_extract(pattern, 1).nullif("")


def _with_nameless(store: Store, own: Any) -> Any:
    """Add the records that only points or events name."""
    named = [store.lake(name).select("contact_id") for name in _NAMING]
    every = ibis.union(*named)
    others = every.filter(every.contact_id.notnull()).rename(record_id="contact_id").anti_join(own, "record_id")
    blank = {name: ibis.null("string") for name in own.columns if name != "record_id"}
    return ibis.union(own, others.distinct().mutate(**blank))


def _points(store: Store) -> Any:
    """Values per record and type, up to two: of more than two the first and the last in order are kept."""
    rows = store.lake("contact_points")
    rows = rows.filter(rows.contact_id.notnull() & ~ibis.coalesce(rows.is_shared, False))
    is_open = ~ibis.coalesce(rows.is_masked, False) & rows.value_norm.notnull()
    ends: dict[str, Any] = {"hidden_phone": rows.value.min(where=(rows.type == "phone") & ~is_open)}
    for name, types in POINT_TYPES.items():
        is_meant = rows.type.isin(types) & is_open
        ends[name] = rows.value_norm.min(where=is_meant)
        ends[f"{name}_2"] = rows.value_norm.max(where=is_meant)
    held = rows.group_by(record_id=rows.contact_id).agg(**ends)
    return held.mutate(**{f"{name}_2": held[f"{name}_2"].nullif(held[name]) for name in POINT_TYPES})
