"""The stages of an audit: what each writes and depends on, and where its work is done."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

from tpaudit.results import DedupeResult, JourneyResult, KpiResult, RankResult, Result, ValidateResult

if TYPE_CHECKING:
    from tpaudit.store import Store

INGEST = "ingest"


@dataclass(frozen=True, slots=True)
class Stage:
    """A step of the audit: where its work is done, which marts it writes, and what its result depends on.

    `after` are earlier stages, `settings` sections of tpaudit.toml, `files` patterns of files in the audit folder.
    `sees` are stages whose last result it looks at if there is one; they are not run for it. A stage that
    `judges_nobody` has something to say about exports without any person, too.
    """

    name: str
    work: str
    result: type[Result]
    marts: tuple[str, ...]
    after: tuple[str, ...]
    settings: tuple[str, ...]
    files: tuple[str, ...] = ()
    judges_nobody: bool = False
    sees: tuple[str, ...] = ()

    def run(self, store: Store, **options: Any) -> Result:
        """Do the work; the room is imported only now, because some take seconds to load."""
        module, function = self.work.split(":")
        result: Result = getattr(import_module(module), function)(store, **options)
        return result


STAGES = {
    stage.name: stage
    for stage in (
        Stage("dedupe", "tpaudit.identity:resolve", DedupeResult,
              ("customers", "customer_links", "customer_values", "identity_changes"), (INGEST,), ("audit", "identity"),
              files=("labels.csv",)),
        Stage("validate", "tpaudit.checks:assess", ValidateResult,
              ("findings",), (INGEST, "dedupe"), ("audit", "validate"), files=("checks/*.yaml",),
              judges_nobody=True),
        Stage("journey", "tpaudit.journeys:build", JourneyResult,
              ("journey_touches", "journeys", "customer_orders", "transitions", "paths", "journey_map",
               "customer_segments"), (INGEST, "dedupe"), ("audit", "journey", "segments"), files=("tags.toml",)),
        Stage("kpi", "tpaudit.kpis:measure", KpiResult,
              ("kpis",), (INGEST, "dedupe", "journey"), ("audit", "journey", "kpi", "rank"), sees=("validate",)),
        Stage("rank", "tpaudit.ranking:rank", RankResult,
              ("attribution", "golden_touchpoints", "experience", "actions", "golden_sensitivity",
               "golden_overall"), ("journey", "kpi"),
              ("audit", "journey", "kpi", "rank", "experience", "actions"),
              files=("experiments.toml", "survey_questions.toml")),
    )
}  # fmt: skip


BEFORE_GATE, BEHIND_GATE = ("dedupe", "validate"), ("journey", "kpi", "rank")
