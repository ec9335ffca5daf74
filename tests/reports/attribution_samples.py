"""Attribution of an invented paths file and of an invented audit, for renderers to draw."""

from __future__ import annotations

from tests.reports.samples import TITLES
from tpaudit.results import AttributionBasis, AttributionResult, AttributionRow

MODELS = ("markov", "markov_2", "shapley", "linear", "position", "first", "last", "last_non_direct")


def _rows(shares: dict[str, float], conversions: float, spent: dict[str, float]) -> tuple[AttributionRow, ...]:
    return tuple(
        AttributionRow(
            touchpoint=touchpoint, model=model, credit=share * conversions, share=share, value=share * 65_432.1,
            ci_low=share * 0.8, ci_high=share * 1.2, rank=place, rank_low=max(place - 1, 1), rank_high=place,
            cost=spent.get(touchpoint), roas=share * 65_432.1 / spent[touchpoint] if touchpoint in spent else None,
            cost_per_conversion=spent[touchpoint] / (share * conversions) if touchpoint in spent else None,
            outcome="conversion", window_days=30,
        )
        for model in MODELS
        for place, (touchpoint, share) in enumerate(shares.items(), start=1)
    )  # fmt: skip


OF_AUDIT = AttributionResult(
    attribution=_rows({"online_ads": 0.41, "product_page": 0.33, "chat": 0.26}, 312, {"online_ads": 12_000.0}),
    basis=AttributionBasis(
        outcome="conversion", window_days=30, excluded={"checkout": "belongs to every order by definition"}
    ),
    source=None, models=MODELS, journeys=1204, conversions=312, attributed=312.0, value=65_432.1, replicates=1000,
    currency="CNY", touchpoint_titles=TITLES,
)  # fmt: skip

OF_FILE = AttributionResult(
    attribution=_rows({"Facebook Ads": 0.7, "[bold red]mail\x1b[31m": 0.2996, "kiosk": 0.0004}, 40, {}),
    basis=AttributionBasis(outcome="conversion", window_days=None, absent={"time_decay": "no_times"}),
    source="paths.csv", models=MODELS, journeys=1, conversions=40, attributed=40.0, value=None, replicates=1000,
    currency=None,
)  # fmt: skip

NOTHING = OF_FILE.model_copy(update={"attribution": (), "models": (), "conversions": 0})
