"""Spare what importing Great Expectations does not need: plotting and distributions cost half of its import."""

from __future__ import annotations

import contextlib
import importlib
import sys
from collections.abc import Iterator
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any


class _Deferred(ModuleType):
    """Stands in for a module and imports it when something of it is first used."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        # `import` asks every module for its spec; without one it would load the real module at once.
        self.__spec__ = ModuleSpec(name, None)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        if sys.modules.get(self.__name__) is self:
            del sys.modules[self.__name__]
        return getattr(importlib.import_module(self.__name__), name)


@contextlib.contextmanager
def deferring(*names: str) -> Iterator[None]:
    """While the block imports, modules *names* are stood in for; those already imported are left as they are.

    Whoever imported a stand-in gets the real module on first use. Afterwards `import` finds the real modules again.
    """
    stand_ins = {name: _Deferred(name) for name in names if name not in sys.modules}
    sys.modules.update(stand_ins)
    try:
        yield
    finally:
        for name, stand_in in stand_ins.items():
            if sys.modules.get(name) is stand_in:
                del sys.modules[name]
