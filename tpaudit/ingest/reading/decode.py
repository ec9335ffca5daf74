"""Bytes to text: byte-order mark, strict UTF-8, GB18030, UTF-16; what does not decode is replaced and told."""

from __future__ import annotations

import codecs
import gzip
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from tpaudit.ingest.reading.container import utf16_without_mark
from tpaudit.ingest.refusal import Refusal

REPLACEMENT = "\ufffd"
_BLOCK = 1 << 22
_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
# Above this share of undecodable signs the text would be noise, not data with a blemish.
_MOST_REPLACED = 0.05


@dataclass(frozen=True, slots=True)
class TextSource:
    """A text file, its encoding, and whether some bytes of it do not decode."""

    path: Path
    zipped: bool
    encoding: str
    is_damaged: bool = False

    def open(self) -> IO[str]:
        """Open the decoded text; line ends are left as they are, undecodable bytes become U+FFFD."""
        stream = _open_bytes(self.path, self.zipped)
        return io.TextIOWrapper(io.BufferedReader(stream, _BLOCK), self.encoding, errors="replace", newline="")


def text_source(path: Path, zipped: bool) -> TextSource:
    """Find the encoding of *path*; raises Refusal if no encoding makes text of it."""
    with _open_bytes(path, zipped) as stream:
        head = stream.read(4096)
    for mark, encoding in _MARKS:
        if head.startswith(mark):
            return TextSource(path, zipped, encoding, is_damaged=not _decodes(path, zipped, encoding))
    for encoding in filter(None, (utf16_without_mark(head), "utf-8", "gb18030")):
        if _decodes(path, zipped, encoding):
            return TextSource(path, zipped, encoding)
    replaced, encoding = min((_share_replaced(path, zipped, name), name) for name in ("utf-8", "gb18030"))
    if replaced > _MOST_REPLACED:
        raise Refusal("is not text in UTF-8, GB18030 or UTF-16", "save it as UTF-8 and try again")
    return TextSource(path, zipped, encoding, is_damaged=True)


class Utf8Stream(io.RawIOBase):
    """Decoded text given out as UTF-8 bytes, for readers that take bytes."""

    def __init__(self, text: IO[str]) -> None:
        self._text = text
        self._rest = b""

    def readable(self) -> bool:
        """Say that it can be read."""
        return True

    def readinto(self, target: memoryview) -> int:  # type: ignore[override]
        """Fill *target* with the next bytes and return their number, 0 at the end."""
        if not self._rest:
            self._rest = self._text.read(_BLOCK).encode("utf-8")
        taken = self._rest[: len(target)]
        target[: len(taken)] = taken
        self._rest = self._rest[len(taken) :]
        return len(taken)


def _open_bytes(path: Path, zipped: bool) -> io.RawIOBase:
    return gzip.open(path) if zipped else path.open("rb", buffering=0)  # type: ignore[return-value]


def _blocks(path: Path, zipped: bool) -> Iterator[bytes]:
    try:
        with _open_bytes(path, zipped) as stream:
            while block := stream.read(_BLOCK):
                yield block
    except (EOFError, gzip.BadGzipFile) as fault:
        raise Refusal("is a damaged gzip file", "download the export again") from fault


def _decodes(path: Path, zipped: bool, encoding: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)(errors="strict")
    try:
        for block in _blocks(path, zipped):
            decoder.decode(block)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _share_replaced(path: Path, zipped: bool, encoding: str) -> float:
    decoder = codecs.getincrementaldecoder(encoding)(errors="replace")
    signs = replaced = 0
    for block in _blocks(path, zipped):
        text = decoder.decode(block)
        signs += len(text)
        replaced += text.count(REPLACEMENT)
    return replaced / max(signs, 1)
