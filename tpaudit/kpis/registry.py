"""The KPIs there are: every module of `tpaudit.kpis.definitions` that declares one."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache

from tpaudit.kpis import definitions
from tpaudit.kpis.definition import Kpi


@cache
def load() -> tuple[Kpi, ...]:
    """All KPIs in display order.

    Raises ValueError if a module declares none, is not named after its KPI, or two KPIs claim one place.
    """
    found: dict[int, Kpi] = {}
    for module in pkgutil.iter_modules(definitions.__path__):
        kpi = getattr(importlib.import_module(f"{definitions.__name__}.{module.name}"), "KPI", None)
        if not isinstance(kpi, Kpi) or kpi.id != module.name:
            raise ValueError(f"{module.name}.py must declare KPI with the id {module.name!r}")
        if kpi.place in found:
            raise ValueError(f"{kpi.id} and {found[kpi.place].id} both claim place {kpi.place}")
        found[kpi.place] = kpi
    return tuple(found[place] for place in sorted(found))
