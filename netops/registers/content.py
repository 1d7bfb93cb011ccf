"""What a file is by its content, and whether it may be attached: papers and pictures, nothing that runs. Pure."""

from __future__ import annotations

import io
import zipfile

from netops.core.errors import Refused

MOST_BYTES = 32 << 20
OFFICE = {
    "word/document.xml": ("docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
    "xl/workbook.xml": ("xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    "OFD.xml": ("ofd", "application/ofd"),
}
"""A part that only such a package has (ECMA-376 Part 2; GB/T 33190-2016)."""
MAGIC = (
    (b"%PDF-", "pdf", "application/pdf"),
    (b"\x89PNG\r\n\x1a\n", "png", "image/png"),
    (b"\xff\xd8\xff", "jpg", "image/jpeg"),
    (b"II*\x00", "tif", "image/tiff"),
    (b"MM\x00*", "tif", "image/tiff"),
)
ACTIVE = (b"/JavaScript", b"/JS ", b"/JS(", b"/Launch", b"/EmbeddedFile")
"""Names of a PDF that make a reader do something (ISO 32000-1, 12.6.4)."""
KNOWN = "PDF, OFD, DOCX, XLSX, PNG, JPEG, TIFF, TXT, CSV"
MOST_PARTS = 4000


class NotAttached(Refused):
    """A file was not attached."""

    def __init__(self, name: str, why: str, mend: str, /, **facts: object) -> None:
        super().__init__("{name} was not attached", why, mend, name=name, **facts)


def recognized(content: bytes, name: str) -> tuple[str, str]:
    """
    Ending and media type of a file, told by its content alone.

    Raises:
        Refused: it is empty, too large, of another type, or holds macros, scripts or files.
    """
    if not content:
        raise NotAttached(name, "it is empty", "attach another one")
    if len(content) > MOST_BYTES:
        raise NotAttached(
            name,
            "it is larger than {size} MiB",
            "scan it with fewer dots, or split it",
            size=MOST_BYTES >> 20,
        )
    for start, ending, media in MAGIC:
        if content.startswith(start):
            if ending == "pdf" and any(mark in content for mark in ACTIVE):
                raise NotAttached(name, "it holds scripts or files", "print it to PDF again")
            return ending, media
    if content.startswith(b"PK\x03\x04"):
        return _package(content, name)
    if (text := _as_text(content)) is not None:
        if text.lstrip("\ufeff \r\n\t")[:1] in ("<", "{") or text.startswith("#!"):
            raise NotAttached(name, "it is a page, a program or a data file, not a paper", "print it to PDF")
        return ("csv", "text/csv") if name.lower().endswith(".csv") else ("txt", "text/plain")
    raise NotAttached(name, "it is none of {known}", "save it as PDF or DOCX", known=KNOWN)


def _package(content: bytes, name: str) -> tuple[str, str]:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            parts = archive.infolist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError) as error:
        raise NotAttached(name, "it is broken: {reason}", "save it again", reason=str(error)[:100]) from error
    names = {part.filename for part in parts}
    kind = next((found for part, found in OFFICE.items() if part in names), None)
    if kind is None:
        raise NotAttached(
            name, "it is none of {known}", "unpack it, and attach the papers one by one", known=KNOWN
        )
    unpacked = sum(part.file_size for part in parts)
    if (
        len(parts) > MOST_PARTS
        or unpacked > 16 * MOST_BYTES
        or (unpacked > (1 << 20) and unpacked > 200 * len(content))
    ):
        raise NotAttached(name, "it unpacks to {size} MiB", "save it again", size=unpacked >> 20)
    active = ("vbaproject.bin", "/embeddings/", "/activex/", ".exe", ".dll", ".js", ".bat", ".ps1", ".zip")
    if held := next((part for part in sorted(names) if any(mark in part.lower() for mark in active)), ""):
        raise NotAttached(
            name,
            "it holds {part}, which can run or hide something",
            "save it without macros and objects",
            part=held,
        )
    return kind


def _as_text(content: bytes) -> str | None:
    for encoding in ("utf-8", "gb18030"):
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if all(char.isprintable() or char in "\r\n\t\ufeff\u3000" for char in text):
            return text
    return None
