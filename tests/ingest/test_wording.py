"""Everything ingest says about a file has its Chinese text: the sources are searched for what may be said."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

import pytest

from tpaudit.ingest.issues import ISSUE_KINDS
from tpaudit.ingest.wording import in_both, in_chinese

SOURCES = sorted(Path(str(files("tpaudit.ingest"))).rglob("*.py"))
# What stands for a text only known at run time.
SLOT = "…"


def texts(node: ast.expr, named: dict[str, list[str]]) -> Iterator[str]:
    """The texts an expression may give, their run-time parts replaced; *named* are those that variables hold."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.JoinedStr):
        yield "".join(str(part.value) if isinstance(part, ast.Constant) else SLOT for part in node.values)
    elif isinstance(node, ast.IfExp):
        yield from (*texts(node.body, named), *texts(node.orelse, named))
    elif isinstance(node, ast.Starred | ast.Name):
        name = node.value if isinstance(node, ast.Starred) else node
        yield from named.get(name.id, ()) if isinstance(name, ast.Name) else ()
    elif isinstance(node, ast.Tuple):
        for part in node.elts:
            yield from texts(part, named)


def said(path: Path) -> Iterator[str]:
    """Reasons and remedies of refusals, and messages of issues, in one source file."""
    tree = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
    named: dict[str, list[str]] = {}
    for node in tree:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            named.setdefault(node.targets[0].id, []).extend(texts(node.value, {}))
    for call in tree:
        if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Name):
            continue
        if call.func.id in ("Refusal", "Duplicate"):
            for argument in call.args[: 2 if call.func.id == "Refusal" else 1]:
                yield from texts(argument, named)
        if call.func.id == "Issue":
            for keyword in call.keywords:
                if keyword.arg == "message":
                    yield from texts(keyword.value, named)


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.stem)
def test_every_reason_remedy_and_message_has_a_chinese_text(path: Path) -> None:
    # A reason and its remedy joined by a semicolon are translated one by one.
    missing = [text for text in said(path) if in_chinese(text) is None and text != f"{SLOT}; {SLOT}"]
    assert missing == []


@pytest.mark.parametrize("kind", ISSUE_KINDS.values(), ids=lambda kind: kind.code)
def test_every_kind_of_issue_says_what_it_means_and_what_to_do_in_both_languages(kind: object) -> None:
    for text in (kind.message, kind.remedy):  # type: ignore[attr-defined]
        assert in_both(text).en == text
        assert not in_both(text).zh.isascii()


def test_what_is_only_known_at_run_time_is_carried_over() -> None:
    assert in_chinese("has the same content as a {b}.csv") == "与 a {b}.csv 内容相同"
    assert in_chinese("has a layout no preset knows; nearest is x, but lacks 买家, 金额") == (
        "的格式没有预设能识别；最接近的是 x，但缺少 买家, 金额"
    )
    assert in_chinese("is nothing this catalogue knows") is None
