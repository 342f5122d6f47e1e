"""Single pictures: one warm worker answers them in order, and is replaced when one of them kills it."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

from ferpipe_web.errors import Refusal
from ferpipe_web.process import Worker, WorkerError
from ferpipe_web.settings import Settings
from ferpipe_web.worker.channel import Message

__all__ = ["Analyzer"]

_LOG = logging.getLogger("ferpipe.serve")
_START = 60.0
_IDLE = 600.0
"""Seconds without a picture after which the worker is let go, with its memory."""


class Analyzer:
    """Pictures through the served pipeline, without what needs time: tracks, smoothing."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._worker: Worker | None = None
        self._answers: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._turn = asyncio.Lock()
        self._idle: asyncio.TimerHandle | None = None
        self.waiting = 0
        self.done = 0
        self.restarts = 0

    @property
    def pid(self) -> int | None:
        """The number of the worker's process."""
        return None if self._worker is None else self._worker.pid

    async def analyze(self, data: bytes) -> dict[str, Any]:
        """The findings of a coded picture.  Raises Refusal."""
        if self.waiting >= self._settings.limits.waiting:
            raise Refusal(429, f"{self.waiting} pictures wait already; try again", retry=1)
        self.waiting += 1
        try:
            async with self._turn:
                answer = await self._ask(data)
        finally:
            self.waiting -= 1
        if answer["type"] == "error":
            raise Refusal(422, answer["error"])
        self.done += 1
        return {key: value for key, value in answer.items() if key != "type"}

    async def close(self) -> None:
        """End the worker."""
        if self._idle is not None:
            self._idle.cancel()
        worker, self._worker = self._worker, None
        if worker is not None:
            worker.kill()
            await worker.ended.wait()

    async def _ask(self, data: bytes) -> dict[str, Any]:
        worker = await self._warm()
        try:
            await worker.send({}, data)
            return await self._next(worker, self._settings.limits.picture_seconds)
        except WorkerError:
            self._drop(worker)
            raise Refusal(
                422, "the picture could not be decoded within the limits of time and memory"
            ) from None
        except BaseException:
            # The client has gone; the answer to its picture must not be taken for that to the next one.
            self._drop(worker)
            raise

    async def _warm(self) -> Worker:
        """The worker, started where there is none.  Raises Refusal."""
        self._rest()
        worker = self._worker
        if worker is not None and not worker.ended.is_set():
            return worker
        self._answers = asyncio.Queue()
        self._worker = worker = Worker(self._settings.scratch, self._take)
        limits = self._settings.limits
        config = {
            "role": "stills",
            "limits": {"memory": limits.memory, "file": 64 * 1024**2},
            **self._settings.served.config,
        }
        try:
            await worker.start(config, pixels=limits.pixels)
            first = await self._next(worker, _START)
        except (WorkerError, OSError):
            first = {"type": "failed"}
        except BaseException:
            self._drop(worker)
            raise
        if first["type"] != "ready":
            self._drop(worker)
            _LOG.error("the process for pictures did not start: %s", first.get("error", "it ended"))
            raise Refusal(503, "pictures cannot be analysed now; the server's log says why", retry=10)
        self.restarts += 1
        return worker

    def _rest(self) -> None:
        if self._idle is not None:
            self._idle.cancel()
        self._idle = asyncio.get_running_loop().call_later(_IDLE, self._let_go)

    def _let_go(self) -> None:
        if self._worker is not None and not self._turn.locked():
            self._drop(self._worker)

    def _drop(self, worker: Worker) -> None:
        worker.kill()
        if self._worker is worker:
            self._worker = None

    async def _next(self, worker: Worker, seconds: float) -> dict[str, Any]:
        """The next answer.  Raises WorkerError where the worker dies or takes too long."""
        return await worker.first_of(self._answers.get(), seconds)

    def _take(self, message: Message) -> None:
        self._answers.put_nowait(message.header)
