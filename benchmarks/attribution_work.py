"""What `benchmarks.attribution` measures: `python benchmarks/attribution_work.py TOOL FOLDER` prints a line of JSON."""

from __future__ import annotations

import json
import os
import sys
import warnings
from functools import partial
from pathlib import Path
from typing import Any


def ours(folder: Path) -> dict[str, Any]:
    """All models from raw touches, as stage `rank` works them out."""
    from tpaudit import process

    process.prepare()
    from tpaudit.audit import Audit, load_config
    from tpaudit.engine import EngineSettings, connect
    from tpaudit.kpis.facts import Facts
    from tpaudit.ranking.attribution import attribute
    from tpaudit.ranking.steps import steps_by_touchpoint, steps_of_audit
    from tpaudit.results import AttributionBasis
    from tpaudit.stats.bootstrap import block_weights
    from tpaudit.store import Store

    audit = Audit(folder, load_config(folder, {}))
    audit.scratch.mkdir(parents=True, exist_ok=True)
    engine = connect(EngineSettings(temp_directory=audit.scratch))
    rules = audit.config.settings.rank
    facts = Facts(Store(audit, engine))
    met = steps_by_touchpoint(facts)
    basis = AttributionBasis(outcome="conversion", window_days=30)
    weights = block_weights(rules.replicates, rules.seed)
    rows = attribute(engine, steps_of_audit(facts), list(met), weights, basis, number=sum(met.values())).rows
    markov = [row for row in rows if row.model == "markov"]
    sure = sum(row.rank_low == row.rank_high for row in markov)
    models = len({row.model for row in rows})
    return {
        "shares": {row.touchpoint: row.share for row in markov},
        "told": f"{models} models, {sure} of {len(met)} ranks the same in 95 % of {rules.replicates} resamples",
    }


def channel_attribution(paths: Any, differ: float = 0.05) -> dict[str, Any]:
    """ChannelAttribution's Markov chain of order 1 as its documentation calls it, with what paths were worth.

    Its own settings are left: one thread, repetitions until they *differ* by less than 5 %.
    """
    import ChannelAttribution

    found = ChannelAttribution.markov_model(
        paths, "path", "total_conversions", var_value="total_conversion_value", var_null="total_null",
        conv_par=differ, verbose=False, flg_pro=False,
    )  # fmt: skip
    return _shares(dict(zip(found["channel_name"], found["total_conversions"], strict=True)))


def channel_attribution_of_file(folder: Path, name: str, differ: float = 0.05) -> dict[str, Any]:
    import pandas as pd

    return channel_attribution(pd.read_parquet(folder / f"{name}.parquet"), differ)


def channel_attribution_of_touches(folder: Path) -> dict[str, Any]:
    """What somebody does who has touches: paths put together by pandas, a row for each journey."""
    import pandas as pd

    touches = pd.read_parquet(
        folder / "marts" / "journey_touches.parquet", columns=["customer_id", "touchpoint", "position"]
    )
    ends = pd.read_parquet(folder / "marts" / "journeys.parquet", columns=["customer_id", "converted", "value"])
    in_order = touches.sort_values(["customer_id", "position"])
    paths = in_order.groupby("customer_id", sort=False)["touchpoint"].agg(" > ".join).rename("path").reset_index()
    paths = paths.merge(ends, on="customer_id")
    paths["total_conversions"] = paths["converted"].astype(int)
    paths["total_null"] = 1 - paths["total_conversions"]
    paths["total_conversion_value"] = paths["value"].astype(float).fillna(0.0)
    columns = ["path", "total_conversions", "total_conversion_value", "total_null"]
    return channel_attribution(paths[columns])


def marketing_attribution_models(folder: Path) -> dict[str, Any]:
    import pandas as pd

    mam = _mam(pd.read_parquet(folder / "paths.parquet"))
    return _shares(_removal(mam))


def do_attribution(folder: Path) -> dict[str, Any]:
    import pandas as pd

    return _shares(_do(pd.read_parquet(folder / "paths.parquet"), order=1))


