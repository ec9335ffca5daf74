"""Workbooks (xlsx, xlsb, xls, ods) through calamine: every sheet a grid, with the row numbers a spreadsheet shows."""

from __future__ import annotations

from pathlib import Path

from python_calamine import CalamineError, CalamineWorkbook, PasswordError, SheetTypeEnum

from tpaudit.ingest.reading.grid import Cells, Grid
from tpaudit.ingest.refusal import Refusal


def sheets_of(path: Path, scratch: Path | None) -> dict[str, Grid]:
    """The sheets of *path* that hold cells, in their order; large ones are laid down in *scratch*.

    Raises Refusal if the workbook is damaged, protected or empty.
    """
    try:
        # From a path calamine would believe the file's name.
        with path.open("rb") as file:
            book = CalamineWorkbook.from_filelike(file)
        grids = [sheet.name for sheet in book.sheets_metadata if sheet.typ == SheetTypeEnum.WorkSheet]
        found = {name: _grid(book, name, place, path, scratch) for place, name in enumerate(grids)}
    except PasswordError as fault:
        raise Refusal(
            "is an encrypted workbook: password-protected", "open it with its password and save it without one"
        ) from fault
    except (CalamineError, OSError, ValueError, OverflowError) as fault:
        raise Refusal(
            f"is a damaged workbook: {fault}", "open it in a spreadsheet program and save it again"
        ) from fault
    filled = {name: grid for name, grid in found.items() if grid}
    if not filled:
        raise Refusal("is empty", "its sheets hold no cell")
    return filled


def _grid(book: CalamineWorkbook, name: str, place: int, path: Path, scratch: Path | None) -> Grid | None:
    # Getting a sheet parses it as a whole: it is done once.
    sheet = book.get_sheet_by_name(name)
    if not sheet.height:
        return None
    spill = scratch / f"{path.name}-{place}.arrow" if scratch else None
    return Grid(Cells(sheet.iter_rows(), sheet.width, sheet.total_height, spill))
