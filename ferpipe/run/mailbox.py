"""A bounded, interruptible queue in front of a stage, with one lane an input."""

from __future__ import annotations

from collections import deque
from threading import Condition, Lock

from ferpipe.run.control import Control
from ferpipe.run.message import Message

__all__ = ["Mailbox"]


class Mailbox:
    """Messages that wait for a stage.

    A lane holds at most `size` messages; `put` waits while it is full.  At a join, a full lane
    still takes more while another lane is empty: the join is starved, its other branch may be
    waiting for exactly the frames behind these, and a wait would never end.
    """

    def __init__(self, lanes: int, size: int, control: Control) -> None:
        self._lanes: list[deque[Message]] = [deque() for _ in range(lanes)]
        self._order: deque[int] = deque()
        self._size = size
        self._stop = control.stop
        self._closed = False
        lock = Lock()
        self._came, self._went = Condition(lock), Condition(lock)
        self._putting = 0
        control.wakes(self._came)
        control.wakes(self._went)
        self.deepest = 0

    def __len__(self) -> int:
        return len(self._order)

    def put(self, lane: int, message: Message, *, force: bool = False) -> bool:
        """Add a message, waiting for room; False where nobody will take it any more."""
        with self._came:
            while not force and self._full(lane):
                if self._closed or self._stop.is_set():
                    return False
                self._putting += 1
                self._went.wait()
                self._putting -= 1
            if self._closed:
                return False
            self._lanes[lane].append(message)
            self._order.append(lane)
            self.deepest = max(self.deepest, len(self._order))
            if len(self._order) == 1:
                self._came.notify()
            return True

    def get(self, most: int | None = None) -> list[tuple[int, Message]]:
        """The next messages and their lanes, in the order of arrival; none when the run stops.

        Up to `most` at once, by default half of what fits: a wake-up for every message would cost more
        than the message.
        """
        with self._came:
            while not self._order:
                if self._closed or self._stop.is_set():
                    return []
                self._came.wait()
            if self._stop.is_set():
                return []
            taken = []
            for _ in range(min(len(self._order), most or max(1, self._size // 2))):
                lane = self._order.popleft()
                taken.append((lane, self._lanes[lane].popleft()))
            if self._putting:
                self._went.notify_all()
            return taken

    def close(self) -> None:
        """Take nothing more; those who wait to put are let go."""
        with self._came:
            self._closed = True
            self._came.notify_all()
            self._went.notify_all()

    def _full(self, lane: int) -> bool:
        if len(self._lanes[lane]) < self._size:
            return False
        return len(self._lanes) == 1 or all(self._lanes)
