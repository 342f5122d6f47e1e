"""A worker as the server sees it: a process that is started, asked, and replaced when it dies."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Callable, Coroutine, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

from ferpipe_web.worker.channel import Message, pack, receive
from ferpipe_web.worker.limits import environment

__all__ = ["Worker", "WorkerError"]


T = TypeVar("T")


class WorkerError(Exception):
    """A worker that refused, died, or did not answer in time; the message is for the client.

    status: the status of HTTP that says which.
    """

    def __init__(self, message: str, status: int = 409) -> None:
        super().__init__(message)
        self.status = status


class Worker:
    """One process of `ferpipe_web.worker`.

    on_message: called for each message that answers no request.
    scratch: below it, the process has a folder of its own for temporary files, which goes with it.
    """

    def __init__(self, scratch: Path, on_message: Callable[[Message], None] = lambda _: None) -> None:
        self._scratch = scratch
        self._on_message = on_message
        self._process: asyncio.subprocess.Process | None = None
        self._reader: asyncio.Task[None] | None = None
        self._pending: dict[int, asyncio.Future[Any]] = {}
        self._number = 0
        self.ended = asyncio.Event()

    async def start(self, config: Mapping[str, Any], *, pixels: int = 50_000_000) -> None:
        """Start the process and hand it its configuration, which no command line shows."""
        self._scratch.mkdir(parents=True, exist_ok=True)
        self._folder = tempfile.mkdtemp(dir=self._scratch)
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "ferpipe_web.worker"),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            env={**environment(pixels), "TMPDIR": self._folder},
            start_new_session=True,
            limit=4 * 1024 * 1024,
        )
        self._reader = asyncio.create_task(self._read())
        await self.send(config)

    @property
    def pid(self) -> int | None:
        """The number of the process."""
        return None if self._process is None else self._process.pid

    async def send(self, header: Mapping[str, Any], body: bytes = b"") -> None:
        """Send a message.  Raises WorkerError where the worker is gone."""
        process = self._process
        if process is None or process.stdin is None or self.ended.is_set():
            raise WorkerError("the worker has ended")
        try:
            process.stdin.write(pack(header, body))
            await process.stdin.drain()
        except OSError as error:
            raise WorkerError("the worker has ended") from error

    async def ask(self, header: Mapping[str, Any], *, timeout: float = 10.0) -> Any:
        """Send a request and wait for its answer.  Raises WorkerError."""
        self._number += 1
        number = self._number
        future = self._pending[number] = asyncio.get_running_loop().create_future()
        try:
            await self.send({**header, "id": number})
            return await asyncio.wait_for(future, timeout)
        except asyncio.TimeoutError:
            raise WorkerError("there was no answer in time") from None
        finally:
            self._pending.pop(number, None)

    async def first_of(self, answer: Coroutine[Any, Any, T], seconds: float) -> T:
        """What `answer` gives.  Raises WorkerError, and kills the worker, where it dies or takes too long."""
        getting, ended = asyncio.ensure_future(answer), asyncio.ensure_future(self.ended.wait())
        try:
            await asyncio.wait({getting, ended}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
            if getting.done():
                return getting.result()
        finally:
            getting.cancel()
            ended.cancel()
        self.kill()
        raise WorkerError("the worker ended, or did not answer in time")

    async def close(self, patience: float = 2.0) -> None:
        """Close the pipe, upon which the worker finishes and ends; kill it where that takes too long."""
        process = self._process
        if process is None:
            return
        if process.stdin is not None:
            with suppress(OSError, RuntimeError):
                process.stdin.close()
        with suppress(asyncio.TimeoutError):
            await asyncio.wait_for(self.ended.wait(), patience)
        self.kill()
        await self.ended.wait()

    def kill(self) -> None:
        """End the process, and those that it has started, at once."""
        process = self._process
        if process is not None and process.returncode is None:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)

    async def _read(self) -> None:
        process = self._process
        assert process is not None  # noqa: S101 -- `start` made it
        assert process.stdout is not None  # noqa: S101
        try:
            while True:
                message = await receive(process.stdout)
                if message.header.get("type") == "answer":
                    self._settle(message.header)
                else:
                    self._on_message(message)
        except (EOFError, OSError, ValueError):
            pass
        finally:
            self.kill()
            await process.wait()
            shutil.rmtree(self._folder, ignore_errors=True)
            self.ended.set()
            for future in self._pending.values():
                if not future.done():
                    future.set_exception(WorkerError("the worker has ended"))

    def _settle(self, header: Mapping[str, Any]) -> None:
        future = self._pending.get(int(header["re"] or 0))
        if future is None or future.done():
            return
        if (error := header.get("error")) is not None:
            future.set_exception(WorkerError(str(error), int(header.get("status", 409))))
        else:
            future.set_result(header.get("result"))
