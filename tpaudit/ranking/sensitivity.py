"""How far a ranking depends on choices somebody made: the window, who counts as one person, the weights of outcomes.

The same studies are made again with half and with twice the window, with records linked by a stricter threshold, and
with none but customers whose identity is sure ([kpi] high_confidence). A verdict that does not stand in all of them is
shown as not robust.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from math import fsum
from typing import Any

from ibis import _

from tpaudit.audit.settings import Settings
from tpaudit.kpis.facts import Facts
from tpaudit.ranking.relinking import relinked
from tpaudit.results import GoldenRow, OverallRow, SensitivityRow

Place = tuple[str, str, str]

# Records are linked anew from this probability at least, or from half way between the usual threshold and certainty.
_STRICT_LINK = 0.9
# Weights of outcomes are varied by half, one by one and together.
_WEIGHT_FACTORS = (0.5, 1.0, 1.5)


@dataclass(frozen=True, slots=True)
class Assumption:
    """One choice made otherwise: its name and value, the settings then, the least confidence asked for, and whether
    records are linked anew."""

    name: str
    value: float
    settings: Settings
    confidence: float | None = None
    relinks: bool = False

    @contextlib.contextmanager
    def facts(self, facts: Facts) -> Iterator[Facts]:
        """The audit's facts under this assumption. Raises NobodyFound if there are no records to link anew."""
        with relinked(facts.store, self.settings) if self.relinks else contextlib.nullcontext(facts.store) as store:
            other = Facts(store)
            other.settings = self.settings
            yield other

    def kept(self, facts: Facts, met: Any) -> Any:
        """The rows of a study *met* whose customers are sure enough."""
        if self.confidence is None:
            return met
        return met.semi_join(facts.customers.filter(_.confidence >= self.confidence), "customer_id")


def assumptions(settings: Settings) -> list[Assumption]:
    """The choices made otherwise."""
    days = settings.journey.window_days
    found = [
        Assumption("window_days", value, settings.model_copy(
            update={"journey": settings.journey.model_copy(update={"window_days": value})}
        ))
        for value in (max(1, days // 2), days * 2)
    ]  # fmt: skip
    stricter = max(_STRICT_LINK, (1 + settings.identity.match_threshold) / 2)
    linked = settings.model_copy(
        update={"identity": settings.identity.model_copy(update={"match_threshold": stricter})}
    )
    found.append(Assumption("match_threshold", stricter, linked, relinks=True))
    sure = settings.kpi.high_confidence
    return [*found, Assumption("confidence", sure, settings, confidence=sure)]


def sensitivity_rows(assumption: Assumption, rows: Iterable[GoldenRow]) -> Iterator[SensitivityRow]:
    """What the ranking *rows* say under *assumption*."""
    for row in rows:
        yield SensitivityRow(
            stage=row.stage,
            outcome=row.outcome,
            touchpoint=row.touchpoint,
            assumption=assumption.name,
            value=assumption.value,
            rank=row.rank,
            effect=row.effect,
            effect_low=row.effect_low,
            effect_high=row.effect_high,
            verdict=row.verdict,
            n_customers=row.n_customers,
        )


def marked_robust(golden: Sequence[GoldenRow], others: Sequence[SensitivityRow]) -> list[GoldenRow]:
    """*golden* with `robust`: whether verdict and direction are the same under every assumption looked at.

    None where nothing was looked at, or the touchpoint is not judged.
    """
    seen: dict[Place, list[SensitivityRow]] = {}
    for other in others:
        seen.setdefault((other.stage, other.outcome, other.touchpoint), []).append(other)
    return [row.model_copy(update={"robust": _stands(row, seen)}) for row in golden]


def _stands(row: GoldenRow, seen: Mapping[Place, Sequence[SensitivityRow]]) -> bool | None:
    others = seen.get((row.stage, row.outcome, row.touchpoint), ())
    if row.verdict == "insufficient" or not others:
        return None
    return all(other.verdict == row.verdict and _agree(row.effect, other.effect) for other in others)


def _agree(one: float | None, other: float | None) -> bool:
    return one is not None and other is not None and (one >= 0) == (other >= 0)


def overall(golden: Sequence[GoldenRow], weights: Mapping[str, float]) -> list[OverallRow]:
    """Touchpoints of each stage by what they move over all outcomes, and the ranks they take as *weights* vary by half.

    The score is the weighted mean, over the outcomes a touchpoint is judged for, of reach x effect: the share of the
    stage's customers moved to a better outcome. Weights are relative; an outcome of weight zero does not count.
    """
    judged = [row for row in golden if row.priority is not None and row.effect is not None and weights[row.outcome] > 0]
    found: list[OverallRow] = []
    for stage in dict.fromkeys(row.stage for row in judged):
        moved: dict[str, dict[str, float]] = {}
        for row in judged:
            if row.stage == stage:
                sign = 1.0 if (row.effect or 0) >= 0 else -1.0
                moved.setdefault(row.touchpoint, {})[row.outcome] = sign * (row.priority or 0)
        found += _overall_in_stage(stage, moved, weights)
    return found


def _overall_in_stage(stage: str, moved: Mapping[str, Mapping[str, float]], weights: Mapping[str, float]
                      ) -> Iterator[OverallRow]:  # fmt: skip
    scores = {touchpoint: _score(parts, weights) for touchpoint, parts in moved.items()}
    ranks: dict[str, list[int]] = {touchpoint: [] for touchpoint in moved}
    for factors in product(_WEIGHT_FACTORS, repeat=len(weights)):
        varied = {outcome: weights[outcome] * factor for outcome, factor in zip(weights, factors, strict=True)}
        for rank, touchpoint in enumerate(_ordered({t: _score(parts, varied) for t, parts in moved.items()}), start=1):
            ranks[touchpoint].append(rank)
    for rank, touchpoint in enumerate(_ordered(scores), start=1):
        yield OverallRow(
            stage=stage,
            touchpoint=touchpoint,
            rank=rank,
            rank_low=min(ranks[touchpoint]),
            rank_high=max(ranks[touchpoint]),
            score=scores[touchpoint],
            outcomes=tuple(outcome for outcome in weights if outcome in moved[touchpoint]),
        )


def _score(moved: Mapping[str, float], weights: Mapping[str, float]) -> float:
    # fsum: the order in which rows come does not show in the last digit.
    total = fsum(weights[outcome] for outcome in moved)
    return fsum(weights[outcome] * share for outcome, share in moved.items()) / total


def _ordered(scores: Mapping[str, float]) -> list[str]:
    return sorted(scores, key=lambda touchpoint: (-scores[touchpoint], touchpoint))
