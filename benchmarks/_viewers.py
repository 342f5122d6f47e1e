"""Viewers of a live page for `benchmarks/serve.py`: each takes its pictures and acknowledges them."""

from __future__ import annotations

import asyncio
import json
import struct
import time

_BINARY, _PING = 0x82, 0x89
_UNMASKED = bytes(4)
"""A mask of zeros leaves the bytes as they are; a client must send one."""


class Viewer(asyncio.Protocol):
    """One WebSocket.  delays: seconds from a picture's capture to its arrival, of all viewers."""

    def __init__(self, delays: list[float]) -> None:
        self.count = 0
        self._delays = delays
        self._buffer = bytearray()
        self._open = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        transport.write(
            b"GET /api/live/view?width=640 HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\n"
            b"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
            b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        )

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if not self._open:
            head, found, rest = self._buffer.partition(b"\r\n\r\n")
            if not found:
                return
            assert head.startswith(b"HTTP/1.1 101"), head
            self._open, self._buffer = True, rest
        while (frame := self._frame()) is not None:
            kind, body = frame
            if kind == _BINARY:
                self._picture(body)
            elif kind == _PING:
                self._send(0x8A, body)

    def _frame(self) -> tuple[int, bytes] | None:
        buffer = self._buffer
        if len(buffer) < 2:
            return None
        size, start = buffer[1], 2
        if size >= 126:
            kind, start = (">H", 4) if size == 126 else (">Q", 10)
            if len(buffer) < start:
                return None
            (size,) = struct.unpack_from(kind, buffer, 2)
        if len(buffer) < start + size:
            return None
        frame = buffer[0], bytes(buffer[start : start + size])
        del buffer[: start + size]
        return frame

    def _picture(self, body: bytes) -> None:
        (size,) = struct.unpack_from(">I", body)
        header = json.loads(body[4 : 4 + size])
        self._delays.append(time.monotonic() - header["time"])
        self.count += 1
        self._send(0x81, b'{"type":"ack","id":%d}' % header["id"])

    def _send(self, kind: int, body: bytes) -> None:
        self.transport.write(bytes((kind, 0x80 | len(body))) + _UNMASKED + body)
