"""Which preset a header belongs to."""

from __future__ import annotations

from typing import Any

from tpaudit.ingest.layouts.preset_file import parse_presets
from tpaudit.ingest.layouts.recognise import candidates, recognise
from tpaudit.ingest.reading.lines import Line


def lines(*rows: tuple[str, ...]) -> list[Line]:
    return [Line(cells, number, number) for number, cells in enumerate(rows, start=1)]


def preset_of(name: str, match: str) -> Any:
    text = f'id = "{name}"\ntable = "orders"\n[match]\n{match}\n[columns]\na = "orders.order_id"\nb = "extra"\n'
    return parse_presets(text, f"{name}.toml", "shipped")[0]


def test_a_marker_above_the_header_decides_between_equal_layouts() -> None:
    plain = preset_of("plain", 'all = ["a", "b"]')
    marked = preset_of("marked", 'all = ["a", "b"]\nmarker = ["微信支付"]')
    with_marker = lines(("----微信支付账单明细----",), ("a", "b"))
    assert recognise(with_marker, [plain, marked]).preset.id == "marked"
    assert recognise(lines(("a", "b")), [plain, marked]).preset.id == "plain"
    assert recognise(lines(("a", "b")), [marked]) is None


def test_a_header_with_a_forbidden_name_is_another_layout() -> None:
    preset = preset_of("leads", 'all = ["a"]\nnone = ["成交"]')
    assert recognise(lines(("a", "b", "成交")), [preset]) is None
    assert recognise(lines(("a", "b")), [preset]).preset.id == "leads"


def test_candidates_name_the_best_first_and_what_the_others_lack() -> None:
    full = preset_of("full", 'all = ["a"]')
    lacking = preset_of("lacking", 'all = ["a", "b", "c"]')
    found = candidates(lines(("note",), ("a", "b")), [lacking, full])
    assert [(one.preset.id, one.fits, one.missing, one.line.first) for one in found] == [
        ("full", True, (), 2),
        ("lacking", False, ("c",), 2),
    ]
    assert found[0].score == 1.0 and 0 < found[1].score < 1
