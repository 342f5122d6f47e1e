"""Messages between the server and its workers: a JSON header and a body of bytes, over a pipe."""

from __future__ import annotations

import asyncio
import json
import struct
import threading
from collections.abc import Mapping
from typing import Any, BinaryIO, NamedTuple

__all__ = ["Channel", "Message", "pack", "receive"]

_SIZES = struct.Struct(">II")
_MOST = 256 * 1024 * 1024
"""Bytes of one message; more means that the two sides have lost step."""


class Message(NamedTuple):
    """One message: what it says, and its bytes, such as a coded picture."""

    header: dict[str, Any]
    body: bytes = b""


def pack(header: Mapping[str, Any], body: bytes = b"") -> bytes:
    """The bytes of a message."""
    text = json.dumps(header, separators=(",", ":")).encode()
    return _SIZES.pack(len(text), len(body)) + text + body


async def receive(reader: asyncio.StreamReader) -> Message:
    """The next message.  Raises EOFError (IncompleteReadError) at the end of the pipe."""
    text, body = _SIZES.unpack(await reader.readexactly(_SIZES.size))
    if text + body > _MOST:
        raise EOFError("the pipe is out of step")
    data = await reader.readexactly(text + body)
    return Message(json.loads(data[:text]), data[text:])


class Channel:
    """The worker's end; any thread may write."""

    def __init__(self, reader: BinaryIO, writer: BinaryIO) -> None:
        self._reader = reader
        self._writer = writer
        self._lock = threading.Lock()

    def read(self) -> Message | None:
        """The next message; None when the server has closed the pipe, or is gone."""
        head = self._reader.read(_SIZES.size)
        if len(head) < _SIZES.size:
            return None
        text, body = _SIZES.unpack(head)
        data = self._reader.read(text + body)
        return Message(json.loads(data[:text]), data[text:]) if len(data) == text + body else None

    def write(self, header: Mapping[str, Any], body: bytes = b"") -> None:
        """Send a message.  Raises OSError when the server is gone."""
        data = memoryview(pack(header, body))
        with self._lock:
            while data:
                data = data[self._writer.write(data) :]
