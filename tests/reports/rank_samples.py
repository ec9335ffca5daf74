"""A hand-made ranking of an invented audit, for renderers to draw: every verdict, flag, sign and kind of action."""

from __future__ import annotations

from tpaudit.results import (
    ActionRow,
    AttributionRow,
    ExperienceFit,
    ExperienceRow,
    Experiment,
    GoldenRow,
    ModelFit,
    OverallRow,
    RankResult,
    SensitivityRow,
    Titles,
)

TITLES = {
    "online_ads": Titles(en="Online ads", zh="在线广告"),
    "short_video": Titles(en="Short video and live stream", zh="短视频与直播"),
    "search": Titles(en="Search", zh="搜索"),
    "product_page": Titles(en="Product page", zh="商品页"),
    "chat": Titles(en="Chat and AI agent", zh="在线客服与智能助手"),
    "cart": Titles(en="Cart", zh="购物车"),
    "store_visit": Titles(en="Store visit", zh="门店到访"),
    "checkout": Titles(en="Checkout and payment", zh="结算与支付"),
    "hotline": Titles(en="Hotline", zh="客服热线"),
    "mini_program": Titles(en="App or mini-program", zh="App 或小程序"),
    "care_message": Titles(en="Birthday or care message", zh="生日与关怀消息"),
    "referral": Titles(en="Referral", zh="转介绍"),
}


def golden(stage: str, touchpoint: str, verdict: str, rank: int | None, effect: float | None, reach: float,
           n: int, outcomes: int, outcome: str = "conversion", **values: object) -> GoldenRow:  # fmt: skip
    """A ranked touchpoint; its interval is 4 points to either side of the effect."""
    return GoldenRow.model_validate(
        {
            "stage": stage, "outcome": outcome, "touchpoint": touchpoint, "rank": rank,
            "rank_low": rank, "rank_high": rank, "band": rank, "verdict": verdict,
            "priority": None if effect is None else reach * abs(effect), "reach": reach,
            "effect": effect, "effect_low": None if effect is None else effect - 0.04,
            "effect_high": None if effect is None else effect + 0.04, "n_customers": n, "n_outcomes": outcomes,
            "p_top": 0.97, "drop_off": 0.1, **values,
        }
    )  # fmt: skip


EXPERIENCE = (
    ExperienceRow(
        stage="consideration", touchpoint="chat", owner="customer service", customers=377, reach=0.346,
        performance=4.31, performance_low=4.2, performance_high=4.41, n_ratings=214, importance=0.182,
        importance_low=0.11, importance_high=0.27, n_importance=96, stated_importance=4.4, stated_low=4.2,
        stated_high=4.6, n_stated=80, quadrant="keep_up", p_quadrant=0.97,
    ),
    ExperienceRow(
        stage="awareness", touchpoint="online_ads", owner="marketing", customers=911, reach=0.757, drop_off=0.31,
        excess_drop_off=0.124, excess_drop_off_low=0.081, excess_drop_off_high=0.17, n_journeys=911,
        breakpoint=("drop_off",),
    ),
    ExperienceRow(
        stage="service", touchpoint="hotline", owner=None, customers=188, reach=0.602, performance=3.1,
        performance_low=2.8, performance_high=3.4, performance_others=4.25, n_ratings=120, importance=0.064, importance_low=0.02,
        importance_high=0.15, n_importance=61, quadrant="low_priority", p_quadrant=0.55, repeat_contact=0.38,
        excess_repeat_contact=0.17, excess_repeat_contact_low=0.09, excess_repeat_contact_high=0.25, n_requests=260,
        return_rate=0.2, excess_return_rate=0.1, excess_return_rate_low=0.02, excess_return_rate_high=0.18,
        n_orders=140, breakpoint=("low_rating", "dissatisfaction", "repeat_contact", "returns"),
    ),
)  # fmt: skip
FIT = ExperienceFit(
    metric="nps", customers=140, touchpoints=2, pairs=1, pairs_rated=0, r_squared=0.246, cut_importance=0.123,
    cut_performance=3.705, left_out={"store_visit": "few_answers"},
)  # fmt: skip
EXPERIMENT = Experiment(
    touchpoint="store_visit", outcome="conversion", effect=0.09, effect_low=0.04, effect_high=0.14,
    source="A/B test, October",
)  # fmt: skip


