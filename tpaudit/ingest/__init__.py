"""Ingest: exports of any layout go in, canonical lake rows and issues come out.

One file runs through layers, each its own module: container -> decode -> dialect and header -> recognise the preset ->
stage the raw rows -> map -> normalise -> lake. Presets are data (`presets/*.toml`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tpaudit.audit.inputs import InputFile
    from tpaudit.ingest.intake import Reading
    from tpaudit.results import IngestResult
    from tpaudit.store import Store

__all__ = ["ingest"]


def ingest(
    store: Store,
    paths: Sequence[Path],
    *,
    preset: str | None = None,
    table: str | None = None,
    map_files: Sequence[Path] = (),
    dry_run: bool = False,
    force: bool = False,
    inputs: Sequence[InputFile] | None = None,
    tell: Callable[[Reading], None] = lambda reading: None,
) -> IngestResult:
    """Read the files (or folders of files) *paths* into the lake and say what became of each.

    *preset* forces one preset, *table* reads the files as canonical rows of that lake table, *map_files* are mapping
    files that go before every preset; *dry_run* does everything except writing, *force* reads files again that are in
    the lake already. *inputs* are the files that *paths* mean, if the caller has hashed them already. *tell* hears how
    far the reading of each file has come.

    A file already in the lake is not read again; a file whose content changed replaces its earlier rows; the rows of a
    file that is gone from one of the folders *paths* are removed. A file that cannot be read is refused with a reason
    and does not stop the others.

    Raises InputFault if there is no file, or every file is refused; UsageFault for an unknown preset or table, or a
    mapping file that is wrong or names a column its export lacks.
    """
    from tpaudit.ingest.choice import Choice
    from tpaudit.ingest.files import inputs_of
    from tpaudit.ingest.intake import Intake

    found = inputs_of(store.audit, paths, remember=not dry_run) if inputs is None else inputs
    choice = Choice(preset=preset, table=table, map_files=tuple(map_files))
    return Intake(store, choice, dry_run, force, tell).take_in(paths, found)
