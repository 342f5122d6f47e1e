"""What a face is like at rest: a running median of a person's own measures."""

from __future__ import annotations

from collections import deque

import numpy as np

from ferpipe.packet import MICROSECONDS
from ferpipe_geometry.region import Doubles

__all__ = ["Rest"]

_STEP = MICROSECONDS // 5
_SETTLED, _LEAST = MICROSECONDS, 5
"""How long a face must have been seen, and how often, before its rest is known."""


class Rest:
    """The median of the last `memory` seconds: it bears with a movement that lasts for less than half."""

    def __init__(self, memory: float) -> None:
        self._memory = int(memory * MICROSECONDS)
        self._kept: deque[tuple[int, Doubles]] = deque()
        self._began: int | None = None
        self._median: Doubles | None = None

    def update(self, time: int, values: Doubles) -> Doubles | None:
        """Take in the (K,) values at `time`, microseconds; their rest, None until it is known."""
        if self._began is None:
            self._began = time
        if not self._kept or time - self._kept[-1][0] >= _STEP:
            self._kept.append((time, values))
            while time - self._kept[0][0] > self._memory:
                self._kept.popleft()
            self._median = np.median([each for _, each in self._kept], axis=0)
        return self._median if self._is_known(time) else None

    def _is_known(self, time: int) -> bool:
        return self._began is not None and time - self._began >= _SETTLED and len(self._kept) >= _LEAST
