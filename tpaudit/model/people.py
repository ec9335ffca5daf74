"""People: contact records, the points at which they are reached, and what they agreed to."""

from __future__ import annotations

from tpaudit.model.fields import (
    BOOLEAN,
    DATE,
    INTEGER,
    MONEY,
    NUMBER,
    STRING,
    TAGS,
    TIMESTAMP,
    Column,
    Privacy,
)
from tpaudit.model.lineage import lake_table

CONTACT_POINT_TYPES = (
    "email", "phone", "wechat_openid", "wechat_unionid", "wecom_external_userid", "wechat_id", "taobao_nick",
    "jd_pin", "1688_login", "alipay_account", "member_card", "user_id", "stripe_customer", "zendesk_user",
    "mailchimp_euid", "external_ref", "cookie", "device",
)  # fmt: skip

# Only these may merge two records into one person, and only unmasked and unshared.
MERGING_POINT_TYPES = ("phone", "email", "wechat_unionid", "wecom_external_userid", "user_id")

CONTACTS = lake_table(
    "contacts",
    "person record in one source system",
    ("contact_id",),
    Column("contact_id", STRING, "key of the record: source system and the record's own identifier, hashed"),
    Column("user_id", STRING, "known id in the client's own system", privacy=Privacy.IDENTIFIER),
    Column("full_name", STRING, "name as found, trimmed", privacy=Privacy.NAME),
    Column("first_name", STRING, "given name", privacy=Privacy.NAME),
    Column("last_name", STRING, "family name", privacy=Privacy.NAME),
    Column("nickname", STRING, "screen name or remark; no legal name", privacy=Privacy.NAME),
    Column("gender", STRING, "gender as recorded", values=("female", "male", "other")),
    Column("birthdate", DATE, "date of birth", privacy=Privacy.BIRTHDATE),
    Column("company", STRING, "employer or organisation"),
    Column("job_title", STRING, "position held"),
    Column("industry", STRING, "industry of the company"),
    Column("address", STRING, "postal address below city level", privacy=Privacy.ADDRESS),
    Column("city", STRING, "city without the suffix 市"),
    Column("region", STRING, "province or state"),
    Column("country", STRING, "country, ISO 3166 alpha-2 where known"),
    Column("language", STRING, "language preference, BCP 47"),
    Column("lifecycle_stage", STRING, "pipeline position in the source's own words"),
    Column("rating", STRING, "rating or grade given by staff"),
    Column("engagement_score", NUMBER, "score computed by the source system"),
    Column("is_member", BOOLEAN, "whether the person holds a membership"),
    Column("member_level", STRING, "membership tier"),
    Column("is_wecom_friend", BOOLEAN, "whether an employee has the person as a WeCom contact"),
    Column("original_source", STRING, "first known source of the person"),
    Column("original_medium", STRING, "first known medium of the person"),
    Column("owner_id", STRING, "id of the employee responsible"),
    Column("owner_name", STRING, "name of the employee responsible", privacy=Privacy.EMPLOYEE),
    Column("store_name", STRING, "store the record belongs to"),
    Column("tags", TAGS, "labels attached in the source"),
    Column("note", STRING, "free text kept by staff", privacy=Privacy.TEXT),
    Column("created_at", TIMESTAMP, "when the source created the record"),
    Column("updated_at", TIMESTAMP, "when the source last changed the record"),
    Column("identified_at", TIMESTAMP, "when an anonymous visitor became known"),
    Column("member_since", TIMESTAMP, "when the person joined the membership"),
    Column("followed_at", TIMESTAMP, "when the person followed the brand's official account"),
    Column("last_activity_at", TIMESTAMP, "last activity the source knows of"),
    Column("last_order_at", TIMESTAMP, "last order the source knows of"),
    Column("total_orders", INTEGER, "orders counted by the source", unit="orders"),
    Column("total_spent", MONEY, "amount spent as counted by the source", unit="currency"),
    Column("currency", STRING, "ISO 4217 code of the record's amounts"),
)

CONTACT_POINTS = lake_table(
    "contact_points",
    "address or id at which a contact record is reached",
    ("contact_id", "type", "value"),
    Column("contact_id", STRING, "the contact record the point belongs to"),
    Column("type", STRING, "kind of point", values=CONTACT_POINT_TYPES),
    Column("value", STRING, "value as found", privacy=Privacy.IDENTIFIER),
    Column("value_norm", STRING, "normalised value (E.164 phone, lower-case email); NULL if unusable",
           privacy=Privacy.IDENTIFIER),
    Column("value_hash", STRING, "MD5 of the normalised value", privacy=Privacy.IDENTIFIER),
    Column("is_masked", BOOLEAN, "whether the source hid part of the value: such a point is never a key"),
    Column("is_shared", BOOLEAN, "whether several persons hold the value; set where the source says so"),
    Column("is_primary", BOOLEAN, "whether the source marks the point as the main one of its type"),
    Column("valid_from", TIMESTAMP, "when the point became valid"),
    Column("valid_to", TIMESTAMP, "when the point ceased to be valid"),
)  # fmt: skip

CONSENTS = lake_table(
    "consents",
    "permission of a person for a channel and purpose",
    ("contact_id", "channel", "purpose", "captured_at"),
    Column("contact_id", STRING, "the contact record that gave or refused"),
    Column("channel", STRING, "channel the permission covers",
           values=("email", "sms", "phone", "wechat", "wecom", "whatsapp", "analytics", "ads")),
    Column("purpose", STRING, "purpose told to the person, such as marketing or care"),
    Column("status", STRING, "state of the permission", values=("granted", "denied", "withdrawn", "unknown")),
    Column("captured_at", TIMESTAMP, "when the permission was given or refused"),
    Column("confirmed_at", TIMESTAMP, "when it was confirmed (double opt-in)"),
    Column("revoked_at", TIMESTAMP, "when it was withdrawn"),
    Column("reason", STRING, "reason given for withdrawal"),
    Column("evidence", STRING, "where the proof is kept"),
    Column("lawful_basis", STRING, "legal ground of the processing"),
)  # fmt: skip
