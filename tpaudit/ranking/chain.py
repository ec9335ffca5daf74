"""Transition counts of journeys, per block of customers: all a Markov chain and its resampling need."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import ibis
import numpy as np
from ibis import _
from numpy.typing import NDArray

from tpaudit.engine import Engine
from tpaudit.engine.portable import block_of
from tpaudit.stats.bootstrap import BLOCKS

_START, _CONVERSION, _END = "(start)", "(conversion)", "(end)"


def transition_counts(engine: Engine, steps: Any, touchpoints: Sequence[str]) -> NDArray[np.float64]:
    """Counts of shape (blocks, K + 1, K + 2), rows and columns as `markov.removal_effects` reads them.

    *steps* has customer_id, position, touchpoint and converted; *touchpoints* names the K places.
    """
    along = ibis.window(group_by="customer_id", order_by="position")
    chained = steps.mutate(
        block=block_of(steps.customer_id, BLOCKS),
        previous=steps.touchpoint.lag().over(along),
        following=steps.touchpoint.lead().over(along),
    )
    ends = ibis.ifelse(chained.converted, _CONVERSION, _END)
    onward = chained.select("block", origin="touchpoint", target=ibis.coalesce(_.following, ends))
    first = chained.filter(_.previous.isnull()).select("block", origin=ibis.literal(_START), target="touchpoint")
    found = engine.fetch(onward.union(first).group_by(["block", "origin", "target"]).agg(times=_.count()))

    rows = {name: index for index, name in enumerate([*touchpoints, _START])}
    columns = {name: index for index, name in enumerate([*touchpoints, _CONVERSION, _END])}
    counts = np.zeros((BLOCKS, len(rows), len(columns)))
    origin = [rows[name] for name in found["origin"].to_pylist()]
    target = [columns[name] for name in found["target"].to_pylist()]
    counts[found["block"].to_numpy(), origin, target] = found["times"].to_numpy()
    return counts
