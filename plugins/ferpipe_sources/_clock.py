"""Strictly increasing stream time out of whatever time stamps a stream carries.

Pure: it knows neither files nor wall clocks, so that its rules can be tested by themselves.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from ferpipe.packet import MICROSECONDS

__all__ = ["Clock"]

HICCUP = MICROSECONDS
"""Steps back by less than this are single bad time stamps; longer ones are a new count."""


@dataclass
class Clock:
    """Repairs missing, repeated, backward and absurd time stamps, all in microseconds.

    A good sequence passes unchanged.  A stamp that is missing comes one step after the last
    one; one that repeats or steps back a little comes a microsecond after it; one that steps
    back by a second or more, or a second time running, begins a new count, which goes on where
    the old one ended, unless the very next stamp fits the old count again.

    origin: the stamp that is time 0; None takes the first stamp that comes.
    latest: times beyond it are absurd (the end that a file claims), None where unknown.
    leap: longer steps forward than this, over the expected one, are absurd; None allows all.
    repaired: how many stamps were not taken as they came.
    """

    origin: int | None = None
    latest: int | None = None
    leap: int | None = None
    repaired: int = field(default=0, init=False)
    _last: int | None = field(default=None, init=False)
    _shift: int | None = field(default=None, init=False)
    _earlier: int | None = field(default=None, init=False)
    _floor: int = field(default=0, init=False)
    _behind: bool = field(default=False, init=False)

    def tell(self, stamp: int | None, step: int) -> int:
        """The stream time of a frame whose stamp is `stamp` and that is expected `step` later."""
        time = self._first(stamp) if self._last is None else self._next(stamp, max(step, 1), self._last)
        self._last = time
        return time

    def restart(self, time: int) -> None:
        """Begin a new count: the next stamp, whatever it is, is at `time` or just after the last."""
        self._floor = time if self._last is None else max(time, self._last + 1)
        self._last = self._shift = self._earlier = self.origin = None

    def _first(self, stamp: int | None) -> int:
        if stamp is None:
            self.repaired += 1
            return self._floor
        self._shift = self._floor - (stamp if self.origin is None else self.origin)
        if stamp + self._shift >= self._floor and not self._absurd(stamp + self._shift):
            return stamp + self._shift
        self.repaired += 1
        self._shift = self._floor - stamp
        return self._floor

    def _next(self, stamp: int | None, step: int, last: int) -> int:
        if stamp is None:
            return self._repair(last + step)
        if self._shift is None:
            self._shift = last + step - stamp
        if self._earlier is not None and self._fits_earlier_count_better(stamp, last):
            self._shift = self._earlier
        self._earlier = None
        time = stamp + self._shift
        if self._absurd(time):
            return self._repair(last + step)
        again, self._behind = self._behind, time <= last
        if time <= last - HICCUP or (again and self._behind) or self._leaps(time - last - step):
            self._earlier, self._shift, self._behind = self._shift, last + step - stamp, False
            return self._repair(last + step)
        return self._repair(last + 1) if self._behind else time

    def _fits_earlier_count_better(self, stamp: int, last: int) -> bool:
        if self._earlier is None or self._shift is None:
            return False
        return abs(stamp + self._earlier - last) < abs(stamp + self._shift - last)

    def _absurd(self, time: int) -> bool:
        return self.latest is not None and time > self.latest

    def _leaps(self, excess: int) -> bool:
        return self.leap is not None and excess > self.leap

    def _repair(self, time: int) -> int:
        self.repaired += 1
        return time
