"""What a live worker sends: events in order, pictures only as fast as they are taken."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Mapping
from typing import Any

from ferpipe_web.worker.channel import Channel

__all__ = ["Outbox"]

_MOST = 512
"""Events that wait for the server; a stalled one loses the oldest."""


class Outbox:
    """Writes to the server in a thread of its own, so that a full pipe never holds the pipeline up."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._events: deque[tuple[Mapping[str, Any], bytes]] = deque(maxlen=_MOST)
        self._pictures: dict[int, tuple[Mapping[str, Any], bytes]] = {}
        self._changed = threading.Condition()
        self._closed = False
        self._thread = threading.Thread(target=self._work, name="outbox", daemon=True)
        self._thread.start()

    def put(self, header: Mapping[str, Any], body: bytes = b"") -> None:
        """Send an event."""
        with self._changed:
            self._events.append((header, body))
            self._changed.notify()

    def picture(self, width: int, header: Mapping[str, Any], data: bytes) -> None:
        """Send a picture of that width, in place of an older one that still waits."""
        with self._changed:
            self._pictures[width] = (header, data)
            self._changed.notify()

    def close(self) -> None:
        """Send what waits, and end; gives up after a second."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        self._thread.join(1.0)

    def _work(self) -> None:
        try:
            while True:
                with self._changed:
                    while not (self._events or self._pictures or self._closed):
                        self._changed.wait()
                    if self._events:
                        item = self._events.popleft()
                    elif self._pictures:
                        item = self._pictures.pop(next(iter(self._pictures)))
                    else:
                        return
                self._channel.write(*item)
        except OSError:  # the server is gone; the reader of the pipe ends the run
            return
