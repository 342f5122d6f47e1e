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
    """A FIFO for PyAV to read; each read ends after `timeout` seconds, or at once after `abort`.

    FFmpeg's own way of opening one waits for its writer for ever.
    """

    def __init__(self, path: Path, timeout: float) -> None:
        self.name = str(path)
        self._path, self._timeout = path, timeout
        self._aborted = threading.Event()
        self._handle: int | None = None

    def open(self) -> InputContainer:
        """Wait for a writer and for enough to know what it writes."""
        if not hasattr(select, "poll") or not self._path.is_fifo():
            raise UsageError(
                f"{self._path} is no named pipe; make one with mkfifo, or read a file with 'use: file'"
            )
        self._handle = os.open(self._path, os.O_RDONLY | os.O_NONBLOCK)
        try:
            return av.open(
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

    def read(self, size: int) -> bytes:
        """Up to `size` bytes; none when the writer has gone.  Raises TimeoutError."""
        if self._handle is None:
            return b""
        waiting = select.poll()
        waiting.register(self._handle, select.POLLIN)
        until = time.monotonic() + self._timeout
        while not self._aborted.is_set() and time.monotonic() < until:
            if waiting.poll(TICK_MS):
                return os.read(self._handle, size)
        raise TimeoutError(f"sent nothing for {self._timeout:g} s")

    def abort(self) -> None:
        """End the read that is under way; any thread may call it."""
        self._aborted.set()

    def close(self) -> None:
        """Let go of the pipe, which its writer notices."""
        handle, self._handle = self._handle, None
        if handle is not None:
            os.close(handle)
