"""WebSockets of those who send nonsense, or without end."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from support.patience import PATIENCE
from support.web import Program, log_of
from websockets.exceptions import ConnectionClosed
from websockets.frames import Frame, Opcode
from websockets.sync.client import ClientConnection, connect

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

NONSENSE = (
    "",
    "[]",
    "7",
    "null",
    "{}",
    "[" * 200,
    '{"type": "ack"}',
    '{"type": "ack", "id": 1e999}',
    '{"type": "ack", "id": "1"}',
    '{"type": ["ack"]}',
    '{"type": "size", "width": null}',
    '{"type": "size", "width": NaN}',
    '{"type": "other"}',
    '{"type": "pause"' + " " * 5000 + "}",
    "\0",
    b"\xff",
)


def test_what_a_viewer_does_not_say_ends_it_and_is_no_failure(serve: Callable[..., Program]) -> None:
    program = serve()
    for sent in NONSENSE:
        with connect(f"{program.socket}/api/live/view") as viewer:
            viewer.send(sent)
            assert closed(viewer) == 1008, sent[:40]
    with connect(f"{program.socket}/api/live/view") as viewer:
        for width in (-1, 0, 10**30):
            viewer.send(json.dumps({"type": "size", "width": width}))
        viewer.send('{"type": "ack", "id": 12345678901234567890}')
        viewer.ping().wait(PATIENCE)
    until = time.monotonic() + PATIENCE
    while program.get("/api/live")["viewers"]:  # the server hears of the end a moment later
        assert time.monotonic() < until
        time.sleep(0.05)
    log = log_of(program)
    assert "Traceback" not in log, log


def test_fragments_without_end_end_the_connection(serve: Callable[..., Program]) -> None:
    program = serve()
    for path in ("/api/live/view", "/api/live/events", "/api/camera"):
        with raw_socket(program, path) as connection:
            connection.sendall(Frame(Opcode.TEXT, b"", fin=False).serialize(mask=True))
            flood(connection, Frame(Opcode.CONT, b"", fin=False).serialize(mask=True) * 1000)
    log = log_of(program)
    assert "Traceback" not in log, log


def test_pings_without_end_of_one_who_does_not_read_end_the_connection(serve: Callable[..., Program]) -> None:
    program = serve()
    with raw_socket(program, "/api/live/view") as connection:
        flood(connection, Frame(Opcode.PING, bytes(125)).serialize(mask=True) * 1000)
    log = log_of(program)
    assert "Traceback" not in log, log


def closed(viewer: ClientConnection) -> int | None:
    """The code with which the server ends the connection."""
    try:
        while True:
            viewer.recv(timeout=PATIENCE)
    except ConnectionClosed as end:
        return None if end.rcvd is None else end.rcvd.code


@contextmanager
def raw_socket(program: Program, path: str) -> Iterator[socket.socket]:
    """A WebSocket whose frames the test writes, and whose answers nobody reads."""
    head = (
        f"GET {path} HTTP/1.1",
        "Host: 127.0.0.1",
        "Upgrade: websocket",
        "Connection: Upgrade",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    )
    with socket.create_connection(("127.0.0.1", program.port)) as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.sendall("\r\n".join((*head, "", "")).encode())
        connection.settimeout(PATIENCE)
        assert connection.recv(12) == b"HTTP/1.1 101"
        yield connection


def flood(connection: socket.socket, frames: bytes) -> None:
    """Write until the server has had enough, which it must have before 100 MB."""
    try:
        for _ in range(100_000_000 // len(frames)):
            connection.sendall(frames)
    except ConnectionError:
        return
    pytest.fail("the server takes it without end")
