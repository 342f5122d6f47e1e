"""The parts of one server, and how a request finds them."""

from __future__ import annotations

import asyncio
import logging
import shutil

from starlette.requests import HTTPConnection

from ferpipe_web.analyzer import Analyzer
from ferpipe_web.jobs.queue import Jobs
from ferpipe_web.live.control import Live
from ferpipe_web.live.recordings import Recordings
from ferpipe_web.process import Worker
from ferpipe_web.rates import Attempts
from ferpipe_web.settings import Settings

__all__ = ["Server", "server_of"]

_LOG = logging.getLogger("ferpipe.serve")


class Server:
    """What lives as long as the server: the live run, recordings, jobs, workers."""

    def __init__(self, settings: Settings, own_source: str = "file") -> None:
        self.settings = settings
        self.own_source = own_source
        self.recordings = Recordings(settings.data / "recordings")
        self.live = Live(settings, self.recordings)
        self.jobs = Jobs(settings, self.live.hub.event)
        self.analyzer = Analyzer(settings)
        self.logins = Attempts()
        self.cameras = 0
        self.frames_of_cameras = 0
        self.camera_workers: set[Worker] = set()
        self.ready = False
        self._ending: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Begin."""
        shutil.rmtree(self.settings.scratch, ignore_errors=True)  # of a server that was killed
        self.recordings.recover()
        self.jobs.open()
        if self.settings.autostart:
            await self.live.start(None, None)
        self.ready = True

    def end_soon(self) -> None:
        """The server was asked to end: finish the recording before connections are closed."""
        if self._ending is None:
            self._ending = asyncio.ensure_future(self._end())

    async def close(self) -> None:
        """End the run and finish the recording."""
        self.end_soon()
        if self._ending is not None:
            await self._ending

    async def _end(self) -> None:
        self.ready = False
        for worker in self.camera_workers:
            worker.kill()
        await asyncio.gather(self.live.close(), self.jobs.close(), self.analyzer.close())


def server_of(connection: HTTPConnection) -> Server:
    """The server that a request came to."""
    server = connection.app.state.server
    assert isinstance(server, Server)  # noqa: S101 -- the app was made with it
    return server
