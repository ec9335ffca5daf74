"""Ways in which exported files are damaged on their way to the consultant, each drawn from a seeded generator."""

from __future__ import annotations

import gzip
import io
import struct
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from random import Random

_DELIMITERS = (b",", b";", b"\t", b"|", b" ", b"~", b", ")
_ENCODINGS = ("utf-8", "gb18030", "utf-16", "utf-16-le", "big5", "cp1252", "utf-8-sig", "utf-32")
_JUNK = (b"\0", b"\xff\xfe", b"\x1a", b'"', b"'", b"\\", b"`", b"{", b"<td>", b"\xef\xbb\xbf", b"=", b"\r")


@dataclass(frozen=True, slots=True)
class Export:
    """A sound export: its name, file name and bytes, its encoding, and the lines of its data rows if known.

    The lines are known only where each row is one line and no two rows are told apart by their place.
    """

    name: str
    file: str
    content: bytes
    encoding: str = "utf-8"
    rows: tuple[int, ...] = ()

    @property
    def width(self) -> int:
        """About how many columns it has; containers count as middling."""
        if self.content[:2] in (b"PK", b"PA", b"\x1f\x8b"):
            return 30
        return max(line.count(b",") + line.count(b"\t") for line in self.content.splitlines()[:10] or [b""])


def mutated(export: Export, random: Random) -> tuple[bytes, tuple[str, ...], int | None]:
    """*export* damaged in one to three ways: the bytes, the names of the ways, and how many data rows were added.

    The number is None where the damage may change what is a row.
    """
    content, rows_added = export.content, 0
    if export.rows and random.random() < 0.3:
        content, rows_added, name = _rearranged(export, random)
        return content, (name,), rows_added
    names = []
    for _ in range(random.choice((1, 1, 1, 2, 3))):
        mutation = random.choice(_MUTATIONS)
        names.append(mutation.__name__.strip("_"))
        content = _inside(content, mutation, export, random)
    return content, tuple(names), None


def _rearranged(export: Export, random: Random) -> tuple[bytes, int, str]:
    """Data rows shuffled, repeated or left out: the number of rows stays known."""
    lines = export.content.decode(export.encoding).splitlines(keepends=True)
    places = [row - 1 for row in export.rows]
    if lines and not lines[-1].endswith("\n"):
        lines[-1] += "\n"
    kind = random.choice(("shuffled", "duplicated", "dropped"))
    if kind == "shuffled":
        taken = [lines[place] for place in places]
        random.shuffle(taken)
        for place, line in zip(places, taken, strict=True):
            lines[place] = line
        return "".join(lines).encode(export.encoding), 0, kind
    if kind == "duplicated" or len(places) < 2:
        place = random.choice(places)
        times = random.choice((1, 2, 30))
        lines[place : place + 1] = [lines[place]] * (1 + times)
        return "".join(lines).encode(export.encoding), times, "duplicated"
    del lines[random.choice(places)]
    return "".join(lines).encode(export.encoding), -1, kind


# What an archive that is damaged already may raise; then its bytes are damaged as they are.
_UNREADABLE = (OSError, EOFError, ValueError, RuntimeError, zlib.error, struct.error, zipfile.BadZipFile)

Mutation = Callable[[bytes, Export, Random], bytes]


def _inside(content: bytes, mutation: Mutation, export: Export, random: Random) -> bytes:
    """Damage *content*, or now and then what lies inside a compressed file: a member of a workbook, a gzip's text."""
    if random.random() < 0.7:
        if content[:2] == b"\x1f\x8b":
            try:
                return gzip.compress(mutation(gzip.decompress(content), export, random), mtime=0)
            except _UNREADABLE:
                pass
        elif content[:2] == b"PK":
            try:
                return _with_one_member(content, lambda member: mutation(member, export, random), random)
            except _UNREADABLE:
                pass
    return mutation(content, export, random)


def _with_one_member(content: bytes, damage: Callable[[bytes], bytes], random: Random) -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as archive, zipfile.ZipFile(written, "w") as copy:
        chosen = random.choice(archive.namelist())
        for name in archive.namelist():
            member = archive.read(name)
            copy.writestr(name, damage(member) if name == chosen else member)
    return written.getvalue()


def _place(content: bytes, random: Random) -> int:
    return random.randrange(len(content) + 1)


def _flipped(content: bytes, export: Export, random: Random) -> bytes:
    flipped = bytearray(content)
    for _ in range(random.choice((1, 3, 20))):
        if flipped:
            flipped[random.randrange(len(flipped))] ^= 1 << random.randrange(8)
    return bytes(flipped)


