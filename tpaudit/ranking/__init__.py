"""Ranking of touchpoints: attribution by nine models, adjusted effects, the golden touchpoints they add up to, and
what stands beside them: experience, losses, breakpoints, actions."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from tpaudit.audit.settings import RankSection
    from tpaudit.engine import Engine
    from tpaudit.results import AttributionResult, RankResult
    from tpaudit.store import Store

__all__ = ["attribute_paths", "rank"]


def rank(store: Store, *, outcome: str | None = None, top: int | None = None) -> RankResult:
    """Rank the touchpoints of the journeys by what they contribute to each outcome.

    Reads the marts of journeys and, for retention and satisfaction, orders and surveys. *outcome* restricts the
    ranking to conversion, retention or satisfaction; *top* overrides `[rank] top`. Only the call without either
    writes marts `attribution`, `golden_touchpoints`, `experience` and `actions`, which describe the whole audit.
    Without journeys the result is empty. Raises UsageFault for an unknown outcome, ConfigFault if `experiments.toml` or
    `survey_questions.toml` of the audit is wrong.
    """
    from tpaudit.ranking.stage import rank_touchpoints

    return rank_touchpoints(store, outcome=outcome, top=top)


def attribute_paths(engine: Engine, file: Path, rules: RankSection) -> AttributionResult:
    """Attribute the conversions of the paths in *file* (see `paths_file`) by every model that needs no times.

    Raises InputFault for a file that cannot be read, naming row, column and remedy.
    """
    from tpaudit.ranking import paths_file

    return paths_file.attribute_paths(engine, file, rules)
