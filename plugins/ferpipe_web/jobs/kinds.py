"""What an uploaded file is, by its first bytes."""

from __future__ import annotations

import re
from typing import Literal

__all__ = ["HEAD", "kind_of", "shown_name"]

HEAD = 192
"""Bytes that decide."""

Kind = Literal["still", "video"]
_STILLS: tuple[tuple[int, bytes, str], ...] = (
    (0, b"\xff\xd8\xff", ".jpg"),
    (0, b"\x89PNG\r\n\x1a\n", ".png"),
    (8, b"WEBP", ".webp"),
    (0, b"BM", ".bmp"),
    (0, b"II*\0", ".tif"),
    (0, b"MM\0*", ".tif"),
)
_BRANDS = {b"avif": ".avif", b"avis": ".avif", b"heic": ".heic", b"heix": ".heic", b"mif1": ".heic"}
_BOXES = frozenset({b"ftyp", b"moov", b"mdat", b"free", b"wide", b"skip", b"styp", b"moof"})
_VIDEOS: tuple[tuple[int, bytes, str], ...] = (
    (0, b"\x1aE\xdf\xa3", ".mkv"),
    (8, b"AVI ", ".avi"),
    (0, b"OggS", ".ogv"),
    (0, b"FLV\x01", ".flv"),
    (0, b"\0\0\x01\xba", ".mpg"),
    (0, b"\0\0\x01\xb3", ".mpg"),
    (0, b"\x30\x26\xb2\x75", ".wmv"),
    (0, b"GIF8", ".gif"),
    (0, b"YUV4MPEG2 ", ".y4m"),
    (0, b"\0\0\0\x01", ".h264"),
)
_UNSAFE = re.compile(r"[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]")


def kind_of(head: bytes) -> tuple[Kind, str] | None:
    """`still` or `video`, and the ending under which it is stored; None where it is neither.

    head: the first `HEAD` bytes.  This refuses early what can be nothing; what the file really holds is
    found out by decoding it.
    """
    for offset, magic, ending in _STILLS:
        if head[offset : offset + len(magic)] == magic:
            return "still", ending
    if head[4:8] == b"ftyp" and (found := _BRANDS.get(head[8:12])) is not None:
        return "still", found
    if head[4:8] in _BOXES:
        return "video", ".mp4"
    if head[:1] == b"G" == head[188:189]:  # packets of an MPEG transport stream
        return "video", ".ts"
    for offset, magic, ending in _VIDEOS:
        if head[offset : offset + len(magic)] == magic:
            return ("still" if ending == ".gif" else "video"), ending
    return None


def shown_name(name: str | None) -> str:
    """The name of an uploaded file as it is shown: the last part of what the client says, and no path."""
    last = re.split(r"[/\\]", _UNSAFE.sub("", name or ""))[-1].strip()
    return last[:120] or "upload"
