"""What a file is, told by its first bytes and never by its name."""

from __future__ import annotations

import gzip
import zipfile
from enum import StrEnum
from pathlib import Path

from tpaudit.ingest.refusal import Refusal

_HEAD = 4096
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ENCRYPTED_STREAM = "EncryptedPackage".encode("utf-16-le")


class Container(StrEnum):
    """Kinds of file that ingest reads."""

    TEXT = "text"
    GZIP = "gzip"
    JSON_LINES = "jsonl"
    JSON_LINES_GZIP = "jsonl.gz"
    JSON = "json"
    WORKBOOK = "xlsx"
    OLD_WORKBOOK = "xls"
    PARQUET = "parquet"

    @property
    def zipped(self) -> bool:
        """Whether the text lies in a gzip stream."""
        return self in (Container.GZIP, Container.JSON_LINES_GZIP)


def container_of(path: Path) -> Container:
    """Tell the container of *path*; raises Refusal with a remedy for what cannot be read."""
    head = _head(path)
    if not head:
        raise Refusal("is empty", "export it again; the platform wrote no byte")
    if head.startswith(b"PK\x03\x04"):
        return _zip_kind(path)
    if head.startswith(_OLE):
        return _ole_kind(path)
    if head.startswith(b"PAR1"):
        return Container.PARQUET
    if head.startswith(b"\x1f\x8b"):
        return _gzip_kind(path)
    return _text_kind(head, zipped=False)


def _head(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(_HEAD)
    except PermissionError as fault:
        raise Refusal("cannot be read: no permission", "give yourself read access to the file") from fault
    except OSError as fault:
        raise Refusal(f"cannot be read: {fault.strerror or fault}", "check the disk or copy the file again") from fault


def _zip_kind(path: Path) -> Container:
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.namelist()
    except (zipfile.BadZipFile, OSError) as fault:
        raise Refusal("is a damaged zip archive or workbook", "download the export again") from fault
    if any(member.startswith("xl/") for member in members):
        return Container.WORKBOOK
    raise Refusal("is a zip archive", "unpack it and put the files themselves into the exports folder")


def _ole_kind(path: Path) -> Container:
    if _ENCRYPTED_STREAM in path.read_bytes():
        raise Refusal("is an encrypted workbook", "open it with its password and save it without one")
    return Container.OLD_WORKBOOK


def _gzip_kind(path: Path) -> Container:
    try:
        with gzip.open(path) as stream:
            head = stream.read(_HEAD)
    except (OSError, EOFError) as fault:
        raise Refusal("is a damaged gzip file", "download the export again") from fault
    if not head:
        raise Refusal("is empty", "export it again; the archive holds no byte")
    return _text_kind(head, zipped=True)


def _text_kind(head: bytes, zipped: bool) -> Container:
    if _is_binary(head):
        raise Refusal(
            "is not a table: binary content of an unknown kind", "save it as CSV, xlsx, JSON lines or Parquet"
        )
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if not start:
        raise Refusal("is empty", "it holds nothing but blanks; export it again")
    if start[:1] == b"<":
        raise Refusal("is a web page (HTML or XML)", "open it in a spreadsheet program and save it as xlsx or CSV")
    if start[:1] == b"{":
        return Container.JSON_LINES_GZIP if zipped else Container.JSON_LINES
    if start[:1] == b"[" and start[1:].lstrip()[:1] in (b"{", b"]"):
        if zipped:
            raise Refusal("is a compressed JSON array", "unpack it, or export JSON lines instead")
        return Container.JSON
    return Container.GZIP if zipped else Container.TEXT


def _is_binary(head: bytes) -> bool:
    """Text holds no zero bytes, except UTF-16, where they stand in every other place."""
    if head[:2] in (b"\xff\xfe", b"\xfe\xff") or utf16_without_mark(head):
        return False
    control = sum(byte < 32 and byte not in b"\t\n\r\x0b\x0c\x1b" for byte in head)
    return control > 0 and (b"\0" in head or control / len(head) > 0.02)


def utf16_without_mark(head: bytes) -> str | None:
    """Name the UTF-16 variant of *head* if its zero bytes stand as in UTF-16 text of mostly Latin signs.

    >>> utf16_without_mark("id,name".encode("utf-16-le"))
    'utf-16-le'
    """
    even, odd = head[0::2].count(0), head[1::2].count(0)
    half = len(head) / 2
    if odd > 0.3 * half and even < 0.02 * half:
        return "utf-16-le"
    if even > 0.3 * half and odd < 0.02 * half:
        return "utf-16-be"
    return None
