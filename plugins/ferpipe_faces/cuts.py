"""Hard cuts: frames that cannot go on from the one before."""

from __future__ import annotations

from collections import deque

import numpy as np
import numpy.typing as npt

from ferpipe import Box, Frame
from ferpipe.packet import MICROSECONDS

__all__ = ["Cuts"]

Cells = npt.NDArray[np.float32]

_COLUMNS, _ROWS = 32, 18
"""The cells of the small picture."""

_BRIGHT = 250.0
"""A cell at least this bright holds nothing to compare: a flash burns out what was there."""
_LEAST_CELLS = 0.2
"""Share of the cells that must be left to say anything."""
_LEAST_CONTRAST = 3.0
"""Standard deviation of the cells below which a picture is as good as black or white."""

_STRONG, _STRONG_RATIO, _STRONG_MOVED = 0.3, 2.0, 0.2
"""Difference, its ratio to the recent ones, and the one after the best shift that are a cut at any time."""
_WEAK, _WEAK_RATIO, _WEAK_MOVED = 0.06, 8.0, 0.05
"""The same for a cut within one room, which stands out only from a calm picture."""

_GLARE, _JUMP, _FLASH = 190.0, 60.0, 0.3
"""Mean of the cells, and its rise, that may be a flash, for so many seconds at most."""

_RECENT = 0.5
"""Seconds of differences that a new one is compared with."""
_CALM = 4
"""So many differences must be known before a picture counts as calm."""

_SHORTEST = 0.2
"""Seconds that a scene lasts at least: what changes faster is a camera that is swung round."""

_REACH = 5, 3
"""Cells, across and down, by which a panning or shaking camera may move the picture."""


class Cuts:
    """Says of each picture whether the scene may have been cut just before it.

    Pictures are compared as 32 by 18 cells of colour, by correlation, so that light that gets brighter or
    dimmer is no difference.  A difference counts where it is large, stands out from those of the last half
    second, and stays when the picture is shifted.  What is burnt out, black or white is ignored, and what
    comes after it is compared with what was before it: a flash is no cut, a fade through black is one.
    """

    def __init__(self) -> None:
        self._before: Cells | None = None
        self._recent: deque[tuple[int, float]] = deque()
        self._last = -MICROSECONDS
        self._bright_since: int | None = None

    def update(self, frame: Frame) -> bool:
        """Whether `frame` begins another scene."""
        height, width, _ = frame.shape
        time, cells = frame.time, frame.mosaic(Box(0, 0, width, height), _COLUMNS, _ROWS)
        before = self._before
        if before is None:
            if _contrast(cells) >= _LEAST_CONTRAST:
                self._before = cells
            return False
        difference = None if self._is_flash(before, cells, time) else _difference(before, cells)
        if difference is None:
            return False
        limit = time - round(_RECENT * MICROSECONDS)
        while self._recent and self._recent[0][0] < limit and len(self._recent) > _CALM:
            self._recent.popleft()
        cut = time - self._last >= _SHORTEST * MICROSECONDS and self._is_cut(before, cells, difference)
        self._before = cells
        if cut:
            self._last = time
            self._recent.clear()
        else:
            self._recent.append((time, difference))
        return cut

    def forget(self) -> None:
        """Begin anew: what comes next is another stream."""
        self._before = None
        self._recent.clear()

    def _is_flash(self, before: Cells, cells: Cells, time: int) -> bool:
        """Whether the picture is suddenly very bright, and has not been so for long."""
        if cells.mean() < max(_GLARE, float(before.mean()) + _JUMP):
            self._bright_since = None
            return False
        if self._bright_since is None:
            self._bright_since = time
        return time - self._bright_since < _FLASH * MICROSECONDS

    def _is_cut(self, before: Cells, cells: Cells, difference: float) -> bool:
        usual = max((each for _, each in self._recent), default=0.0)
        if difference > _STRONG and difference > _STRONG_RATIO * usual:
            return _moved(before, cells) > _STRONG_MOVED
        calm = len(self._recent) >= _CALM and difference > _WEAK_RATIO * usual
        return difference > _WEAK and calm and _moved(before, cells) > _WEAK_MOVED


def _contrast(cells: Cells) -> float:
    return float(np.sqrt(np.square(cells - cells.mean(axis=(0, 1))).mean()))


def _difference(a: Cells, b: Cells) -> float | None:
    """1 - correlation of the cells that are burnt out in neither; None where they say nothing."""
    clear = (a.max(axis=2) < _BRIGHT) & (b.max(axis=2) < _BRIGHT)
    if clear.mean() < _LEAST_CELLS:
        return None
    x, y = a[clear], b[clear]
    x, y = x - x.mean(axis=0), y - y.mean(axis=0)
    if min(float(np.sqrt(np.square(each).mean())) for each in (x, y)) < _LEAST_CONTRAST:
        return None
    return 1 - float((x * y).sum() / np.sqrt(np.square(x).sum() * np.square(y).sum()))


def _moved(a: Cells, b: Cells) -> float:
    """The least difference over the shifts that a moving camera makes from one frame to the next."""
    least = 2.0
    for down in range(-_REACH[1], _REACH[1] + 1):
        for across in range(-_REACH[0], _REACH[0] + 1):
            part = a[max(0, down) : _ROWS + min(0, down), max(0, across) : _COLUMNS + min(0, across)]
            other = b[max(0, -down) : _ROWS - max(0, down), max(0, -across) : _COLUMNS - max(0, across)]
            difference = _difference(part, other)
            least = min(least, 2.0 if difference is None else difference)
    return least
