"""The browser's own camera: pictures in, findings out, one at a time."""

from __future__ import annotations

import asyncio
import struct
from contextlib import suppress
from typing import Any

from starlette.websockets import WebSocket, WebSocketDisconnect

from ferpipe_web.process import Worker, WorkerError
from ferpipe_web.server import Server, server_of
from ferpipe_web.worker.channel import Message

__all__ = ["camera"]

_HEAD = struct.Struct(">Id")
_START = 30.0
_FRAME = 10.0
_IDLE = 60.0
"""Seconds without a frame after which a camera gives its place to another one."""


async def camera(socket: WebSocket) -> None:
    """Serve one camera until its page is closed."""
    server = server_of(socket)
    await socket.accept()
    limits = server.settings.limits
    choice = server.settings.pipelines.get(socket.query_params.get("pipeline") or server.settings.served.name)
    if choice is None:
        await _fail(socket, 1008, "there is no such pipeline here: see /api/pipelines")
        return
    if server.cameras >= limits.cameras:
        await _fail(socket, 1013, "all places for cameras are taken: close another page, or wait")
        return
    server.cameras += 1
    session = _Session(socket, server)
    server.camera_workers.add(session.worker)
    try:
        await session.serve(
            {"role": "camera", "limits": {"memory": limits.memory, "file": 64 * 1024**2}, **choice.config}
        )
    except (WebSocketDisconnect, RuntimeError, OSError):
        pass
    finally:
        server.cameras -= 1
        server.camera_workers.discard(session.worker)
        await session.worker.close(0.0)  # it has nothing to finish


class _Session:
    def __init__(self, socket: WebSocket, server: Server) -> None:
        self._socket = socket
        self._server = server
        self._answers: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.worker = Worker(server.settings.scratch, self._take)
        self._waiting: tuple[int, float, bytes] | None = None
        self._came = asyncio.Event()

    async def serve(self, config: dict[str, Any]) -> None:
        limits = self._server.settings.limits
        await self.worker.start(config, pixels=limits.frame_pixels)
        if not self._server.ready:  # it ends, and no longer knows of this one
            return
        try:
            first = await self._next(_START)
        except WorkerError as error:
            await _fail(self._socket, 1011, str(error))
            return
        if first["type"] != "ready":
            await _fail(self._socket, 1011, str(first.get("error", "the pipeline could not be started")))
            return
        await self._socket.send_json({**first, "max_bytes": limits.frame, "max_pixels": limits.frame_pixels})
        reading, working = asyncio.create_task(self._read()), asyncio.create_task(self._work())
        try:
            await asyncio.wait({reading, working}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (reading, working):
                task.cancel()
                with suppress(asyncio.CancelledError, WebSocketDisconnect, RuntimeError, OSError):
                    await task

    async def _read(self) -> None:
        """Take frames; a newer one replaces one that still waits."""
        limits = self._server.settings.limits
        while True:
            try:
                data = await asyncio.wait_for(self._socket.receive_bytes(), _IDLE)
            except asyncio.TimeoutError:
                await _fail(self._socket, 1013, "no frame came for a minute: open the camera again")
                return
            except KeyError:  # a text message
                await self._socket.close(1008, "frames are binary")
                return
            if not _HEAD.size < len(data) <= limits.frame + _HEAD.size:
                await self._socket.close(1009, "a frame is 12 bytes and a picture of at most a megabyte")
                return
            number, seconds = _HEAD.unpack_from(data)
            if self._waiting is not None:
                await self._socket.send_json({"type": "skipped", "id": self._waiting[0]})
            self._waiting = (number, seconds, data[_HEAD.size :])
            self._came.set()

    async def _work(self) -> None:
        while True:
            await self._came.wait()
            self._came.clear()
            waiting, self._waiting = self._waiting, None
            if waiting is None:
                continue
            number, seconds, picture = waiting
            try:
                await self.worker.send({"seconds": seconds if seconds == seconds else 0.0}, picture)  # noqa: PLR0124
                answer = await self._next(_FRAME)
            except WorkerError as error:
                await _fail(self._socket, 1011, str(error), number=number)
                return
            self._server.frames_of_cameras += 1
            if answer["type"] == "error":
                answer = {"type": "error", "message": answer["error"], "fatal": False}
            await self._socket.send_json({**answer, "id": number})

    async def _next(self, seconds: float) -> dict[str, Any]:
        """The worker's next answer.  Raises WorkerError where it dies or takes too long."""
        try:
            return await self.worker.first_of(self._answers.get(), seconds)
        except WorkerError:
            raise WorkerError("the frame could not be worked on: open the camera again") from None

    def _take(self, message: Message) -> None:
        self._answers.put_nowait(message.header)


async def _fail(socket: WebSocket, code: int, message: str, number: int | None = None) -> None:
    with suppress(RuntimeError, OSError):
        await socket.send_json({"type": "error", "id": number, "message": message, "fatal": True})
        await socket.close(code, message[:120])
