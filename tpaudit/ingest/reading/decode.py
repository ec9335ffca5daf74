"""Bytes to text: the encoding is told by a sample, then every byte is decoded once, strictly, as it streams by.

Only when a byte turns up that does not decode is the whole file looked at, and what fits worst replaced and told.
"""

from __future__ import annotations

import codecs
import gzip
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import BinaryIO, cast

from tpaudit.ingest.reading.encodings import best_encoding, marked, wide
from tpaudit.ingest.refusal import Refusal

REPLACEMENT = "\ufffd"
Progress = Callable[[int], None]
_BLOCK = 1 << 22
_SAMPLE = 1 << 18
# Above this share of undecodable signs the text would be noise, not data with a blemish.
_MOST_REPLACED = 0.05
_NAMES = {"utf-16-le": "utf-16", "utf-16-be": "utf-16", "utf-32-le": "utf-32", "utf-32-be": "utf-32"}


class Undecodable(Exception):
    """A byte that the encoding told by the sample does not allow."""


@dataclass(frozen=True)
class TextSource:
    """A text file and its encoding. `mark` is the length of the byte-order mark; `is_damaged` says that some bytes do
    not decode, and are replaced by U+FFFD."""

    path: Path
    zipped: bool
    encoding: str
    mark: int = 0
    is_damaged: bool = False

    @property
    def name(self) -> str:
        """The encoding as people call it."""
        if self.encoding == "utf-8":
            return "utf-8-sig" if self.mark else "utf-8"
        return _NAMES.get(self.encoding, self.encoding) if self.mark else self.encoding

    @cached_property
    def head(self) -> str:
        """The first part of the text, cut anywhere."""
        with self.raw() as stream:
            stream.seek(self.mark)
            return self.decoded(stream.read(_SAMPLE))

    @contextmanager
    def raw(self) -> Iterator[BinaryIO]:
        """The bytes of the text, unpacked; reading on where the archive is cut off raises Refusal."""
        try:
            with _open_bytes(self.path, self.zipped) as stream:
                yield stream
        except (EOFError, zlib.error, OSError) as fault:
            raise _damaged(fault) from fault

    def decoded(self, block: bytes) -> str:
        """A piece of the file that starts with a whole sign; a sign cut at its end is left out."""
        return codecs.getincrementaldecoder(self.encoding)(errors="replace").decode(block)

    def encoded(self, text: str) -> bytes:
        """*text* as it stands in the file."""
        return text.encode(self.encoding, errors="replace")

    def blocks(self, start: int = 0, end: int | None = None, progress: Progress | None = None) -> Iterator[str]:
        """The text from byte *start* to byte *end* in pieces; raises Undecodable unless the source is damaged.

        *progress* is told how many bytes of the file have been read.
        """
        decoder = codecs.getincrementaldecoder(self.encoding)(errors="replace" if self.is_damaged else "strict")
        try:
            for piece in self.pieces(start, end, progress):
                yield decoder.decode(piece)
            yield decoder.decode(b"", final=True)
        except UnicodeDecodeError as fault:
            raise Undecodable from fault

    def pieces(self, start: int = 0, end: int | None = None, progress: Progress | None = None) -> Iterator[bytes]:
        """The bytes from *start* to *end* as they stand in the file, cut anywhere."""
        try:
            with _open_file(self.path) as file, _unpacked(file, self.zipped) as stream:
                place = stream.seek(max(start, self.mark))
                while piece := stream.read(_BLOCK if end is None else min(_BLOCK, end - place)):
                    place += len(piece)
                    yield piece
                    if progress:
                        progress(file.tell() if self.zipped else place)
        except (EOFError, zlib.error, OSError) as fault:
            raise _damaged(fault) from fault

    def settled(self) -> TextSource:
        """The source after a look at every byte: the encoding that replaces least, unless the sample proved one.

        Raises Refusal if none makes text of it.
        """
        names = [self.encoding] if self.mark or not self.head.isascii() else ["utf-8", "gb18030"]
        replaced, encoding = min((self._share_replaced(name), name) for name in names)
        if replaced > _MOST_REPLACED:
            raise _no_text()
        return replace(self, encoding=encoding, is_damaged=replaced > 0)

    def _share_replaced(self, encoding: str) -> float:
        signs = replaced = 0
        for text in replace(self, encoding=encoding, is_damaged=True).blocks():
            signs += len(text)
            replaced += text.count(REPLACEMENT)
        return replaced / max(signs, 1)


def text_source(path: Path, zipped: bool) -> TextSource:
    """Tell the encoding of *path* by samples of it; raises Refusal if no encoding makes text of them."""
    try:
        samples = list(_samples(path, zipped))
    except (EOFError, zlib.error, OSError) as fault:
        raise _damaged(fault) from fault
    if named := marked(samples[0]):
        return TextSource(path, zipped, *named)
    if (encoding := wide(samples[0][:65_536])) or (encoding := best_encoding(samples)):
        return TextSource(path, zipped, encoding)
    # No encoding fits strictly. Every byte is looked at, and a blemish forgiven.
    likely = [TextSource(path, zipped, name, is_damaged=True) for name in ("utf-8", "gb18030")]
    replaced, source = min(((source._share_replaced(source.encoding), source) for source in likely), key=lambda x: x[0])
    if replaced > _MOST_REPLACED:
        raise _no_text()
    return source


def _samples(path: Path, zipped: bool) -> Iterator[bytes]:
    """The start of the file, and pieces of its middle and end that begin and end with lines."""
    with _open_bytes(path, zipped) as stream:
        head = stream.read(_SAMPLE)
        rest = 0 if zipped else path.stat().st_size - len(head)
        yield head if (not rest and not zipped) or len(head) < _SAMPLE else _whole_lines(head, from_start=True)
        if 0 < rest <= 2 * _SAMPLE:
            yield _whole_lines(head[-1000:] + stream.read())
        elif rest:
            for place in (len(head) + (rest - _SAMPLE) // 2, len(head) + rest - _SAMPLE):
                stream.seek(place)
                yield _whole_lines(stream.read(_SAMPLE))


def _whole_lines(block: bytes, from_start: bool = False) -> bytes:
    """The lines within *block*: no encoding but the wide ones has the byte of a line end within a sign."""
    first = 0 if from_start else block.find(b"\n") + 1
    last = block.rfind(b"\n") + 1
    return block[first:last] if last > first else b""


def _open_file(path: Path) -> BinaryIO:
    return cast(BinaryIO, path.open("rb"))


def _unpacked(file: BinaryIO, zipped: bool) -> BinaryIO:
    return cast(BinaryIO, gzip.GzipFile(fileobj=file)) if zipped else file


def _open_bytes(path: Path, zipped: bool) -> BinaryIO:
    return cast(BinaryIO, gzip.open(path)) if zipped else _open_file(path)


def _damaged(fault: Exception) -> Refusal:
    if isinstance(fault, (EOFError, zlib.error, gzip.BadGzipFile)):
        return Refusal("is a damaged gzip file", "download the export again")
    reason = fault.strerror if isinstance(fault, OSError) and fault.strerror else str(fault)
    return Refusal(f"cannot be read: {reason}", "check the disk or copy the file again")


def _no_text() -> Refusal:
    return Refusal("is not text in UTF-8, GB18030, Big5, UTF-16 or Windows-1252", "save it as UTF-8 and try again")
