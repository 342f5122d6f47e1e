"""Single pictures: warm workers answer them, and are replaced when a picture kills one."""

from __future__ import annotations

import asyncio
import logging
import os
from contextlib import suppress
from typing import Any

from ferpipe_web.errors import Refusal
from ferpipe_web.process import Worker, WorkerError
from ferpipe_web.settings import Settings
from ferpipe_web.worker.channel import Message

__all__ = ["Analyzer"]

_LOG = logging.getLogger("ferpipe.serve")
_START = 60.0
_IDLE = 600.0
"""Seconds without a picture after which a worker is let go, with its memory."""
_HELP = 4
"""Pictures that wait when a second worker is started."""


class Analyzer:
    """Pictures through the served pipeline, without what needs time: tracks, smoothing.

    One worker answers them; a second one helps while several wait, where there is a processor for it.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lanes = [_Lane(settings) for _ in range(min(2, os.cpu_count() or 1))]
        self._helping: asyncio.Task[None] | None = None
        self.waiting = 0
        self.done = 0

    @property
    def restarts(self) -> int:
        """Workers that were started."""
        return sum(lane.starts for lane in self._lanes)

    async def analyze(self, data: bytes) -> dict[str, Any]:
        """The findings of a coded picture.  Raises Refusal."""
        if self.waiting >= self._settings.limits.waiting:
            raise Refusal(429, f"{self.waiting} pictures wait already; try again", retry=1)
        self.waiting += 1
        try:
            if self.waiting > _HELP:
                self._help()
            ready = [lane for lane in self._lanes if lane.ready] or self._lanes[:1]
            answer = await min(ready, key=lambda lane: lane.waiting).analyze(data)
        finally:
            self.waiting -= 1
        if answer["type"] == "error":
            raise Refusal(422, answer["error"])
        self.done += 1
        return {key: value for key, value in answer.items() if key != "type"}

    async def close(self) -> None:
        """End the workers."""
        if self._helping is not None:
            self._helping.cancel()
        await asyncio.gather(*(lane.close() for lane in self._lanes))

    def _help(self) -> None:
        """Start a further worker, if there may be one; pictures are given to it once it is warm."""
        cold = next((lane for lane in self._lanes[1:] if not lane.ready), None)
        if cold is not None and (self._helping is None or self._helping.done()):
            self._helping = asyncio.create_task(cold.warm_up())


class _Lane:
    """One worker, which answers one picture after the other."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._worker: Worker | None = None
        self._answers: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._turn = asyncio.Lock()
        self._idle: asyncio.TimerHandle | None = None
        self._is_warm = False
        self.waiting = 0
        self.starts = 0

    @property
    def ready(self) -> bool:
        """Whether its worker is warm."""
        return self._is_warm and self._worker is not None and not self._worker.ended.is_set()

    async def warm_up(self) -> None:
        """Start the worker; that it cannot be started is logged."""
        async with self._turn:
            with suppress(Refusal):
                await self._warm()

    async def analyze(self, data: bytes) -> dict[str, Any]:
        """The worker's answer.  Raises Refusal."""
        self.waiting += 1
        try:
            async with self._turn:
                return await self._ask(data)
        finally:
            self.waiting -= 1

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
        self._answers, self._is_warm = asyncio.Queue(), False
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
        self.starts += 1
        self._is_warm = True
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
            self._worker, self._is_warm = None, False

    async def _next(self, worker: Worker, seconds: float) -> dict[str, Any]:
        """The next answer.  Raises WorkerError where the worker dies or takes too long."""
        return await worker.first_of(self._answers.get(), seconds)

    def _take(self, message: Message) -> None:
        self._answers.put_nowait(message.header)
