"""The ranking as a stage of the audit: what it reads, in which order it works, what it writes."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from functools import cached_property
from typing import Any, NamedTuple

import ibis
import numpy as np
import pyarrow as pa
from ibis import _

from tpaudit.errors import NobodyFound, UsageFault, did_you_mean
from tpaudit.journeys.catalogue import Catalogue
from tpaudit.journeys.catalogue import load as load_catalogue
from tpaudit.kpis.facts import Facts
from tpaudit.model import MARTS, STAGES
from tpaudit.ranking.attribution import Attribution, attribute
from tpaudit.ranking.effects import Effects, adjusted_effects, calibration_gap, ranking_quality
from tpaudit.ranking.exposures import Cells, Feature, count_cells
from tpaudit.ranking.golden import Context, judge, p_values
from tpaudit.ranking.outlook import look_beyond
from tpaudit.ranking.sensitivity import Assumption, assumptions, marked_robust, overall, sensitivity_rows
from tpaudit.ranking.steps import spend_by_touchpoint, steps_by_touchpoint, steps_of_audit
from tpaudit.ranking.studies import STUDIES, censored, untouched_buyers
from tpaudit.ranking.traits import Traits, carried_tags, find_traits
from tpaudit.results import (
    AttributionBasis,
    AttributionRow,
    GoldenRow,
    ModelFit,
    RankResult,
    Result,
    SensitivityRow,
)
from tpaudit.stats.bootstrap import block_weights
from tpaudit.stats.evidence import false_discovery_adjusted
from tpaudit.store import Store


def rank_touchpoints(store: Store, *, outcome: str | None = None, top: int | None = None) -> RankResult:
    """Attribute conversions, estimate effects, judge; see `tpaudit.ranking.rank`."""
    ranking = _Ranking(store, outcome, top)
    attributed = ranking.attribution()
    attribution = attributed.rows
    context = ranking.context(attribution)
    golden, fits = ranking.golden(ranking.facts, context)
    sensitivity = ranking.sensitivity(context)
    golden = marked_robust(golden, sensitivity)
    beyond = look_beyond(ranking.facts, ranking.catalogue, golden, fits, ranking.weights, store.audit.config.settings)
    weights = ranking.rules.weights
    over_all = overall(golden, weights)
    if outcome is None and top is None:
        _write(store, "attribution", attribution)
        _write(store, "golden_touchpoints", beyond.golden)
        _write(store, "experience", beyond.experience)
        _write(store, "actions", beyond.actions)
        _write(store, "golden_sensitivity", sensitivity)
        _write(store, "golden_overall", over_all)
    journeys = ranking.journey_totals()
    shown = {row.touchpoint for row in golden} | {row.touchpoint for row in attribution} | set(ranking.excluded)
    shown |= {row.touchpoint for row in beyond.experience}
    return RankResult(
        golden=tuple(beyond.golden),
        attribution=tuple(attribution),
        fits=tuple(fits),
        journeys=journeys["journeys"],
        conversions=journeys["conversions"],
        replicates=len(ranking.weights),
        top=ranking.rules.top,
        attribution_basis=attributed.basis,
        excluded=ranking.excluded,
        touchpoint_titles={name: ranking.catalogue.title(name) for name in sorted(shown)},
        experience=tuple(beyond.experience),
        experience_fit=beyond.fit,
        actions=tuple(beyond.actions),
        experiments=beyond.experiments,
        overall=tuple(over_all),
        weights=weights,
        sensitivity=tuple(sensitivity),
    )


class _Study(NamedTuple):
    """One outcome: its customers by what they met, the effects found, and what these are taken from."""

    cells: Cells
    effects: Effects | None
    fit: ModelFit


class _Ranking:
    """One ranking: the facts, the touchpoints left out, and the resampling all its parts share."""

    def __init__(self, store: Store, outcome: str | None, top: int | None) -> None:
        if outcome is not None and outcome not in STUDIES:
            raise UsageFault(
                f"unknown outcome {outcome!r}{did_you_mean(outcome, STUDIES)}", f"outcomes are {', '.join(STUDIES)}"
            )
        self.store = store
        self.facts = Facts(store)
        self.catalogue: Catalogue = load_catalogue(store.audit.folder)
        settings = store.audit.config.settings.rank
        self.rules = settings.model_copy(update={"top": top}) if top else settings
        self.outcomes = [outcome] if outcome else list(STUDIES)
        self.weights = block_weights(settings.replicates, settings.seed)
        self.excluded: dict[str, str] = {}
        self.traits: dict[str, Traits] = {}

    @cached_property
    def tags(self) -> Any:
        """What contact records say of customers."""
        return carried_tags(self.store)

    def journey_totals(self) -> dict[str, int]:
        totals = self.facts.journeys.aggregate(
            journeys=_.count(), conversions=_.converted.fill_null(False).cast("int64").sum()
        )
        return {name: int(value or 0) for name, value in self.store.engine.fetch_rows(totals)[0].items()}

    def attribution(self) -> Attribution:
        """Attribution of conversions over the steps of all journeys, without what belongs to every order."""
        steps = steps_of_audit(self.facts)
        met = steps_by_touchpoint(self.facts)
        self._exclude(name for name in met if name in self.catalogue.definitional)
        basis = AttributionBasis(
            outcome="conversion",
            window_days=self.store.audit.config.settings.journey.window_days,
            excluded=dict(self.excluded),
        )
        kept = [name for name in met if name not in self.excluded]
        if not kept:
            return Attribution(basis)
        cost = spend_by_touchpoint(self.facts)
        return attribute(self.store.engine, steps, kept, self.weights, basis, cost, sum(met.values()))

    def context(self, attribution: Sequence[AttributionRow]) -> Context:
        """What is shown beside the ranks."""
        return Context(
            markov={row.touchpoint: row.share for row in attribution if row.model == "markov"},
            shapley={row.touchpoint: row.share for row in attribution if row.model == "shapley"},
            drop_off=self._drop_off(),
        )

    def golden(self, facts: Facts, context: Context, assumption: Assumption | None = None
               ) -> tuple[list[GoldenRow], list[ModelFit]]:  # fmt: skip
        """Verdicts for every outcome, and what they are taken from."""
        studies: list[_Study] = []
        for outcome in self.outcomes:
            met = STUDIES[outcome](facts)
            met = self.store.engine.cache(assumption.kept(facts, met) if assumption else met)
            traits = self._traits(outcome, facts.store, met)
            cells = self._cells(met, traits)
            if cells is not None:
                effects = adjusted_effects(cells)
                studies.append(_Study(cells, effects, self._fit(facts, outcome, cells, effects, traits)))
        return self._judged(studies, context), [study.fit for study in studies]

    def _traits(self, outcome: str, store: Store, met: Any) -> Traits:
        """Kinds of customers in the study *met*: those of the audit itself, or of its records linked otherwise."""
        if store is not self.store:
            return find_traits(store, carried_tags(store), met, self.rules.adjust_for)
        if outcome not in self.traits:
            self.traits[outcome] = find_traits(store, self.tags, met, self.rules.adjust_for)
        return self.traits[outcome]

    def _judged(self, studies: Sequence[_Study], context: Context) -> list[GoldenRow]:
        """Verdicts of all *studies*, which are looked at together."""
        if not studies:
            return []
        found = [p_values(study.cells, study.effects, self.rules) for study in studies]
        ends = np.cumsum([len(p) for p in found])
        adjusted = np.split(false_discovery_adjusted(np.concatenate(found)), ends[:-1])
        return [
            row
            for (cells, effects, fit), chance in zip(studies, adjusted, strict=True)
            for row in judge(fit.outcome, cells, effects, chance, self.weights, self.rules, context, fit.unlinked)
        ]

    def _fit(self, facts: Facts, outcome: str, cells: Cells, effects: Effects | None, traits: Traits) -> ModelFit:
        untouched, buyers = untouched_buyers(facts) if outcome == "conversion" else (None, None)
        return ModelFit(
            outcome=outcome,
            customers=round(cells.customers.sum()),
            outcomes=round(cells.outcomes.sum()),
            auc=ranking_quality(cells, effects.chances) if effects else None,
            calibration_gap=calibration_gap(cells, effects.chances) if effects else None,
            window_days=facts.settings.journey.window_days,
            censored=censored(facts, outcome),
            adjusted_for=traits.names,
            not_adjusted_for=traits.left_out,
            buyers=buyers,
            untouched_buyers=untouched,
        )

    def sensitivity(self, context: Context) -> list[SensitivityRow]:
        """The same verdicts under other assumptions; none if the settings do not ask for them."""
        if not self.rules.sensitivity:
            return []
        rows: list[SensitivityRow] = []
        for assumption in assumptions(self.store.audit.config.settings):
            # Nobody to link anew: the touches name their customers themselves.
            with contextlib.suppress(NobodyFound), assumption.facts(self.facts) as facts:
                golden, _fits = self.golden(facts, context, assumption)
                rows += sensitivity_rows(assumption, golden)
        return rows

    def _cells(self, met: Any, traits: Traits) -> Cells | None:
        """A study *met* as cells; None if nobody met anything before the outcome."""
        engine = self.store.engine
        pairs = met.filter(_.touchpoint.notnull()).select("stage", "touchpoint").distinct()
        found = [Feature(row["stage"], row["touchpoint"]) for row in engine.fetch_rows(pairs)]
        self._exclude(feature.touchpoint for feature in found if feature.touchpoint in self.catalogue.definitional)
        known = [feature for feature in found if feature.stage and feature.touchpoint not in self.excluded]
        features = sorted(known, key=_in_order_of_stages)
        staged = {feature.touchpoint for feature in features}
        for feature in found:
            if feature.touchpoint not in staged:
                self.excluded.setdefault(feature.touchpoint, "its stage is unknown")
        if not features:
            return None
        kept = met.touchpoint.isin([feature.touchpoint for feature in features])
        met = met.mutate(touchpoint=ibis.ifelse(kept, met.touchpoint, None))
        return count_cells(engine, met, features, traits)

    def _exclude(self, touchpoints: Any) -> None:
        for touchpoint in touchpoints:
            self.excluded[touchpoint] = "belongs to every order by definition, so it explains none"

    def _drop_off(self) -> dict[tuple[str, str], float | None]:
        rows = self.store.engine.fetch_rows(self.store.mart("journey_map").select("stage", "touchpoint", "drop_off"))
        return {(row["stage"], row["touchpoint"]): row["drop_off"] for row in rows}


def _in_order_of_stages(feature: Feature) -> tuple[int, Feature]:
    """Stages in the order of a journey; those only an export knows come last."""
    return STAGES.index(feature.stage) if feature.stage in STAGES else len(STAGES), feature


def _write(store: Store, mart: str, rows: Sequence[Result]) -> None:
    types = ibis.schema(MARTS[mart].schema).to_pyarrow()
    store.write_mart(mart, store.engine.table(pa.Table.from_pylist([row.model_dump() for row in rows], schema=types)))
