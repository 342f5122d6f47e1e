"""Hands events and pictures to everybody who listens; who is slow misses some, and holds nobody up."""

from __future__ import annotations

import asyncio
import json
import struct
from collections import deque
from collections.abc import Callable
from typing import Any

__all__ = ["FULL", "Hub", "Listener", "Viewer"]

WIDTHS = (320, 480, 640, 960, 1280, 1920)
FULL = 16384
"""The width that stands for the picture as it is."""
_IN_FLIGHT = 2
_WAITING = 256


class Listener:
    """One who listens to events: a bounded queue, of which the oldest frames go first."""

    def __init__(self) -> None:
        self._queue: deque[str] = deque()
        self._came = asyncio.Event()
        self.skipped = 0

    def put(self, text: str) -> None:
        """Add an event."""
        if len(self._queue) >= _WAITING:
            self._queue.popleft()
            self.skipped += 1
        self._queue.append(text)
        self._came.set()

    async def get(self) -> str:
        """The next event; if frames were dropped since the one before, it says how many."""
        while not self._queue:
            self._came.clear()
            await self._came.wait()
        text = self._queue.popleft()
        if self.skipped:
            skipped, self.skipped = self.skipped, 0
            text = f'{text[:-1]},"skipped":{skipped}}}'
        return text

    async def get_within(self, seconds: float) -> str | None:
        """The next event; None where there is none for so long."""
        try:
            return await asyncio.wait_for(self.get(), seconds)
        except asyncio.TimeoutError:
            return None


class Viewer:
    """One who looks at pictures: the newest one waits, and at most two are on their way."""

    def __init__(self, slot: int) -> None:
        self.slot = slot
        self.paused = False
        self._newest: bytes | None = None
        self._under_way: deque[int] = deque()
        self._changed = asyncio.Event()
        self._number: int = 0

    def put(self, number: int, data: bytes) -> None:
        """Offer a picture, in place of one that still waits."""
        self._newest, self._number = data, number
        self._changed.set()

    async def get(self) -> bytes:
        """The newest picture, as soon as it may be sent."""
        while self._newest is None or self.paused or len(self._under_way) >= _IN_FLIGHT:
            self._changed.clear()
            await self._changed.wait()
        data, self._newest = self._newest, None
        self._under_way.append(self._number)
        return data

    @property
    def waits(self) -> bool:
        """Whether the viewer owes an answer to a picture."""
        return bool(self._under_way)

    def acknowledge(self, number: int) -> None:
        """The viewer has drawn this picture, and so has done with those before it."""
        if number in self._under_way:
            while self._under_way and self._under_way.popleft() != number:
                pass
        self._changed.set()

    def wake(self) -> None:
        """Look again whether a picture may be sent."""
        self._changed.set()


class Hub:
    """Everybody who listens or looks.  Lives in the event loop.

    wanted: called with the widths of pictures that somebody looks at, when they change.
    """

    def __init__(self, wanted: Callable[[frozenset[int]], None]) -> None:
        self.listeners: set[Listener] = set()
        self.viewers: set[Viewer] = set()
        self.width: int | None = None
        self._wanted = wanted
        self._widths: frozenset[int] = frozenset()
        self._last: dict[int, tuple[int, bytes]] = {}
        self._history: deque[tuple[float, str]] = deque(maxlen=60 * 60)

    def event(self, text: str) -> None:
        """Hand an event to all listeners."""
        for listener in self.listeners:
            listener.put(text)

    def frame(self, seconds: float, text: str) -> None:
        """Hand the facts of a frame to all listeners, and remember them for a minute."""
        if self._history and seconds < self._history[-1][0]:
            self._history.clear()
        self._history.append((seconds, text))
        while self._history and self._history[0][0] < seconds - 60:
            self._history.popleft()
        self.event(text)

    def history(self, seconds: float) -> str:
        """The frames of the last seconds as one event."""
        last = self._history[-1][0] if self._history else 0.0
        frames = ",".join(text for at, text in self._history if at >= last - seconds)
        return f'{{"type":"history","frames":[{frames}]}}'

    def picture(self, header: dict[str, Any], data: bytes) -> None:
        """Hand a picture to those who look at this size; its bytes are shared."""
        slot, number = header.pop("slot"), header["id"]
        header.pop("type", None)
        text = json.dumps(header, separators=(",", ":")).encode()
        message = struct.pack(">I", len(text)) + text + data
        self._last[slot] = (number, message)
        for viewer in self.viewers:
            if viewer.slot == slot:
                viewer.put(number, message)

    def reset(self) -> None:
        """A new run begins."""
        self._last.clear()
        self._history.clear()
        self.width = None
        self._widths = frozenset()

    def slot_for(self, width: int) -> int:
        """The size of pictures for one who shows them `width` pixels wide."""
        slot = next((each for each in WIDTHS if each >= width), FULL)
        return FULL if self.width is not None and slot >= self.width else slot

    def look(self, viewer: Viewer) -> None:
        """Add a viewer; the last picture of that size is shown at once."""
        self.viewers.add(viewer)
        self.show_last(viewer)
        self.count()

    def show_last(self, viewer: Viewer) -> None:
        """Offer the last picture that there is in the viewer's size."""
        if (last := self._last.get(viewer.slot)) is not None:
            viewer.put(*last)

    def leave(self, viewer: Viewer) -> None:
        """Remove a viewer."""
        self.viewers.discard(viewer)
        self.count()

    def count(self) -> None:
        """Say which sizes are looked at, where that has changed."""
        widths = frozenset(viewer.slot for viewer in self.viewers if not viewer.paused)
        if widths != self._widths:
            self._widths = widths
            for slot in self._last.keys() - widths:
                del self._last[slot]
            self._wanted(widths)
