"""A bounded, interruptible queue in front of a stage, with one lane an input."""

from __future__ import annotations

from collections import deque
from threading import Condition

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
        self._condition = Condition()
        control.wakes(self._condition)
        self.deepest = 0

    def __len__(self) -> int:
        return len(self._order)

    def put(self, lane: int, message: Message, *, force: bool = False) -> bool:
        """Add a message, waiting for room; False where nobody will take it any more."""
        with self._condition:
            while not force and self._full(lane):
                if self._closed or self._stop.is_set():
                    return False
                self._condition.wait()
            if self._closed:
                return False
            self._lanes[lane].append(message)
            self._order.append(lane)
            self.deepest = max(self.deepest, len(self._order))
            self._condition.notify_all()
            return True

    def get(self) -> tuple[int, Message] | None:
        """The next message and its lane, in the order of arrival; None when the run stops."""
        with self._condition:
            while not self._order:
                if self._closed or self._stop.is_set():
                    return None
                self._condition.wait()
            if self._stop.is_set():
                return None
            lane = self._order.popleft()
            message = self._lanes[lane].popleft()
            self._condition.notify_all()
            return lane, message

    def close(self) -> None:
        """Take nothing more; those who wait to put are let go."""
        with self._condition:
            self._closed = True
            self._condition.notify_all()

    def _full(self, lane: int) -> bool:
        if len(self._lanes[lane]) < self._size:
            return False
        return len(self._lanes) == 1 or all(self._lanes)
