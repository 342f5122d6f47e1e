"""Cameras that send JPEG after JPEG over HTTP (multipart/x-mixed-replace), with the times they give."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO

from ferpipe.packet import MICROSECONDS

__all__ = ["Part", "parts_of"]

LARGEST = 64 << 20
"""Bytes of one picture."""

LONGEST = 8 << 10
"""Bytes of one line of a head."""

HEADS = 64
"""Lines of a head."""

_BOUNDARY = re.compile(r"boundary=(\"?)([^\";]+)\1", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Part:
    """One picture: its JPEG, and when the camera took it in microseconds, None where it does not say."""

    jpeg: bytes
    stamp: int | None


def parts_of(stream: IO[bytes], kind: str) -> Iterator[Part]:
    """The pictures of a response of the media type `kind`, until it ends.

    Parts of other types are passed over.  Raises ValueError for what is no such stream, OSError where it
    breaks off.
    """
    found = _BOUNDARY.search(kind)
    mark = b"--" + (found[2].strip().removeprefix("--").encode() if found else b"")
    if not _to_boundary(stream, mark):
        return
    while True:
        head = _head(stream)
        if head is None:
            return
        body, more = _body(stream, head.get("content-length"), mark)
        if body and head.get("content-type", "image/jpeg").startswith("image/j"):
            yield Part(body, _stamp(head))
        if not more:
            return


def _stamp(head: dict[str, str]) -> int | None:
    """The field X-Timestamp, in seconds, as mjpg-streamer and many cameras send it."""
    try:
        stamp = float(head.get("x-timestamp", ""))
    except ValueError:
        return None
    return round(stamp * MICROSECONDS) if 0 <= stamp < 1e12 else None


def _head(stream: IO[bytes]) -> dict[str, str] | None:
    head: dict[str, str] = {}
    for _ in range(HEADS):
        line = _line(stream)
        if not line:
            return None
        name, colon, value = line.decode("latin-1").partition(":")
        if not line.strip():
            return head
        if colon:
            head[name.strip().lower()] = value.strip()
    raise ValueError("the head of a picture has no end")


def _body(stream: IO[bytes], length: str | None, mark: bytes) -> tuple[bytes, bool]:
    """The body, and whether a boundary follows it."""
    if length is not None and length.isascii() and length.isdecimal():
        size = int(length)
        if size > LARGEST:
            raise ValueError(f"a picture of {size} bytes is too large")
        body = stream.read(size)
        return (body, _to_boundary(stream, mark)) if len(body) == size else (b"", False)
    lines: list[bytes] = []
    size = 0
    while line := _line(stream):
        if line.startswith(mark) and line.strip().rstrip(b"-") == mark.rstrip(b"-"):
            return b"".join(lines).removesuffix(b"\n").removesuffix(b"\r"), not line.strip().endswith(
                mark + b"--"
            )
        lines.append(line)
        size += len(line)
        if size > LARGEST:
            raise ValueError("a picture has no end")
    return b"", False


def _to_boundary(stream: IO[bytes], mark: bytes) -> bool:
    """Read up to the next boundary; False at the end of the stream."""
    size = 0
    while line := _line(stream):
        if line.startswith(mark):
            return not line.strip().endswith(mark + b"--")
        size += len(line)
        if size > LARGEST:
            raise ValueError("what the server sends has no pictures in it")
    return False


def _line(stream: IO[bytes]) -> bytes:
    return stream.readline(LONGEST)
