"""The canonical model: every table of the lake and every mart, declared once.

>>> from tpaudit.model import LAKE_TABLES
>>> LAKE_TABLES["orders"].column("paid_at").meaning
'when it was paid'
"""

from __future__ import annotations

from tpaudit.model.commerce import ORDER_ITEMS, ORDERS, PAYMENTS
from tpaudit.model.fields import Column, Privacy, Table
from tpaudit.model.interactions import KINDS, STAGES, TOUCH_DAILY, TOUCHES
from tpaudit.model.issues import INGEST_ISSUES
from tpaudit.model.lineage import LINEAGE, LINEAGE_NAMES
from tpaudit.model.marts import (
    ATTRIBUTION,
    CUSTOMER_LINKS,
    CUSTOMER_ORDERS,
    CUSTOMER_SEGMENTS,
    CUSTOMER_VALUES,
    CUSTOMERS,
    FINDINGS,
    GOLDEN_TOUCHPOINTS,
    IDENTITY_CHANGES,
    JOURNEY_MAP,
    JOURNEY_TOUCHES,
    JOURNEYS,
    KPIS,
    PATHS,
    TRANSITIONS,
)
from tpaudit.model.outlook_marts import ACTIONS, EXPERIENCE, GOLDEN_OVERALL, GOLDEN_SENSITIVITY
from tpaudit.model.people import CONSENTS, CONTACT_POINT_TYPES, CONTACT_POINTS, CONTACTS, MERGING_POINT_TYPES
from tpaudit.model.sales import AD_SPEND, DEALS, LEADS
from tpaudit.model.service import SURVEYS, TICKETS


def _by_name(*tables: Table) -> dict[str, Table]:
    return {table.name: table for table in tables}


LAKE_TABLES = _by_name(
    CONTACTS, CONTACT_POINTS, TOUCHES, TOUCH_DAILY, ORDERS, ORDER_ITEMS, PAYMENTS, LEADS, DEALS, TICKETS,
    SURVEYS, AD_SPEND, CONSENTS, INGEST_ISSUES,
)  # fmt: skip

MARTS = _by_name(
    CUSTOMERS, CUSTOMER_LINKS, CUSTOMER_VALUES, IDENTITY_CHANGES, FINDINGS, JOURNEY_TOUCHES, JOURNEYS, CUSTOMER_ORDERS,
    CUSTOMER_SEGMENTS,
    KPIS, TRANSITIONS, PATHS, JOURNEY_MAP, ATTRIBUTION, GOLDEN_TOUCHPOINTS, EXPERIENCE, ACTIONS,
    GOLDEN_SENSITIVITY, GOLDEN_OVERALL,
)  # fmt: skip

__all__ = [
    "ACTIONS",
    "AD_SPEND",
    "ATTRIBUTION",
    "CONSENTS",
    "CONTACTS",
    "CONTACT_POINTS",
    "CONTACT_POINT_TYPES",
    "CUSTOMERS",
    "CUSTOMER_LINKS",
    "CUSTOMER_ORDERS",
    "CUSTOMER_SEGMENTS",
    "CUSTOMER_VALUES",
    "DEALS",
    "EXPERIENCE",
    "FINDINGS",
    "GOLDEN_OVERALL",
    "GOLDEN_SENSITIVITY",
    "GOLDEN_TOUCHPOINTS",
    "IDENTITY_CHANGES",
    "INGEST_ISSUES",
    "JOURNEYS",
    "JOURNEY_MAP",
    "JOURNEY_TOUCHES",
    "KINDS",
    "KPIS",
    "LAKE_TABLES",
    "LEADS",
    "LINEAGE",
    "LINEAGE_NAMES",
    "MARTS",
    "MERGING_POINT_TYPES",
    "ORDERS",
    "ORDER_ITEMS",
    "PATHS",
    "PAYMENTS",
    "STAGES",
    "SURVEYS",
    "TICKETS",
    "TOUCHES",
    "TOUCH_DAILY",
    "TRANSITIONS",
    "Column",
    "Privacy",
    "Table",
]  # fmt: skip
