"""Archives: members are unpacked as a stream, under names of our own, and never more than a disk can bear."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from tpaudit.ingest.refusal import Refusal

# An export of more than this is not looked into: an archive of a few kilobytes can hold more than any disk.
MOST_UNPACKED = 8 << 30
MOST_MEMBERS = 500
_BLOCK = 1 << 20
_UTF8_NAMES = 0x800
_ENCRYPTED = 0x1


@dataclass(frozen=True, slots=True)
class Member:
    """A file of an archive, by its name there and where it was unpacked."""

    name: str
    path: Path


def members_of(path: Path, scratch: Path) -> Iterator[Member]:
    """Unpack the members of the archive *path* one after the other into the folder *scratch*.

    Folders and the hidden files that macOS adds are left out. Raises Refusal for what is protected, damaged, or
    larger than MOST_UNPACKED.
    """
    scratch.mkdir(parents=True, exist_ok=True)
    left = MOST_UNPACKED
    try:
        with zipfile.ZipFile(path) as archive:
            wanted = [entry for entry in archive.infolist() if _is_wanted(entry)]
            if len(wanted) > MOST_MEMBERS:
                raise Refusal(f"is a zip archive of more than {MOST_MEMBERS} files", "unpack it and choose the exports")
            for place, entry in enumerate(wanted):
                if entry.flag_bits & _ENCRYPTED:
                    raise Refusal("is a password-protected zip archive", "unpack it with its password")
                file = scratch / f"{place:03d}{_suffix(entry)}"
                left -= _unpack(archive, entry, file, left)
                yield Member(_name(entry), file)
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError, ValueError) as fault:
        raise Refusal("is a damaged zip archive", "download the export again") from fault


def _unpack(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, file: Path, most: int) -> int:
    """Write one member to *file* and return its true size, whatever the archive says about it."""
    size = 0
    with archive.open(entry) as packed, file.open("wb") as unpacked:
        while block := packed.read(_BLOCK):
            size += len(block)
            if size > most:
                raise Refusal(
                    f"is a zip archive that unpacks to more than {MOST_UNPACKED >> 30} GB", "unpack it and look inside"
                )
            unpacked.write(block)
    return size


def _is_wanted(entry: zipfile.ZipInfo) -> bool:
    parts = PurePosixPath(_name(entry)).parts
    return not entry.is_dir() and not any(map(_is_hidden, parts))


def _is_hidden(part: str) -> bool:
    return part == "__MACOSX" or part.startswith("~$") or (part.startswith(".") and part != "..")


def _name(entry: zipfile.ZipInfo) -> str:
    """The member's name. Without the flag for UTF-8 it is in the code page of the writer: GBK on a Chinese machine."""
    if entry.flag_bits & _UTF8_NAMES or entry.filename.isascii():
        return entry.filename
    try:
        written = entry.filename.encode("cp437")
    except UnicodeEncodeError:
        return entry.filename
    for encoding in ("utf-8", "gb18030"):
        try:
            return written.decode(encoding)
        except UnicodeDecodeError:
            continue
    return entry.filename


def _suffix(entry: zipfile.ZipInfo) -> str:
    """The ending of the member's name, as far as it is a plain one: it helps people who look into the folder."""
    suffix = PurePosixPath(_name(entry)).suffix
    return suffix if suffix[1:].isascii() and suffix[1:].isalnum() else ""
