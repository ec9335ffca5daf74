"""The engine: where Ibis expressions run.

Data work is written once, as Ibis expressions; this package is the only one that knows which engine runs them and
the few things Ibis cannot say alike everywhere (`tpaudit.engine.portable`).
"""

from __future__ import annotations

from tpaudit.engine.settings import Engine, EngineSettings

__all__ = ["Engine", "EngineSettings", "connect"]


def connect(settings: EngineSettings) -> Engine:
    """Open the engine that *settings* names."""
    from tpaudit.engine.duckdb import DuckDBEngine

    return DuckDBEngine(settings)
