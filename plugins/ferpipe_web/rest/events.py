"""Live events, as server-sent events and by WebSocket, and pictures for viewers."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Coroutine
from contextlib import suppress
from typing import Any

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.websockets import WebSocket, WebSocketDisconnect

from ferpipe_web.errors import Refusal
from ferpipe_web.live.hub import Listener, Picture, Viewer
from ferpipe_web.live.orders import order_of
from ferpipe_web.server import Server, server_of
from ferpipe_web.sockets import sockets_of

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
    slot = hub.slot_for(_number(socket.query_params.get("width"), 16, 16384, default=640))
    work: list[Coroutine[Any, Any, None]] = []
    if (direct := sockets_of(socket.scope)) is not None:
        viewer = direct.viewer = Viewer(slot, direct.picture)
    else:  # it runs on another server than this package's listener
        waiting: asyncio.Queue[Picture] = asyncio.Queue()

        def wait(picture: Picture) -> bool:
            waiting.put_nowait(picture)
            return True

        viewer = Viewer(slot, wait)
        work.append(_send_pictures(socket, waiting))
    hub.look(viewer)
    try:
        await _together(_take_orders(socket, server, viewer), _let_go(socket, viewer), *work)
    finally:
        hub.leave(viewer)


async def _send_pictures(socket: WebSocket, waiting: asyncio.Queue[Picture]) -> None:
    while True:
        await socket.send_bytes(bytes((await waiting.get()).body))


async def _let_go(socket: WebSocket, viewer: Viewer) -> None:
    while not viewer.silent(_SILENT):  # noqa: ASYNC110 -- it is about time that has passed
        await asyncio.sleep(_SILENT / 10)
    await socket.close(4408, "no picture was acknowledged for 30 s")


async def _take_orders(socket: WebSocket, server: Server, viewer: Viewer) -> None:
    hub = server.live.hub
    while (order := order_of(await socket.receive())) is not None:
        if order.kind == "ack":
            viewer.acknowledge(order.value)
        elif order.kind == "size":
            viewer.slot = hub.slot_for(min(16384, max(16, order.value)))
            hub.count()
            hub.show_last(viewer)
        else:
            viewer.paused = order.kind == "pause"
            hub.count()
    await socket.close(1008, "a viewer sends ack, size, pause and resume as JSON")


async def picture(request: Request) -> Response:
    """One picture, the newest."""
    server = server_of(request)
    hub = server.live.hub
    if len(hub.viewers) >= server.settings.limits.viewers:
        raise Refusal(503, "too many viewers; try again later", retry=10)
    got: asyncio.Future[Picture] = asyncio.get_running_loop().create_future()

    def take(picture: Picture) -> bool:
        if not got.done():
            got.set_result(picture)
        return True

    viewer = Viewer(
        hub.slot_for(_number(request.query_params.get("width"), 16, 16384, default=640)),
        take,
    )
    hub.look(viewer)
    try:
        data = bytes((await asyncio.wait_for(got, 3.0)).body)
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