def agreement(file: Path) -> None:
    """How far shares of the peers that are exact differ from ours, on a file of paths."""
    import pandas as pd

    from tpaudit.audit.settings import RankSection
    from tpaudit.engine import EngineSettings, connect
    from tpaudit.ranking import attribute_paths

    result = attribute_paths(connect(EngineSettings()), file, RankSection(replicates=2))
    paths = pd.read_csv(file)
    mam = _mam(paths)
    peers = {
        ("mam", "markov"): lambda: _removal(mam),
        ("mam", "first"): lambda: _credit(mam.run_first_click()),
        ("mam", "last"): lambda: _credit(mam.run_last_click()),
        ("mam", "linear"): lambda: _credit(mam.run_linear()),
        ("mam", "position"): lambda: _credit(mam.run_position_based()),
        ("do_attribution", "markov"): lambda: _do(paths, order=1),
        ("do_attribution", "markov_2"): lambda: _do(paths, order=2),
    }
    for (peer, model), work in peers.items():
        theirs = _shares(work())["shares"]
        ours = {row.touchpoint: row.share for row in result.attribution if row.model == model}
        worst = max(abs(theirs.get(name, 0.0) - share) for name, share in ours.items())
        print(f"{model:<12}{peer:<18}largest difference of a share {worst:.1e}")


def _mam(paths: Any) -> Any:
    """marketing-attribution-models over paths, one journey per row that stands for several."""
    import mam
    import pandas as pd

    told = _outcomes(paths)
    frame = pd.DataFrame({"path": told.path, "converted": told.converted, "number": told.times, "id": range(len(told))})
    return mam.MAM(
        frame, format_type="format_3", channels_colname="path", journey_with_conv_colname="converted",
        occurrences_colname="number",
    )  # fmt: skip


def _do(paths: Any, order: int) -> dict[str, float]:
    from do_attribution import MarkovAttribution

    told = _outcomes(paths)
    warnings.simplefilter("ignore")
    chain = MarkovAttribution(order=order, removal_strategy="redirect_to_null")
    effects: dict[str, float] = chain.fit(told.path, told.converted.astype(int), told.times)["removal_effects"]
    return effects


def _outcomes(paths: Any) -> Any:
    """Rows of paths that converted, then of those that did not, with how many each row stands for."""
    import pandas as pd

    won = paths[["path"]].assign(converted=True, times=paths["total_conversions"])
    lost = paths[["path"]].assign(converted=False, times=paths["total_null"])
    told = pd.concat([won, lost], ignore_index=True)
    return told[told.times > 0].reset_index(drop=True)


def _shares(credit: dict[str, float]) -> dict[str, Any]:
    total = sum(credit.values())
    return {"shares": {name: value / total for name, value in credit.items()}, "told": ""}


def _credit(result: Any) -> dict[str, float]:
    """Credit by touchpoint of a result of marketing-attribution-models."""
    return {str(row[0]): float(row[1]) for row in result.to_polars().rows()}


def _removal(mam: Any) -> dict[str, float]:
    """Removal effects; the credit that it adds up shares every conversion among its own journey's touches only."""
    from mam.models.markov import MarkovModel

    chain = MarkovModel(transition_to_same_state=True)
    chain.calculate(mam.unified_df)
    return dict(chain.removal_effect_df["removal_effect"])


WORK = {
    "ours": ours,
    "ChannelAttribution/touches": channel_attribution_of_touches,
    "ChannelAttribution/journeys": partial(channel_attribution_of_file, name="journeys"),
    "ChannelAttribution/settled": partial(channel_attribution_of_file, name="journeys", differ=0.01),
    "ChannelAttribution/paths": partial(channel_attribution_of_file, name="paths"),
    "do-attribution/paths": do_attribution,
    "marketing-attribution-models/paths": marketing_attribution_models,
}

if __name__ == "__main__":
    if sys.argv[1] == "agreement":
        agreement(Path(sys.argv[2]))
    else:
        print(json.dumps(WORK[sys.argv[1]](Path(sys.argv[2]))), flush=True)
        # The last figure is out: how long Python takes its objects apart is nobody's cost.
        os._exit(0)
