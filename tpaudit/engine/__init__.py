"""The engine: where Ibis expressions run.

Data work is written once, as Ibis expressions; this package is the only one that knows which engine runs them and
the few things Ibis cannot say alike everywhere (`tpaudit.engine.portable`).
"""

from __future__ import annotations

from tpaudit.engine.settings import Engine, EngineSettings

__all__ = ["Engine", "EngineSettings", "connect"]


def connect(settings: EngineSettings) -> Engine:
    """Open the engine that *settings* names.

    Raises UsageFault for an engine that is not built.
    """
    from tpaudit.errors import UsageFault

    if settings.name == "duckdb":
        from tpaudit.engine.duckdb import DuckDBEngine

        return DuckDBEngine(settings)
    raise UsageFault(
        f"engine {settings.name!r} is not available in this version",
        "use --engine duckdb, the embedded default",
    )
