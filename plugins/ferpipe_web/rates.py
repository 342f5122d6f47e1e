"""How often a client may try, and ask."""

from __future__ import annotations

from collections import OrderedDict, deque
from time import monotonic

__all__ = ["Attempts", "Budget"]

_CLIENTS = 1000


class Attempts:
    """Counts failed attempts by client: `most` within `seconds`."""

    def __init__(self, most: int = 10, seconds: float = 60.0) -> None:
        self._most = most
        self._seconds = seconds
        self._failed: OrderedDict[str, deque[float]] = OrderedDict()

    def allow(self, client: str) -> bool:
        """Whether the client may try again."""
        times = self._failed.get(client, deque())
        while times and monotonic() - times[0] > self._seconds:
            times.popleft()
        return len(times) < self._most

    def count(self, client: str) -> None:
        """The client has failed."""
        self._failed.setdefault(client, deque(maxlen=self._most)).append(monotonic())
        self._failed.move_to_end(client)
        while len(self._failed) > _CLIENTS:
            self._failed.popitem(last=False)


class Budget:
    """Requests that a client may make: `rate` a second on average, three seconds' worth at once."""

    def __init__(self, rate: float) -> None:
        self._rate = rate
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, client: str) -> bool:
        """Whether the client may make a request now, which is counted."""
        now, most = monotonic(), max(1.0, 3 * self._rate)
        left, since = self._left.get(client, (most, now))
        left = min(most, left + (now - since) * self._rate)
        self._left[client] = (max(0.0, left - 1), now)
        self._left.move_to_end(client)
        while len(self._left) > _CLIENTS:
            self._left.popitem(last=False)
        return left >= 1