def _truncated(content: bytes, export: Export, random: Random) -> bytes:
    return content[: _place(content, random)]


def _beheaded(content: bytes, export: Export, random: Random) -> bytes:
    lines = content.splitlines(keepends=True)
    return b"".join(lines[random.choice((1, 1, 2)) :])


def _shuffled_lines(content: bytes, export: Export, random: Random) -> bytes:
    lines = content.splitlines(keepends=True)
    random.shuffle(lines)
    return b"".join(lines)


def _repeated_lines(content: bytes, export: Export, random: Random) -> bytes:
    lines = content.splitlines(keepends=True)
    return b"".join(line * random.choice((1, 1, 1, 2, 5)) for line in lines)


def _swapped_delimiter(content: bytes, export: Export, random: Random) -> bytes:
    return content.replace(random.choice((b",", b"\t")), random.choice(_DELIMITERS))


def _mixed_delimiters(content: bytes, export: Export, random: Random) -> bytes:
    lines = content.splitlines(keepends=True)
    return b"".join(line.replace(b",", random.choice(_DELIMITERS)) for line in lines)


def _reencoded(content: bytes, export: Export, random: Random) -> bytes:
    return content.decode(export.encoding, "replace").encode(random.choice(_ENCODINGS), "replace")


def _half_reencoded(content: bytes, export: Export, random: Random) -> bytes:
    place = _place(content, random)
    return content[:place] + _reencoded(content[place:], export, random)


def _junk_inserted(content: bytes, export: Export, random: Random) -> bytes:
    for _ in range(random.choice((1, 1, 4, 30))):
        place = _place(content, random)
        content = content[:place] + random.choice(_JUNK) + content[place:]
    return content


def _quotes_dropped(content: bytes, export: Export, random: Random) -> bytes:
    return content.replace(b'"', b"", random.choice((1, 3, -1)))


def _line_endings_mixed(content: bytes, export: Export, random: Random) -> bytes:
    lines = content.replace(b"\r\n", b"\n").split(b"\n")
    return b"".join(line + random.choice((b"\n", b"\r\n", b"\r", b"\n\n", b"\r\r\n")) for line in lines)


def _cells_cut_or_added(content: bytes, export: Export, random: Random) -> bytes:
    lines = content.splitlines(keepends=True)
    for place, line in enumerate(lines):
        if random.random() < 0.3:
            body, end = line.rstrip(b"\r\n"), line[len(line.rstrip(b"\r\n")) :]
            cells = body.split(b",")
            cells = [*cells, b"x", b""] if random.random() < 0.5 else cells[: random.randrange(1, len(cells) + 1)]
            lines[place] = b",".join(cells) + end
    return b"".join(lines)


def _huge_cell(content: bytes, export: Export, random: Random) -> bytes:
    place = _place(content, random)
    return content[:place] + random.choice((b"x", b"9", "字".encode(), b'"', b"a,")) * 200_000 + content[place:]


def _doubled(content: bytes, export: Export, random: Random) -> bytes:
    return content + random.choice((b"", b"\n", b"\n\n")) + content


def _preamble_added(content: bytes, export: Export, random: Random) -> bytes:
    notes = (
        b"# exported by somebody\n",
        b"Report;2026\n",
        b"\n\n",
        b'"Total","","",1\n',
        b"<html>\n",
        b"{}\n",
        b"[1]\n",
    )
    return b"".join(random.choice(notes) for _ in range(random.choice((1, 3, 70)))) + content


def _wrapped(content: bytes, export: Export, random: Random) -> bytes:
    if random.random() < 0.5:
        return gzip.compress(content, mtime=0)
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as archive:
        for name in random.choice(((export.file,), ("../../evil.csv",), (export.file, "notes/readme.txt"))):
            archive.writestr(name, content)
    return written.getvalue()


def _nothing_left(content: bytes, export: Export, random: Random) -> bytes:
    return random.choice((b"", b"\n", b"\xef\xbb\xbf", b" \t\n", b"\0" * 64, b'"', b",", b"[]", b"{}", b"PK\x03\x04"))


_MUTATIONS: tuple[Mutation, ...] = (
    _flipped, _flipped, _truncated, _truncated, _beheaded, _shuffled_lines, _repeated_lines, _swapped_delimiter,
    _mixed_delimiters, _reencoded, _half_reencoded, _junk_inserted, _junk_inserted, _quotes_dropped,
    _line_endings_mixed, _cells_cut_or_added, _huge_cell, _doubled, _preamble_added, _wrapped, _nothing_left,
)  # fmt: skip
