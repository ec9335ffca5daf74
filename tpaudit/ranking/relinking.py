"""The same audit, its records linked by another threshold: people and journeys made anew beside it."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator
from dataclasses import replace

from tpaudit import identity, journeys
from tpaudit.audit import Audit
from tpaudit.audit.settings import Settings
from tpaudit.store import Store


@contextlib.contextmanager
def relinked(store: Store, settings: Settings) -> Iterator[Store]:
    """The tables the audit would have if its records were linked by *settings*; they are gone afterwards.

    Marts of identity and journeys are written to a temporary folder that shares the audit's lake and files; the audit's
    own stay as they are. Raises NobodyFound if no export holds a contact record.
    """
    audit = store.audit
    folder = audit.scratch / "relinked"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    derived = {audit.marts, audit.runs, audit.private}
    for shared in audit.folder.iterdir():
        if shared not in derived:
            (folder / shared.name).symlink_to(shared.resolve(), target_is_directory=shared.is_dir())
    other = Store(Audit(folder, replace(audit.config, settings=settings)), store.engine)
    try:
        identity.resolve(other)
        journeys.build(other)
        yield other
    finally:
        shutil.rmtree(folder, ignore_errors=True)
