"""Hands events and pictures to everybody who listens; who is slow misses some, and holds nobody up."""

from __future__ import annotations

import asyncio
import json
import struct
from collections import deque
from collections.abc import Callable
from time import monotonic
from typing import Any

__all__ = ["FULL", "Hub", "Listener", "Picture", "Viewer"]

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


class Picture:
    """A coded picture of one size, as it goes to everybody who looks at that size.

    body: length of the header, the header as JSON, the JPEG.  frame: the same as a WebSocket frame (RFC 6455,
    5.2), which is one for all viewers because a server masks nothing.
    """

    __slots__ = ("body", "frame", "number")

    def __init__(self, number: int, body: bytes) -> None:
        self.number = number
        size = len(body)
        if size < 126:
            head = struct.pack(">BB", 0x82, size)
        elif size < 1 << 16:
            head = struct.pack(">BBH", 0x82, 126, size)
        else:
            head = struct.pack(">BBQ", 0x82, 127, size)
        self.frame = head + body
        self.body = memoryview(self.frame)[len(head) :]


class Viewer:
    """One who looks at pictures: the newest one waits, and at most two are on their way.

    deliver: called with each picture that may be sent; False says that the way is full, and the picture waits
    until `offer`.
    """

    __slots__ = ("_deliver", "_newest", "_paused", "_since", "_under_way", "slot")

    def __init__(self, slot: int, deliver: Callable[[Picture], bool]) -> None:
        self.slot = slot
        self._deliver = deliver
        self._paused = False
        self._newest: Picture | None = None
        self._under_way: deque[int] = deque()
        self._since = monotonic()

    @property
    def paused(self) -> bool:
        """Whether the viewer wants no pictures now."""
        return self._paused

    @paused.setter
    def paused(self, paused: bool) -> None:
        self._paused, self._since = paused, monotonic()
        self.offer()

    def put(self, picture: Picture) -> None:
        """Offer a picture, in place of one that still waits."""
        self._newest = picture
        self.offer()

    def offer(self) -> None:
        """Send the newest picture, where it may be sent."""
        picture = self._newest
        if picture is None or self._paused or len(self._under_way) >= _IN_FLIGHT:
            return
        if self._deliver(picture):
            self._newest = None
            if not self._under_way:
                self._since = monotonic()
            self._under_way.append(picture.number)

    def acknowledge(self, number: int) -> None:
        """The viewer has drawn this picture, and so has done with those before it."""
        if number in self._under_way:
            self._since = monotonic()
            while self._under_way and self._under_way.popleft() != number:
                pass
            self.offer()

    def silent(self, seconds: float) -> bool:
        """Whether the viewer has owed an answer to a picture for so long."""
        return bool(self._under_way) and not self._paused and monotonic() - self._since > seconds


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
        self._last: dict[int, Picture] = {}
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
        """Hand a picture to those who look at this size: it is framed once, and its bytes are shared."""
        slot, number = header.pop("slot"), header["id"]
        header.pop("type", None)
        text = json.dumps(header, separators=(",", ":")).encode()
        self._last[slot] = picture = Picture(number, struct.pack(">I", len(text)) + text + data)
        for viewer in self.viewers:
            if viewer.slot == slot:
                viewer.put(picture)

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
            viewer.put(last)

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
