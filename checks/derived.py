"""What checks read besides the lake's tables: facts that several of them need, each worked out once per run, if at all.

>>> "activity" in DERIVED
True
"""

# ruff: noqa: S608 - names in SQL come from the definitions here, never from data

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from tpaudit.checks.judging import words_in
from tpaudit.checks.parameters import dated, filled, text_list
from tpaudit.checks.views import Execute
from tpaudit.model import LAKE_TABLES


@dataclass(frozen=True, slots=True)
class Derived:
    """A relation checks may read: what it means, and its query; kept as a table where it is read more than once."""

    meaning: str
    query: str
    is_table: bool = True


# Times that are no times at all (see TPT02, TPT03) would stretch every span.
_MOMENTS = """
SELECT 'touches' AS recorded, source_system, channel, contact_id, occurred_at AS moment,
       coalesce(direction = 'outbound', FALSE) AS is_outbound FROM touches
UNION ALL SELECT 'orders', source_system, coalesce(channel, platform), contact_id, created_at, FALSE FROM orders
UNION ALL SELECT 'tickets', source_system, channel, contact_id, created_at, FALSE FROM tickets
UNION ALL SELECT 'leads', source_system, NULL, contact_id, created_at, FALSE FROM leads
UNION ALL SELECT DISTINCT 'surveys', source_system, channel, contact_id, submitted_at, FALSE FROM surveys
"""

