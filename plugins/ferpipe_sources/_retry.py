"""When to connect again, and how often to speak of it.  Pure: the clock is handed in."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field

__all__ = ["Backoff", "Complaints"]

REPEAT = 30.0
"""Seconds after which an error that lasts is reported again."""


@dataclass
class Backoff:
    """Exponential backoff with equal jitter: each wait is 50 to 100 % of twice the one before.

    The jitter keeps many clients of one server from coming back in step (Brooker, "Exponential
    Backoff And Jitter", AWS Architecture Blog, 2015).  first, longest: seconds before the jitter.
    """

    first: float
    longest: float
    chance: Callable[[], float] = random.random
    failures: int = field(default=0, init=False)

    def next(self, at_least: float = 0.0) -> float:
        """Seconds to wait after one more failure."""
        delay = min(self.longest, self.first * 2.0 ** min(self.failures, 30))
        self.failures += 1
        return max(delay, at_least) * (0.5 + 0.5 * self.chance())

    def reset(self) -> None:
        """The connection was healthy: the next wait is the first again."""
        self.failures = 0


@dataclass
class Complaints:
    """Says what is new, and what lasts now and then: a camera that is off all night fills no log."""

    _said: str = field(default="", init=False)
    _at: float = field(default=0.0, init=False)
    _since: float | None = field(default=None, init=False)
    _unsaid: int = field(default=0, init=False)

    def about(self, what: str, now: float) -> str | None:
        """A line on `what` at `now` seconds, None where it was said lately."""
        if self._since is None:
            self._since = now
        if what == self._said and now - self._at < REPEAT:
            self._unsaid += 1
            return None
        more = f" ({self._unsaid + 1} more times)" if what == self._said and self._unsaid else ""
        self._said, self._at, self._unsaid = what, now, 0
        return what + more

    def over(self, now: float) -> float | None:
        """Seconds that the trouble lasted, once it is over; None where there was none."""
        since, self._since, self._said = self._since, None, ""
        return None if since is None else now - since
