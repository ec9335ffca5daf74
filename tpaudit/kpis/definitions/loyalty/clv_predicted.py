"""What a buyer is expected to be worth from now on."""

from __future__ import annotations

from typing import Any

import ibis
import numpy as np
import pyarrow as pa
from ibis import _
from numpy.typing import NDArray

from tpaudit.kpis.definition import Kind, Kpi
from tpaudit.kpis.definitions.loyalty import with_journey
from tpaudit.kpis.facts import Facts, known, observations
from tpaudit.results import Titles
from tpaudit.stats import bgnbd, gamma_gamma
from tpaudit.stats.bgnbd import BgNbd
from tpaudit.stats.gamma_gamma import GammaGamma

Floats = NDArray[np.float64]

_HISTORY = ("repeats", "last_day", "age")
# Repeat buyers below which two models of seven parameters tell nothing.
_LEAST_REPEAT_BUYERS = 50
# Days after which future revenue is discounted, each step at its end.
_STEP = 30
_YEAR = 365.0


def observe(facts: Facts) -> Any:
    """Buyers with their predicted value, once per place of their journey; nobody if a model cannot be fitted."""
    buyers = _histories(facts)
    models = _fitted(facts, buyers)
    if models is None:
        nobody = facts.customers.filter(ibis.literal(False))
        return observations(nobody, subject=nobody.customer_id)
    worth = _worth(facts, buyers, *models)
    met = with_journey(facts, worth)
    return observations(met, subject=met.customer_id, occurred_at=met.first_at, value=met.worth)


@known
def _histories(facts: Facts) -> Any:
    """Buyers with what the models look at. A purchase is a day on which more was paid than returned.

    repeats: purchases after the first; last_day, age: days from the first to the last and to the audit's day;
    mean_amount: mean net amount of the repeats.
    """
    orders = facts.paid_orders.filter(_.customer_id.notnull(), _.ordered_at < facts.observed_until)
    orders = orders.mutate(day=facts.local(orders.ordered_at).date())
    # Amounts stay decimal until they are divided: sums of floats end differently from run to run, and a last digit is
    # enough for the models to settle elsewhere.
    days = orders.group_by("customer_id", "day").agg(amount=_.net_amount.sum(), at=_.ordered_at.min())
    buyers = days.filter(_.amount > 0).group_by("customer_id").agg(
        first_at=_["at"].min(), first_day=_.day.min(), latest_day=_.day.max(),
        repeats=_.count() - 1, repeats_amount=_.amount.sum() - _.amount.argmin(_.day),
    )  # fmt: skip
    until = ibis.literal(facts.store.audit.as_of)
    return buyers.select(
        "customer_id", "first_at", "repeats",
        last_day=buyers.latest_day.delta(buyers.first_day, unit="day").cast("int64"),
        age=until.delta(buyers.first_day, unit="day").cast("int64"),
        mean_amount=buyers.repeats_amount.cast("float64") / buyers.repeats.nullif(0),
    )  # fmt: skip


def _fitted(facts: Facts, buyers: Any) -> tuple[dict[str, Floats], BgNbd, GammaGamma] | None:
    """The distinct histories with their number `n`, and the models fitted to them; None if the data are too few or
    settle no model."""
    engine = facts.store.engine
    # In order: sums of floats in another one end differently, and so do the models.
    histories = buyers.group_by(_HISTORY).agg(n=_.count()).order_by(_HISTORY)
    distinct = _columns(engine.fetch(histories))
    if distinct["n"][distinct["repeats"] > 0].sum() < _LEAST_REPEAT_BUYERS:
        return None
    buying = bgnbd.fit(distinct["repeats"], distinct["last_day"], distinct["age"], distinct["n"])
    if not buying.converged:
        return None
    amounts = buyers.filter(_.repeats > 0).select("repeats", "mean_amount")
    spent = _columns(engine.fetch(amounts.order_by("repeats", "mean_amount")))
    spending = gamma_gamma.fit(spent["repeats"], spent["mean_amount"])
    return (distinct, buying, spending) if spending.converged else None


def _worth(facts: Facts, buyers: Any, distinct: dict[str, Floats], buying: BgNbd, spending: GammaGamma) -> Any:
    """Each buyer's expected purchases, discounted, times the expected amount of one."""
    settings = facts.settings.kpi
    ends = np.append(np.arange(_STEP, settings.clv_days, _STEP), settings.clv_days).astype(np.float64)
    factors = (1 + settings.discount_rate) ** (-ends / _YEAR)
    purchases = buying.discounted_purchases(distinct["repeats"], distinct["last_day"], distinct["age"], ends, factors)
    columns = {name: distinct[name].astype(np.int64) for name in _HISTORY} | {"purchases": purchases}
    found = buyers.join(facts.store.engine.table(pa.table(columns)), list(_HISTORY))
    amount = spending.expected_mean(found.repeats, found.mean_amount.fill_null(0.0))
    margin = 1.0 if settings.gross_margin is None else settings.gross_margin
    return found.select("customer_id", "first_at", worth=found.purchases * amount * margin)


def _columns(table: pa.Table) -> dict[str, Floats]:
    return {name: table[name].to_numpy().astype(np.float64) for name in table.column_names}


KPI = Kpi(
    id="clv_predicted",
    place=670,
    title=Titles(en="Customer value ahead", zh="客户预测价值"),
    definition=Titles(
        en=(
            "Expected net amount per buyer over the next clv_days, discounted at discount_rate a year in steps of 30 "
            "days; times gross_margin if that is set. Purchases (days on which more was paid than returned) are "
            "expected by the BG/NBD model, their amounts by the gamma-gamma model, both fitted to this audit's buyers. "
            "The interval is that of the mean over buyers; it does not hold the models' own error. By touchpoint: "
            "buyers whose journey to their first purchase includes it."
        ),
        zh=(
            "未来 clv_days 天内每位买家的预期净额，按年折现率 discount_rate 以 30 天为步长折现；若设置了 gross_margin "
            "则乘以毛利率。购买（实付大于退款的日子）次数由 BG/NBD 模型、金额由 Gamma–Gamma 模型预测，均以本次审计的"
            "买家拟合。区间为买家均值的区间，不含模型自身误差。按触点：首次购买前的旅程包含该触点的买家。"
        ),
    ),
    unit="currency",
    better="higher",
    formula="sum(expected purchases x discount) x expected amount / buyers",
    source="Fader, Hardie, Lee (2005), Marketing Science 24; Fader and Hardie (2013), gamma-gamma note",
    needs=Titles(
        en=(
            f"paid orders of at least {_LEAST_REPEAT_BUYERS} customers who bought on two days or more, to which the "
            "models can be fitted"
        ),
        zh=f"至少 {_LEAST_REPEAT_BUYERS} 位在两天及以上购买过的客户的付款订单，且模型可以拟合",
    ),
    kind=Kind.MEAN,
    inputs=("orders",),
    windows=("kpi.clv_days", "journey.window_days"),
    grain="customer",
    observe=observe,
)
