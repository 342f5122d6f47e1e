"""When eyes are closed, and for how long, against the person's own open eyes."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import numpy as np

from ferpipe.packet import MICROSECONDS

__all__ = ["Blink", "Lids"]

CLOSED, OPEN = 0.6, 0.75
"""Shares of the person's usual opening below which eyes close, and above which they are open again."""

SHORTEST, LONGEST = 0.03, 0.5
"""Seconds of a blink; eyes that stay closed for longer are closed, and have not blinked."""

_MEMORY, _STEP, _LEAST = 10 * MICROSECONDS, MICROSECONDS // 20, 10
"""How long an opening is remembered, how often one is kept, and how many must be known."""

_GAP = MICROSECONDS
"""Time without a look after which nothing is known of what the eyes do."""


@dataclass(frozen=True, slots=True)
class Blink:
    """A blink that has ended: its start in microseconds of stream time, its length in seconds."""

    start: int
    length: float


class Lids:
    """The eyes of one person over time."""

    def __init__(self) -> None:
        self._openings: deque[tuple[int, float]] = deque()
        self._since: int | None = None
        self._last: int | None = None
        self.closed: bool | None = None

    def update(self, time: int, opening: float) -> Blink | None:
        """Take in the opening at `time`, microseconds; the blink that has ended with it.

        `closed` is None until the person's usual opening, the median of the last ten seconds, is known.
        """
        if self._last is not None and time - self._last > _GAP:
            self._since, self.closed = None, None
        self._last = time
        self._keep(time, opening)
        if len(self._openings) < _LEAST:
            return None
        usual = float(np.median([each for _, each in self._openings]))
        if self.closed:
            return self._reopen(time) if opening > OPEN * usual else None
        closes = opening < CLOSED * usual
        # Eyes that were closed when they were first seen have no known start.
        self._since = time if closes and self.closed is not None else None
        self.closed = closes
        return None

    def _reopen(self, time: int) -> Blink | None:
        since, self._since, self.closed = self._since, None, False
        if since is None:
            return None
        length = (time - since) / MICROSECONDS
        return Blink(since, length) if SHORTEST <= length <= LONGEST else None

    def _keep(self, time: int, opening: float) -> None:
        if not self._openings or time - self._openings[-1][0] >= _STEP:
            self._openings.append((time, opening))
        while time - self._openings[0][0] > _MEMORY:
            self._openings.popleft()
