"""Live events, as server-sent events and by WebSocket, and pictures for viewers."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import suppress

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.websockets import WebSocket, WebSocketDisconnect

from ferpipe_web.errors import Refusal
from ferpipe_web.live.hub import Listener, Viewer
from ferpipe_web.server import Server, server_of

__all__ = ["events", "events_socket", "picture", "view"]

_ALIVE = 10.0
_SILENT = 30.0
"""Seconds after which a viewer who owes an answer is let go."""


async def events(request: Request) -> Response:
    """What happens, as server-sent events."""
    server = server_of(request)
    history = _number(request.query_params.get("history"), 0, 60, default=0)
    if len(server.live.hub.listeners) >= server.settings.limits.events:
        raise Refusal(503, "too many clients listen already; try again later", retry=10)
    return StreamingResponse(_stream(server, history), media_type="text/event-stream")


async def _stream(server: Server, history: int) -> AsyncIterator[str]:
    with _listening(server, history) as listener:
        while True:
            text = await listener.get_within(_ALIVE)
            yield ": alive\n\n" if text is None else f"data: {text}\n\n"


async def events_socket(socket: WebSocket) -> None:
    """The same by WebSocket."""
    server = server_of(socket)
    history = _number(socket.query_params.get("history"), 0, 60, default=0)
    await socket.accept()
    if len(server.live.hub.listeners) >= server.settings.limits.events:
        await socket.close(1013, "too many clients listen already")
        return
    with _listening(server, history) as listener:

        async def send() -> None:
            while True:
                await socket.send_text(await listener.get())

        await _together(send(), _drain(socket))


class _listening:  # noqa: N801 -- used as `with`
    def __init__(self, server: Server, history: int) -> None:
        self._hub = server.live.hub
        self._listener = Listener()
        self._listener.put(json.dumps({"type": "state", **server.live.state()}))
        if history:
            self._listener.put(self._hub.history(history))

    def __enter__(self) -> Listener:
        self._hub.listeners.add(self._listener)
        return self._listener

    def __exit__(self, *_: object) -> None:
        self._hub.listeners.discard(self._listener)


async def view(socket: WebSocket) -> None:
    """The live picture, as fast as the viewer draws it."""
    server = server_of(socket)
    hub = server.live.hub
    await socket.accept()
    if len(hub.viewers) >= server.settings.limits.viewers:
        await socket.close(1013, "too many viewers")
        return
    viewer = Viewer(hub.slot_for(_number(socket.query_params.get("width"), 16, 16384, default=640)))
    hub.look(viewer)
    try:
        await _together(_send_pictures(socket, viewer), _take_orders(socket, server, viewer))
    finally:
        hub.leave(viewer)


async def _send_pictures(socket: WebSocket, viewer: Viewer) -> None:
    while True:
        try:
            data = await asyncio.wait_for(viewer.get(), _SILENT)
        except asyncio.TimeoutError:
            if viewer.waits and not viewer.paused:
                await socket.close(4408, "no picture was acknowledged for 30 s")
                return
            continue
        await socket.send_bytes(data)


async def _take_orders(socket: WebSocket, server: Server, viewer: Viewer) -> None:
    hub = server.live.hub
    while True:
        order = json.loads(await socket.receive_text())
        kind = order["type"]
        if kind == "ack":
            viewer.acknowledge(int(order["id"]))
        elif kind in ("pause", "resume"):
            viewer.paused = kind == "pause"
            hub.count()
            viewer.wake()
        elif kind == "size":
            viewer.slot = hub.slot_for(_number(str(order["width"]), 16, 16384, default=640))
            hub.count()
            hub.show_last(viewer)
        else:
            raise ValueError(kind)


async def picture(request: Request) -> Response:
    """One picture, the newest."""
    server = server_of(request)
    hub = server.live.hub
    if len(hub.viewers) >= server.settings.limits.viewers:
        raise Refusal(503, "too many viewers; try again later", retry=10)
    viewer = Viewer(hub.slot_for(_number(request.query_params.get("width"), 16, 16384, default=640)))
    hub.look(viewer)
    try:
        data = await asyncio.wait_for(viewer.get(), 3.0)
    except asyncio.TimeoutError:
        raise Refusal(503, "there is no picture: start a source first", retry=5) from None
    finally:
        hub.leave(viewer)
    return Response(data[4 + int.from_bytes(data[:4], "big") :], media_type="image/jpeg")


async def _together(*work: object) -> None:
    """Run until the first one ends: the client has gone, or has sent what makes no sense."""
    tasks = [asyncio.ensure_future(each) for each in work]  # type: ignore[call-overload]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        done = await asyncio.gather(*tasks, return_exceptions=True)
    for error in done:
        if isinstance(error, WebSocketDisconnect | asyncio.CancelledError | OSError | RuntimeError):
            continue
        if isinstance(error, BaseException):
            raise error


async def _drain(socket: WebSocket) -> None:
    with suppress(WebSocketDisconnect):
        while True:
            await socket.receive()


def _number(text: str | None, low: int, high: int, *, default: int) -> int:
    if text is None or not text.isascii() or not text.isdecimal() or len(text) > 9:
        return default
    return min(high, max(low, int(text)))
