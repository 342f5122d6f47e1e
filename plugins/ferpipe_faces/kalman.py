"""How a face moves: a constant-velocity Kalman filter in seconds."""

from __future__ import annotations

import math

from ferpipe import Box

__all__ = ["Motion"]

_MEASURED = 0.03**2
"""Variance of a detector's box, in squared face heights."""

_SPEED = 2.0**2
"""Variance of the speed of a face that has just appeared, in squared heights a squared second."""

_ACCELERATION = 6.0
"""Spectral density of the acceleration, in squared heights a cubed second: people turn and stop."""

_FADE = 1.0
"""Seconds after which an unseen face has lost most of its speed."""


class Motion:
    """Where a face is and is going: centre and size of its box, and their rates.

    The four coordinates share one covariance, kept in face heights, so that the filter means the
    same for a face of 20 pixels and one of 500.
    """

    def __init__(self, box: Box) -> None:
        # Plain floats: of four numbers, arrays cost several times as much.
        self._place = _centre_and_size(box)
        self._rate = [0.0] * 4
        self._p, self._pv, self._v = _MEASURED, 0.0, _SPEED

    @property
    def box(self) -> Box:
        """The box as estimated for the time of the last `advance`."""
        x, y, w, h = self._place
        return Box(x - w / 2, y - h / 2, w, h)

    @property
    def spread(self) -> float:
        """Standard deviation of the centre, in face heights."""
        return math.sqrt(self._p)

    def advance(self, seconds: float, *, seen: bool) -> None:
        """Move on by `seconds`; `seen` says whether the face was found at the last look.

        Speed fades while nothing is seen, and size stays: a guess must not run away.
        """
        fade = math.exp(-seconds / _FADE)
        travel = _FADE * (1 - fade)
        if not seen:
            self._rate[2:] = 0.0, 0.0
        self._move([travel * rate for rate in self._rate])
        if not seen:
            self._rate = [rate * fade for rate in self._rate]
        self._p += 2 * seconds * self._pv + seconds**2 * self._v + _ACCELERATION * seconds**3 / 3
        self._pv += seconds * self._v + _ACCELERATION * seconds**2 / 2
        self._v += _ACCELERATION * seconds

    def correct(self, box: Box) -> None:
        """Learn where the face really is."""
        error = [new - old for new, old in zip(_centre_and_size(box), self._place, strict=True)]
        gain = self._p / (self._p + _MEASURED)
        rate_gain = self._pv / (self._p + _MEASURED)
        self._move([gain * each for each in error])
        self._rate = [rate + rate_gain * each for rate, each in zip(self._rate, error, strict=True)]
        self._v -= rate_gain * self._pv
        self._pv *= 1 - gain
        self._p *= 1 - gain

    def _move(self, by: list[float]) -> None:
        x, y, w, h = (old + each for old, each in zip(self._place, by, strict=True))
        self._place = [x, y, max(w, 1.0), max(h, 1.0)]


def _centre_and_size(box: Box) -> list[float]:
    return [box.x + box.w / 2, box.y + box.h / 2, box.w, box.h]
