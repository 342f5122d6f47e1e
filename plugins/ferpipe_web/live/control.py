"""Starts, stops and records the live run, and knows its state."""

from __future__ import annotations

import asyncio
import json
import logging
from contextlib import suppress
from typing import Any

from ferpipe_web.errors import Refusal
from ferpipe_web.live.hub import Hub
from ferpipe_web.live.recordings import Recordings
from ferpipe_web.process import Worker, WorkerError
from ferpipe_web.settings import Settings
from ferpipe_web.worker.channel import Message

__all__ = ["OWN", "Live"]

_LOG = logging.getLogger("ferpipe.serve")
OWN = "pipeline"
"""The name of the pipeline's own source."""
_NOTHING: dict[str, Any] = {
    "state": "stopped",
    "error": None,
    "fps": 0.0,
    "age_ms": None,
    "frames": 0,
    "dropped": {},
    "failed": {},
    "position": 0.0,
    "width": None,
    "height": None,
    "classes": [],
    "measures": [],
    "people": [],
}
_PATIENCE = 1.9
"""Seconds that a run has to finish its recording when it is stopped."""


class Live:
    """The one live run of the server, in a worker of its own."""

    def __init__(self, settings: Settings, recordings: Recordings) -> None:
        self._settings = settings
        self._recordings = recordings
        self.hub = Hub(self._want)
        self._worker: Worker | None = None
        self._run = 0
        self._pipeline = settings.served.name
        self._source = OWN
        self._state: dict[str, Any] = dict(_NOTHING)
        self._lock = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()
        self._closing = False

    def state(self) -> dict[str, Any]:
        """LIVE, as the page gets it."""
        state = {name: self._state[name] for name in _NOTHING}
        return {
            "run": self._run,
            "pipeline": self._pipeline,
            "source": self._source,
            **state,
            "viewers": len(self.hub.viewers),
            "recording": self._recordings.current(),
        }

    @property
    def runs(self) -> bool:
        """Whether a run is under way."""
        return self._worker is not None and not self._worker.ended.is_set() and not self._state.get("over")

    async def start(self, pipeline: str | None, source: str | None) -> None:
        """Start a run; one with other names is ended first.  Raises Refusal."""
        pipeline, source = pipeline or self._pipeline, source or self._source
        if pipeline not in self._settings.pipelines:
            raise Refusal(404, f"there is no pipeline '{pipeline}' here: see /api/pipelines")
        if source != OWN and source not in self._settings.sources:
            raise Refusal(404, f"there is no source '{source}' here: see /api/sources")
        async with self._lock:
            if self.runs and (pipeline, source) == (self._pipeline, self._source):
                return
            await self._end()
            self._pipeline, self._source = pipeline, source
            await self._begin()
        self.announce()

    async def stop(self) -> None:
        """End the run; a recording is finished."""
        async with self._lock:
            await self._end()
            if self._state["state"] not in ("ended", "failed"):
                self._state = {**self._state, "state": "stopped", "fps": 0.0, "age_ms": None}
        self.announce()

    async def close(self) -> None:
        """The server ends."""
        self._closing = True
        for task in self._tasks:
            task.cancel()
        await self._end()

    async def ask(self, **request: Any) -> Any:
        """Ask the run.  Raises Refusal where there is none, or it refuses."""
        worker = self._worker
        if worker is None or not self.runs:
            raise Refusal(409, "nothing runs: start a source first")
        try:
            return await worker.ask(request)
        except WorkerError as error:
            raise Refusal(error.status, str(error)) from None

    async def record(self) -> dict[str, Any]:
        """Begin a recording."""
        if self._recordings.current() is not None:
            raise Refusal(409, "a recording is under way: stop it first")
        if not self.runs:
            raise Refusal(409, "nothing runs that could be recorded: start a source first")
        folder = self._recordings.begin()
        try:
            await self.ask(do="record", folder=str(folder))
        except BaseException:
            self._recordings.abandon()
            raise
        self.announce()
        current = self._recordings.current()
        assert current is not None  # noqa: S101 -- it has just begun
        return current

    async def finish_recording(self) -> dict[str, Any]:
        """End the recording, and give what it has become."""
        current = self._recordings.current()
        if current is None:
            raise Refusal(409, "no recording is under way")
        with suppress(Refusal):  # the run may have ended, and finished it, meanwhile
            await self.ask(do="finish recording")
        self._recordings.end(None)
        self.announce()
        return self._recordings.get(current["id"])

    def announce(self) -> None:
        """Send the state to all listeners."""
        self.hub.event(json.dumps({"type": "state", **self.state()}))

    async def _begin(self) -> None:
        self._run += 1
        self.hub.reset()
        self._state = {**_NOTHING, "state": "connecting"}
        choice = self._settings.pipelines[self._pipeline]
        config: dict[str, Any] = {"role": "live", "run": self._run, "loop": self._settings.loop}
        config.update(choice.config)
        if self._source != OWN:
            use, options = self._settings.sources[self._source]
            config["source"] = {"use": use, "with": dict(options)}
        self._worker = worker = Worker(self._settings.scratch, self._take)
        try:
            await worker.start(config)
        except (OSError, WorkerError) as error:
            self._worker = None
            _LOG.error("the process of the run could not be started: %s", error)
            reason = "the process of the run could not be started: see the server's log"
            self._state = {**self._state, "state": "failed", "error": reason, "over": True}
            return
        task = asyncio.create_task(self._follow(worker))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        self.hub.count()

    async def _end(self) -> None:
        worker, self._worker = self._worker, None
        if worker is not None:
            await worker.close(_PATIENCE)
            self._recordings.end(None)

    async def _follow(self, worker: Worker) -> None:
        """Notice the end of a run that nobody stopped."""
        await worker.ended.wait()
        if self._worker is not worker or self._closing:
            return
        self._recordings.end(None)
        if not self._state.get("over") and self._state["state"] not in ("failed", "ended"):
            _LOG.error("the process of the run ended unexpectedly")
            self._state = {**self._state, "state": "failed", "error": "the process of the run ended"}
        self._state = {**self._state, "fps": 0.0, "age_ms": None, "over": True}
        self.announce()

    def _take(self, message: Message) -> None:
        """A message of the run."""
        header = message.header
        kind = header["type"]
        if kind == "frame":
            self.hub.frame(header["time"], message.body.decode())
        elif kind == "picture":
            self.hub.picture({"run": self._run, **header}, message.body)
        elif kind == "state":
            header.pop("type")
            self._state = {**self._state, **header}
            self.hub.width = header["width"]
            self._recordings.progress(header["recorded"])
            self.announce()
            if header.get("over") and self._worker is not None:
                asyncio.ensure_future(self._worker.close(_PATIENCE))  # noqa: RUF006 -- `ended` is awaited
        elif kind == "ready":
            self._state["measures"] = header["measures"]
        elif kind == "recorded":
            self._recordings.end(header["error"])
        elif kind == "failed":
            self._state = {**self._state, "state": "failed", "error": header["error"], "over": True}

    def _want(self, widths: frozenset[int]) -> None:
        worker = self._worker
        if worker is None or worker.ended.is_set():
            return

        async def send() -> None:
            with suppress(WorkerError):
                await worker.send({"do": "widths", "widths": sorted(widths)})

        task = asyncio.ensure_future(send())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
