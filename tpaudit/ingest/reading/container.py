"""What a file is, told by its first bytes and never by its name."""

from __future__ import annotations

import gzip
import re
import zipfile
import zlib
from enum import StrEnum
from pathlib import Path

from tpaudit.ingest.reading.encodings import marked, wide
from tpaudit.ingest.refusal import Refusal

_HEAD = 1 << 16
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ENCRYPTED_STREAM = "EncryptedPackage".encode("utf-16-le")
_OPEN_DOCUMENT = b"application/vnd.oasis.opendocument.spreadsheet"
_SHEET_XML = re.compile(rb"<(?:\w+:)?Workbook[\s>]|urn:schemas-microsoft-com:office:spreadsheet")
_TABLE_TAG = re.compile(rb"<table[\s>]", re.IGNORECASE)


class Container(StrEnum):
    """Kinds of file that ingest reads."""

    TEXT = "text"
    GZIP = "gzip"
    JSON_LINES = "jsonl"
    JSON_LINES_GZIP = "jsonl.gz"
    JSON = "json"
    JSON_GZIP = "json.gz"
    WORKBOOK = "xlsx"
    BINARY_WORKBOOK = "xlsb"
    OLD_WORKBOOK = "xls"
    OPEN_DOCUMENT = "ods"
    HTML = "html"
    SHEET_XML = "xml"
    PARQUET = "parquet"
    ZIP = "zip"

    @property
    def zipped(self) -> bool:
        """Whether the text lies in a gzip stream."""
        return self in (Container.GZIP, Container.JSON_LINES_GZIP, Container.JSON_GZIP)

    @property
    def is_workbook(self) -> bool:
        """Whether the file holds sheets of typed cells."""
        return self in (
            Container.WORKBOOK, Container.BINARY_WORKBOOK, Container.OLD_WORKBOOK, Container.OPEN_DOCUMENT
        )  # fmt: skip

    @property
    def is_json(self) -> bool:
        """Whether the file holds JSON documents, one per line or as a whole."""
        return self in (Container.JSON_LINES, Container.JSON_LINES_GZIP, Container.JSON, Container.JSON_GZIP)


def container_of(path: Path) -> Container:
    """Tell the container of *path*; raises Refusal with a remedy for what cannot be read."""
    head = _head(path)
    if not head:
        raise Refusal("is empty", "export it again; the platform wrote no byte")
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
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
            members = set(archive.namelist())
            is_document = "mimetype" in members and archive.read("mimetype").startswith(_OPEN_DOCUMENT)
    except (zipfile.BadZipFile, OSError, RuntimeError, NotImplementedError, zlib.error, EOFError, ValueError) as fault:
        raise Refusal("is a damaged zip archive or workbook", "download the export again") from fault
    if is_document:
        return Container.OPEN_DOCUMENT
    if "xl/workbook.bin" in members:
        return Container.BINARY_WORKBOOK
    return Container.WORKBOOK if any(member.startswith("xl/") for member in members) else Container.ZIP


def _ole_kind(path: Path) -> Container:
    # The directory of streams may stand anywhere in the file, and encrypted workbooks are not large.
    with path.open("rb") as file:
        kept = b""
        while block := file.read(1 << 22):
            if _ENCRYPTED_STREAM in kept + block:
                raise Refusal(
                    "is an encrypted workbook: password-protected",
                    "open it with its password and save it without one",
                )
            kept = block[-len(_ENCRYPTED_STREAM) :]
    return Container.OLD_WORKBOOK


def _gzip_kind(path: Path) -> Container:
    try:
        with gzip.open(path) as stream:
            head = stream.read(_HEAD)
    except (OSError, EOFError, zlib.error) as fault:
        raise Refusal("is a damaged gzip file", "download the export again") from fault
    if not head:
        raise Refusal("is empty", "export it again; the archive holds no byte")
    return _text_kind(head, zipped=True)


def _text_kind(head: bytes, zipped: bool) -> Container:
    named = marked(head)
    encoding = named[0] if named else wide(head)
    if encoding and encoding != "utf-8":
        head = head[named[1] if named else 0 :].decode(encoding, errors="replace").encode()
    elif named:
        head = head[named[1] :]
    elif _is_binary(head):
        raise Refusal(
            "is not a table: binary content of an unknown kind", "save it as CSV, xlsx, JSON lines or Parquet"
        )
    start = head.lstrip()
    if not start:
        raise Refusal("is empty", "it holds nothing but blanks; export it again")
    if start[:1] == b"<":
        return _markup_kind(start, zipped)
    if start[:1] == b"{":
        if _is_one_line(start):
            return Container.JSON_LINES_GZIP if zipped else Container.JSON_LINES
        return Container.JSON_GZIP if zipped else Container.JSON
    if start[:1] == b"[" and start[1:].lstrip()[:1] in (b"{", b"]"):
        return Container.JSON_GZIP if zipped else Container.JSON
    return Container.GZIP if zipped else Container.TEXT


def _is_one_line(start: bytes) -> bool:
    """Whether the first object ends on its line; a document written over several lines begins with a bare brace."""
    line, end, rest = start.partition(b"\n")
    line = line.strip()
    return not end or line.endswith(b"}") or not (line == b"{" or line.endswith((b",", b"{", b"["))) or not rest


def _markup_kind(start: bytes, zipped: bool) -> Container:
    if not zipped and _SHEET_XML.search(start):
        return Container.SHEET_XML
    if not zipped and _TABLE_TAG.search(start):
        return Container.HTML
    raise Refusal(
        "is a web page (HTML or XML) without a table", "open it in a spreadsheet program and save it as xlsx or CSV"
    )


def _is_binary(head: bytes) -> bool:
    """Text holds hardly a control character; zero bytes stand in UTF-16 and UTF-32 only, which were told before."""
    control = sum(byte < 32 and byte not in b"\x01\t\n\x0b\x0c\r\x1b\x1e\x1f" for byte in head)
    return control > 0 and (head.count(0) > 0.001 * len(head) or control / len(head) > 0.02)
