"""JSON taken apart while it streams by: value after value, so that no more than one of them is held at a time."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

_BETWEEN = re.compile(r"[\s,]*")
_REST_SHOWN = 1000

# A value as parsed, and the text it was written as.
Value = tuple[Any, str]


class JsonStream:
    """A JSON text that comes in *pieces*. Commas are passed over like blanks.

    >>> stream = JsonStream(iter(['[{"a": 1}, {"a"', ': 2}]']))
    >>> stream.take("[")
    >>> [stream.value()[0], stream.value()[0], stream.sign()]
    [{'a': 1}, {'a': 2}, ']']
    """

    def __init__(self, pieces: Iterator[str]) -> None:
        self._pieces = pieces
        self._text = ""
        self._place = 0
        self._decoder = json.JSONDecoder()

    def sign(self) -> str:
        """The next sign that is neither blank nor comma; '' at the end of the text."""
        while True:
            found = _BETWEEN.match(self._text, self._place)
            self._place = found.end() if found else self._place
            if self._place < len(self._text):
                return self._text[self._place]
            if not self._read_on():
                return ""

    def take(self, sign: str) -> None:
        """Pass over *sign*; raises ValueError if another one is next."""
        if self.sign() != sign:
            raise json.JSONDecodeError(f"Expecting {sign!r}", self._text, self._place)
        self._place += 1

    def value(self) -> Value:
        """The next value; raises ValueError or RecursionError where the text breaks off or is no JSON."""
        self.sign()
        while True:
            try:
                value, end = self._decoder.raw_decode(self._text, self._place)
                # A number or word at the very end may go on in the next piece.
                if end == len(self._text) and not isinstance(value, (dict, list, str)):
                    raise json.JSONDecodeError("cut", self._text, self._place)
            except (ValueError, RecursionError):
                if not self._read_on():
                    raise
                continue
            text = self._text[self._place : end]
            self._place = end
            return value, text

    def rest(self, length: int) -> str:
        """Up to *length* signs of what is not yet read; '' if there is no letter or figure among them."""
        while len(self._text) - self._place < length and self._read_on():
            pass
        rest = self._text[self._place : self._place + length]
        return rest if any(map(str.isalnum, rest)) else ""

    def _read_on(self) -> bool:
        """Read at least as much as is left unread, so that a long value is not parsed over and over."""
        kept = self._text[self._place :]
        more: list[str] = []
        size = 0
        for piece in self._pieces:
            more.append(piece)
            size += len(piece)
            if size and size >= len(kept):
                break
        self._text, self._place = "".join([kept, *more]), 0
        return size > 0


def elements(stream: JsonStream) -> Iterator[Value]:
    """The elements of one array or of several that follow each other, or documents that do.

    What follows a whole array and is no JSON is one more element, None. Raises ValueError or RecursionError where the
    text breaks off or is no JSON.
    """
    is_inside = was_inside = False
    while sign := stream.sign():
        if sign == "[" and not is_inside:
            stream.take("[")
            is_inside = was_inside = True
        elif sign == "]" and is_inside:
            stream.take("]")
            is_inside = False
        else:
            try:
                value = stream.value()
            except (ValueError, RecursionError):
                if is_inside or not was_inside:
                    raise
                if rest := stream.rest(_REST_SHOWN):
                    yield None, rest
                return
            yield value
    if is_inside:
        stream.take("]")


def members(stream: JsonStream, prefix: str = "") -> Iterator[tuple[str, bool, Value]]:
    """What one object holds: for every element of a list, and every other value that is no object, its dotted name,
    whether it stands in a list, and itself. Raises as `elements` does.

    >>> stream = JsonStream(iter(['{"code": 0, "data": {"list": [{"id": 7}]}}']))
    >>> [(name, is_element, value) for name, is_element, (value, _) in members(stream)]
    [('code', False, 0), ('data.list', True, {'id': 7})]
    """
    stream.take("{")
    while stream.sign() != "}":
        name = f"{prefix}{stream.value()[0]}"
        stream.take(":")
        if stream.sign() == "{":
            yield from members(stream, f"{name}.")
        elif stream.sign() == "[":
            stream.take("[")
            while stream.sign() != "]":
                yield name, True, stream.value()
            stream.take("]")
        else:
            yield name, False, stream.value()
    stream.take("}")
