"""The touchpoints of the sample world, and who meets them before a first purchase.

Ids are those of the touchpoint catalogue. Reach depends on the customer's motivation, so that busy
touchpoints look good in a naive comparison although they change nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

TOUCHPOINTS = (
    "online_ads", "search", "social_media", "short_video", "word_of_mouth", "content", "event",
    "website", "mini_program", "product_page", "lead_form", "chat", "sales_conversation", "store_visit",
    "community", "hotline", "self_service", "cart", "checkout", "coupon",
    "delivery", "field_service", "returns", "survey", "review", "referral", "membership",
    "care_message", "renewal_reminder", "cross_sell",
)  # fmt: skip
CODE = {name: code for code, name in enumerate(TOUCHPOINTS)}


@dataclass(frozen=True)
class Exposure:
    """How a touchpoint is met before the purchase decision.

    `reach` is the share of customers of average motivation who meet it, `pull` the change of its log-odds
    per unit of motivation, `repeats` the mean number of further touches of those who meet it. (early, late)
    are the Beta parameters of its place in the journey. `after` names a touchpoint that multiplies the odds
    by `boost`.
    """

    touchpoint: str
    reach: float
    pull: float
    repeats: float
    early: float
    late: float
    after: str | None = None
    boost: float = 1.0


BEFORE_PURCHASE = (
    Exposure("online_ads", 0.30, 0.10, 0.4, 1.0, 2.6),
    Exposure("search", 0.28, 0.25, 0.4, 1.0, 2.0),
    Exposure("social_media", 0.20, 0.15, 0.3, 1.0, 2.4),
    Exposure("short_video", 0.22, 0.10, 0.3, 1.0, 2.2),
    Exposure("word_of_mouth", 0.14, 0.20, 0.1, 1.0, 2.0),
    Exposure("content", 0.17, 0.25, 0.3, 1.0, 1.8),
    Exposure("event", 0.03, 0.10, 0.0, 1.0, 2.0),
    Exposure("website", 0.50, 0.45, 0.9, 1.2, 1.4),
    Exposure("mini_program", 0.70, 0.60, 1.4, 1.2, 1.2),
    Exposure("product_page", 0.48, 0.45, 0.8, 1.6, 1.4),
    Exposure("lead_form", 0.07, 0.25, 0.0, 1.2, 1.8),
    Exposure("chat", 0.11, 0.25, 0.2, 2.4, 1.2, after="product_page", boost=2.2),
    Exposure("sales_conversation", 0.15, 0.30, 0.1, 1.6, 1.6),
    Exposure("store_visit", 0.12, 0.30, 0.2, 1.9, 1.5, after="sales_conversation", boost=2.2),
    Exposure("community", 0.09, 0.30, 0.0, 1.4, 1.6),
    Exposure("hotline", 0.09, 0.20, 0.2, 1.9, 1.4),
    Exposure("self_service", 0.12, 0.20, 0.3, 1.8, 1.4),
    Exposure("cart", 0.12, 0.40, 0.3, 2.6, 1.1, after="product_page", boost=4.0),
    Exposure("coupon", 0.20, 0.30, 0.1, 1.8, 1.4),
    Exposure("membership", 0.06, 0.30, 0.0, 1.4, 1.4),
)  # fmt: skip

AFTER_PURCHASE = (
    Exposure("website", 0.25, 0.20, 0.4, 1.0, 1.0),
    Exposure("mini_program", 0.65, 0.40, 1.2, 1.0, 1.0),
    Exposure("product_page", 0.30, 0.30, 0.5, 1.4, 1.0),
    Exposure("self_service", 0.12, 0.10, 0.2, 1.0, 1.6),
    Exposure("chat", 0.24, 0.10, 0.2, 1.0, 1.6),
    Exposure("hotline", 0.14, 0.00, 0.3, 1.0, 1.6),
    Exposure("field_service", 0.20, 0.00, 0.0, 1.0, 2.4),
    Exposure("store_visit", 0.16, 0.20, 0.2, 1.2, 1.2),
    Exposure("community", 0.16, 0.25, 0.0, 1.0, 1.6),
    Exposure("membership", 0.18, 0.25, 0.0, 1.0, 2.0),
    Exposure("review", 0.18, 0.20, 0.0, 1.0, 1.4),
    Exposure("referral", 0.18, 0.25, 0.2, 1.2, 1.4),
)  # fmt: skip
