"""Ibis's SQL compilers, of which an audit uses one, at most two."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from typing import Any

_PACKAGE = "ibis.backends.sql.compilers"


def load_when_used() -> None:
    """Have Ibis load a compiler when it is first asked for, instead of the twenty it knows with the first of them.

    The nineteen others took a tenth of the time of a small ingest. The package keeps all its names: one that is no
    module of it makes it load as usual. Does nothing where the package is loaded already, or Ibis has none.

    >>> load_when_used()
    >>> from ibis.backends.sql.compilers import DuckDBCompiler
    >>> DuckDBCompiler.__module__
    'ibis.backends.sql.compilers.duckdb'
    """
    spec = importlib.util.find_spec(_PACKAGE)
    if _PACKAGE in sys.modules or spec is None or spec.loader is None:
        return
    package, loader = importlib.util.module_from_spec(spec), spec.loader

    def named(name: str) -> Any:
        if name == "__all__" or not name.startswith("_"):
            if importlib.util.find_spec(f"{_PACKAGE}.{name}"):
                return importlib.import_module(f"{_PACKAGE}.{name}")
            loader.exec_module(package)
            if name in vars(package):
                return vars(package)[name]
        raise AttributeError(f"module {_PACKAGE!r} has no attribute {name!r}")

    vars(package)["__getattr__"] = named
    sys.modules[_PACKAGE] = package
