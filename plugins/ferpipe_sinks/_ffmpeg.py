"""One ffmpeg that takes raw pictures and sends them somewhere; it never outlives its owner."""

from __future__ import annotations

import contextlib
import subprocess
import threading
from collections import deque
from collections.abc import Sequence
from pathlib import Path

from ferpipe import redact
from ferpipe.packet import Image

__all__ = ["Sender"]

_GRACE = 0.7
"""Seconds that an ffmpeg gets to write its last segment before it is killed."""


class Sender:
    """An ffmpeg process fed through its standard input.

    `write` blocks while ffmpeg is slow; `stop`, from any thread, ends that.
    """

    def __init__(self, command: Sequence[str], folder: Path | None = None) -> None:
        self._process = subprocess.Popen(
            list(command),
            cwd=folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            # Ctrl-C is for the run, which then ends ffmpeg in good order.
            start_new_session=True,
        )
        self._said: deque[str] = deque(maxlen=8)
        self._listener = threading.Thread(target=self._listen, name="ffmpeg-log", daemon=True)
        self._listener.start()

    @property
    def is_running(self) -> bool:
        """Whether ffmpeg is still there."""
        return self._process.poll() is None

    def write(self, picture: Image) -> bool:
        """Hand over one picture; False where ffmpeg has gone."""
        pipe = self._process.stdin
        if pipe is None or pipe.closed:
            return False
        try:
            pipe.write(picture.data)
        except (OSError, ValueError):
            return False
        return True

    def finish(self) -> None:
        """End the input, and wait a moment for ffmpeg to end by itself; kill it otherwise."""
        pipe = self._process.stdin
        with contextlib.suppress(OSError, ValueError):
            if pipe is not None:
                pipe.close()
        try:
            self._process.wait(_GRACE)
        except subprocess.TimeoutExpired:
            self.stop()
        self._listener.join(1)
        if self._process.stderr is not None and not self._listener.is_alive():
            self._process.stderr.close()

    def stop(self) -> None:
        """Kill ffmpeg at once; a `write` that waits for it returns."""
        self._process.kill()
        self._process.wait()

    def last_words(self) -> str:
        """The last that ffmpeg said, without credentials."""
        self._listener.join(0.2)
        return redact(self._said[-1]) if self._said else f"ffmpeg ended with {self._process.poll()}"

    def _listen(self) -> None:
        if self._process.stderr is None:
            return
        for line in self._process.stderr:
            self._said.append(line.decode("utf-8", "replace").strip())