def action(rank: int, stage: str, touchpoint: str, outcome: str, reason: str, expected: float | None,
           **values: object) -> ActionRow:  # fmt: skip
    """An action; its interval reaches half and half again of what is expected."""
    low, high = (None, None) if expected is None else (expected / 2, expected * 1.5)
    return ActionRow.model_validate(
        {
            "rank": rank, "stage": stage, "touchpoint": touchpoint, "outcome": outcome, "reason": reason, "step": 0.05,
            "step_unit": "reach", "moved": 50.0, "expected": expected, "expected_low": low, "expected_high": high,
            "unit": "customers", "expected_value": None, "value_low": None, "value_high": None, "owner": "stores",
            "evidence": "association", "n": 377, "caveat": "newly_reached", **values,
        }
    )  # fmt: skip


ACTIONS = (
    action(1, "awareness", "online_ads", "conversion", "breakpoint", 37.2, sign="drop_off", step=0.5, step_unit="gap",
           owner="marketing", expected_value=13020.0, value_low=6510.0, value_high=19530.0, caveat="brought_there", n=911),
    action(2, "service", "hotline", "retention", "golden_risk", 11.1, step=0.5, step_unit="exposure", owner=None,
           caveat="already_troubled", n=188),
    action(3, "purchase", "store_visit", "conversion", "golden", 4.5, evidence="experiment", caveat="experiment",
           source="A/B test, October", expected_value=1575.0, value_low=787.5, value_high=2362.5, n=120),
    action(4, "service", "hotline", "satisfaction", "breakpoint", 22.1, sign="repeat_contact", step=0.5,
           step_unit="gap", unit="requests", owner=None, caveat="brought_there", n=260),
    action(5, "service", "hotline", "satisfaction", "breakpoint", None, sign="low_rating", step=0.5, step_unit="gap",
           owner=None, caveat="not_measured", n=120),
)  # fmt: skip

RANK = RankResult(
    golden=(
        golden("consideration", "product_page", "supporting", 2, 0.031, 0.744, 812, 241, rank_low=1, rank_high=3),
        golden("consideration", "chat", "golden", 1, 0.123, 0.346, 377, 155, rank_high=2, drivers=("lifts", "keep_up")),
        golden("awareness", "online_ads", "supporting", 1, 0.011, 0.757, 911, 247, flags=("breakpoint", "busy"),
               drivers=("effect_unclear", "busy", "drop_off", "wide_reach")),
        golden("awareness", "short_video", "insufficient", None, None, 0.05, 44, 9, drivers=("few_customers",)),
        golden("purchase", "store_visit", "golden", 1, 0.15, 0.22, 120, 60),
        golden("service", "hotline", "golden_risk", 1, -0.118, 0.602, 188, 40, outcome="retention",
               flags=("breakpoint",), drivers=("harms", "low_rating")),
        golden("service", "hotline", "supporting", 1, -0.09, 0.602, 188, 70, outcome="satisfaction"),
    ),
    attribution=tuple(
        AttributionRow(touchpoint=touchpoint, model=model, credit=share * 312, share=share, value=None,
                       ci_low=share * 0.8, ci_high=share * 1.2)
        for touchpoint, share in (("online_ads", 0.41), ("product_page", 0.33), ("chat", 0.26))
        for model in ("first", "last", "linear", "markov", "shapley")
    ),
    fits=(
        ModelFit(outcome="conversion", customers=1204, outcomes=312, auc=0.713, calibration_gap=0.008, window_days=30,
                 censored=87, adjusted_for=("keen", "cool"),
                 not_adjusted_for={"VIP": "alone", "has bought": "follows_outcome", "has not": "follows_outcome"}),
    ),
    journeys=1204, conversions=312, replicates=1000, top=3,
    excluded={"checkout": "follows from the order itself"},
    touchpoint_titles=TITLES, experience=EXPERIENCE, experience_fit=FIT, actions=ACTIONS, experiments=(EXPERIMENT,),
    weights={"conversion": 0.5, "retention": 0.25, "satisfaction": 0.25},
    overall=(
        OverallRow(stage="consideration", touchpoint="chat", rank=1, rank_low=1, rank_high=2, score=0.043,
                   outcomes=("conversion", "satisfaction")),
        OverallRow(stage="consideration", touchpoint="product_page", rank=2, rank_low=1, rank_high=2, score=0.023,
                   outcomes=("conversion",)),
        OverallRow(stage="service", touchpoint="hotline", rank=1, rank_low=1, rank_high=1, score=-0.062,
                   outcomes=("retention", "satisfaction")),
    ),
    sensitivity=tuple(
        SensitivityRow(stage="consideration", outcome="conversion", touchpoint="chat", assumption=assumption,
                       value=value, rank=1, effect=0.1, effect_low=0.05, effect_high=0.15, verdict=verdict,
                       n_customers=300)
        for assumption, value, verdict in (
            ("window_days", 15.0, "golden"), ("window_days", 60.0, "golden"), ("confidence", 0.9, "supporting"),
        )
    ),
)  # fmt: skip
