"""Named pipes as live sources: what another program writes into one, with time-outs."""

from __future__ import annotations

import os
import select
import threading
import time
from pathlib import Path

import av
from av.container import InputContainer

from ferpipe import UsageError

__all__ = ["Pipe"]

TICK_MS = 100
"""Milliseconds between two looks at whether reading shall end."""


class Pipe:
    """A FIFO for PyAV to read, of which no read waits for ever; each ends at once after `abort`.

    open_timeout: seconds that opening may take, with all its reads; read_timeout: those of a read.
    FFmpeg's own way of opening one waits for its writer for ever.
    """

    def __init__(self, path: Path, open_timeout: float, read_timeout: float) -> None:
        self.name = str(path)
        self._path = path
        self._open_timeout, self._read_timeout = open_timeout, read_timeout
        self._opened_by: float | None = None
        self._aborted = threading.Event()
        self._handle: int | None = None

    def open(self) -> InputContainer:
        """Wait for a writer and for enough to know what it writes."""
        if not hasattr(select, "poll") or not self._path.is_fifo():
            raise UsageError(
                f"{self._path} is no named pipe; make one with mkfifo, or read a file with 'use: file'"
            )
        self._handle = os.open(self._path, os.O_RDONLY | os.O_NONBLOCK)
        self._opened_by = time.monotonic() + self._open_timeout
        try:
            container = av.open(
                self,
                "r",
                metadata_errors="replace",
                # No protocol: a playlist in the pipe must not lead to other files, nor to addresses.
                container_options={
                    "analyzeduration": "1000000",
                    "fpsprobesize": "0",
                    "protocol_whitelist": "none",
                },
            )
        except BaseException:
            self.close()
            raise
        self._opened_by = None
        return container

    def read(self, size: int) -> bytes:
        """Up to `size` bytes; none when the writer has gone.  Raises TimeoutError."""
        if self._handle is None:
            return b""
        waiting = select.poll()
        waiting.register(self._handle, select.POLLIN)
        until = self._opened_by or time.monotonic() + self._read_timeout
        while not self._aborted.is_set() and time.monotonic() < until:
            if waiting.poll(TICK_MS):
                return os.read(self._handle, size)
        limit = self._read_timeout if self._opened_by is None else self._open_timeout
        raise TimeoutError(f"sent nothing for {limit:g} s")

    def abort(self) -> None:
        """End the read that is under way; any thread may call it."""
        self._aborted.set()

    def close(self) -> None:
        """Let go of the pipe, which its writer notices."""
        handle, self._handle = self._handle, None
        if handle is not None:
            os.close(handle)
