"""The KPIs there are: every module of a family's package in `tpaudit.kpis.definitions` declares one."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from functools import cache

from tpaudit.kpis import definitions
from tpaudit.kpis.definition import Family, Kpi
from tpaudit.results import KpiInfo


@cache
def load() -> tuple[Kpi, ...]:
    """All KPIs in display order.

    Raises ValueError if a module declares none, is not named after its KPI, or two KPIs claim one place.
    """
    found: dict[int, Kpi] = {}
    for kpi, _ in _declared():
        if kpi.place in found:
            raise ValueError(f"{kpi.id} and {found[kpi.place].id} both claim place {kpi.place}")
        found[kpi.place] = kpi
    return tuple(found[place] for place in sorted(found))


@cache
def infos() -> tuple[KpiInfo, ...]:
    """What each KPI means, in display order."""
    families = {kpi.id: family for kpi, family in _declared()}
    return tuple(kpi.info(families[kpi.id]) for kpi in load())


@cache
def _declared() -> tuple[tuple[Kpi, Family], ...]:
    return tuple(_walk())


def _walk() -> Iterator[tuple[Kpi, Family]]:
    for package in pkgutil.iter_modules(definitions.__path__):
        home = importlib.import_module(f"{definitions.__name__}.{package.name}")
        family = getattr(home, "FAMILY", None)
        if not isinstance(family, Family) or family.id != package.name:
            raise ValueError(f"package {package.name} must declare FAMILY with the id {package.name!r}")
        for module in pkgutil.iter_modules(home.__path__):
            kpi = getattr(importlib.import_module(f"{home.__name__}.{module.name}"), "KPI", None)
            if not isinstance(kpi, Kpi) or kpi.id != module.name:
                raise ValueError(f"{package.name}/{module.name}.py must declare KPI with the id {module.name!r}")
            yield kpi, family