DERIVED: Mapping[str, Derived] = {
    "moments": Derived("what happened when: touches, orders, tickets, leads and survey responses", _MOMENTS, False),
    "activity": Derived(
        "records per hour of the audit's clock, by table, source system and channel; `place` is the two in words",
        """
        SELECT recorded, source_system, channel, is_outbound,
               concat_ws(' ', source_system, nullif(channel, source_system)) AS place,
               date_trunc('hour', clock) AS hour, count(*) AS rows,
               count(*) FILTER (clock = date_trunc('day', clock)) AS at_midnight
        FROM (SELECT recorded, source_system, channel, is_outbound, local_time(moment) AS clock FROM moments
              WHERE moment >= {business_start} AND moment < {as_of_end})
        GROUP BY recorded, source_system, channel, is_outbound, date_trunc('hour', clock)
        """,
    ),
    "last_use": Derived(
        "latest record of each contact's customer; NULL if there is none",
        """
        WITH used AS (
          SELECT contact_id, max(moment) AS used_at FROM moments
          WHERE contact_id IS NOT NULL AND moment < {as_of_end} GROUP BY contact_id),
        owned AS (
          SELECT coalesce(links.customer_id, used.contact_id) AS owner, max(used.used_at) AS used_at
          FROM used LEFT JOIN customer_links AS links USING (contact_id) GROUP BY ALL)
        SELECT contacts.contact_id, owned.used_at
        FROM contacts
        LEFT JOIN customer_links AS links USING (contact_id)
        LEFT JOIN owned ON owned.owner = coalesce(links.customer_id, contacts.contact_id)
        WHERE contacts.contact_id IS NOT NULL
        """,
    ),
    "reachable": Derived(
        "contacts with a phone, email, WeChat id or platform account that can be used",
        """
        SELECT DISTINCT contact_id FROM exported_contact_points
        WHERE contact_id IS NOT NULL AND value_norm IS NOT NULL AND NOT coalesce(is_masked, FALSE)
          AND type IN ('phone', 'email', 'wechat_openid', 'wechat_unionid', 'wecom_external_userid', 'wechat_id',
                       'taobao_nick', 'jd_pin', '1688_login', 'alipay_account')
        """,
    ),
    "referred": Derived(
        "contacts that only refer to a person, by a cookie, a device or a member id",
        """
        SELECT DISTINCT contact_id FROM exported_contact_points
        WHERE contact_id IS NOT NULL AND type IN ('cookie', 'device', 'user_id')
        """,
    ),
    "unknown_members": Derived(
        "contacts that were sent something and are nothing but a member id which no other export knows, though there "
        "is a list of members. An id that only an event log knows says who came, not whom the business wrote to",
        """
        WITH members AS (
          SELECT contact_id, value_norm, source_export FROM exported_contact_points
          WHERE type = 'user_id' AND value_norm IS NOT NULL AND contact_id IS NOT NULL),
        happened AS (
          SELECT source_export FROM exported_touches UNION SELECT source_export FROM exported_orders
          UNION SELECT source_export FROM exported_tickets UNION SELECT source_export FROM exported_surveys)
        SELECT DISTINCT contact_id FROM members
        WHERE contact_id IN (SELECT contact_id FROM exported_touches WHERE direction = 'outbound')
          AND contact_id NOT IN (
            SELECT contact_id FROM exported_contact_points
            WHERE type NOT IN ('user_id', 'member_card') AND contact_id IS NOT NULL)
          AND EXISTS (
            SELECT 1 FROM members AS listed
            WHERE listed.source_export NOT IN (SELECT source_export FROM happened WHERE source_export IS NOT NULL))
          AND NOT EXISTS (
            SELECT 1 FROM members AS known
            WHERE known.value_norm = members.value_norm AND known.source_export IS DISTINCT FROM members.source_export)
        """,
    ),
    "recognised": Derived(
        "ways to tell whose a contact record is: itself, its customer, and its phones and emails. Records with a mark "
        "in common can be taken for one recipient; a mark that is an address may be a household's",
        """
        SELECT contact_id, 'contact ' || contact_id AS mark, FALSE AS is_address FROM touches
          WHERE contact_id IS NOT NULL
        UNION SELECT contact_id, 'contact ' || contact_id, FALSE FROM consents WHERE contact_id IS NOT NULL
        UNION SELECT contact_id, 'customer ' || customer_id, FALSE FROM customer_links WHERE customer_id IS NOT NULL
        UNION SELECT contact_id, type || ' ' || value_norm, TRUE FROM contact_points
          WHERE type IN ('phone', 'email') AND value_norm IS NOT NULL
        """,
    ),
    "marketing_sent": Derived(
        "outbound marketing messages to known people, and the `reach` a consent would be for",
        """
        SELECT *, replace(channel, 'wecom', 'wechat') AS reach
        FROM touches
        WHERE direction = 'outbound' AND contact_id IS NOT NULL
          AND channel IN ('sms', 'email', 'phone', 'wechat', 'wecom', 'whatsapp')
          AND content_type IN ('promo', 'promotion', 'marketing', 'coupon', 'cross_sell', 'renewal', 'newsletter')
        """,
        False,
    ),
    "ad_sources": Derived(
        "campaign sources by which visits from an advertising platform are known",
        "SELECT platform, source FROM (VALUES "
        + ", ".join(
            f"({text_list([platform])}, {text_list([source])})"
            for platform, sources in dated("ad_platforms")["sources"].items()
            for source in sources
        )
        + ") AS known (platform, source)",
        False,
    ),
    "ad_days": Derived(
        "spend per day and advertising platform",
        """
        SELECT lower(platform) AS platform, date AS day, sum(spend) AS spend, any_value(source_file) AS source_file
        FROM ad_spend WHERE date IS NOT NULL AND coalesce(date_end, date) = date GROUP BY ALL
        """,
    ),
    "visit_days": Derived(
        "touches per day and campaign source, and how many of them say they were paid for",
        """
        SELECT lower(source) AS source, CAST(local_time(occurred_at) AS DATE) AS day, count(*) AS touches,
               count(*) FILTER (is_paid OR lower(medium) IN
                                ('cpc', 'ppc', 'cpm', 'ocpm', 'paid', 'paid_social', 'paidsearch')) AS paid,
               any_value(source_file) AS source_file
        FROM touches WHERE source IS NOT NULL AND occurred_at >= {business_start} AND occurred_at < {as_of_end}
        GROUP BY ALL
        """,
    ),
}  # fmt: skip


def needed(words: Collection[str]) -> list[str]:
    """Names of DERIVED that SQL with *words* reads, directly or through one another, in an order to create them."""
    ordered: list[str] = []

    def visit(name: str) -> None:
        if name in ordered:
            return
        for deeper in words_in(DERIVED[name].query) & DERIVED.keys():
            visit(deeper)
        ordered.append(name)

    for name in DERIVED:
        if name in words:
            visit(name)
    return ordered


def lake_tables_of(words: Collection[str]) -> set[str]:
    """Lake tables that SQL with *words* reads, directly or through DERIVED."""
    every = set(words)
    for name in needed(words):
        every |= words_in(DERIVED[name].query)
    return {name for name in LAKE_TABLES if name in every or f"exported_{name}" in every}


def create(name: str, parameters: Mapping[str, str], execute: Execute) -> None:
    """Create the view or table called *name*."""
    derived = DERIVED[name]
    execute(f"CREATE {'TABLE' if derived.is_table else 'VIEW'} {name} AS {filled(derived.query, parameters)}")
