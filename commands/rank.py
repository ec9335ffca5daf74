"""`tpaudit rank`: which touchpoints decide the outcome, and how sure that is."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from tpaudit.commands.choices import Outcome, comma_separated
from tpaudit.commands.payload import emit
from tpaudit.commands.session import Session
from tpaudit.commands.shared import with_shared_options
from tpaudit.errors import UsageFault, did_you_mean

if TYPE_CHECKING:
    from tpaudit.results import AttributionResult, RankResult

app = typer.Typer(add_completion=False)


@app.command()
@with_shared_options
def rank(
    session: Session,
    outcome: Annotated[Outcome | None, typer.Option("--outcome", help="Only this outcome.", show_default=False)] = None,
    model: Annotated[
        str | None,
        typer.Option(
            "--model",
            metavar="MODEL,…",
            help="Attribution alone, by these models and sorted by the first: first, last, last_non_direct, linear, "
            "position, time_decay, shapley, markov, markov_2.",
        ),
    ] = None,
    top: Annotated[
        int | None,
        typer.Option("--top", metavar="N", min=1, help="Touchpoints to show per stage and outcome, or per model."),
    ] = None,
    sensitivity: Annotated[
        bool,
        typer.Option(
            "--sensitivity", help="Rank again with other windows, stricter links and without doubtful identities."
        ),
    ] = False,
    paths: Annotated[
        Path | None,
        typer.Option(
            "--paths",
            metavar="FILE",
            help='Attribute the paths of a CSV or Parquet file (path "A > B > C", total_conversions, '
            "total_conversion_value, total_null) instead; needs no audit.",
        ),
    ] = None,
) -> None:
    """Rank touchpoints per journey stage by evidence, never by volume alone."""
    models = _models(model)
    if (models or paths) and outcome not in (None, Outcome.conversion):
        raise UsageFault(f"conversions are attributed, not {outcome}", "leave out --outcome, or --model and --paths")
    if paths is not None:
        _emit_attribution(session, _of_file(session, paths), models, top)
        return
    if sensitivity:
        session.flags["rank", "sensitivity"] = True
    with session.pipeline() as pipeline:
        whole = cast("RankResult", pipeline.bring_up_to_date("rank"))
    if models:
        _emit_attribution(session, _of_audit(session, whole), models, top)
        return
    golden = [row for row in whole.golden if outcome is None or row.outcome == outcome.value]
    if top is not None:
        golden = [row for row in golden if row.rank is not None and row.rank <= top]
    actions = [row for row in whole.actions if outcome is None or row.outcome == outcome.value]
    emit(session, whole.model_copy(update={"golden": tuple(golden), "actions": tuple(actions)}))


def _emit_attribution(session: Session, result: AttributionResult, models: Sequence[str], top: int | None) -> None:
    """Write *result*, of its models those in *models* if any are named, of each the *top* touchpoints."""
    for model in models:
        if result.attribution and model not in result.models:
            reason = result.basis.absent.get(model, "it could not be worked out").replace("_", " ")
            raise UsageFault(f"there is no {model} here: {reason}", f"choose from {', '.join(result.models)}")
    shown = tuple(models or result.models)
    rows = [row for model in shown for row in result.attribution if row.model == model]
    rows = [row for row in rows if top is None or (row.rank is not None and row.rank <= top)]
    # Tables and JSON carry this in their text.
    if session.format not in ("table", "json"):
        for model, reason in result.basis.absent.items():
            session.say(f"{model} is absent: {reason.replace('_', ' ')}")
    emit(session, result.model_copy(update={"attribution": tuple(rows), "models": shown}))


def _models(text: str | None) -> tuple[str, ...]:
    from tpaudit.model.marts import ATTRIBUTION

    known = ATTRIBUTION.column("model").values
    models = tuple(dict.fromkeys(comma_separated(text)))
    for model in models:
        if model not in known:
            raise UsageFault(
                f"unknown attribution model {model!r}{did_you_mean(model, known)}", f"models are {', '.join(known)}"
            )
    return models


def _of_file(session: Session, file: Path) -> AttributionResult:
    from tpaudit.engine import EngineSettings, connect
    from tpaudit.ranking import attribute_paths

    settings = session.audit.config.settings
    with tempfile.TemporaryDirectory(prefix="tpaudit-") as scratch:
        wanted = settings.engine
        engine = connect(EngineSettings(wanted.name, wanted.memory_limit, wanted.threads, Path(scratch)))
        try:
            return attribute_paths(engine, file, settings.rank)
        finally:
            engine.close()


def _of_audit(session: Session, whole: RankResult) -> AttributionResult:
    from tpaudit.results import AttributionBasis, AttributionResult

    models = tuple(dict.fromkeys(row.model for row in whole.attribution))
    first = [row for row in whole.attribution if row.model in models[:1]]
    values = [row.value for row in first if row.value is not None]
    return AttributionResult(
        attribution=whole.attribution,
        basis=whole.attribution_basis or AttributionBasis(outcome="conversion", window_days=None),
        source=None,
        models=models,
        journeys=whole.journeys,
        conversions=whole.conversions,
        attributed=sum(row.credit for row in first),
        value=sum(values) if values else None,
        replicates=whole.replicates,
        currency=session.audit.config.settings.audit.currency,
        touchpoint_titles=whole.touchpoint_titles,
    )
